"""Disagreements and rulings on them. Append-only: nothing here updates or deletes a row."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forecourt.core.conflicts import Conflict, ConflictStatus, Ruled, Ruling, find_conflicts
from forecourt.core.fixes import ActSource, FixField
from forecourt.core.records import Role
from forecourt.store import fixes as stored_fixes
from forecourt.store.liveness import select_made
from forecourt.store.schema import acts, fixes, images, ruling_states, rulings

_PAGE = 1_000  # images


@dataclass(frozen=True, slots=True)
class Contested:
    """An image that training leaves out, for what people say of one field of it."""

    image_id: int
    field: FixField
    status: ConflictStatus


def iter_conflicts(
    connection: sa.Connection, *, with_ruled: bool = False, after: int = 0
) -> Iterator[Conflict]:
    """Yield disagreements in the order of their images, a page of images at a time.

    Args:
        connection: A connection; it must stay open while conflicts are taken.
        with_ruled: Also those on which a ruling is in force; else the open ones.
        after: Only on images of a higher number.
    """
    while page := _find_candidates(connection, after, with_ruled=with_ruled):
        wanted = find_of_several(connection, page)
        if with_ruled:
            ruled = sa.select(rulings.c.image_id).where(rulings.c.image_id.in_(page))
            wanted.update(connection.scalars(ruled))
        for one in load_conflicts(connection, wanted):
            if with_ruled or one.status is ConflictStatus.OPEN:
                yield one
        after = page[-1]


def load_conflicts(connection: sa.Connection, image_ids: Collection[int]) -> list[Conflict]:
    """Return the disagreements on images, waiting or ruled."""
    return find_conflicts(
        stored_fixes.load_of_images(connection, image_ids),
        _load_rulings(connection, rulings.c.image_id.in_(image_ids)),
    )


def iter_contested(connection: sa.Connection) -> Iterator[Contested]:
    """Yield what a dataset leaves out: open disagreements, kept ones, ambiguous pictures.

    Where each party keeps its own there are two answers, and a model can learn but one.
    """
    for one in iter_conflicts(connection, with_ruled=True):
        if one.status is not ConflictStatus.EVERYONE:
            yield Contested(one.image_id, one.field, one.status)


def has_image(connection: sa.Connection, image_id: int) -> bool:
    """Return whether there is such an image."""
    return connection.scalar(sa.select(images.c.id).where(images.c.id == image_id)) is not None


def add_ruling(
    connection: sa.Connection,
    act_id: int,
    *,
    image_id: int,
    field: FixField,
    ruling: Ruling,
    positions: Sequence[int],
) -> None:
    """Store a ruling; `positions` are the ids of the fixes that stood against each other."""
    connection.execute(
        sa.insert(rulings).values(
            act_id=act_id,
            image_id=image_id,
            field=field,
            ruling=ruling,
            positions=list(positions),
        )
    )


def load_rulings(
    connection: sa.Connection,
    *,
    advertiser: str,
    image_id: int | None = None,
    until: datetime | None = None,
    before_act: int | None = None,
    limit: int | None = None,
) -> list[Ruled]:
    """Return the rulings on images that an advertiser's fixes are of, oldest first.

    Args:
        connection: A connection.
        advertiser: Who made the fixes, or for whom staff did.
        image_id: Only on this image.
        until: Only what was ruled until then, and live as it was then.
        before_act: Only those of acts before this one.
        limit: Only the latest so many; None: all.
    """
    where: list[sa.ColumnElement[bool]] = [
        sa.exists().where(
            fixes.c.image_id == rulings.c.image_id,
            stored_fixes.holds_for(advertiser),
        )
    ]
    if image_id is not None:
        where.append(rulings.c.image_id == image_id)
    if before_act is not None:
        where.append(rulings.c.act_id < before_act)
    if limit is not None:
        latest = (
            sa.select(rulings.c.id)
            .join(acts, acts.c.id == rulings.c.act_id)
            .where(*where, *([acts.c.at <= until] if until is not None else []))
            .order_by(rulings.c.act_id.desc())
            .limit(limit)
        )
        where = [rulings.c.id.in_(latest)]
    return _load_rulings(connection, *where, until=until)


def _find_candidates(connection: sa.Connection, after: int, *, with_ruled: bool) -> list[int]:
    """Return images whose fixes name more than one value, ascending.

    A superset of what is in conflict: dead fixes count here, and parties do not. Only the index is
    read for it.
    """
    value = fixes.c.value
    has_none_and_some = sa.and_(sa.func.count(value) > 0, sa.func.count(value) < sa.func.count())
    disputed = (
        sa.select(fixes.c.image_id)
        .where(fixes.c.image_id > after)
        .group_by(fixes.c.image_id, fixes.c.field)
        .having(sa.or_(sa.func.min(value) != sa.func.max(value), has_none_and_some))
    )
    ruled = sa.select(rulings.c.image_id).where(rulings.c.image_id > after)
    found: set[int] = set()
    for images_of in (disputed, ruled) if with_ruled else (disputed,):
        image_id = images_of.subquery().c.image_id
        page = sa.select(image_id).distinct().order_by(image_id).limit(_PAGE)
        found.update(connection.scalars(page))
    return sorted(found)[:_PAGE]


def find_of_several(connection: sa.Connection, image_ids: Collection[int]) -> set[int]:
    """Return those of the images that more than one party has fixed a field of.

    Most images with two values are of somebody who changed their mind; their fixes are not loaded.
    """
    speaks_for = sa.case((fixes.c.everywhere, ""), else_=fixes.c.advertiser)
    is_own = sa.case((acts.c.role == Role.ADVERTISER, "own "), else_="staff's ")
    party = is_own + speaks_for
    several = (
        sa.select(fixes.c.image_id)
        .join(acts, acts.c.id == fixes.c.act_id)
        .where(fixes.c.image_id.in_(image_ids))
        .group_by(fixes.c.image_id, fixes.c.field)
        .having(sa.func.min(party) != sa.func.max(party))
    )
    return set(connection.scalars(several))


def _load_rulings(
    connection: sa.Connection, *where: sa.ColumnElement[bool], until: datetime | None = None
) -> list[Ruled]:
    made = select_made(rulings, ruling_states, "ruling_id", until=until)
    rows = connection.execute(made.where(*where).order_by(rulings.c.id))
    return [_read(row) for row in rows]


def _read(row: sa.Row[Any]) -> Ruled:
    return Ruled(
        id=row.id,
        act_id=row.act_id,
        at=row.at,
        by=row.by,
        role=Role(row.role),
        source=ActSource(row.source),
        note=row.note,
        image_id=row.image_id,
        field=FixField(row.field),
        ruling=Ruling(row.ruling),
        positions=tuple(row.positions),
        is_live=bool(row.is_live),
    )
