"""One POST at a time, from any thread: how webhooks leave."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver

from forecourt.core.errors import ImageSkippedError
from forecourt.core.settings import FetchSettings
from forecourt.core.skips import SkipReason
from forecourt.core.webhooks import Posted, PostFailure, make_excerpt
from forecourt.fetch.egress import read_url
from forecourt.fetch.exchange import explain
from forecourt.fetch.loop import SessionThread
from forecourt.fetch.session import USER_AGENT, open_session

_HEADERS = {
    "Content-Type": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": f"{USER_AGENT} (webhooks)",
}
_READ_BYTES = 4096  # of an answer; it is for the log alone
_READ_S = 2.0  # for them: the status has come, and nobody waits for the rest
_FAILURES = {
    SkipReason.BAD_URL: PostFailure.BAD_URL,
    SkipReason.BLOCKED_ADDRESS: PostFailure.BLOCKED_ADDRESS,
    SkipReason.DNS_FAILED: PostFailure.DNS_FAILED,
    SkipReason.CONNECT_FAILED: PostFailure.CONNECT_FAILED,
    SkipReason.TLS_FAILED: PostFailure.TLS_FAILED,
    SkipReason.TIMEOUT: PostFailure.TIMEOUT,
    SkipReason.TRUNCATED: PostFailure.BAD_ANSWER,
    SkipReason.HTTP_ERROR: PostFailure.BAD_ANSWER,
}


class Poster:
    """Posts bodies under the egress policy. A context manager; any number of threads may use it.

    Args:
        settings: Limits, timeouts and the egress policy. Redirects are not followed, and nothing is
            tried twice: whoever keeps the log decides that.
        resolver: Where host names are looked up; default: the system's way. The egress policy
            holds for what it answers.
    """

    def __init__(
        self, settings: FetchSettings, *, resolver: AbstractResolver | None = None
    ) -> None:
        self._settings = settings
        # A kept connection that the other side has closed meanwhile would cost an attempt.
        self._thread = SessionThread(
            "poster",
            lambda: open_session(
                settings, headers=_HEADERS, resolver=resolver, reuse_connections=False
            ),
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._thread.stop()

    @property
    def longest_s(self) -> float:
        """The longest time that `post` takes, in seconds."""
        return self._settings.timeout_s + _READ_S

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Posted:
        """Send a JSON body once and wait for the answer. The network's trouble comes as a value.

        Not for the thread of an event loop: it blocks.
        """
        running = self._thread.submit(self._post(self._thread.session, url, headers, body))
        try:
            return running.result()
        except BaseException:  # Ctrl-C: nobody waits for the answer any more
            running.cancel()
            raise

    async def _post(
        self, session: aiohttp.ClientSession, url: str, headers: Mapping[str, str], body: bytes
    ) -> Posted:
        start = time.monotonic()
        try:
            response = await self._ask(session, url, headers, body)
        except Exception as error:  # noqa: BLE001  # `explain` logs what is no failure of theirs
            return Posted(reason=_reason(error), milliseconds=_since(start))
        async with response:
            milliseconds = _since(start)
            excerpt = make_excerpt(await _read_beginning(response))
            response.close()  # cheaper than reading what nobody wants
            return Posted(status=response.status, milliseconds=milliseconds, excerpt=excerpt)

    async def _ask(
        self, session: aiohttp.ClientSession, url: str, headers: Mapping[str, str], body: bytes
    ) -> aiohttp.ClientResponse:
        async with asyncio.timeout(self._settings.timeout_s):
            return await session.post(
                read_url(url), headers=headers, data=body, allow_redirects=False
            )


async def _read_beginning(response: aiohttp.ClientResponse) -> bytes:
    """Return the first bytes of the body; fewer where it breaks off or dawdles."""
    read = bytearray()
    with suppress(aiohttp.ClientError, OSError):  # TimeoutError is an OSError
        async with asyncio.timeout(_READ_S):
            while len(read) < _READ_BYTES and (
                chunk := await response.content.read(_READ_BYTES - len(read))
            ):
                read += chunk
    return bytes(read)


def _reason(error: Exception) -> PostFailure:
    reason = error.reason if isinstance(error, ImageSkippedError) else explain(error)[0]
    return _FAILURES.get(reason, PostFailure.INTERNAL_ERROR)


def _since(start: float) -> int:
    return round((time.monotonic() - start) * 1000)
