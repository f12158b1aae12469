"""Models and promotions. Append-only: nothing here updates or deletes a row."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forecourt.core.promotions import Promotion, PromotionKind, RegisteredModel
from forecourt.store.engine import wait_for_turn
from forecourt.store.schema import models, promotions

_LOCK = 0x4D4F444C  # an advisory lock of PostgreSQL; the number only has to be ours


def lock_registry(connection: sa.Connection) -> None:
    """Let one transaction at a time change the registry: promotions then come in one order."""
    wait_for_turn(connection, _LOCK)


def add_model(connection: sa.Connection, model: RegisteredModel) -> None:
    """Keep a model; its version must be new."""
    connection.execute(sa.insert(models).values(asdict(model)))


def get_model(connection: sa.Connection, version: str) -> RegisteredModel | None:
    """Return a model, or None where none has this version."""
    query = sa.select(models).where(models.c.version == version)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else RegisteredModel(**row)


def list_models(connection: sa.Connection) -> list[RegisteredModel]:
    """Return all models, the latest first."""
    latest_first = models.c.registered_at.desc(), models.c.version.desc()
    rows = connection.execute(sa.select(models).order_by(*latest_first))
    return [RegisteredModel(**row) for row in rows.mappings()]


def find_look_alike(connection: sa.Connection, version: str) -> str | None:
    """Return a registered version that differs from this one in upper and lower case only."""
    is_alike = sa.func.lower(models.c.version) == version.lower()
    query = sa.select(models.c.version).where(is_alike, models.c.version != version)
    return connection.scalars(query.limit(1)).first()


def add_promotion(
    connection: sa.Connection,
    kind: PromotionKind,
    model_version: str,
    *,
    by: str,
    note: str,
    reason: str,
    at: datetime,
) -> Promotion:
    """Append a promotion and return it: its model is the champion from now on."""
    values = {
        "kind": kind,
        "model_version": model_version,
        "at": at,
        "by": by,
        "note": note,
        "reason": reason,
    }
    statement = sa.insert(promotions).values(values).returning(*promotions.c)
    return _read(connection.execute(statement).mappings().one())


def last_promotion(connection: sa.Connection) -> Promotion | None:
    """Return the promotion whose model is the champion, or None before the first one."""
    query = sa.select(promotions).order_by(promotions.c.id.desc()).limit(1)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _read(row)


def list_promotions(connection: sa.Connection) -> list[Promotion]:
    """Return all promotions, the earliest first."""
    rows = connection.execute(sa.select(promotions).order_by(promotions.c.id))
    return [_read(row) for row in rows.mappings()]


def latest_promotions(
    connection: sa.Connection, *, before_id: int | None, limit: int
) -> list[Promotion]:
    """Return at most `limit` promotions, the latest first: those before an id, or the latest."""
    query = sa.select(promotions).order_by(promotions.c.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(promotions.c.id < before_id)
    return [_read(row) for row in connection.execute(query).mappings()]


def _read(row: sa.RowMapping) -> Promotion:
    values: dict[str, Any] = {**row, "kind": PromotionKind(row["kind"])}
    return Promotion(**values)
