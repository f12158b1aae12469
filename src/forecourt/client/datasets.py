"""Dataset versions: looking through one, and deciding on its pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from forecourt.client.answers import Color, ImageType
from forecourt.client.dataset_answers import (
    DatasetDetail,
    DatasetItem,
    Decision,
    Decisions,
    Split,
    Verdict,
)
from forecourt.client.dataset_answers import Datasets as DatasetList
from forecourt.client.operations import Operations, given, segment
from forecourt.client.transport import Call


class Datasets(Operations):
    """Operations on dataset versions, for staff."""

    def list_datasets(self) -> DatasetList:
        """Return the versions that the server has, the newest first."""
        found: DatasetList = self._get("/v1/datasets")
        return found

    def get_dataset(self, name: str) -> DatasetDetail:
        """Return a version, what to collect next, and how far it was looked through."""
        found: DatasetDetail = self._get(_path(name))
        return found

    def get_dataset_card(self, name: str) -> str:
        """Return the card of a version, in Markdown."""
        call = Call(method="GET", path=_path(name, "card"), may_repeat=True)
        return self._transport.send(call).text

    def iter_dataset_items(
        self,
        name: str,
        *,
        only: Literal["doubtful", "all"] = "doubtful",
        decided: bool | None = None,
        split: Split | None = None,
        image_type: ImageType | None = None,
        color: Color | Literal["none"] | None = None,
        advertiser: str | None = None,
    ) -> Iterator[DatasetItem]:
        """Yield pictures to look through; doubtful ones come the worst first."""
        params = given(
            only=only,
            decided=decided,
            split=split,
            image_type=image_type,
            color=color,
            advertiser=advertiser,
        )
        return self._iterate(_path(name, "items"), params)

    def get_dataset_picture(self, name: str, key: str) -> bytes:
        """Return a picture of a version: a JPEG of at most 640 pixels."""
        call = Call(method="GET", path=_path(name, "pictures", key), may_repeat=True)
        return self._transport.send(call).content

    def decide(
        self,
        name: str,
        keys: Sequence[str],
        verdict: Verdict,
        *,
        image_type: ImageType | None = None,
        color: Color | Literal["none"] | None = None,
        note: str = "",
        idempotency_key: str | None = None,
    ) -> list[Decision]:
        """Keep, drop or relabel pictures: the next build applies it."""
        body = given(image_type=image_type, color=color) | {
            "keys": list(keys),
            "verdict": verdict,
            "note": note,
        }
        made: Decisions = self._post_once(_path(name, "decisions"), body, idempotency_key)
        return made["items"]

    def iter_decisions(self, name: str) -> Iterator[Decision]:
        """Yield what people decided on a version, the latest first; also what was taken back."""
        return self._iterate(_path(name, "decisions"))

    def undo_decisions(
        self, name: str, ids: Sequence[int], *, idempotency_key: str | None = None
    ) -> list[Decision]:
        """Take decisions back; return what stands again in their place."""
        path = _path(name, "decisions", "undo")
        standing: Decisions = self._post_once(path, {"ids": list(ids)}, idempotency_key)
        return standing["items"]


def _path(name: str, *parts: str) -> str:
    return "/".join(["/v1/datasets", segment(name), *map(segment, parts)])
