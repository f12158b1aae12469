"""The review queue: which images wait for a person's look, and what is shown of them.

What waits is worked out when a scrape finishes (`review.filling`). That somebody has looked shows
in the fixes: a fix to the value that is shown is a confirmation, and holds like any other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from forecourt.core.fixes import FixField
from forecourt.core.queue import QueueReason, explain
from forecourt.core.records import Decision, Role, Vehicle
from forecourt.core.resolve import Resolved, resolve
from forecourt.review.conflicts import find_open
from forecourt.store import inventory
from forecourt.store import queue as stored
from forecourt.store.evidence import load_mixed_evidence
from forecourt.store.inventory import LocatedImage, VehicleImage
from forecourt.store.queue import Entry, LookedAt, Place

_FIELD_WORDS = {FixField.IMAGE_TYPE: "The type", FixField.COLOR: "The colour"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why an image is in the queue, and that for people to read."""

    reason: QueueReason
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One image of the queue.

    Attributes:
        resolved: What the sitemap shows of it.
        decision: What the model said.
        thumbnail: Address in the media folder, or None.
        width: Of the original, in pixels, as `height`.
    """

    id: int
    advertiser: str
    image_id: int
    image: VehicleImage
    vehicle: Vehicle
    resolved: Resolved
    decision: Decision
    reasons: tuple[Reason, ...]
    thumbnail: str | None
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the queue, and where to go on; None: that is all of it."""

    items: tuple[Waiting, ...]
    following: Place | None


def list_queue(
    connection: sa.Connection,
    *,
    model_version: str,
    advertiser: str | None = None,
    own_only: bool = False,
    after: Place | None = None,
    limit: int,
) -> Page:
    """Return images at which nobody has looked yet, those where a look helps most first.

    A page may hold fewer than there are to come: what left the inventory meanwhile, or was ruled
    on, is left out.

    Args:
        connection: A connection.
        model_version: The champion.
        advertiser: Only this one's; None: of all advertisers, each image once.
        own_only: Nothing is told of others, as of conflicts with them.
        after: Where the page before ended.
        limit: Images at most.
    """
    entries = stored.list_waiting(
        connection,
        advertiser=advertiser,
        with_conflicts=not own_only,
        after=after,
        limit=limit + 1,
    )
    page = entries[:limit]
    following = (page[-1].place, page[-1].id) if len(entries) > limit else None
    rows = {one.row_id for one in page if one.row_id is not None}
    located = inventory.locate_rows(connection, rows)
    disputed = _describe_conflicts(connection, {one.image_id for one in page if one.has_conflict})
    present = [
        (one, located[one.row_id])
        for one in page
        if one.row_id in located and (not one.has_conflict or one.image_id in disputed)
    ]
    return Page(tuple(_show(connection, present, disputed, model_version)), following)


def count_done(
    connection: sa.Connection,
    *,
    by: str,
    role: Role,
    advertiser: str | None = None,
    since: datetime,
) -> LookedAt:
    """Return how many acts one person, and all, have made since: fixes and confirmations.

    `advertiser`: only in its sitemap.
    """
    return stored.count_done(connection, by=by, role=role, advertiser=advertiser, since=since)


def _show(
    connection: sa.Connection,
    present: Sequence[tuple[Entry, LocatedImage]],
    disputed: Mapping[int, str],
    model_version: str,
) -> Iterator[Waiting]:
    evidence_of = load_mixed_evidence(
        connection,
        [(entry.advertiser, place.image, place.vehicle.color) for entry, place in present],
        model_version=model_version,
    )
    for (entry, place), evidence in zip(present, evidence_of, strict=True):
        if evidence.decision is None:
            continue
        yield Waiting(
            id=entry.id,
            advertiser=entry.advertiser,
            image_id=entry.image_id,
            image=place.image,
            vehicle=place.vehicle,
            resolved=resolve(evidence),
            decision=evidence.decision,
            reasons=tuple(_explain(entry, disputed.get(entry.image_id, ""))),
            thumbnail=entry.thumbnail,
            width=entry.width,
            height=entry.height,
        )


def _explain(entry: Entry, dispute: str) -> Iterator[Reason]:
    for reason, words in entry.reasons:
        told = (dispute,) if reason is QueueReason.CONFLICT else words
        yield Reason(reason=reason, text=explain(reason, told))


def _describe_conflicts(connection: sa.Connection, image_ids: Collection[int]) -> dict[int, str]:
    found: dict[int, list[str]] = {}
    for conflict in find_open(connection, image_ids):
        said = ", ".join(
            f"{_speaker(one.role, one.advertiser, everywhere=one.everywhere)} "
            f"{one.value or 'no colour'}"
            for one in conflict.positions
        )
        found.setdefault(conflict.image_id, []).append(f"{_FIELD_WORDS[conflict.field]}: {said}")
    return {image_id: "; ".join(told) for image_id, told in found.items()}


def _speaker(role: Role, advertiser: str, *, everywhere: bool) -> str:
    if role is Role.ADVERTISER:
        return f"{advertiser} says"
    return "staff say for everyone" if everywhere else f"staff say for {advertiser}"
