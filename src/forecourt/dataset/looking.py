"""Looking through a version picture by picture: what comes next, what it shows, what people say.

Decisions are rows of the store. Taking one back is a row, too: what was decided before then counts
again, and where nothing was, the picture is asked about once more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from forecourt.core.dataset import Item, KeptDecision, Opinion, Split
from forecourt.core.errors import ImageSkippedError, NotFoundError, StateError
from forecourt.core.labels import Color, ImageType
from forecourt.dataset.doubts import Doubt
from forecourt.dataset.review import make_decision
from forecourt.store import datasets as stored
from forecourt.store.versions import DatasetVersion
from forecourt.vision.decode import decode_image
from forecourt.vision.thumbnail import make_thumbnail

PICTURE_SIDE = 640  # pixels: enough to see what it is, and four times a thumbnail
_PORTION = 500  # pictures whose decisions are looked up at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which pictures are looked through; None: any.

    Attributes:
        sets_color: Whether `color` is asked for; None then means no colour.
        is_decided: Whether a decision on the picture stands.
    """

    split: Split | None = None
    image_type: ImageType | None = None
    color: Color | None = None
    sets_color: bool = False
    advertiser: str | None = None
    is_decided: bool | None = None

    def fits(self, item: Item) -> bool:
        """Return whether a picture is wanted, whatever was decided on it."""
        return (
            self.split in {None, item.split}
            and self.image_type in {None, item.image_type}
            and (not self.sets_color or item.color is self.color)
            and self.advertiser in {None, item.advertiser}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A picture, why it is doubtful, and what was decided last; None: nothing."""

    item: Item
    doubt: Doubt | None
    decision: KeptDecision | None


@dataclass(frozen=True, slots=True)
class LookedPage:
    """Some pictures; `next_place` continues them, None: these were the last."""

    shown: tuple[Looked, ...]
    next_place: int | None


def look_through(
    connection: sa.Connection,
    items: Sequence[Item],
    doubts: Mapping[str, Doubt],
    wanted: Wanted,
    *,
    place: int = 0,
    limit: int,
) -> LookedPage:
    """Return a page of pictures.

    Args:
        connection: A connection.
        items: In the order in which they are looked through; the same for all pages.
        doubts: By key.
        wanted: Which of them.
        place: `next_place` of the page before; 0: the beginning.
        limit: Pictures at most.
    """
    shown: list[Looked] = []
    for number, looked in _iter_looked(connection, items, doubts, wanted, place):
        if len(shown) == limit:
            return LookedPage(tuple(shown), number)
        shown.append(looked)
    return LookedPage(tuple(shown), None)


def _iter_looked(
    connection: sa.Connection,
    items: Sequence[Item],
    doubts: Mapping[str, Doubt],
    wanted: Wanted,
    place: int,
) -> Iterator[tuple[int, Looked]]:
    for start in range(place, len(items), _PORTION):
        fitting = [
            (start + number, item)
            for number, item in enumerate(items[start : start + _PORTION])
            if wanted.fits(item)
        ]
        standing = stored.load_standing(connection, [item.key for _number, item in fitting])
        for number, item in fitting:
            decision = standing.get(item.key)
            if wanted.is_decided in {None, decision is not None}:
                yield number, Looked(item=item, doubt=doubts.get(item.key), decision=decision)


def read_picture(version: DatasetVersion, item: Item) -> bytes:
    """Return a picture of a version as a JPEG that is safe to show in a browser.

    A thumbnail that tagging made is given as it lies there. What was imported is a stranger's file:
    it is decoded and encoded anew, at most 640 pixels long, so that neither its format nor what
    else it holds reaches anybody.

    Raises:
        NotFoundError: its file is gone.
        StateError: its file is damaged.
    """
    try:
        data = version.path_of(item).read_bytes()
    except OSError as error:
        raise NotFoundError(
            f"The file of picture {item.key} is gone from version {version.name}."
        ) from error
    if item.is_thumbnail and hashlib.sha256(data).hexdigest() == item.sha256:
        return data
    try:
        decoded = decode_image(data, min_side=PICTURE_SIDE)
    except ImageSkippedError as error:
        raise StateError(
            f"The file of picture {item.key} is damaged: {error}. `forecourt dataset stats "
            f"{version.name} --verify` looks at all of them."
        ) from error
    return make_thumbnail(decoded.rgb, longest_side=PICTURE_SIDE)


def decide(
    connection: sa.Connection,
    version: DatasetVersion,
    items: Sequence[Item],
    opinion: Opinion,
    *,
    by: str,
    at: datetime,
) -> list[KeptDecision]:
    """Keep one opinion on some pictures of a version; the next build applies it.

    Raises:
        UsageError: a relabelling says nothing or gives a Placeholder a colour, or nobody decides.
    """
    decisions = [make_decision(one, opinion, version=version.name, by=by, at=at) for one in items]
    return stored.add_decisions(connection, decisions)


def undo(
    connection: sa.Connection, version_name: str, ids: Collection[int], *, by: str, at: datetime
) -> list[KeptDecision]:
    """Take decisions back, whoever made them; return what then stands on their pictures.

    Raises:
        NotFoundError: the version has no such decision.
        StateError: one of them was taken back already; then none is.
    """
    stored.lock_decisions(connection)
    found = {one.id: one for one in stored.find_decisions(connection, ids)}
    for number in ids:
        one = found.get(number)
        if one is None or one.decision.version != version_name:
            raise NotFoundError(f"There is no decision {number} on version {version_name}.")
        if one.undone_by is not None:
            raise StateError(f"Decision {number} was taken back already, by {one.undone_by}.")
    stored.undo_decisions(connection, found, by=by, at=at)
    keys = {one.decision.key for one in found.values()}
    return list(stored.load_standing(connection, keys).values())
