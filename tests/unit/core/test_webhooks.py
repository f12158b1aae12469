"""Signatures, bodies and the rules by which a webhook is disabled."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from forecourt.core.errors import SignatureError
from forecourt.core.webhooks import (
    DISABLE_AFTER,
    DisabledReason,
    EventType,
    Posted,
    PostFailure,
    give_up_on,
    make_body,
    make_secret,
    sign,
    verify,
)

AT = datetime(2026, 11, 24, 6, tzinfo=UTC)


def test_the_published_example_of_the_specification() -> None:
    headers = sign(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        event_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at=datetime.fromtimestamp(1614265330, UTC),
        body=b'{"test": 2432232314}',
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"webhook-timestamp": "soon"}, "no number of seconds"),
        ({"webhook-timestamp": "9" * 400}, "no number of seconds"),
        ({"webhook-timestamp": "1614265330"}, "too old"),
        ({"webhook-signature": "v1,AAAA v2,BBBB"}, "No signature fits"),
        ({"webhook-id": "msg_2"}, "No signature fits"),
    ],
)
def test_a_receiver_is_told_why(changed: dict[str, str], message: str) -> None:
    secret = make_secret(b"k" * 32)
    headers = sign([secret], event_id="msg_1", at=AT, body=b"{}")
    with pytest.raises(SignatureError, match=message):
        verify(secret, {**headers, **changed}, b"{}", now=AT)
    with pytest.raises(SignatureError, match="no header webhook-id"):
        verify(secret, {}, b"{}", now=AT)


def test_bodies_are_ascii_whatever_is_told() -> None:
    data = {"feed_name": "Büro\x00\ud800.csv"}
    body = make_body(EventType.SCRAPE_FINISHED, advertiser="Müller", data=data, at=AT)
    assert body.isascii()
    assert json.loads(body) == {
        "type": "scrape.finished",
        "timestamp": "2026-11-24T06:00:00+00:00",
        "advertiser": "Müller",
        "data": data,
    }
    with pytest.raises(ValueError, match="JSON"):
        make_body(EventType.ALARM_RAISED, advertiser=None, data={"x": float("nan")}, at=AT)


@pytest.mark.parametrize("status", [199, 300, 302, 404, 500])
def test_only_2xx_is_delivered(status: int) -> None:
    assert not Posted(status=status, milliseconds=1).is_delivered
    assert Posted(status=204, milliseconds=1).is_delivered
    assert not Posted(reason=PostFailure.TIMEOUT, milliseconds=1).is_delivered


def test_an_attempt_has_a_status_or_a_reason() -> None:
    with pytest.raises(ValueError, match="never both"):
        Posted(milliseconds=1)
    with pytest.raises(ValueError, match="never both"):
        Posted(status=200, reason=PostFailure.TIMEOUT, milliseconds=1)


def judge(status: int, attempt: str, failing_for: timedelta) -> DisabledReason | None:
    posted = Posted(status=status, milliseconds=1)
    since = AT - failing_for
    return give_up_on(posted, is_last=attempt == "last", failing_since=since, at=AT)


def test_w1_one_that_says_it_is_gone_is_disabled_at_once() -> None:
    assert judge(410, "first", timedelta(0)) is DisabledReason.GONE
    assert judge(410, "last", DISABLE_AFTER) is DisabledReason.GONE


def test_w2_one_that_fails_for_days_is_disabled_when_a_delivery_is_given_up() -> None:
    assert judge(500, "last", DISABLE_AFTER) is DisabledReason.FAILING
    assert judge(500, "first", DISABLE_AFTER) is None
    assert judge(500, "last", DISABLE_AFTER - timedelta(seconds=1)) is None
