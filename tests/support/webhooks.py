"""Webhooks in short: made, told of events, and looked at, each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from forecourt import webhooks
from forecourt.core.errors import SignatureError
from forecourt.core.webhooks import (
    MOST_ATTEMPTS,
    Delivery,
    DeliveryState,
    EventType,
    Posted,
    Webhook,
    verify,
)
from forecourt.store.engine import reading, writing
from tests.support.receiver import Received

AT = datetime(2026, 11, 24, 6, tzinfo=UTC)
FINISHED = EventType.SCRAPE_FINISHED


class Scripted:
    """Posts nowhere: gives the same outcome each time."""

    longest_s = 30.0

    def __init__(self, posted: Posted) -> None:
        self.posted = posted
        self.count = 0

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Posted:  # noqa: ARG002
        self.count += 1
        return self.posted


def failing(status: int = 500) -> Scripted:
    return Scripted(Posted(status=status, milliseconds=5))


def create(engine: sa.Engine, url: str, **given: Any) -> tuple[Webhook, str]:
    with writing(engine) as connection:
        return webhooks.create(connection, url=url, by="Ada", at=AT, **given)


def announce(
    engine: sa.Engine, advertiser: str | None = "acme", *, at: datetime = AT, **data: Any
) -> list[int]:
    with writing(engine) as connection:
        return webhooks.announce(connection, FINISHED, advertiser=advertiser, data=data, at=at)


def due(engine: sa.Engine, now: datetime = AT, limit: int = 100) -> list[int]:
    with reading(engine) as connection:
        return webhooks.find_due(connection, now, limit)


def load(engine: sa.Engine, delivery_id: int) -> Delivery:
    with reading(engine) as connection:
        return webhooks.get_delivery(connection, delivery_id)


def only_webhook(engine: sa.Engine) -> Webhook:
    with reading(engine) as connection:
        (found,) = webhooks.list_all(connection)
    return found


def is_signed(got: Received, secret: str, now: datetime = AT) -> bool:
    try:
        verify(secret, got.headers, got.body, now=now)
    except SignatureError:
        return False
    return True


def fail_to_the_end(engine: sa.Engine, delivery_id: int, at: datetime) -> datetime:
    """Let every attempt of a delivery fail, each when it is due; return when it was given up."""
    for _ in range(MOST_ATTEMPTS):
        tried = webhooks.deliver(engine, failing(), delivery_id, now=at)
        assert tried is not None
        at = tried.next_attempt_at or tried.finished_at or at
    assert tried.state is DeliveryState.FAILED
    return at
