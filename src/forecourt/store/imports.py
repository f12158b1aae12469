"""What an import of fixes asks and writes, for a batch of rows at a time. Append-only."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forecourt.core.fixes import ActKind, ActSource
from forecourt.core.records import Role
from forecourt.store.schema import (
    acts,
    advertisers,
    fix_states,
    fixes,
    legacy_values,
    urls,
    vehicle_images,
    vehicles,
)
from forecourt.store.upsert import insert_new


@dataclass(frozen=True, slots=True)
class ActKey:
    """What an act of the history is known by, whichever store holds it; texts are squeezed."""

    kind: ActKind
    by: str
    role: Role
    at: datetime
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFix:
    """A stored fix, as far as rows of a file are compared with it."""

    id: int
    act_id: int
    advertiser: str
    everywhere: bool
    image_id: int | None
    url_key: str
    field: str
    value: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownState:
    """What an act made of a fix. `is_imported`: by an import, not by a person here."""

    act_id: int
    fix_id: int
    is_live: bool
    at: datetime
    is_imported: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an image stands, or last stood, in an advertiser's inventory."""

    image_id: int | None
    url: str
    url_key: str
    vehicle_id: str
    vin: str | None


def add_advertisers(connection: sa.Connection, names: Collection[str], *, at: datetime) -> set[str]:
    """Make sure that advertisers are known; return those that were not."""
    known = set(connection.scalars(sa.select(advertisers.c.id).where(advertisers.c.id.in_(names))))
    new = set(names) - known
    insert_new(
        connection, advertisers, [{"id": name, "created_at": at} for name in new], key=("id",)
    )
    return new


def find_places(
    connection: sa.Connection, names: Collection[str], url_keys: Collection[str]
) -> dict[tuple[str, str], Place]:
    """Return where URLs stand, by advertiser and `url_key`; the latest scrape's place wins."""
    return {
        (row.advertiser, row.url_key): _read_place(row)
        for row in _select_places(
            connection, vehicles.c.advertiser.in_(names), vehicle_images.c.url_key.in_(url_keys)
        )
    }


def find_images(connection: sa.Connection, image_ids: Collection[int]) -> dict[int, Place]:
    """Return a place where each image stands, whoever shows it."""
    return {
        row.image_id: _read_place(row)
        for row in _select_places(connection, vehicle_images.c.image_id.in_(image_ids))
    }


def find_by_urls(connection: sa.Connection, url_keys: Collection[str]) -> dict[str, int]:
    """Return the image last seen under each URL that showed one."""
    rows = connection.execute(
        sa.select(urls.c.url_key, urls.c.image_id).where(
            urls.c.url_key.in_(url_keys), urls.c.image_id.is_not(None)
        )
    )
    return {row.url_key: row.image_id for row in rows}


def find_acts(connection: sa.Connection, times: Collection[datetime]) -> dict[int, ActKey]:
    """Return the acts done at some moments, by id, oldest first."""
    rows = connection.execute(sa.select(acts).where(acts.c.at.in_(times)).order_by(acts.c.id))
    return {row.id: _read_act_key(row) for row in rows}


def find_fixes(
    connection: sa.Connection, url_keys: Collection[str], image_ids: Collection[int]
) -> list[KnownFix]:
    """Return the fixes of some URLs and images, oldest first."""
    columns = (
        fixes.c.id,
        fixes.c.act_id,
        fixes.c.advertiser,
        fixes.c.everywhere,
        fixes.c.image_id,
        fixes.c.url_key,
        fixes.c.field,
        fixes.c.value,
    )
    found = {
        row.id: KnownFix(**row._mapping)  # noqa: SLF001  # SQLAlchemy's public name for it
        for where in (fixes.c.url_key.in_(url_keys), fixes.c.image_id.in_(image_ids))
        for row in connection.execute(sa.select(*columns).where(where))
    }
    return [found[fix_id] for fix_id in sorted(found)]


def find_states(connection: sa.Connection, fix_ids: Collection[int]) -> list[KnownState]:
    """Return what acts have made of fixes, oldest first."""
    rows = connection.execute(
        sa.select(fix_states, acts.c.at, acts.c.source)
        .join(acts, acts.c.id == fix_states.c.act_id)
        .where(fix_states.c.fix_id.in_(fix_ids))
        .order_by(fix_states.c.id)
    )
    return [
        KnownState(
            act_id=row.act_id,
            fix_id=row.fix_id,
            is_live=row.is_live,
            at=row.at,
            is_imported=row.source == ActSource.IMPORT,
        )
        for row in rows
    ]


def add_acts(connection: sa.Connection, new: Sequence[tuple[ActKey, str, str]]) -> list[int]:
    """Store acts, each with name and note as they were written; return their ids, in order."""
    return _insert(
        connection,
        acts,
        [
            {
                "kind": key.kind,
                "by": by,
                "role": key.role,
                "source": ActSource.IMPORT,
                "note": note,
                "at": key.at,
            }
            for key, by, note in new
        ],
    )


def add_fixes(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Store fixes; the keys of `rows` are columns of `fixes`. Return their ids, in order."""
    return _insert(connection, fixes, rows)


def add_states(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Note what acts made of fixes, in order; the keys of `rows` are columns of `fix_states`."""
    if rows:
        connection.execute(sa.insert(fix_states), rows)


def add_spellings(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep how a file spelled fixes; the keys of `rows` are columns of `legacy_values`."""
    if rows:
        connection.execute(sa.insert(legacy_values), rows)


def squeeze(text: str) -> str:
    """Return a name or note as it is compared: files and their readers do not keep every space."""
    return " ".join(text.split())


def _insert(
    connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]
) -> list[int]:
    if not rows:
        return []
    statement = sa.insert(table).returning(table.c.id, sort_by_parameter_order=True)
    return list(connection.scalars(statement, list(rows)))


def _select_places(
    connection: sa.Connection, *where: sa.ColumnElement[bool]
) -> sa.CursorResult[Any]:
    return connection.execute(
        sa.select(
            vehicles.c.advertiser,
            vehicles.c.vehicle_id,
            vehicles.c.vin,
            vehicle_images.c.url,
            vehicle_images.c.url_key,
            vehicle_images.c.image_id,
        )
        .join_from(vehicle_images, vehicles, vehicles.c.id == vehicle_images.c.vehicle_id)
        .where(*where)
        # What comes later in a dict wins: the latest scrape, and in it the first place.
        .order_by(vehicle_images.c.scrape_id, vehicle_images.c.id.desc())
    )


def _read_act_key(row: sa.Row[Any]) -> ActKey:
    return ActKey(ActKind(row.kind), squeeze(row.by), Role(row.role), row.at, squeeze(row.note))


def _read_place(row: sa.Row[Any]) -> Place:
    return Place(
        image_id=row.image_id,
        url=row.url,
        url_key=row.url_key,
        vehicle_id=row.vehicle_id,
        vin=row.vin,
    )
