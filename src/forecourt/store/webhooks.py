"""Who is told of what happens, as rows: webhooks and their secrets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forecourt.core.webhooks import DisabledReason, EventType, Webhook
from forecourt.store.schema import webhooks


def add_webhook(
    connection: sa.Connection,
    *,
    url: str,
    secret: str,
    events: Sequence[EventType],
    advertiser: str | None,
    by: str,
    at: datetime,
) -> Webhook:
    """Store a webhook, active."""
    row = connection.execute(
        sa.insert(webhooks)
        .values(
            url=url,
            secret=secret,
            events=list(events),
            advertiser=advertiser,
            created_at=at,
            created_by=by,
        )
        .returning(webhooks)
    ).one()
    return _read(row)


def list_webhooks(connection: sa.Connection) -> list[Webhook]:
    """Return all webhooks, the oldest first."""
    return [_read(row) for row in connection.execute(sa.select(webhooks).order_by(webhooks.c.id))]


def latest_webhooks(
    connection: sa.Connection, *, before_id: int | None, limit: int
) -> list[Webhook]:
    """Return at most `limit` webhooks, the newest first: those before an id, or the newest."""
    query = sa.select(webhooks).order_by(webhooks.c.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(webhooks.c.id < before_id)
    return [_read(row) for row in connection.execute(query)]


def get_webhook(connection: sa.Connection, webhook_id: int) -> Webhook | None:
    """Return a webhook."""
    row = connection.execute(sa.select(webhooks).where(webhooks.c.id == webhook_id)).one_or_none()
    return None if row is None else _read(row)


def find_told(
    connection: sa.Connection, event: EventType, *, advertiser: str | None
) -> list[Webhook]:
    """Return the active webhooks that are told of an event: of an advertiser, or of none."""
    whose: sa.ColumnElement[bool] = webhooks.c.advertiser.is_(None)
    if advertiser is not None:
        whose = sa.or_(whose, webhooks.c.advertiser == advertiser)
    rows = connection.execute(
        sa.select(webhooks).where(webhooks.c.disabled_at.is_(None), whose).order_by(webhooks.c.id)
    )
    return [one for one in map(_read, rows) if one.wants(event)]


def load_secrets(connection: sa.Connection, webhook_id: int, *, at: datetime) -> list[str]:
    """Return the secrets that sign at a time, the newest first."""
    row = connection.execute(
        sa.select(webhooks.c.secret, webhooks.c.previous_secret, webhooks.c.previous_until).where(
            webhooks.c.id == webhook_id
        )
    ).one()
    if row.previous_secret is None or at >= row.previous_until:
        return [row.secret]
    return [row.secret, row.previous_secret]


def replace_secret(
    connection: sa.Connection, webhook_id: int, secret: str, *, previous_until: datetime
) -> None:
    """Let a new secret sign, and the one before it too until then."""
    connection.execute(
        sa.update(webhooks)
        .where(webhooks.c.id == webhook_id)
        .values(secret=secret, previous_secret=webhooks.c.secret, previous_until=previous_until)
    )


def set_disabled(
    connection: sa.Connection, webhook_id: int, reason: DisabledReason, *, at: datetime
) -> None:
    """Disable a webhook; one that is disabled already keeps its reason."""
    connection.execute(
        sa.update(webhooks)
        .where(webhooks.c.id == webhook_id, webhooks.c.disabled_at.is_(None))
        .values(disabled_at=at, disabled_reason=reason)
    )


def set_enabled(connection: sa.Connection, webhook_id: int) -> None:
    """Let a webhook be told again; what it failed at before is forgotten."""
    connection.execute(
        sa.update(webhooks)
        .where(webhooks.c.id == webhook_id)
        .values(disabled_at=None, disabled_reason=None, failing_since=None)
    )


def note_success(connection: sa.Connection, webhook_id: int) -> None:
    """Note that an attempt succeeded."""
    connection.execute(
        sa.update(webhooks)
        .where(webhooks.c.id == webhook_id, webhooks.c.failing_since.is_not(None))
        .values(failing_since=None)
    )


def note_failure(connection: sa.Connection, webhook_id: int, *, at: datetime) -> datetime:
    """Note that an attempt failed; return since when none has succeeded."""
    since: datetime = connection.scalars(
        sa.update(webhooks)
        .where(webhooks.c.id == webhook_id)
        .values(failing_since=sa.func.coalesce(webhooks.c.failing_since, at))
        .returning(webhooks.c.failing_since)
    ).one()
    return since


def _read(row: sa.Row[Any]) -> Webhook:
    reason = row.disabled_reason
    return Webhook(
        id=row.id,
        url=row.url,
        events=tuple(EventType(one) for one in row.events),
        advertiser=row.advertiser,
        created_at=row.created_at,
        created_by=row.created_by,
        disabled_at=row.disabled_at,
        disabled_reason=None if reason is None else DisabledReason(reason),
        failing_since=row.failing_since,
    )
