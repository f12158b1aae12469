"""The bounded fetcher: an asynchronous client behind a synchronous face.

One background thread runs one event loop and one session. A run pulls requests lazily, keeps a
bounded number per host and overall in flight, and hands outcomes over through a bounded buffer.
"""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver

from forecourt.core.records import Fetched, ImageFacts, ImageRequest, NotFetched
from forecourt.core.settings import FetchSettings
from forecourt.core.skips import SkipReason
from forecourt.fetch.exchange import CallerError, WantBody, exchange
from forecourt.fetch.loop import SessionThread
from forecourt.fetch.session import USER_AGENT, open_session

# CDNs choose the format by Accept and sometimes the size by User-Agent (Vary, RFC 9110 section
# 12.5.5): with both fixed, the same URL gives the same bytes at every scrape.
_HEADERS = {
    "Accept": "image/jpeg,image/png;q=0.9,image/*;q=0.5",
    "Accept-Encoding": "identity",
    "User-Agent": f"{USER_AGENT} (vehicle image tagging)",
}
_LOOK_AHEAD = 512  # requests waiting, so that a slow host cannot keep the others idle
_BUFFER_COUNT = 512
_BUFFER_BYTES = 64 << 20

Outcome = Fetched | NotFetched


class Fetcher:
    """Asks for images. A context manager; safe to use from several threads at once.

    The limits hold for all runs together: several scrapes, or a scrape and somebody's question, put
    no more requests to one host than one of them alone.

    Args:
        settings: Limits, timeouts and the egress policy.
        resolver: Where host names are looked up; default: the system's way. The egress policy
            holds for what it answers.
    """

    def __init__(
        self, settings: FetchSettings, *, resolver: AbstractResolver | None = None
    ) -> None:
        self._settings = settings
        self._thread = SessionThread(
            "fetcher", lambda: open_session(settings, headers=_HEADERS, resolver=resolver)
        )
        self._limits = _Limits(settings)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._thread.stop()

    def fetch(self, requests: Iterable[ImageRequest], *, want_body: WantBody) -> Generator[Outcome]:
        """Yield exactly one outcome per request, in the order in which they come in.

        Args:
            requests: Pulled lazily, in the fetcher's thread.
            want_body: Asked once the headers of a 200 are in, in the fetcher's thread; it must be
                quick. False: the body is not read.

        Closing the iterator (or an exception in its consumer) cancels what is in flight.
        """
        thread = self._thread
        run = _Run(thread.session, self._settings, self._limits, iter(requests), want_body)
        done = thread.submit(run.drive())
        done.add_done_callback(lambda _done: run.buffer.close())
        try:
            while (outcome := run.buffer.take()) is not None:
                yield outcome
                if run.buffer.has_room():
                    thread.call_soon(run.wake.set)
            done.result()  # an error in `requests` or `want_body` is the caller's to see
        finally:
            if not thread.is_closed:  # closed: the fetcher has abandoned the run before
                done.cancel()
                thread.submit(run.abandon()).result()

    def ask(self, request: ImageRequest, *, patience_s: float) -> Outcome:
        """Return the outcome of one request, for somebody who waits for it.

        Args:
            request: Its body is read.
            patience_s: Longest wait, for its turn too; then it is a `timeout`.
        """

        async def drive() -> Outcome:
            run = _Run(
                self._thread.session, self._settings, self._limits, iter((request,)), _want_all
            )
            try:
                async with asyncio.timeout(patience_s):
                    await run.drive()
            except TimeoutError:
                await run.abandon()
                detail = f"no answer within {patience_s:g} s"
                return NotFetched(request=request, reason=SkipReason.TIMEOUT, detail=detail)
            return run.buffer.take_only()

        return self._thread.submit(drive()).result()


def _want_all(_request: ImageRequest, _facts: ImageFacts) -> bool:
    return True


