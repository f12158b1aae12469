"""Which images wait for a person's look, and how many people have looked at today."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from forecourt.core.fixes import ActKind, ActSource
from forecourt.core.labels import Color, ImageType
from forecourt.core.paint import map_paint
from forecourt.core.queue import SEVERAL, SURE_OF_KIND, QueueReason, SeenImage, SeenVehicle
from forecourt.core.records import Role
from forecourt.store.inventory import ImageState
from forecourt.store.liveness import is_live
from forecourt.store.schema import (
    acts,
    fix_states,
    fixes,
    images,
    predictions,
    queue_entries,
    scrapes,
    vehicle_images,
    vehicles,
)
from forecourt.store.scrapes import ScrapeStatus

_PAGE = 1_000
Place = tuple[int, int]  # of an entry in the queue: its `place`, and its id


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """An image for the queue.

    Attributes:
        place: What the queue is ordered by, ascending.
        reasons: With the words of their texts.
    """

    image_id: int
    place: int
    reasons: tuple[tuple[QueueReason, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An image that nobody has looked at since it came into the queue.

    Attributes:
        row_id: Where it stands first in the advertiser's latest scrape; None: nowhere any more.
        thumbnail: Address in the media folder, or None.
        width: Of the original, in pixels, as `height`.
    """

    id: int
    advertiser: str
    image_id: int
    place: int
    reasons: tuple[tuple[QueueReason, tuple[str, ...]], ...]
    has_conflict: bool
    row_id: int | None
    thumbnail: str | None
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class LookedAt:
    """How many images were looked at, one act each, by one person and by everybody."""

    own: int
    all: int


# ---- what comes into the queue -------------------------------------------------------------------


def iter_seen(
    connection: sa.Connection, scrape_id: int, *, model_version: str
) -> Iterator[SeenVehicle]:
    """Yield the vehicles of a scrape with what a model says of their images, in their order.

    Kinds, and whether several vehicles are seen, are read of a vehicle's first image only.
    """
    query: sa.Select[Any] = (
        sa.select(
            vehicles.c.id,
            vehicles.c.color.label("scrape_color"),
            vehicle_images.c.image_id,
            predictions.c.image_type,
            predictions.c.image_type_confidence,
            predictions.c.color,
            predictions.c.color_confidence,
            sa.case((predictions.c.review, predictions.c.review_reasons)).label("review_reasons"),
            sa.case((vehicle_images.c.position == 0, predictions.c.answer)).label("answer"),
        )
        .join_from(vehicles, vehicle_images, vehicle_images.c.vehicle_id == vehicles.c.id)
        .join(predictions, predictions.c.image_id == vehicle_images.c.image_id)
        .where(
            vehicles.c.scrape_id == scrape_id,
            vehicle_images.c.scrape_id == scrape_id,
            vehicle_images.c.state == ImageState.TAGGED,
            predictions.c.model_version == model_version,
        )
        .order_by(vehicles.c.position, vehicle_images.c.position)
        .execution_options(yield_per=_PAGE)
    )
    for _vehicle, group in groupby(connection.execute(query), key=lambda row: row.id):
        of_vehicle = list(group)
        yield SeenVehicle(
            scrape_color=map_paint(of_vehicle[0].scrape_color),
            images=tuple(_read_seen(row) for row in of_vehicle),
        )


def last_fix_id(connection: sa.Connection) -> int:
    """Return the id of the latest fix of all; 0: there is none."""
    return connection.scalar(sa.select(sa.func.max(fixes.c.id))) or 0


def count_looked_at(connection: sa.Connection, advertiser: str, *, at_most: int) -> int:
    """Return how many fixes were made in an advertiser's sitemap; counting ends at `at_most`."""
    some = sa.select(fixes.c.id).where(fixes.c.advertiser == advertiser).limit(at_most).subquery()
    return connection.scalar(sa.select(sa.func.count()).select_from(some)) or 0


