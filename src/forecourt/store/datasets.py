"""Decisions on pictures of datasets, and sides of the split. No row is updated or deleted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forecourt.core.dataset import Decision, KeptDecision, Opinion, Sides, Split, Unit, Verdict
from forecourt.core.labels import ImageType, parse_color
from forecourt.store.chunks import chunks
from forecourt.store.engine import wait_for_turn
from forecourt.store.schema import dataset_decisions, dataset_sides, dataset_undos
from forecourt.store.upsert import insert_new

_NO_PAINT = "none"
# Advisory locks of PostgreSQL; the numbers only have to be ours.
_LOCK = 0x44415441
_DECISIONS_LOCK = 0x44454349


def add_decisions(connection: sa.Connection, decisions: Sequence[Decision]) -> list[KeptDecision]:
    """Store what a person decided, in their order."""
    if not decisions:
        return []
    statement = sa.insert(dataset_decisions).returning(
        dataset_decisions.c.id, sort_by_parameter_order=True
    )
    ids = connection.scalars(statement, [_to_row(one) for one in decisions])
    return [
        KeptDecision(id=number, decision=one) for number, one in zip(ids, decisions, strict=True)
    ]


def load_decisions(
    connection: sa.Connection, keys: Collection[str] | None = None
) -> dict[str, Decision]:
    """Return the latest decision that stands on each picture; None: on all that there are."""
    return {key: one.decision for key, one in load_standing(connection, keys).items()}


def load_standing(
    connection: sa.Connection, keys: Collection[str] | None = None
) -> dict[str, KeptDecision]:
    """Return the same, with the numbers of the decisions."""
    if keys is None:
        return _load_standing(connection)
    return {
        key: one
        for some in chunks(keys)
        for key, one in _load_standing(connection, dataset_decisions.c.key.in_(some)).items()
    }


def find_decisions(connection: sa.Connection, ids: Collection[int]) -> list[KeptDecision]:
    """Return decisions by their numbers, in the order of these; also those taken back."""
    query = _select().order_by(dataset_decisions.c.id)
    return [
        _read(row)
        for some in chunks(ids)
        for row in connection.execute(query.where(dataset_decisions.c.id.in_(some)))
    ]


def list_decisions(
    connection: sa.Connection, version: str, *, before: int | None, limit: int
) -> list[KeptDecision]:
    """Return decisions made on a version, the latest first; also those taken back."""
    query = _select().where(dataset_decisions.c.version == version)
    if before is not None:
        query = query.where(dataset_decisions.c.id < before)
    rows = connection.execute(query.order_by(dataset_decisions.c.id.desc()).limit(limit))
    return [_read(row) for row in rows]


def undo_decisions(
    connection: sa.Connection, ids: Collection[int], *, by: str, at: datetime
) -> None:
    """Take decisions back that stand."""
    rows = [{"decision_id": number, "by": by, "at": at} for number in sorted(ids)]
    connection.execute(sa.insert(dataset_undos), rows)


def lock_decisions(connection: sa.Connection) -> None:
    """Let one transaction at a time take decisions back: none is taken back twice."""
    wait_for_turn(connection, _DECISIONS_LOCK)


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


def _select() -> sa.Select[Any]:
    return sa.select(
        dataset_decisions,
        dataset_undos.c.by.label("undone_by"),
        dataset_undos.c.at.label("undone_at"),
    ).outerjoin(dataset_undos, dataset_undos.c.decision_id == dataset_decisions.c.id)


def _load_standing(
    connection: sa.Connection, *where: sa.ColumnElement[bool]
) -> dict[str, KeptDecision]:
    # Ascending, so that the latest of a key wins.
    stands = dataset_undos.c.id.is_(None)
    rows = connection.execute(_select().where(stands, *where).order_by(dataset_decisions.c.id))
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


def _read(row: sa.Row[Any]) -> KeptDecision:
    opinion = Opinion(
        verdict=Verdict(row.verdict),
        image_type=None if row.image_type is None else ImageType(row.image_type),
        color=parse_color(row.color),
        sets_color=row.color is not None,
        note=row.note,
    )
    decision = Decision(key=row.key, opinion=opinion, by=row.by, at=row.at, version=row.version)
    return KeptDecision(
        id=row.id, decision=decision, undone_by=row.undone_by, undone_at=row.undone_at
    )
