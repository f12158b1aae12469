"""Challengers in the shadow and as canaries. Append-only: nothing here updates or deletes a row."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forecourt.core.trials import CanaryKind, CanaryStep, ShadowKind, ShadowStep
from forecourt.store.schema import canaries, promotions, retags, shadows


def add_shadow_step(
    connection: sa.Connection,
    kind: ShadowKind,
    model_version: str,
    *,
    share: float,
    by: str,
    note: str,
    reason: str,
    at: datetime,
) -> ShadowStep:
    """Append a step and return it: it says what holds from now on."""
    values = {
        "kind": kind,
        "model_version": model_version,
        "share": share,
        "at": at,
        "by": by,
        "note": note,
        "reason": reason,
    }
    statement = sa.insert(shadows).values(values).returning(*shadows.c)
    return _read_shadow(connection.execute(statement).mappings().one())


def last_shadow_step(connection: sa.Connection) -> ShadowStep | None:
    """Return the step that holds, or None before the first one."""
    return next(iter(latest_shadow_steps(connection, before_id=None, limit=1)), None)


def latest_shadow_steps(
    connection: sa.Connection, *, before_id: int | None, limit: int
) -> list[ShadowStep]:
    """Return at most `limit` steps, the latest first: those before an id, or the latest."""
    query = sa.select(shadows).order_by(shadows.c.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(shadows.c.id < before_id)
    return [_read_shadow(row) for row in connection.execute(query).mappings()]


def add_canary_steps(
    connection: sa.Connection,
    kind: CanaryKind,
    advertisers: Collection[str],
    model_version: str,
    *,
    by: str,
    note: str,
    at: datetime,
) -> list[CanaryStep]:
    """Append a step for each advertiser and return them, in the order of their names."""
    found = []
    for advertiser in sorted(advertisers):
        values = {
            "kind": kind,
            "advertiser": advertiser,
            "model_version": model_version,
            "at": at,
            "by": by,
            "note": note,
        }
        statement = sa.insert(canaries).values(values).returning(*canaries.c)
        found.append(_read_canary(connection.execute(statement).mappings().one()))
    return found


def list_canaries(connection: sa.Connection) -> list[CanaryStep]:
    """Return the steps that made the present canaries, in the order of the advertisers' names."""
    last = sa.select(sa.func.max(canaries.c.id)).group_by(canaries.c.advertiser)
    query = (
        sa.select(canaries)
        .where(canaries.c.id.in_(last), canaries.c.kind == CanaryKind.START)
        .order_by(canaries.c.advertiser)
    )
    return [_read_canary(row) for row in connection.execute(query).mappings()]


def latest_canary_steps(
    connection: sa.Connection, *, before_id: int | None, limit: int
) -> list[CanaryStep]:
    """Return at most `limit` steps, the latest first: those before an id, or the latest."""
    query = sa.select(canaries).order_by(canaries.c.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(canaries.c.id < before_id)
    return [_read_canary(row) for row in connection.execute(query).mappings()]


def never_shown() -> sa.Select[tuple[str]]:
    """Select the versions whose answers were for comparison only, and are shown to nobody.

    That is models that were in the shadow, or answered stored images ahead of a promotion, and
    never were the champion nor anybody's canary.
    """
    tried = sa.union(
        sa.select(shadows.c.model_version),
        sa.select(retags.c.model_version).where(retags.c.is_ahead),
    ).subquery("tried")
    return sa.select(tried.c.model_version).where(
        tried.c.model_version.not_in(sa.select(promotions.c.model_version)),
        tried.c.model_version.not_in(sa.select(canaries.c.model_version)),
    )


def _read_shadow(row: sa.RowMapping) -> ShadowStep:
    values: dict[str, Any] = {**row, "kind": ShadowKind(row["kind"])}
    return ShadowStep(**values)


def _read_canary(row: sa.RowMapping) -> CanaryStep:
    values: dict[str, Any] = {**row, "kind": CanaryKind(row["kind"])}
    return CanaryStep(**values)
