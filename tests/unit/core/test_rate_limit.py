"""Token buckets, by a clock that is set by hand."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecourt.core.rate_limit import RateLimiter


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_burst_is_served_and_then_one_by_one(clock: Clock) -> None:
    limiter = RateLimiter(per_minute=60, burst=3, clock=clock)
    assert [limiter.take("a") for _ in range(4)] == [0.0, 0.0, 0.0, 1.0]
    clock.now += 0.25
    assert limiter.take("a") == pytest.approx(0.75)
    clock.now += 0.75
    assert limiter.take("a") == 0.0
    assert limiter.take("a") == pytest.approx(1.0)


def test_a_pause_earns_no_more_than_a_burst(clock: Clock) -> None:
    limiter = RateLimiter(per_minute=60, burst=2, clock=clock)
    limiter.take("a")
    clock.now += 3_600
    assert [limiter.take("a") > 0 for _ in range(3)] == [False, False, True]


def test_keys_do_not_share_a_bucket(clock: Clock) -> None:
    limiter = RateLimiter(per_minute=60, burst=1, clock=clock)
    assert limiter.take("a") == 0.0
    assert limiter.take("b") == 0.0
    assert limiter.take("a") > 0


def test_only_so_many_keys_are_remembered_and_the_active_ones_stay(clock: Clock) -> None:
    limiter = RateLimiter(per_minute=60, burst=1, clock=clock, most_buckets=10)
    limiter.take("active")
    for number in range(1_000):
        limiter.take(f"passing {number}")
        assert limiter.take("active") > 0
    assert len(limiter._buckets) == 10


@given(
    per_minute=st.floats(0.1, 10_000),
    burst=st.integers(1, 50),
    pauses=st.lists(st.floats(0, 30), max_size=60),
)
def test_never_more_than_burst_and_rate_and_a_told_wait_is_enough(
    per_minute: float, burst: int, pauses: list[float]
) -> None:
    clock = Clock()
    start = clock.now
    limiter = RateLimiter(per_minute=per_minute, burst=burst, clock=clock)
    for served, pause in enumerate(pauses, 1):
        clock.now += pause
        wait_s = limiter.take("a")
        if wait_s > 0:
            clock.now += wait_s + 1e-6
            assert limiter.take("a") == 0.0
        assert served <= burst + (clock.now - start) * per_minute / 60 + 1e-3


def test_threads_together_get_no_more_than_one_would(clock: Clock) -> None:
    limiter = RateLimiter(per_minute=60, burst=500, clock=clock)
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _n: limiter.take("a"), range(2_000)))
    assert waits.count(0.0) == 500
