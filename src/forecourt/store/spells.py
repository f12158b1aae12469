"""How long vehicles had a Placeholder and no picture of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from forecourt.store.chunks import chunks
from forecourt.store.schema import placeholder_spells, vehicles


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """A vehicle that waits for a picture, and since when."""

    vehicle_id: str
    title: str | None
    since: datetime


def lasting_since(connection: sa.Connection, advertiser: str) -> dict[int, datetime]:
    """Return the vehicles of an advertiser whose spell lasts: row of the vehicle → since when."""
    rows = connection.execute(
        sa.select(placeholder_spells.c.vehicle_id, placeholder_spells.c.since).where(
            placeholder_spells.c.advertiser == advertiser, placeholder_spells.c.until.is_(None)
        )
    )
    return {row.vehicle_id: row.since for row in rows}


def first_seen(connection: sa.Connection, vehicle_rows: list[int]) -> dict[int, datetime]:
    """Return when vehicles came into the inventory."""
    found: dict[int, datetime] = {}
    for chunk in chunks(vehicle_rows):
        rows = connection.execute(
            sa.select(vehicles.c.id, vehicles.c.first_seen_at).where(vehicles.c.id.in_(chunk))
        )
        found.update({row.id: row.first_seen_at for row in rows})
    return found


def keep_spells(
    connection: sa.Connection, advertiser: str, waiting: Mapping[int, datetime], *, at: datetime
) -> None:
    """Note which vehicles wait for a picture, and end the spells of the others.

    Args:
        connection: A writing connection.
        advertiser: Whose vehicles.
        waiting: Rows of all that wait, and since when; one whose spell lasts keeps its beginning.
        at: When the spells of the others ended.
    """
    lasting = lasting_since(connection, advertiser)
    for chunk in chunks([row for row in lasting if row not in waiting]):
        connection.execute(
            sa.update(placeholder_spells)
            .where(
                placeholder_spells.c.vehicle_id.in_(chunk),
                placeholder_spells.c.until.is_(None),
            )
            .values(until=at)
        )
    new = [
        {"advertiser": advertiser, "vehicle_id": row, "since": since, "until": None}
        for row, since in sorted(waiting.items())
        if row not in lasting
    ]
    if new:
        connection.execute(sa.insert(placeholder_spells), new)


def list_longest(connection: sa.Connection, advertiser: str, *, limit: int) -> list[Spell]:
    """Return at most `limit` vehicles of an advertiser that wait for a picture, longest first."""
    query = (
        sa.select(placeholder_spells, vehicles.c.vehicle_id.label("name"), vehicles.c.title)
        .join(vehicles, vehicles.c.id == placeholder_spells.c.vehicle_id)
        .where(placeholder_spells.c.advertiser == advertiser, placeholder_spells.c.until.is_(None))
        .order_by(placeholder_spells.c.since, placeholder_spells.c.id)
        .limit(limit)
    )
    return [
        Spell(vehicle_id=row.name, title=row.title, since=row.since)
        for row in connection.execute(query)
    ]