def iter_spoken_of(connection: sa.Connection, advertiser: str) -> Iterator[list[int]]:
    """Yield the images that were fixed in an advertiser's sitemap, some at a time."""
    query = sa.select(fixes.c.image_id).where(
        fixes.c.advertiser == advertiser, fixes.c.image_id.is_not(None)
    )
    rows = connection.scalars(query.distinct().execution_options(yield_per=_PAGE))
    for page in rows.partitions(_PAGE):
        yield [image_id for image_id in page if image_id is not None]


def find_standing(
    connection: sa.Connection, scrape_id: int, image_ids: Collection[int]
) -> set[int]:
    """Return those of some images that stand in a scrape."""
    if not image_ids:
        return set()
    query = sa.select(vehicle_images.c.image_id).where(
        vehicle_images.c.image_id.in_(image_ids), vehicle_images.c.scrape_id == scrape_id
    )
    return {found for found in connection.scalars(query.distinct()) if found is not None}


def replace_entries(
    connection: sa.Connection,
    advertiser: str,
    entries: Sequence[NewEntry],
    *,
    fix_id: int,
    at: datetime,
) -> None:
    """Let these be what waits of an advertiser; `fix_id`: the latest fix that was considered."""
    connection.execute(sa.delete(queue_entries).where(queue_entries.c.advertiser == advertiser))
    rows = [
        {
            "advertiser": advertiser,
            "image_id": one.image_id,
            "place": one.place,
            "reasons": [[reason, list(words)] for reason, words in one.reasons],
            "has_conflict": any(reason is QueueReason.CONFLICT for reason, _words in one.reasons),
            "fix_id": fix_id,
            "created_at": at,
        }
        for one in entries
    ]
    if rows:
        connection.execute(sa.insert(queue_entries), rows)


def drop_looked_at(connection: sa.Connection, *, before: datetime, at_most: int) -> None:
    """Drop entries at which somebody looked before a time, among so many first of the queue.

    Pages step over them; this keeps those few.
    """
    entry, fix, act = queue_entries.alias("entry"), fixes.alias("fix"), acts.alias("act")
    first = sa.select(entry).order_by(entry.c.place, entry.c.id).limit(at_most).subquery()
    is_long_done = sa.exists().where(
        fix.c.image_id == first.c.image_id,
        fix.c.id > first.c.fix_id,
        sa.or_(fix.c.advertiser == first.c.advertiser, fix.c.everywhere),
        is_live(fix.c.id, fix_states, "fix_id"),
        act.c.id == fix.c.act_id,
        act.c.at < before,
    )
    connection.execute(
        sa.delete(queue_entries).where(
            queue_entries.c.id.in_(sa.select(first.c.id).where(is_long_done))
        )
    )


# ---- what waits in it ----------------------------------------------------------------------------


def list_waiting(
    connection: sa.Connection,
    *,
    advertiser: str | None,
    with_conflicts: bool,
    after: Place | None,
    limit: int,
) -> list[Entry]:
    """Return the next entries at which nobody has looked, the most helpful first.

    Args:
        connection: A connection.
        advertiser: Only this one's; None: of all, each image once.
        with_conflicts: Also those on which people disagree.
        after: Where the page before ended.
        limit: At most so many.
    """
    page = _select_waiting(advertiser, with_conflicts, after, limit)
    return [
        Entry(
            id=row.id,
            advertiser=row.advertiser,
            image_id=row.image_id,
            place=row.place,
            reasons=tuple((QueueReason(name), tuple(words)) for name, words in row.reasons),
            has_conflict=row.has_conflict,
            row_id=row.row_id,
            thumbnail=row.thumbnail,
            width=row.width,
            height=row.height,
        )
        for row in connection.execute(page)
    ]


