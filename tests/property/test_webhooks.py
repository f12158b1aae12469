"""Signatures hold for what was signed and nothing else; pauses grow within bounds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from forecourt.core.errors import SignatureError, UsageError
from forecourt.core.webhooks import (
    LONGEST_EXCERPT,
    MOST_ATTEMPTS,
    TOLERANCE,
    make_excerpt,
    make_secret,
    parse_secret,
    pause_after,
    sign,
    verify,
)

AT = datetime(2026, 11, 24, 6, tzinfo=UTC)
keys = st.binary(min_size=24, max_size=64)
event_ids = st.from_regex(r"msg_[0-9a-f]{32}", fullmatch=True)
bodies = st.binary(max_size=200)
names = st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"])


def holds(secret: str, headers: dict[str, str], body: bytes, now: datetime = AT) -> bool:
    try:
        verify(secret, headers, body, now=now)
    except SignatureError:
        return False
    return True


@given(keys, event_ids, bodies)
def test_what_was_signed_verifies(key: bytes, event_id: str, body: bytes) -> None:
    secret = make_secret(key)
    assert parse_secret(secret) == key
    headers = sign([secret], event_id=event_id, at=AT, body=body)
    assert holds(secret, headers, body)
    assert holds(secret, {name.title(): value for name, value in headers.items()}, body)


@given(keys, event_ids, bodies, bodies)
def test_another_body_does_not_verify(key: bytes, event_id: str, body: bytes, other: bytes) -> None:
    assume(body != other)
    secret = make_secret(key)
    assert not holds(secret, sign([secret], event_id=event_id, at=AT, body=body), other)


@given(keys, event_ids, bodies, names, st.text(max_size=80))
def test_an_altered_header_does_not_verify(
    key: bytes, event_id: str, body: bytes, name: str, value: str
) -> None:
    secret = make_secret(key)
    headers = sign([secret], event_id=event_id, at=AT, body=body)
    assume(value != headers[name])
    assert not holds(secret, {**headers, name: value}, body)
    del headers[name]
    assert not holds(secret, headers, body)


@given(keys, keys, event_ids, bodies)
def test_the_old_and_the_new_secret_both_verify_what_both_signed(
    old: bytes, new: bytes, event_id: str, body: bytes
) -> None:
    assume(old != new)
    secrets = [make_secret(new), make_secret(old)]
    both = sign(secrets, event_id=event_id, at=AT, body=body)
    assert all(holds(secret, both, body) for secret in secrets)
    alone = sign(secrets[:1], event_id=event_id, at=AT, body=body)
    assert [holds(secret, alone, body) for secret in secrets] == [True, False]


@given(st.timedeltas(timedelta(days=-2), timedelta(days=2)))
def test_only_recent_requests_verify(age: timedelta) -> None:
    secret = make_secret(b"k" * 24)
    headers = sign([secret], event_id="msg_1", at=AT, body=b"{}")
    assert holds(secret, headers, b"{}", AT + age) == (abs(age) <= TOLERANCE)


@given(st.text(max_size=60))
def test_a_word_that_is_no_secret_is_refused_and_not_repeated(text: str) -> None:
    assume(len(text) > 2)
    with pytest.raises(UsageError) as caught:
        parse_secret(f"whsec_{text}é")
    assert f"{text}é" not in str(caught.value)


@given(st.text(max_size=60))
def test_pauses_grow_and_end_after_about_a_day(seed: str) -> None:
    pauses = [pause_after(attempt, seed) for attempt in range(1, MOST_ATTEMPTS)]
    whole = [pause for pause in pauses if pause is not None]
    assert whole == pauses == sorted(whole)
    assert timedelta(seconds=5) <= whole[0] <= timedelta(seconds=6)
    assert timedelta(hours=24) <= sum(whole, timedelta()) <= timedelta(hours=30)
    assert pause_after(MOST_ATTEMPTS, seed) is None
    assert pause_after(MOST_ATTEMPTS + 1, seed) is None


def test_pauses_differ_between_deliveries() -> None:
    assert len({pause_after(1, str(seed)) for seed in range(100)}) == 100
    assert pause_after(1, "a") == pause_after(1, "a")


@given(st.binary(max_size=3_000))
def test_an_excerpt_is_one_short_printable_line(body: bytes) -> None:
    excerpt = make_excerpt(body)
    assert len(excerpt) <= LONGEST_EXCERPT
    assert excerpt == "" or excerpt.isprintable()
