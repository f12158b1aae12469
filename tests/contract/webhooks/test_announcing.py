"""An event arrives, signed, at those who asked for it; on both databases."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from forecourt import webhooks
from forecourt.core.webhooks import (
    EventType,
)
from forecourt.fetch.post import Poster
from forecourt.store.engine import writing
from tests.support.receiver import Receiver
from tests.support.webhooks import (
    AT,
    FINISHED,
    announce,
    create,
    due,
    is_signed,
    load,
)


def test_an_event_arrives_signed_and_is_logged(
    engine: sa.Engine, receiver: Receiver, poster: Poster
) -> None:
    webhook, secret = create(engine, receiver.put("/hook", body=b"thanks"))
    (delivery_id,) = announce(engine, images=12)
    assert due(engine) == [delivery_id]
    sent = webhooks.deliver(engine, poster, delivery_id, now=AT)
    (got,) = receiver.got
    assert is_signed(got, secret)
    payload = json.loads(got.body)
    assert payload["type"] == "scrape.finished"
    assert (payload["advertiser"], payload["data"]) == ("acme", {"images": 12})
    assert sent is not None
    assert sent == load(engine, delivery_id)
    assert (sent.webhook_id, sent.state, sent.attempts) == (webhook.id, "delivered", 1)
    assert (sent.next_attempt_at, sent.event_id) == (None, got.headers["webhook-id"])
    assert [(one.at, one.posted.status, one.posted.excerpt) for one in sent.log] == [
        (AT, 200, "thanks")
    ]
    assert due(engine, AT + timedelta(days=9)) == []
    assert webhooks.deliver(engine, poster, delivery_id, now=AT + timedelta(days=9)) is None
    assert len(receiver.got) == 1


def test_an_announcement_goes_with_its_transaction(engine: sa.Engine) -> None:
    create(engine, "https://hooks.example.com/")

    def fail_behind_it() -> None:
        with writing(engine) as connection:
            webhooks.announce(connection, FINISHED, advertiser="acme", data={}, at=AT)
            raise KeyError("the scrape")

    with pytest.raises(KeyError):
        fail_behind_it()
    assert due(engine) == []


def test_who_is_told_of_what(engine: sa.Engine) -> None:
    url = "https://hooks.example.com/"
    every, _ = create(engine, url)
    acme, _ = create(engine, url, advertiser="acme")
    create(engine, url, advertiser="other")
    create(engine, url, events=[EventType.ALARM_RAISED])
    off, _ = create(engine, url)
    with writing(engine) as connection:
        webhooks.disable(connection, off.id, at=AT)
    told = [load(engine, one) for one in announce(engine)]
    assert [one.webhook_id for one in told] == [every.id, acme.id]
    assert len({one.event_id for one in told}) == 1
    assert [load(engine, one).webhook_id for one in announce(engine, None)] == [every.id]
