"""Webhooks on both databases, from the announcement to the log, with a real receiver."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from forecourt import webhooks
from forecourt.core.errors import NotFoundError, SignatureError, UsageError
from forecourt.core.settings import FetchSettings
from forecourt.core.webhooks import (
    DISABLE_AFTER,
    MOST_ATTEMPTS,
    Delivery,
    DeliveryState,
    DisabledReason,
    EventType,
    Posted,
    PostFailure,
    Webhook,
    verify,
)
from forecourt.fetch.post import Poster
from forecourt.store.engine import reading, writing
from tests.support.receiver import Received, Receiver

AT = datetime(2026, 11, 24, 6, tzinfo=UTC)
FINISHED = EventType.SCRAPE_FINISHED


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def poster(fetch_settings: FetchSettings) -> Iterator[Poster]:
    with Poster(fetch_settings) as running:
        yield running


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


# ---- announcing ----------------------------------------------------------------------------------


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


# ---- failing -------------------------------------------------------------------------------------


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


# ---- several workers -----------------------------------------------------------------------------


def test_of_two_workers_one_sends(engine: sa.Engine, receiver: Receiver, poster: Poster) -> None:
    create(engine, receiver.put("/hook", hangs=True))
    (delivery_id,) = announce(engine)
    start = threading.Barrier(4)

    def work(_number: int) -> Delivery | None:
        start.wait()
        done = webhooks.deliver(engine, poster, delivery_id, now=AT)
        receiver.release.set()  # the losers come back first, and let the winner's answer go
        return done

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(work, range(4)))
    assert sum(one is not None for one in done) == 1
    assert len(receiver.got) == 1
    assert load(engine, delivery_id).state is DeliveryState.DELIVERED


class Overtaken(Scripted):
    """Another worker takes the delivery while this one's POST runs beyond its claim."""

    def __init__(
        self, engine: sa.Engine, delivery_id: int, posted: Posted, other: Scripted
    ) -> None:
        super().__init__(posted)
        self.overtake = lambda: webhooks.deliver(
            engine, other, delivery_id, now=AT + timedelta(hours=1)
        )

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Posted:
        assert self.overtake() is not None
        return super().post(url, headers=headers, body=body)


@pytest.mark.parametrize(("slow", "quick"), [(500, 200), (200, 500), (200, 200), (410, 200)])
def test_a_claim_that_ran_out_loses_no_success(engine: sa.Engine, slow: int, quick: int) -> None:
    create(engine, "https://hooks.example.com/")
    (delivery_id,) = announce(engine)
    posted = Posted(status=slow, milliseconds=5)
    webhooks.deliver(
        engine, Overtaken(engine, delivery_id, posted, failing(quick)), delivery_id, now=AT
    )
    found = load(engine, delivery_id)
    assert found.state is DeliveryState.DELIVERED
    assert [one.posted.status for one in found.log] == [quick, slow]
    webhook = only_webhook(engine)
    assert (webhook.failing_since, webhook.disabled_at) == (None, None)


@pytest.mark.parametrize("slow", [500, 410])
def test_a_late_failure_changes_nothing_of_what_came_meanwhile(
    engine: sa.Engine, slow: int
) -> None:
    create(engine, "https://hooks.example.com/")
    (delivery_id,) = announce(engine)
    posted = Posted(status=slow, milliseconds=5)
    overtaken = Overtaken(engine, delivery_id, posted, failing(503))
    webhooks.deliver(engine, overtaken, delivery_id, now=AT)
    found = load(engine, delivery_id)
    assert (found.state, found.attempts, len(found.log)) == ("pending", 2, 2)
    assert found.next_attempt_at is not None
    assert found.next_attempt_at > AT + timedelta(hours=1)


def test_a_worker_that_dies_leaves_it_to_the_next(engine: sa.Engine) -> None:
    class Dying(Scripted):
        def post(self, *_arguments: object, **_given: object) -> Posted:
            raise SystemExit

    create(engine, "https://hooks.example.com/")
    (delivery_id,) = announce(engine)
    with pytest.raises(SystemExit):
        webhooks.deliver(engine, Dying(Posted(status=200, milliseconds=1)), delivery_id, now=AT)
    assert due(engine, AT + timedelta(seconds=30)) == []
    later = AT + timedelta(minutes=2)
    assert due(engine, later) == [delivery_id]
    sent = webhooks.deliver(
        engine, Scripted(Posted(status=200, milliseconds=1)), delivery_id, now=later
    )
    assert sent is not None
    assert (sent.state, sent.attempts, len(sent.log)) == ("delivered", 2, 1)


def test_a_backlog_does_not_hold_up_the_others(engine: sa.Engine) -> None:
    url = "https://hooks.example.com/"
    create(engine, url, advertiser="busy")
    backlog = [one for _ in range(5) for one in announce(engine, "busy")]
    create(engine, url, advertiser="quiet")
    (quiet,) = announce(engine, "quiet", at=AT + timedelta(seconds=1))
    assert due(engine, AT + timedelta(seconds=1), limit=3) == [backlog[0], quiet, backlog[1]]


# ---- managing ------------------------------------------------------------------------------------


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