class _Buffer:
    """Outcomes on their way from the loop's thread to the consumer's."""

    def __init__(self) -> None:
        self._items: deque[Outcome] = deque()
        self._bytes = 0
        self._is_closed = False
        self._changed = threading.Condition()

    def put(self, outcome: Outcome) -> None:
        with self._changed:
            self._items.append(outcome)
            self._bytes += _size(outcome)
            self._changed.notify()

    def take(self) -> Outcome | None:
        """Wait for the next outcome; None when there will be none."""
        with self._changed:
            while not self._items and not self._is_closed:
                self._changed.wait()
            if not self._items:
                return None
            outcome = self._items.popleft()
            self._bytes -= _size(outcome)
            return outcome

    def take_only(self) -> Outcome:
        """Return the outcome of a run of one request that is over."""
        with self._changed:
            return self._items.popleft()

    def has_room(self) -> bool:
        return len(self._items) < _BUFFER_COUNT and self._bytes < _BUFFER_BYTES

    def close(self) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify()


class _Limits:
    """What is in flight, over all runs; lives in the loop's thread."""

    def __init__(self, settings: FetchSettings) -> None:
        self._settings = settings
        self._in_flight = 0
        self._of_host: dict[str, int] = {}
        self.waiting: set[asyncio.Event] = set()

    def is_full(self) -> bool:
        return self._in_flight >= self._settings.concurrency

    def admits(self, host: str) -> bool:
        return not self.is_full() and self._of_host.get(host, 0) < self._settings.per_host

    def enter(self, host: str) -> None:
        self._in_flight += 1
        self._of_host[host] = self._of_host.get(host, 0) + 1

    def leave(self, host: str) -> None:
        self._in_flight -= 1
        self._of_host[host] -= 1
        if not self._of_host[host]:
            del self._of_host[host]
        for wake in self.waiting:
            wake.set()


class _Run:
    """One iteration over requests; lives in the loop's thread but for its buffer."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        settings: FetchSettings,
        limits: _Limits,
        requests: Iterator[ImageRequest],
        want_body: WantBody,
    ) -> None:
        self.buffer = _Buffer()
        self.wake = asyncio.Event()
        self._session = session
        self._settings = settings
        self._limits = limits
        self._requests = requests
        self._want_body = want_body
        self._waiting: OrderedDict[str, deque[ImageRequest]] = OrderedDict()
        self._waiting_count = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_exhausted = False
        self._error: BaseException | None = None

    async def drive(self) -> None:
        """Run until every request has its outcome, or the run is cancelled."""
        self._limits.waiting.add(self.wake)
        try:
            while True:
                self.wake.clear()
                self._pull()
                self._start()
                if self._error is not None:
                    raise self._error
                if self._is_exhausted and not self._tasks and not self._waiting_count:
                    return
                await self.wake.wait()
        finally:
            self._limits.waiting.discard(self.wake)

    async def abandon(self) -> None:
        """Cancel what is in flight, and wait until it is gone."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _pull(self) -> None:
        while not self._is_exhausted and self._waiting_count < _LOOK_AHEAD:
            request = next(self._requests, None)
            if request is None:
                self._is_exhausted = True
                return
            host = _host(request.url)
            self._waiting.setdefault(host, deque()).append(request)
            self._waiting_count += 1

    def _start(self) -> None:
        """Start what the limits allow, one request a host in turn."""
        started = True
        while started and self._waiting:
            started = False
            for host in list(self._waiting):
                if self._limits.is_full() or not self.buffer.has_room():
                    return
                if self._limits.admits(host):
                    self._start_one(host)
                    started = True

    def _start_one(self, host: str) -> None:
        queue = self._waiting[host]
        request = queue.popleft()
        self._waiting_count -= 1
        if not queue:
            del self._waiting[host]
        self._limits.enter(host)
        task = asyncio.create_task(self._one(request))
        self._tasks.add(task)
        # Not at the end of the task's own code: one that is cancelled at once never runs it.
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _task: self._limits.leave(host))

    async def _one(self, request: ImageRequest) -> None:
        started = time.monotonic()
        try:
            outcome = await exchange(self._session, request, self._settings, self._want_body)
            self.buffer.put(replace(outcome, seconds=time.monotonic() - started))
        except CallerError as error:  # ends the run
            self._error = error.__cause__


def _size(outcome: Outcome) -> int:
    return len(outcome.body) if isinstance(outcome, Fetched) and outcome.body else 0


def _host(url: str) -> str:
    """Return what requests are counted by; the connector counts connections once more."""
    authority = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]
    return authority.rpartition("@")[2].lower()
