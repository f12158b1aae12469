"""Decisions on pictures of datasets, and sides of the split. No row is updated or deleted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forecourt.core.dataset import Decision, Opinion, Sides, Split, Unit, Verdict
from forecourt.core.labels import ImageType, parse_color
from forecourt.store.chunks import chunks
from forecourt.store.engine import wait_for_turn
from forecourt.store.schema import dataset_decisions, dataset_sides
from forecourt.store.upsert import insert_new

_NO_PAINT = "none"
_LOCK = 0x44415441  # an advisory lock of PostgreSQL; the number only has to be ours


def add_decisions(connection: sa.Connection, decisions: Sequence[Decision]) -> None:
    """Store what a person decided, in their order."""
    if decisions:
        connection.execute(sa.insert(dataset_decisions), [_to_row(one) for one in decisions])


def load_decisions(
    connection: sa.Connection, keys: Collection[str] | None = None
) -> dict[str, Decision]:
    """Return the latest decision on each picture; None: on all that there are."""
    if keys is None:
        return _load(connection)
    return {
        key: decision
        for some in chunks(keys)
        for key, decision in _load(connection, dataset_decisions.c.key.in_(some)).items()
    }


def lock_sides(connection: sa.Connection) -> None:
    """Let one transaction at a time give sides: what one reads, no other changes meanwhile."""
    wait_for_turn(connection, _LOCK)


def add_sides(connection: sa.Connection, sides: Sides, *, version: str, at: datetime) -> None:
    """Remember where pictures and advertisers were put; who has a side already keeps it."""
    rows = [
        {"unit": unit, "value": value, "split": split, "version": version, "at": at}
        for (unit, value), split in sides.items()
    ]
    insert_new(connection, dataset_sides, rows, key=("unit", "value"))


def load_sides(connection: sa.Connection) -> dict[tuple[Unit, str], Split]:
    """Return where everything was put that ever was in a version."""
    columns = dataset_sides.c
    rows = connection.execute(sa.select(columns.unit, columns.value, columns.split))
    return {(Unit(unit), value): Split(split) for unit, value, split in rows}


def _load(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> dict[str, Decision]:
    # Ascending, so that the latest of a key wins.
    rows = connection.execute(
        sa.select(dataset_decisions).where(*where).order_by(dataset_decisions.c.id)
    )
    return {row.key: _read(row) for row in rows}


def _to_row(decision: Decision) -> dict[str, Any]:
    opinion = decision.opinion
    return {
        "key": decision.key,
        "verdict": opinion.verdict,
        "image_type": opinion.image_type,
        "color": (opinion.color or _NO_PAINT) if opinion.sets_color else None,
        "by": decision.by,
        "note": opinion.note,
        "version": decision.version,
        "at": decision.at,
    }


def _read(row: sa.Row[Any]) -> Decision:
    opinion = Opinion(
        verdict=Verdict(row.verdict),
        image_type=None if row.image_type is None else ImageType(row.image_type),
        color=parse_color(row.color),
        sets_color=row.color is not None,
        note=row.note,
    )
    return Decision(key=row.key, opinion=opinion, by=row.by, at=row.at, version=row.version)
