"""What staff look at: disagreements, oddities, what the model gets wrong, the queue, hosts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from forecourt.client.answers import (
    Act,
    Color,
    Conflict,
    Host,
    ImageType,
    MisclassifiedList,
    Oddity,
    Queue,
)
from forecourt.client.operations import Operations, given, segment


class Findings(Operations):
    """Operations on what was found."""

    def iter_conflicts(self, *, with_ruled: bool = False) -> Iterator[Conflict]:
        """Yield where parties disagree, by image; also what staff have ruled on, if wanted."""
        return self._iterate("/v1/conflicts", {"all": with_ruled})

    def resolve_conflict(
        self,
        image_id: int,
        field: Literal["image_type", "color"],
        ruling: Literal["keep_both", "everyone", "ambiguous"],
        *,
        value: ImageType | Color | Literal["none"] | None = None,
        version: str | None = None,
        note: str = "",
        idempotency_key: str | None = None,
    ) -> Act:
        """Settle a disagreement; `value` goes with the ruling `everyone`, and with no other.

        `version`: the conflict's, as you saw it; nothing is done (409) if it is another by now.
        """
        body = given(value=value, version=version) | {
            "image_id": image_id,
            "field": field,
            "ruling": ruling,
            "note": note,
        }
        act: Act = self._post_once("/v1/conflicts/resolve", body, idempotency_key)
        return act

    def list_oddities(self, advertiser: str | None = None) -> list[Oddity]:
        """Return known weird results, of one advertiser or of all."""
        found: list[Oddity] = self._get("/v1/oddities", given(advertiser=advertiser))["items"]
        return found

    def list_misclassified(
        self,
        *,
        by: Literal["kind", "host", "advertiser", "model"] | None = None,
        since: datetime | None = None,
        advertiser: str | None = None,
        limit: int = 50,
    ) -> MisclassifiedList:
        """Return what people correct most, of one advertiser or of all."""
        params = given(by=by, since=since and since.isoformat(), advertiser=advertiser, limit=limit)
        found: MisclassifiedList = self._get("/v1/misclassified", params)
        return found

    def list_queue(
        self, *, advertiser: str | None = None, cursor: str | None = None, limit: int = 20
    ) -> Queue:
        """Return images at which a person's look helps most, of one advertiser or of all.

        `cursor`: `next_cursor` of the page before.
        """
        params = given(advertiser=advertiser, cursor=cursor, limit=limit)
        found: Queue = self._get("/v1/queue", params)
        return found

    def iter_hosts(self) -> Iterator[Host]:
        """Yield hosts of images by name, and how far their headers are trusted."""
        return self._iterate("/v1/hosts")

    def reset_host(self, host: str) -> Host:
        """Let a host prove its headers again."""
        found: Host = self._post(f"/v1/hosts/{segment(host)}/reset", again=True)
        return found
