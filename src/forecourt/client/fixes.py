"""Fixes: made, listed, reverted; one image, several, or all that fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from forecourt.client.answers import Act, Color, Fix, ImageType, Preview, Ruling
from forecourt.client.operations import Operations, given

ColorWord = Color | Literal["none"]


class Fixes(Operations):
    """Operations on fixes. Each write is an act: `undo` takes all of it back."""

    def fix(
        self,
        advertiser: str,
        urls: str | Sequence[str],
        *,
        image_type: ImageType | None = None,
        color: ColorWord | None = None,
        everywhere: bool = False,
        note: str = "",
        idempotency_key: str | None = None,
    ) -> Act:
        """Correct one image or up to a thousand.

        Args:
            advertiser: In whose sitemap.
            urls: Of the images, as the sitemap gives them.
            image_type: What they are; None: left as it is.
            color: `none` says that there is no colour; None: left as it is.
            everywhere: For every advertiser that shows them; staff only.
            note: Why, for the history.
            idempotency_key: None: one that is new.
        """
        body = given(image_type=image_type, color=color) | {
            "advertiser": advertiser,
            "urls": [urls] if isinstance(urls, str) else list(urls),
            "everywhere": everywhere,
            "note": note,
        }
        act: Act = self._post_once("/v1/fixes", body, idempotency_key)
        return act

    def preview_bulk_fix(
        self,
        advertiser: str,
        selection: Mapping[str, Any],
        *,
        image_type: ImageType | None = None,
        color: ColorWord | None = None,
    ) -> Preview:
        """Return what `bulk_fix` would fix. docs/api.md tells what a selection holds."""
        body = given(image_type=image_type, color=color) | {
            "advertiser": advertiser,
            "selection": selection,
            "dry_run": True,
        }
        preview: Preview = self._post("/v1/fixes/bulk", body, again=True)
        return preview

    def bulk_fix(
        self,
        advertiser: str,
        selection: Mapping[str, Any],
        *,
        confirmed: int,
        image_type: ImageType | None = None,
        color: ColorWord | None = None,
        everywhere: bool = False,
        note: str = "",
        idempotency_key: str | None = None,
    ) -> Act:
        """Correct all images that a selection holds, of which there may be `confirmed`.

        Raises:
            ApiError: more images fit by now (409); none was fixed.
        """
        body = given(image_type=image_type, color=color) | {
            "advertiser": advertiser,
            "selection": selection,
            "confirmed": confirmed,
            "everywhere": everywhere,
            "note": note,
        }
        act: Act = self._post_once("/v1/fixes/bulk", body, idempotency_key)
        return act

    def iter_fixes(
        self,
        advertiser: str | None = None,
        *,
        url: str | None = None,
        until: datetime | None = None,
    ) -> Iterator[Fix | Ruling]:
        """Yield who changed what, the latest first.

        Args:
            advertiser: In whose sitemap; an advertiser may leave it out.
            url: Only of this image.
            until: Only what was done until then.
        """
        params = given(advertiser=advertiser, url=url, until=until and until.isoformat())
        return self._iterate("/v1/fixes", params)

    def refuse_carried(
        self,
        advertiser: str,
        urls: Sequence[str],
        *,
        note: str = "",
        idempotency_key: str | None = None,
    ) -> Act:
        """Refuse fixes that were carried to images from other encodings of what looked the same."""
        body = {"advertiser": advertiser, "urls": list(urls), "note": note}
        act: Act = self._post_once("/v1/fixes/refuse", body, idempotency_key)
        return act

    def revert(self, fix_id: int, *, note: str = "", idempotency_key: str | None = None) -> Act:
        """Put one fix out of force."""
        act: Act = self._post_once(f"/v1/fixes/{fix_id}/revert", {"note": note}, idempotency_key)
        return act

    def undo(self, act_id: int, *, note: str = "", idempotency_key: str | None = None) -> Act:
        """Take back all of one act: fixes, a revert, a refusal, a ruling."""
        act: Act = self._post_once(f"/v1/acts/{act_id}/undo", {"note": note}, idempotency_key)
        return act
