from __future__ import annotations

from datetime import UTC, datetime

import pytest

from forecourt.core.records import ImageFacts
from forecourt.identity.freshness import fresh_until

RECEIVED = datetime(2026, 11, 23, 6, tzinfo=UTC)
NOW = "Mon, 23 Nov 2026 06:00:00 GMT"
IN_AN_HOUR = "Mon, 23 Nov 2026 07:00:00 GMT"


def lifetime(cap_s: float = 1e6, status: int = 200, **headers: str) -> float:
    facts = ImageFacts(
        url="http://h/a",
        final_url="http://h/a",
        status=status,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        received_at=RECEIVED,
    )
    return (fresh_until(facts, cap_s=cap_s) - RECEIVED).total_seconds()


@pytest.mark.parametrize(
    ("cache_control", "seconds"),
    [
        ("max-age=60", 60),
        ("public, max-age=60", 60),
        ("Max-Age=60", 60),
        ('max-age="60"', 60),  # section 5.2: both forms are to be understood
        ("max-age=60, max-age=90", 60),  # section 4.2.1: the first
        ("max-age=99999999999999999999", 1e6),  # section 1.2.2: a long time; our own cap
        ("max-age=60, must-revalidate", 60),
        ("max-age=60, stale-while-revalidate=600", 60),
        ("s-maxage=600, max-age=60", 60),  # a private cache
        ("s-maxage=600", 0),
        ("no-cache, max-age=60", 0),
        ('no-cache="set-cookie", max-age=60', 0),
        ("no-store, max-age=60", 0),
        ("max-age=-1", 0),
        ("max-age=1.5", 0),
        ("max-age", 0),
        ("max-age=soon", 0),
        ("immutable", 0),
        (",,=,;", 0),
        ("", 0),
    ],
)
def test_cache_control(cache_control: str, seconds: float) -> None:
    assert lifetime(cache_control=cache_control) == seconds


def test_expires_counts_from_the_servers_own_date() -> None:
    assert lifetime(expires=IN_AN_HOUR, date=NOW) == 3600
    # A clock an hour ahead: still an hour from the answer.
    assert lifetime(expires="Mon, 23 Nov 2026 08:00:00 GMT", date=IN_AN_HOUR) == 3600
    assert lifetime(expires=IN_AN_HOUR) == 3600


@pytest.mark.parametrize("expires", ["0", "-1", "never", "", NOW, "Sun, 22 Nov 2026 06:00:00 GMT"])
def test_expires__past_or_invalid_is_stale(expires: str) -> None:
    assert lifetime(expires=expires, date=NOW) == 0


def test_max_age_comes_before_expires() -> None:
    assert lifetime(cache_control="max-age=60", expires=IN_AN_HOUR, date=NOW) == 60
    assert lifetime(cache_control="max-age=x", expires=IN_AN_HOUR, date=NOW) == 0


@pytest.mark.parametrize(
    ("age", "seconds"), [("10", 50), ("60", 0), ("600", 0), ("10, 20", 50), ("-5", 60), ("x", 60)]
)
def test_age_is_taken_off(age: str, seconds: float) -> None:
    assert lifetime(cache_control="max-age=60", age=age) == seconds


def test_vary_on_everything_is_never_fresh() -> None:
    assert lifetime(cache_control="max-age=60", vary="*") == 0
    assert lifetime(cache_control="max-age=60", vary="Accept") == 60


def test_no_answer_is_believed_longer_than_the_cap() -> None:
    assert lifetime(cap_s=30, cache_control="max-age=60") == 30
    assert lifetime(cap_s=0, cache_control="max-age=60") == 0


def test_nothing_said_nothing_fresh() -> None:
    assert lifetime(last_modified="Mon, 23 Nov 2020 06:00:00 GMT", date=NOW) == 0


def test_a_304_renews_the_lifetime() -> None:
    assert lifetime(status=304, cache_control="max-age=60") == 60
