"""Webhooks are made, rotated, replayed, paged through and disabled; on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from forecourt import webhooks
from forecourt.core.errors import NotFoundError, UsageError
from forecourt.core.webhooks import (
    DeliveryState,
    DisabledReason,
    Posted,
)
from forecourt.fetch.post import Poster
from forecourt.store.engine import reading, writing
from tests.support.receiver import Receiver
from tests.support.webhooks import (
    AT,
    Scripted,
    announce,
    create,
    due,
    is_signed,
    load,
)


def test_after_a_rotation_both_secrets_sign_for_a_day(
    engine: sa.Engine, receiver: Receiver, poster: Poster
) -> None:
    webhook, old = create(engine, receiver.put("/hook"))
    with writing(engine) as connection:
        new = webhooks.rotate_secret(connection, webhook.id, at=AT)
    for after, both in ((timedelta(0), True), (timedelta(days=1), False)):
        now = AT + after
        (delivery_id,) = announce(engine, at=now)
        webhooks.deliver(engine, poster, delivery_id, now=now)
        got = receiver.got[-1]
        assert [is_signed(got, one, now) for one in (new, old)] == [True, both]


def test_a_second_rotation_ends_the_oldest_secret(
    engine: sa.Engine, receiver: Receiver, poster: Poster
) -> None:
    webhook, oldest = create(engine, receiver.put("/hook"))
    with writing(engine) as connection:
        webhooks.rotate_secret(connection, webhook.id, at=AT)
        webhooks.rotate_secret(connection, webhook.id, at=AT)
    (delivery_id,) = announce(engine)
    webhooks.deliver(engine, poster, delivery_id, now=AT)
    assert not is_signed(receiver.got[0], oldest)


def test_a_replay_is_a_new_delivery_of_the_same_event(
    engine: sa.Engine, receiver: Receiver, poster: Poster
) -> None:
    webhook, _ = create(engine, receiver.put("/hook"))
    (old_id,) = announce(engine, images=3)
    with (
        writing(engine) as connection,
        pytest.raises(UsageError, match=r"is pending, next at 2026-11-24 06:00:00 UTC"),
    ):
        webhooks.replay(connection, old_id, at=AT)
    webhooks.deliver(engine, poster, old_id, now=AT)
    before = load(engine, old_id)
    later = AT + timedelta(days=2)
    with writing(engine) as connection:
        new_id = webhooks.replay(connection, old_id, at=later)
    assert due(engine, later) == [new_id]
    webhooks.deliver(engine, poster, new_id, now=later)
    first, second = receiver.got
    assert second.body == first.body
    assert second.headers["webhook-id"] == first.headers["webhook-id"]
    assert load(engine, new_id).replay_of == old_id
    assert load(engine, old_id) == before
    with writing(engine) as connection:
        webhooks.disable(connection, webhook.id, at=later)
        with pytest.raises(UsageError, match="Enable it first"):
            webhooks.replay(connection, old_id, at=later)


def test_the_log_comes_in_pages(engine: sa.Engine) -> None:
    one, _ = create(engine, "https://hooks.example.com/1")
    create(engine, "https://hooks.example.com/2", advertiser="other")
    ids = [found for _ in range(5) for found in announce(engine)]
    announce(engine, "other")
    webhooks.deliver(engine, Scripted(Posted(status=200, milliseconds=1)), ids[1], now=AT)
    seen: list[int] = []
    cursor = None
    with reading(engine) as connection:
        while True:
            page = webhooks.list_deliveries(connection, webhook_id=one.id, cursor=cursor, limit=2)
            seen += [delivery.id for delivery in page.deliveries]
            cursor = page.next_cursor
            if cursor is None:
                break
        sent = webhooks.list_deliveries(connection, state=DeliveryState.DELIVERED)
    assert seen[-5:] == ids[::-1]
    assert len(seen) == len(set(seen)) == 6  # one of them is of the other advertiser's scrape
    assert [delivery.id for delivery in sent.deliveries] == [ids[1]]
    assert len(sent.deliveries[0].log) == 1


def test_disabling_twice_keeps_when_and_why(engine: sa.Engine) -> None:
    webhook, _ = create(engine, "https://hooks.example.com/")
    with writing(engine) as connection:
        webhooks.disable(connection, webhook.id, at=AT)
        again = webhooks.disable(connection, webhook.id, at=AT + timedelta(days=1))
    assert (again.disabled_at, again.disabled_reason) == (AT, DisabledReason.BY_HAND)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"url": "ftp://example.com/"}, "not an absolute http or https URL. Give one"),
        ({"url": "hooks.example.com"}, "not an absolute http or https URL"),
        ({"by": " "}, "The name is empty"),
        ({"by": "x" * 201}, "The name has 201 characters"),
        ({"by": "A\x00da"}, "characters that cannot be seen"),
        ({"advertiser": " "}, "The advertiser's name is empty"),
    ],
)
def test_what_cannot_be_a_webhook_is_refused(
    sqlite_engine: sa.Engine, given: dict[str, Any], message: str
) -> None:
    usable = {"url": "https://hooks.example.com/", "by": "Ada", "at": AT}
    with writing(sqlite_engine) as connection, pytest.raises(UsageError, match=message):
        webhooks.create(connection, **{**usable, **given})


@pytest.mark.parametrize("number", [0, -1, 2**63, 10**30])
def test_numbers_that_no_database_holds_are_nobodys(engine: sa.Engine, number: int) -> None:
    with reading(engine) as connection:
        with pytest.raises(NotFoundError, match=f"There is no webhook {number}"):
            webhooks.list_deliveries(connection, webhook_id=number)
        with pytest.raises(NotFoundError, match=f"There is no delivery {number}"):
            webhooks.get_delivery(connection, number)
        with pytest.raises(UsageError, match=f"{number} is no cursor"):
            webhooks.list_deliveries(connection, cursor=number)


def test_a_url_is_kept_as_it_is_asked(engine: sa.Engine, receiver: Receiver) -> None:
    given = f" http://127.0.0.1:{receiver.port}/a b\x00?q=%2F#part "
    webhook, _ = create(engine, given)
    assert webhook.url == f"http://127.0.0.1:{receiver.port}/a%20b%00?q=%2F"


def test_what_is_not_there_is_said_to_be(sqlite_engine: sa.Engine) -> None:
    with writing(sqlite_engine) as connection:
        for missing in (
            lambda: webhooks.disable(connection, 7, at=AT),
            lambda: webhooks.enable(connection, 7),
            lambda: webhooks.rotate_secret(connection, 7, at=AT),
            lambda: webhooks.list_deliveries(connection, webhook_id=7),
        ):
            with pytest.raises(NotFoundError, match="There is no webhook 7"):
                missing()
        with pytest.raises(NotFoundError, match="There is no delivery 7"):
            webhooks.replay(connection, 7, at=AT)
        with pytest.raises(UsageError, match="1 to 1,000 deliveries, not 0"):
            webhooks.list_deliveries(connection, limit=0)
