"""Fixes and the acts they belong to. Append-only: nothing here updates or deletes a row."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forecourt.core.fixes import ActKind, ActSource, Fix, FixField, NewAct
from forecourt.core.records import Role
from forecourt.store.chunks import chunks
from forecourt.store.engine import wait_for_turn
from forecourt.store.liveness import select_made
from forecourt.store.schema import acts, carries, fix_states, fixes

_PAGE = 1_000
_TURN = 0x41435453  # an advisory lock of PostgreSQL; the number only has to be ours


def take_turn(connection: sa.Connection) -> None:
    """Wait until no other act is under way; until this transaction ends, none begins.

    So acts are made one after the other, and each sees what those before it did. Whoever takes the
    time of an act after this has times in that order too: of two fixes the later one counts.
    """
    wait_for_turn(connection, _TURN)


def add_act(connection: sa.Connection, act: NewAct, kind: ActKind) -> int:
    """Store what a person does and return its id; see `take_turn`."""
    take_turn(connection)
    act_id: int = connection.execute(
        sa.insert(acts)
        .values(
            kind=kind,
            by=act.actor.name,
            role=act.actor.role,
            source=act.source,
            note=act.note,
            at=act.at,
        )
        .returning(acts.c.id)
    ).scalar_one()
    return act_id


def add_fixes(connection: sa.Connection, act_id: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store the fixes of an act, in their order; the keys of `rows` are columns of `fixes`."""
    if rows:
        connection.execute(sa.insert(fixes), [{**row, "act_id": act_id} for row in rows])


def set_live(connection: sa.Connection, act_id: int, states: Sequence[tuple[int, bool]]) -> None:
    """Note that from this act on fixes hold, or hold no more; `states` are (fix id, is live)."""
    if states:
        connection.execute(
            sa.insert(fix_states),
            [
                {"act_id": act_id, "fix_id": fix_id, "is_live": is_live}
                for fix_id, is_live in states
            ],
        )


def load_by_ids(connection: sa.Connection, fix_ids: Collection[int]) -> list[Fix]:
    """Return fixes, oldest first."""
    return [fix for ids in chunks(fix_ids) for fix in _load(connection, fixes.c.id.in_(ids))]


def holds_for(advertiser: str) -> sa.ColumnElement[bool]:
    """Return the condition that a fix was made for an advertiser, or for everyone."""
    return sa.or_(fixes.c.advertiser == advertiser, fixes.c.everywhere)


def find_fixed(connection: sa.Connection, image_ids: Collection[int]) -> set[int]:
    """Return those of the images that a person has ever corrected, or that a fix travelled to."""
    fixed = sa.select(fixes.c.image_id).where(fixes.c.image_id.in_(image_ids))
    carried = sa.select(carries.c.image_id).where(carries.c.image_id.in_(image_ids))
    return set(connection.scalars(fixed.union(carried)))


def load_for_images(
    connection: sa.Connection,
    advertiser: str | None,
    *,
    image_ids: Collection[int],
    url_keys: Collection[str],
) -> list[Fix]:
    """Return the live fixes that an advertiser's sitemap shows, oldest first.

    Args:
        connection: A connection.
        advertiser: Their own fixes, staff's for them, and staff's for everyone; None: anybody's.
        image_ids: Images of the sitemap.
        url_keys: URLs of images that were never seen: fixes made before anything was.
    """
    here = sa.true() if advertiser is None else holds_for(advertiser)
    found: list[Fix] = []
    for ids in chunks(image_ids):
        found += _load(connection, fixes.c.image_id.in_(ids), here)
    for keys in chunks(url_keys):
        found += _load(connection, fixes.c.url_key.in_(keys), here, fixes.c.image_id.is_(None))
    return [fix for fix in found if fix.is_live]


def iter_history(
    connection: sa.Connection,
    *,
    advertiser: str | None = None,
    url_key: str | None = None,
    image_ids: Collection[int] = (),
    until: datetime | None = None,
) -> Iterator[Fix]:
    """Yield fixes, oldest first, a page at a time.

    Args:
        connection: A connection; it must stay open while fixes are taken.
        advertiser: Only those made in this advertiser's sitemap, or for everyone.
        url_key: Only those made under this URL, or of `image_ids`.
        image_ids: See `url_key`.
        until: Only what was done until then, and live as it was then.
    """
    where: list[sa.ColumnElement[bool]] = []
    if advertiser is not None:
        where.append(holds_for(advertiser))
    if url_key is not None:
        where.append(sa.or_(fixes.c.url_key == url_key, fixes.c.image_id.in_(image_ids)))
    after = 0
    while page := _load(connection, *where, fixes.c.id > after, until=until, limit=_PAGE):
        yield from page
        after = page[-1].id


def list_history(
    connection: sa.Connection,
    *,
    advertiser: str,
    own_only: bool,
    url_key: str | None,
    image_ids: Collection[int],
    until: datetime | None,
    before: tuple[int, int] | None,
    limit: int,
) -> list[Fix]:
    """Return fixes, the latest act's first.

    Args:
        connection: A connection.
        advertiser: Those made in this advertiser's sitemap, or for everyone.
        own_only: Not those for everyone that were made in another sitemap.
        url_key: Only those made under this URL, or of `image_ids`.
        image_ids: See `url_key`.
        until: Only what was done until then, and live as it was then.
        before: Only those before this act and fix.
        limit: At most so many.
    """
    where = [fixes.c.advertiser == advertiser if own_only else holds_for(advertiser)]
    if url_key is not None:
        where.append(sa.or_(fixes.c.url_key == url_key, fixes.c.image_id.in_(image_ids)))
    place = sa.tuple_(fixes.c.act_id, fixes.c.id)
    if before is not None:
        where.append(place < sa.tuple_(*before))
    latest_first = (fixes.c.act_id.desc(), fixes.c.id.desc())
    return _load(connection, *where, until=until, limit=limit, order=latest_first)


def load_of_images(connection: sa.Connection, image_ids: Collection[int]) -> list[Fix]:
    """Return all fixes of images, whoever made them, reverted ones too, oldest first."""
    return [
        fix for ids in chunks(image_ids) for fix in _load(connection, fixes.c.image_id.in_(ids))
    ]


def _load(
    connection: sa.Connection,
    *where: sa.ColumnElement[bool],
    until: datetime | None = None,
    limit: int | None = None,
    order: Sequence[sa.ColumnElement[Any]] = (fixes.c.id,),
) -> list[Fix]:
    made = select_made(fixes, fix_states, "fix_id", until=until)
    rows = connection.execute(made.where(*where).order_by(*order).limit(limit))
    return [_read(row) for row in rows]


def _read(row: sa.Row[Any]) -> Fix:
    return Fix(
        id=row.id,
        act_id=row.act_id,
        at=row.at,
        by=row.by,
        role=Role(row.role),
        source=ActSource(row.source),
        note=row.note,
        advertiser=row.advertiser,
        everywhere=row.everywhere,
        image_id=row.image_id,
        url=row.url,
        url_key=row.url_key,
        vehicle_id=row.vehicle_id,
        vin=row.vin,
        field=FixField(row.field),
        value_from=row.value_from,
        value=row.value,
        model_version=row.model_version,
        is_live=bool(row.is_live),
    )
