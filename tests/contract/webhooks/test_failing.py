"""What is not delivered: tried again, given up, disabled."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from forecourt import webhooks
from forecourt.core.settings import FetchSettings
from forecourt.core.webhooks import (
    DISABLE_AFTER,
    MOST_ATTEMPTS,
    DeliveryState,
    DisabledReason,
    Posted,
    PostFailure,
)
from forecourt.fetch.post import Poster
from forecourt.store.engine import writing
from tests.support.receiver import Receiver
from tests.support.webhooks import (
    AT,
    Scripted,
    announce,
    create,
    due,
    fail_to_the_end,
    failing,
    is_signed,
    load,
    only_webhook,
)


def test_a_failure_is_tried_again_with_the_same_id(
    engine: sa.Engine, receiver: Receiver, poster: Poster
) -> None:
    _, secret = create(engine, receiver.put("/hook", status=503, body=b"later"))
    (delivery_id,) = announce(engine)
    failed = webhooks.deliver(engine, poster, delivery_id, now=AT)
    assert failed is not None
    assert failed.next_attempt_at is not None
    assert failed.state is DeliveryState.PENDING
    again = failed.next_attempt_at
    assert timedelta(seconds=5) <= again - AT <= timedelta(seconds=60)
    assert only_webhook(engine).failing_since is not None
    assert due(engine, again - timedelta(milliseconds=1)) == []
    assert webhooks.deliver(engine, poster, delivery_id, now=AT) is None
    receiver.put("/hook")
    assert due(engine, again) == [delivery_id]
    sent = webhooks.deliver(engine, poster, delivery_id, now=again)
    assert sent is not None
    assert [one.posted.status for one in sent.log] == [503, 200]
    first, second = receiver.got
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert is_signed(second, secret, again)
    assert only_webhook(engine).failing_since is None


def test_what_the_network_does_is_in_the_log(
    engine: sa.Engine, receiver: Receiver, fetch_settings: FetchSettings
) -> None:
    private = {"Location": "http://169.254.169.254/latest/"}
    urls = [
        receiver.put("/hang", hangs=True),
        receiver.put("/away", status=302, headers=private),
        receiver.put("/long", body=b"x" * (2 << 20)),
        "http://10.0.0.1/hook",
    ]
    for url in urls:
        create(engine, url)
    settings = fetch_settings.model_copy(update={"timeout_s": 0.2})
    with Poster(settings) as poster:
        sent = [webhooks.deliver(engine, poster, one, now=AT) for one in announce(engine)]
    outcomes = [one.log[0].posted for one in sent if one is not None]
    assert [one.reason or one.status for one in outcomes] == [
        PostFailure.TIMEOUT,
        302,
        200,
        PostFailure.BLOCKED_ADDRESS,
    ]
    assert len(outcomes[2].excerpt) == 500


def test_it_is_given_up_after_about_a_day(engine: sa.Engine) -> None:
    create(engine, "https://hooks.example.com/")
    (delivery_id,) = announce(engine)
    ended = fail_to_the_end(engine, delivery_id, AT)
    assert timedelta(hours=24) < ended - AT < timedelta(hours=30)
    assert len(load(engine, delivery_id).log) == MOST_ATTEMPTS
    assert due(engine, AT + timedelta(days=99)) == []
    assert only_webhook(engine).disabled_at is None  # one event that nobody took is not enough


def test_one_that_fails_for_days_is_disabled(engine: sa.Engine) -> None:
    create(engine, "https://hooks.example.com/")
    (first,) = announce(engine)
    fail_to_the_end(engine, first, AT)
    later = AT + DISABLE_AFTER
    second, waiting = announce(engine, at=later) + announce(engine, at=later)
    fail_to_the_end(engine, second, later)
    webhook = only_webhook(engine)
    assert webhook.disabled_reason is DisabledReason.FAILING
    assert announce(engine, at=later) == []
    assert due(engine, later + timedelta(days=9)) == []
    assert webhooks.deliver(engine, failing(), waiting, now=later + timedelta(days=9)) is None
    with writing(engine) as connection:
        enabled = webhooks.enable(connection, webhook.id)
    assert (enabled.disabled_at, enabled.disabled_reason, enabled.failing_since) == (None,) * 3
    assert due(engine, later + timedelta(days=9)) == [waiting]


def test_a_success_between_keeps_it_enabled(engine: sa.Engine) -> None:
    create(engine, "https://hooks.example.com/")
    (first,) = announce(engine)
    fail_to_the_end(engine, first, AT)
    later = AT + DISABLE_AFTER
    fine, second = announce(engine, at=later) + announce(engine, at=later)
    webhooks.deliver(engine, Scripted(Posted(status=204, milliseconds=5)), fine, now=later)
    fail_to_the_end(engine, second, later)
    assert only_webhook(engine).disabled_at is None


def test_gone_is_believed_at_once(engine: sa.Engine, receiver: Receiver, poster: Poster) -> None:
    create(engine, receiver.put("/hook", status=410))
    first, second = announce(engine) + announce(engine)
    gone = webhooks.deliver(engine, poster, first, now=AT)
    assert gone is not None
    assert gone.state is DeliveryState.FAILED
    assert only_webhook(engine).disabled_reason is DisabledReason.GONE
    assert webhooks.deliver(engine, poster, second, now=AT) is None
    assert len(receiver.got) == 1
