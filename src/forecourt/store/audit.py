"""Statements on the audit log. Append-only: nothing here updates or deletes a row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forecourt.core.access import Principal
from forecourt.core.audit import AuditAction, AuditEntry, AuditFilter, AuditPage
from forecourt.core.records import Role
from forecourt.store.schema import audit_log


def add_entry(
    connection: sa.Connection,
    principal: Principal,
    action: AuditAction,
    *,
    at: datetime,
    target: str,
    advertiser: str | None,
    detail: Mapping[str, Any],
    request_id: str | None,
) -> int:
    """Append a line and return its number."""
    entry_id: int = connection.execute(
        sa.insert(audit_log)
        .values(
            at=at,
            by=principal.name,
            role=principal.role,
            key_id=principal.key_id,
            user_id=principal.user_id,
            advertiser=advertiser,
            action=action,
            target=target,
            detail=dict(detail),
            request_id=request_id,
        )
        .returning(audit_log.c.id)
    ).scalar_one()
    return entry_id


def load_page(
    connection: sa.Connection,
    *,
    advertiser: str | None,
    wanted: AuditFilter,
    before: int | None,
    limit: int,
) -> AuditPage:
    """Return at most `limit` lines, newest first: those before line `before`, or the newest."""
    query = sa.select(audit_log).order_by(audit_log.c.id.desc()).limit(limit + 1)
    if advertiser is not None:
        query = query.where(audit_log.c.advertiser == advertiser)
    if wanted.action is not None:
        query = query.where(audit_log.c.action == wanted.action)
    if wanted.by is not None:
        query = query.where(audit_log.c.by == wanted.by)
    if wanted.until is not None:
        # Lines are as good as in the order of their times. By its number the page begins at once,
        # where a condition on the time would pass over all later lines.
        last = (
            sa.select(audit_log.c.id)
            .where(audit_log.c.at <= wanted.until)
            .order_by(audit_log.c.at.desc(), audit_log.c.id.desc())
            .limit(1)
        )
        query = query.where(audit_log.c.id <= last.scalar_subquery())
    if before is not None:
        query = query.where(audit_log.c.id < before)
    rows = connection.execute(query).all()
    entries = tuple(_read(row) for row in rows[:limit])
    return AuditPage(entries, entries[-1].id if len(rows) > limit else None)


def _read(row: sa.Row[Any]) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        at=row.at,
        by=row.by,
        role=Role(row.role),
        key_id=row.key_id,
        user_id=row.user_id,
        advertiser=row.advertiser,
        action=row.action,
        target=row.target,
        detail=row.detail,
        request_id=row.request_id,
    )
