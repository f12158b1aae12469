"""The outbox of webhooks, which is their log too. One that is finished is never changed again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forecourt.core.webhooks import (
    Attempt,
    Delivery,
    DeliveryState,
    EventType,
    Posted,
    PostFailure,
)
from forecourt.store.chunks import chunks
from forecourt.store.schema import deliveries, delivery_attempts, webhooks

_IS_PENDING = deliveries.c.state == DeliveryState.PENDING
_IS_ACTIVE = deliveries.c.webhook_id.in_(
    sa.select(webhooks.c.id).where(webhooks.c.disabled_at.is_(None))
)


def add_deliveries(
    connection: sa.Connection,
    webhook_ids: Sequence[int],
    *,
    event_id: str,
    event: EventType,
    body: str,
    at: datetime,
    replay_of: int | None = None,
) -> list[int]:
    """Store one pending delivery of an event per webhook, due at once; return their ids."""
    return [
        connection.execute(
            sa.insert(deliveries)
            .values(
                webhook_id=webhook_id,
                event_id=event_id,
                event=event,
                body=body,
                created_at=at,
                state=DeliveryState.PENDING,
                attempts=0,
                next_attempt_at=at,
                replay_of=replay_of,
            )
            .returning(deliveries.c.id)
        ).scalar_one()
        for webhook_id in webhook_ids
    ]


def find_due(connection: sa.Connection, now: datetime, limit: int) -> list[int]:
    """Return pending deliveries of active webhooks whose time has come, one per webhook in turn.

    So a webhook with a long backlog, or one that answers slowly, does not hold up the others.
    """
    turn = (
        sa.func.row_number()
        .over(
            partition_by=deliveries.c.webhook_id,
            order_by=(deliveries.c.next_attempt_at, deliveries.c.id),
        )
        .label("turn")
    )
    due = (
        sa.select(deliveries.c.id, deliveries.c.next_attempt_at, turn)
        .where(_IS_PENDING, deliveries.c.next_attempt_at <= now, _IS_ACTIVE)
        .subquery()
    )
    in_turn = sa.select(due.c.id).order_by(due.c.turn, due.c.next_attempt_at, due.c.id)
    return list(connection.scalars(in_turn.limit(limit)))


def claim(
    connection: sa.Connection, delivery_id: int, *, now: datetime, until: datetime
) -> Delivery | None:
    """Begin an attempt: nobody else may until then. None: it is not due, or somebody else's.

    The number of the attempt, counted here, is what the claim is known by.
    """
    row = connection.execute(
        sa.update(deliveries)
        .where(
            deliveries.c.id == delivery_id,
            _IS_PENDING,
            deliveries.c.next_attempt_at <= now,
            _IS_ACTIVE,
        )
        .values(attempts=deliveries.c.attempts + 1, next_attempt_at=until)
        .returning(deliveries)
    ).one_or_none()
    return None if row is None else _read(row)


def add_attempt(
    connection: sa.Connection, delivery_id: int, posted: Posted, *, at: datetime
) -> None:
    """Write one line of the log."""
    connection.execute(
        sa.insert(delivery_attempts).values(
            delivery_id=delivery_id,
            at=at,
            status=posted.status,
            reason=posted.reason,
            milliseconds=posted.milliseconds,
            excerpt=posted.excerpt,
        )
    )


def set_delivered(connection: sa.Connection, delivery_id: int, *, at: datetime) -> None:
    """Finish a delivery that was taken, whoever holds a claim on it now."""
    connection.execute(
        sa.update(deliveries)
        .where(deliveries.c.id == delivery_id, _IS_PENDING)
        .values(state=DeliveryState.DELIVERED, next_attempt_at=None, finished_at=at)
    )


def put_off(connection: sa.Connection, claimed: Delivery, *, until: datetime) -> bool:
    """Let a delivery wait for its next attempt; False: the claim has passed to somebody else."""
    return _end_claim(connection, claimed, next_attempt_at=until)


def set_failed(connection: sa.Connection, claimed: Delivery, *, at: datetime) -> bool:
    """Give a delivery up; False: the claim has passed to somebody else."""
    return _end_claim(
        connection, claimed, state=DeliveryState.FAILED, next_attempt_at=None, finished_at=at
    )


def get_delivery(connection: sa.Connection, delivery_id: int) -> Delivery | None:
    """Return a delivery with its log."""
    found = _load(connection, sa.select(deliveries).where(deliveries.c.id == delivery_id))
    return found[0] if found else None


def list_deliveries(
    connection: sa.Connection,
    *,
    webhook_id: int | None = None,
    state: DeliveryState | None = None,
    before: int | None = None,
    limit: int,
) -> list[Delivery]:
    """Return deliveries with their logs, the latest first.

    Args:
        connection: A connection.
        webhook_id: Only of this webhook.
        state: Only in this state.
        before: Only with a lower id.
        limit: At most so many.
    """
    query = sa.select(deliveries).order_by(deliveries.c.id.desc()).limit(limit)
    if webhook_id is not None:
        query = query.where(deliveries.c.webhook_id == webhook_id)
    if state is not None:
        query = query.where(deliveries.c.state == state)
    if before is not None:
        query = query.where(deliveries.c.id < before)
    return _load(connection, query)


def _end_claim(connection: sa.Connection, claimed: Delivery, **values: Any) -> bool:
    ended = connection.execute(
        sa.update(deliveries)
        .where(
            deliveries.c.id == claimed.id, _IS_PENDING, deliveries.c.attempts == claimed.attempts
        )
        .values(**values)
    )
    return ended.rowcount == 1


def _load(connection: sa.Connection, query: sa.Select[Any]) -> list[Delivery]:
    rows = connection.execute(query).all()
    logs = _load_logs(connection, [row.id for row in rows])
    return [_read(row, tuple(logs[row.id])) for row in rows]


def _load_logs(connection: sa.Connection, ids: Collection[int]) -> dict[int, list[Attempt]]:
    logs: dict[int, list[Attempt]] = {one: [] for one in ids}
    for some in chunks(ids):
        rows = connection.execute(
            sa.select(delivery_attempts)
            .where(delivery_attempts.c.delivery_id.in_(some))
            .order_by(delivery_attempts.c.id)
        )
        for row in rows:
            posted = Posted(
                status=row.status,
                reason=None if row.reason is None else PostFailure(row.reason),
                milliseconds=row.milliseconds,
                excerpt=row.excerpt,
            )
            logs[row.delivery_id].append(Attempt(at=row.at, posted=posted))
    return logs


def _read(row: sa.Row[Any], log: tuple[Attempt, ...] = ()) -> Delivery:
    return Delivery(
        id=row.id,
        webhook_id=row.webhook_id,
        event_id=row.event_id,
        event=EventType(row.event),
        body=row.body,
        created_at=row.created_at,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        finished_at=row.finished_at,
        replay_of=row.replay_of,
        log=log,
    )
