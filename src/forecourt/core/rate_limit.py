"""How often one key may ask: a token bucket for each. Pure but for the clock, which is given."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

_MOST_BUCKETS = 10_000


class RateLimiter:
    """Token buckets of one process: `burst` at once, then `per_minute` evenly. Thread-safe.

    Of more keys than `most_buckets` the one unused for longest is forgotten. It starts again with a
    full bucket, which it mostly had by then: memory is bounded, and no active key is slowed by it.

    Args:
        per_minute: Tokens that flow into a bucket in a minute; more than 0.
        burst: Tokens that a bucket holds at most; at least 1.
        clock: Seconds that never go back.
        most_buckets: Keys that are remembered at once; at least 1.
    """

    def __init__(
        self,
        *,
        per_minute: float,
        burst: int,
        clock: Callable[[], float] = time.monotonic,
        most_buckets: int = _MOST_BUCKETS,
    ) -> None:
        self._per_s = per_minute / 60.0
        self._burst = float(burst)
        self._clock = clock
        self._most = most_buckets
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens, at
        self._lock = threading.Lock()

    def take(self, key: str) -> float:
        """Take a token and return 0.0; where there is none, return the seconds until there is.

        Being refused costs nothing: whoever asks again after the wait is served.
        """
        with self._lock:
            now = self._clock()
            tokens, since = self._buckets.pop(key, (self._burst, now))
            tokens = min(self._burst, tokens + (now - since) * self._per_s)
            # A whole token less what rounding ate: else a client that waits as told is refused.
            is_served = tokens >= 1.0 - 1e-9
            self._buckets[key] = (max(0.0, tokens - 1.0) if is_served else tokens, now)
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        return 0.0 if is_served else (1.0 - tokens) / self._per_s