def _select_waiting(
    advertiser: str | None,
    with_conflicts: bool,  # noqa: FBT001  # as `list_waiting` got it
    after: Place | None,
    limit: int,
) -> sa.Select[Any]:
    entry, earlier = queue_entries.alias("entry"), queue_entries.alias("earlier")
    place = sa.tuple_(entry.c.place, entry.c.id)
    where = [~_is_looked_at(entry)]
    if advertiser is not None:
        where.append(entry.c.advertiser == advertiser)
    else:  # where several advertisers show an image, the first place counts
        where.append(
            ~sa.exists().where(
                earlier.c.image_id == entry.c.image_id,
                sa.tuple_(earlier.c.place, earlier.c.id) < place,
                ~_is_looked_at(earlier),
            )
        )
    if not with_conflicts:
        where.append(~entry.c.has_conflict)
    if after is not None:
        where.append(place > sa.tuple_(*after))
    page = (
        sa.select(entry).where(*where).order_by(entry.c.place, entry.c.id).limit(limit).subquery()
    )
    latest = (
        sa.select(scrapes.c.id)
        .where(
            scrapes.c.advertiser == page.c.advertiser, scrapes.c.status != ScrapeStatus.CANCELLED
        )
        .order_by(scrapes.c.id.desc())
        .limit(1)
        .correlate(page)
        .scalar_subquery()
    )
    first = (
        sa.select(vehicle_images.c.id)
        .where(vehicle_images.c.image_id == page.c.image_id, vehicle_images.c.scrape_id == latest)
        .order_by(vehicle_images.c.image_id, vehicle_images.c.scrape_id, vehicle_images.c.id)
        .limit(1)
        .correlate(page)
        .scalar_subquery()
    )
    return (
        sa.select(
            page,
            first.label("row_id"),
            images.c.thumbnail,
            images.c.width,
            images.c.height,
        )
        .join(images, images.c.id == page.c.image_id)
        .order_by(page.c.place, page.c.id)
    )


def count_done(
    connection: sa.Connection, *, by: str, role: Role, advertiser: str | None, since: datetime
) -> LookedAt:
    """Return how often people have fixed or confirmed images since a time, one act each.

    What was imported does not count, nor what was undone since. `advertiser`: only in its sitemap.
    """
    own, everybody = 0, 0
    for row in connection.execute(_select_done(advertiser, since)):
        everybody += row.acts
        own += row.acts if (row.by, row.role) == (by, role) else 0
    return LookedAt(own=own, all=everybody)


def _select_done(advertiser: str | None, since: datetime) -> sa.Select[Any]:
    """Select acts by person."""
    reverts = sa.select(acts.c.id).where(acts.c.at >= since, acts.c.kind == ActKind.REVERT)
    turned = sa.select(fix_states.c.fix_id).where(fix_states.c.act_id.in_(reverts))
    taken_back = sa.select(fixes.c.act_id).where(
        fixes.c.id.in_(turned), ~is_live(fixes.c.id, fix_states.alias("state"), "fix_id")
    )
    where = [
        acts.c.at >= since,
        acts.c.kind == ActKind.FIX,
        acts.c.source != ActSource.IMPORT,
        acts.c.id.not_in(taken_back),
    ]
    if advertiser is not None:
        made = fixes.alias("made")
        where.append(sa.exists().where(made.c.act_id == acts.c.id, made.c.advertiser == advertiser))
    return (
        sa.select(acts.c.by, acts.c.role, sa.func.count().label("acts"))
        .where(*where)
        .group_by(acts.c.by, acts.c.role)
    )


def _is_looked_at(entry: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether a fix that holds in the advertiser's sitemap was made since the entry was."""
    fix = fixes.alias()
    return sa.exists().where(
        fix.c.image_id == entry.c.image_id,
        fix.c.id > entry.c.fix_id,
        sa.or_(fix.c.advertiser == entry.c.advertiser, fix.c.everywhere),
        is_live(fix.c.id, fix_states, "fix_id"),
    )


def _read_seen(row: sa.Row[Any]) -> SeenImage:
    answer: Mapping[str, Any] = row.answer or {}
    return SeenImage(
        image_id=row.image_id,
        image_type=ImageType(row.image_type),
        image_type_confidence=row.image_type_confidence,
        color=Color(row.color) if row.color else None,
        color_confidence=row.color_confidence,
        review_reasons=tuple(row.review_reasons or ()),
        kind=_sure_kind(answer.get("kind_probs") or {}),
        has_several=(answer.get("several_vehicles") or 0) >= SEVERAL,
    )


def _sure_kind(probs: Mapping[str, float]) -> str:
    return next((name for name, prob in probs.items() if prob >= SURE_OF_KIND), "")
