"""Who is told of what: webhooks are made, disabled and looked at. None is deleted, for the log."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from forecourt.core.access import clean_advertiser, clean_name
from forecourt.core.errors import ImageSkippedError, NotFoundError, UsageError
from forecourt.core.webhooks import (
    OLD_SECRET_FOR,
    SECRET_BYTES,
    Delivery,
    DeliveryState,
    DisabledReason,
    EventType,
    Webhook,
    make_secret,
)
from forecourt.fetch.egress import read_url
from forecourt.store import deliveries as stored_deliveries
from forecourt.store import webhooks as stored_webhooks

_LARGEST_PAGE = 1_000
_LARGEST_ID = 2**63 - 1  # what both databases hold; they choke on more


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Deliveries, the latest first. `next_cursor` asks for the page behind; None: there is none."""

    deliveries: tuple[Delivery, ...]
    next_cursor: int | None


def create(
    connection: sa.Connection,
    *,
    url: str,
    events: Sequence[EventType] = (),
    advertiser: str | None = None,
    by: str,
    at: datetime,
) -> tuple[Webhook, str]:
    """Store a webhook; return it and its secret, which is shown this once.

    Args:
        connection: A writing connection; the caller commits.
        url: Where to post; http or https. The egress policy is asked at each delivery.
        events: What to tell of; empty: everything.
        advertiser: Whose events, which need not be known yet; None: everyone's.
        by: Who sets it up.
        at: When.

    Raises:
        UsageError: the URL, the advertiser or the name cannot be used.
    """
    try:
        read = str(read_url(url))
    except ImageSkippedError as error:
        raise UsageError(
            f"That is {error.detail}. Give one that starts with https:// or http://."
        ) from error
    secret = _new_secret()
    webhook = stored_webhooks.add_webhook(
        connection,
        url=read,
        secret=secret,
        events=list(dict.fromkeys(events)),
        advertiser=clean_advertiser(advertiser),
        by=clean_name(by),
        at=at,
    )
    return webhook, secret


def list_all(connection: sa.Connection) -> list[Webhook]:
    """Return all webhooks, disabled ones too, the oldest first."""
    return stored_webhooks.list_webhooks(connection)


def latest(connection: sa.Connection, *, before_id: int | None = None, limit: int) -> list[Webhook]:
    """Return at most `limit` webhooks, disabled ones too, newest first: those before an id."""
    return stored_webhooks.latest_webhooks(connection, before_id=before_id, limit=limit)


def disable(connection: sa.Connection, webhook_id: int, *, at: datetime) -> Webhook:
    """Tell a webhook nothing more. What waits for it stays; what happens from now on is not kept.

    Raises:
        NotFoundError: there is no such webhook.
    """
    get_webhook(connection, webhook_id)
    stored_webhooks.set_disabled(connection, webhook_id, DisabledReason.BY_HAND, at=at)
    return get_webhook(connection, webhook_id)


def enable(connection: sa.Connection, webhook_id: int) -> Webhook:
    """Tell a webhook again, first of what has waited for it.

    Raises:
        NotFoundError: there is no such webhook.
    """
    get_webhook(connection, webhook_id)
    stored_webhooks.set_enabled(connection, webhook_id)
    return get_webhook(connection, webhook_id)


def rotate_secret(connection: sa.Connection, webhook_id: int, *, at: datetime) -> str:
    """Return a new secret, shown this once. The one before it signs too for a day.

    Of two rotations within a day, the second ends the oldest secret at once.

    Raises:
        NotFoundError: there is no such webhook.
    """
    get_webhook(connection, webhook_id)
    secret = _new_secret()
    stored_webhooks.replace_secret(
        connection, webhook_id, secret, previous_until=at + OLD_SECRET_FOR
    )
    return secret


def list_deliveries(
    connection: sa.Connection,
    *,
    webhook_id: int | None = None,
    state: DeliveryState | None = None,
    cursor: int | None = None,
    limit: int = 50,
) -> Page:
    """Return a page of the log.

    Args:
        connection: A connection.
        webhook_id: Only of this webhook.
        state: Only in this state.
        cursor: From the page before; None: the first page.
        limit: 1 to 1,000.

    Raises:
        NotFoundError: there is no such webhook.
        UsageError: the limit or the cursor is out of range.
    """
    if webhook_id is not None:
        get_webhook(connection, webhook_id)
    if not 1 <= limit <= _LARGEST_PAGE:
        raise UsageError(f"A page has 1 to {_LARGEST_PAGE:,} deliveries, not {limit}.")
    if cursor is not None and not _is_id(cursor):
        raise UsageError(f"{cursor} is no cursor: give what the page before ended with.")
    found = stored_deliveries.list_deliveries(
        connection, webhook_id=webhook_id, state=state, before=cursor, limit=limit + 1
    )
    shown = tuple(found[:limit])
    return Page(deliveries=shown, next_cursor=shown[-1].id if len(found) > limit else None)


def get_delivery(connection: sa.Connection, delivery_id: int) -> Delivery:
    """Return a delivery with its log.

    Raises:
        NotFoundError: there is no such delivery.
    """
    is_one = _is_id(delivery_id)
    found = stored_deliveries.get_delivery(connection, delivery_id) if is_one else None
    if found is None:
        raise NotFoundError(
            f"There is no delivery {delivery_id}. `forecourt webhooks deliveries` lists them."
        )
    return found


def get_webhook(connection: sa.Connection, webhook_id: int) -> Webhook:
    """Return a webhook.

    Raises:
        NotFoundError: there is no such webhook.
    """
    is_one = _is_id(webhook_id)
    found = stored_webhooks.get_webhook(connection, webhook_id) if is_one else None
    if found is None:
        raise NotFoundError(
            f"There is no webhook {webhook_id}. `forecourt webhooks list` lists them."
        )
    return found


def _is_id(number: int) -> bool:
    return 0 < number <= _LARGEST_ID


def _new_secret() -> str:
    return make_secret(secrets.token_bytes(SECRET_BYTES))
