"""Advertisers and their sitemaps: as data, or as files that are whole or not there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from forecourt.client.answers import Advertiser, Sitemap
from forecourt.client.errors import ApiError
from forecourt.client.operations import Operations, segment
from forecourt.client.transport import Call
from forecourt.core.errors import UsageError

Format = Literal["json", "csv", "google", "meta"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded:
    """What a sitemap's file holds.

    Attributes:
        etag: Of the very bytes; give it back to download only what has changed.
        is_changed: False: it is the file of the `etag` that was given; nothing was written.
        vehicles: In the file.
        images: In the file.
        left_out: google, meta: vehicles that are not in the file, by reason.
    """

    etag: str
    is_changed: bool
    vehicles: int
    images: int
    left_out: dict[str, int]


class Sitemaps(Operations):
    """Operations on sitemaps."""

    def iter_advertisers(self) -> Iterator[Advertiser]:
        """Yield advertisers by name; an advertiser sees their own alone."""
        return self._iterate("/v1/advertisers")

    def get_sitemap(
        self, advertiser: str, *, skipped: Literal["placeholder", "omit"] = "placeholder"
    ) -> Sitemap:
        """Return an advertiser's sitemap, all of it in memory."""
        path = f"/v1/advertisers/{segment(advertiser)}/sitemap"
        sitemap: Sitemap = self._get(path, {"skipped": skipped})
        return sitemap

    def download_sitemap(
        self,
        advertiser: str,
        to: str | os.PathLike[str],
        *,
        form: Format = "json",
        skipped: Literal["placeholder", "omit"] = "placeholder",
        placeholders: Literal["omit", "last"] | None = None,
        imageless: Literal["omit", "keep"] | None = None,
        key: Literal["id", "vin"] | None = None,
        etag: str | None = None,
    ) -> Downloaded:
        """Write a sitemap into a file, which takes its place when all of it has come.

        Args:
            advertiser: Whose.
            to: The file; one that is there is replaced. Nothing of it changes where this fails.
            form: Of the file.
            skipped: Images without an answer: as Placeholder, or left out.
            placeholders: google, meta: Placeholders left out, or behind all other images.
            imageless: google, meta: vehicles without an image left out, or kept.
            key: google, meta: what the feed that this adds to has as its id.
            etag: Of the file that is there already: if it is the same, nothing is downloaded.

        Raises:
            ApiError: the server refuses.
            UnreachableError: no whole answer came.
            UsageError: the file cannot be written.
        """
        target = Path(to)
        call = Call(
            method="GET",
            path=f"/v1/advertisers/{segment(advertiser)}/sitemap",
            params={
                "format": form,
                "skipped": skipped,
                "placeholders": placeholders,
                "imageless": imageless,
                "key": key,
            },
            headers={"If-None-Match": etag},
            may_repeat=True,
        )
        try:
            handle, draft = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
        except OSError as error:
            raise UsageError(f"Cannot write {target}: {error.strerror}.") from error
        try:
            with os.fdopen(handle, "w+b") as file:
                answer = self._transport.receive(call, file)
            if answer.status_code == 304:
                return Downloaded(
                    etag=answer.headers["etag"], is_changed=False, vehicles=0, images=0, left_out={}
                )
            if "sitemap-images" not in answer.headers:
                detail = (
                    "What came is no sitemap; look at the address and at proxies. "
                    f"{target} is left as it was."
                )
                raise ApiError(answer.status_code, "http", detail)
            Path(draft).chmod(0o644)
            Path(draft).replace(target)
        finally:
            Path(draft).unlink(missing_ok=True)
        return Downloaded(
            etag=answer.headers["etag"],
            is_changed=True,
            vehicles=int(answer.headers["sitemap-vehicles"]),
            images=int(answer.headers["sitemap-images"]),
            left_out=_read_left_out(answer.headers.get("sitemap-left-out", "")),
        )


def _read_left_out(header: str) -> dict[str, int]:
    pairs = (one.strip().partition("=") for one in header.split(",") if one.strip())
    return {reason: int(count) for reason, _, count in pairs}
