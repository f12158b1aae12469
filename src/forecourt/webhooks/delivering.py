"""Events on their way: announced with what they tell of, sent until they are taken, replayed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa
import structlog

from forecourt.core.errors import StateError
from forecourt.core.webhooks import (
    Delivery,
    EventType,
    Posted,
    Webhook,
    give_up_on,
    make_body,
    pause_after,
    sign,
)
from forecourt.store import deliveries as stored_deliveries
from forecourt.store import webhooks as stored_webhooks
from forecourt.store.engine import reading, writing
from forecourt.webhooks.managing import get_delivery

_CLAIM_MARGIN = timedelta(seconds=60)  # beyond the longest POST: for a busy machine or database

_log = structlog.get_logger(__name__)


class Sender(Protocol):
    """Whoever can post: `fetch.post.Poster`."""

    @property
    def longest_s(self) -> float:
        """The longest time that `post` takes, in seconds."""

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Posted:
        """Send a body once; failures are values."""


def announce(
    connection: sa.Connection,
    event: EventType,
    *,
    advertiser: str | None,
    data: Mapping[str, Any],
    at: datetime,
) -> list[int]:
    """Store that an event is to be told, for every active webhook that wants it.

    Args:
        connection: The writing connection that stores what the event tells of: both are committed,
            or neither. The caller commits.
        event: What happened.
        advertiser: To whom; None: to no single one. Then webhooks of one advertiser are not told.
        data: What the event says; JSON values.
        at: When it happened.

    Returns:
        The ids of the deliveries, all of one event id.
    """
    told = stored_webhooks.find_told(connection, event, advertiser=advertiser)
    return stored_deliveries.add_deliveries(
        connection,
        [webhook.id for webhook in told],
        event_id=f"msg_{uuid.uuid4().hex}",
        event=event,
        body=make_body(event, advertiser=advertiser, data=data, at=at),
        at=at,
    )


def find_due(connection: sa.Connection, now: datetime, limit: int) -> list[int]:
    """Return the ids of deliveries whose time has come, one per webhook in turn."""
    return stored_deliveries.find_due(connection, now, limit)


def deliver(
    engine: sa.Engine, poster: Sender, delivery_id: int, *, now: datetime
) -> Delivery | None:
    """Make one attempt: claim in a short transaction, POST with none open, then write what came.

    A worker that dies in between leaves the claim; it runs out, and the delivery is due again. So
    a receiver may get an event twice, with the same `webhook-id`.

    Returns:
        The delivery as it stands then; None: it was not due, or somebody else is at it.
    """
    with writing(engine) as connection:
        until = now + timedelta(seconds=poster.longest_s) + _CLAIM_MARGIN
        claimed = stored_deliveries.claim(connection, delivery_id, now=now, until=until)
    if claimed is None:
        return None
    with reading(engine) as connection:
        webhook = stored_webhooks.get_webhook(connection, claimed.webhook_id)
        secrets = stored_webhooks.load_secrets(connection, claimed.webhook_id, at=now)
    assert webhook is not None  # noqa: S101  # the delivery refers to it, and none is deleted
    body = claimed.body.encode()
    headers = sign(secrets, event_id=claimed.event_id, at=now, body=body)
    posted = poster.post(webhook.url, headers=headers, body=body)
    with writing(engine) as connection:
        stored_deliveries.add_attempt(connection, claimed.id, posted, at=now)
        ended_at = now + timedelta(milliseconds=posted.milliseconds)
        _settle(connection, webhook, claimed, posted, at=ended_at)
        return get_delivery(connection, claimed.id)


def replay(connection: sa.Connection, delivery_id: int, *, at: datetime) -> int:
    """Send a finished delivery again: the same event id and body, as a new delivery.

    Args:
        connection: A writing connection; the caller commits.
        delivery_id: Which.
        at: When; the new one is due then.

    Returns:
        The id of the new delivery.

    Raises:
        NotFoundError: there is no such delivery.
        StateError: it still waits, or its webhook is disabled.
    """
    old = get_delivery(connection, delivery_id)
    if old.next_attempt_at is not None:
        raise StateError(
            f"Delivery {delivery_id} is pending, next at {old.next_attempt_at:%Y-%m-%d %H:%M:%S} "
            "UTC. Only what is delivered or failed can be replayed."
        )
    webhook = stored_webhooks.get_webhook(connection, old.webhook_id)
    if webhook is None or webhook.disabled_at is not None:
        raise StateError(
            f"Webhook {old.webhook_id} is disabled. Enable it first: forecourt webhooks enable "
            f"{old.webhook_id}"
        )
    (new_id,) = stored_deliveries.add_deliveries(
        connection,
        [old.webhook_id],
        event_id=old.event_id,
        event=old.event,
        body=old.body,
        at=at,
        replay_of=old.id,
    )
    return new_id


def _settle(
    connection: sa.Connection, webhook: Webhook, claimed: Delivery, posted: Posted, *, at: datetime
) -> None:
    outcome = {"delivery": claimed.id, "webhook": webhook.id, "attempt": claimed.attempts}
    if posted.is_delivered:
        stored_deliveries.set_delivered(connection, claimed.id, at=at)
        stored_webhooks.note_success(connection, webhook.id)
        _log.info("webhooks.delivered", **outcome)
        return
    _log.warning("webhooks.failed", status=posted.status, reason=posted.reason, **outcome)
    pause = pause_after(claimed.attempts, seed=f"{claimed.event_id}/{claimed.id}")
    is_gone = posted.status == 410
    if is_gone or pause is None:
        is_mine = stored_deliveries.set_failed(connection, claimed, at=at)
    else:
        is_mine = stored_deliveries.put_off(connection, claimed, until=at + pause)
    if not is_mine:
        return  # the claim ran out, and somebody else's attempt says what holds
    since = stored_webhooks.note_failure(connection, webhook.id, at=at)
    reason = give_up_on(posted, is_last=pause is None, failing_since=since, at=at)
    if reason is not None:
        stored_webhooks.set_disabled(connection, webhook.id, reason, at=at)
        _log.warning("webhooks.disabled", webhook=webhook.id, reason=reason)
