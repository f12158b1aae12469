"""One image, asked for until there is an answer: redirects, limits, retries."""

from __future__ import annotations

import asyncio
import random
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

import aiohttp

from forecourt.core.errors import ImageSkippedError
from forecourt.core.records import Fetched, ImageFacts, ImageRequest, NotFetched
from forecourt.core.settings import FetchSettings
from forecourt.core.skips import SkipReason
from forecourt.fetch.egress import BlockedAddressError, check_url
from forecourt.fetch.facts import make_facts

WantBody = Callable[[ImageRequest, ImageFacts], bool]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CHUNK = 1 << 16
_REASON_BY_STATUS = {
    401: SkipReason.FORBIDDEN,
    403: SkipReason.FORBIDDEN,
    404: SkipReason.NOT_FOUND,
    407: SkipReason.FORBIDDEN,
    410: SkipReason.NOT_FOUND,
    429: SkipReason.RATE_LIMITED,
    451: SkipReason.FORBIDDEN,
}
_PASSING_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
_PASSING_REASONS = frozenset({SkipReason.CONNECT_FAILED, SkipReason.TIMEOUT, SkipReason.TRUNCATED})


class _PassingError(Exception):
    """A failure that may be gone at the next attempt."""

    def __init__(self, reason: SkipReason, detail: str, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.retry_after_s = retry_after_s


async def exchange(
    session: aiohttp.ClientSession,
    request: ImageRequest,
    settings: FetchSettings,
    want_body: WantBody,
) -> Fetched | NotFetched:
    """Ask for one image. Every failure comes back as a value."""
    attempt = 0
    while True:
        try:
            return await _attempt(session, request, settings, want_body)
        except ImageSkippedError as error:
            return NotFetched(request=request, reason=error.reason, detail=error.detail)
        except _PassingError as error:
            pause = _pause_s(attempt, error.retry_after_s, settings)
            if attempt >= settings.retries or pause is None:
                return NotFetched(request=request, reason=error.reason, detail=error.detail)
            attempt += 1
            await asyncio.sleep(pause)


def _pause_s(attempt: int, retry_after_s: float | None, settings: FetchSettings) -> float | None:
    """Return how long to wait before the next attempt; None: longer than anyone would."""
    if retry_after_s is not None:
        return retry_after_s if retry_after_s <= settings.max_retry_after_s else None
    # Full jitter: a host that comes back is not met by all clients in the same moment.
    ceiling: float = settings.backoff_s * 2**attempt
    return random.uniform(ceiling / 2, ceiling)  # noqa: S311


async def _attempt(
    session: aiohttp.ClientSession,
    request: ImageRequest,
    settings: FetchSettings,
    want_body: WantBody,
) -> Fetched:
    try:
        return await _follow(session, request, settings, want_body)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        reason, detail = _explain(error)
        if reason in _PASSING_REASONS:
            raise _PassingError(reason, detail) from error
        raise ImageSkippedError(reason, detail) from error


async def _follow(
    session: aiohttp.ClientSession,
    request: ImageRequest,
    settings: FetchSettings,
    want_body: WantBody,
) -> Fetched:
    url = request.url
    headers = _conditions(request)
    for _hop in range(settings.max_redirects + 1):
        check_url(url, settings.allow_networks)
        async with session.get(url, headers=headers, allow_redirects=False) as response:
            if response.status in _REDIRECTS and "location" in response.headers:
                url = urljoin(url, response.headers["location"])
                continue
            return await _read(response, request, settings, want_body)
    raise ImageSkippedError(
        SkipReason.TOO_MANY_REDIRECTS, f"more than {settings.max_redirects} redirects"
    )


def _conditions(request: ImageRequest) -> dict[str, str]:
    """RFC 9110 section 13.1: If-None-Match decides; the date is for servers without tags."""
    validators = request.validators
    headers = {}
    if validators is not None and validators.etag:
        headers["If-None-Match"] = validators.etag
    if validators is not None and validators.last_modified:
        headers["If-Modified-Since"] = validators.last_modified
    return headers


async def _read(
    response: aiohttp.ClientResponse,
    request: ImageRequest,
    settings: FetchSettings,
    want_body: WantBody,
) -> Fetched:
    status = response.status
    is_confirmed = status == 304 and request.validators is not None
    if status != 200 and not is_confirmed:
        _refuse(response)
    facts = make_facts(request.url, str(response.url), status, response.headers)
    if is_confirmed:
        return Fetched(request=request, facts=facts, body=None)
    if not want_body(request, facts):
        response.close()  # cheaper than reading what nobody wants
        return Fetched(request=request, facts=facts, body=None)
    body = await _read_body(response, settings.max_bytes)
    if not body:
        raise ImageSkippedError(SkipReason.EMPTY)
    return Fetched(request=request, facts=facts, body=body)


def _refuse(response: aiohttp.ClientResponse) -> None:
    status = response.status
    default = SkipReason.SERVER_ERROR if status >= 500 else SkipReason.HTTP_ERROR
    reason = _REASON_BY_STATUS.get(status, default)
    detail = f"HTTP {status}"
    if status in _PASSING_STATUSES:
        raise _PassingError(reason, detail, _retry_after_s(response.headers.get("retry-after")))
    raise ImageSkippedError(reason, detail)


async def _read_body(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    too_large = ImageSkippedError(SkipReason.TOO_LARGE, f"more than {max_bytes} bytes")
    if (response.content_length or 0) > max_bytes:
        response.close()
        raise too_large
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > max_bytes:
            response.close()
            raise too_large
    encoding = response.headers.get("content-encoding", "").lower()
    if encoding not in {"gzip", "deflate"}:
        return bytes(body)
    # We ask for no coding; a server that codes all the same may send a bomb: inflate to the limit.
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        plain = inflater.decompress(bytes(body), max_bytes)
    except zlib.error as error:
        raise ImageSkippedError(SkipReason.UNDECODABLE, f"bad {encoding}: {error}") from error
    if inflater.unconsumed_tail:
        raise too_large
    return plain


def _retry_after_s(text: str | None) -> float | None:
    """RFC 9110 section 10.2.3: seconds or a date; None where it is neither."""
    if text is None:
        return None
    if text.strip().isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())


def _explain(error: Exception) -> tuple[SkipReason, str]:
    """Return the reason for a client error. No detail holds a URL: there may be secrets in it."""
    cause = getattr(error, "os_error", None) or error
    if isinstance(cause, BlockedAddressError):
        return SkipReason.BLOCKED_ADDRESS, str(cause)
    known: tuple[tuple[type[Exception], SkipReason], ...] = (
        (aiohttp.ClientConnectorDNSError, SkipReason.DNS_FAILED),
        (aiohttp.ClientSSLError, SkipReason.TLS_FAILED),
        (TimeoutError, SkipReason.TIMEOUT),
        (aiohttp.ClientPayloadError, SkipReason.TRUNCATED),
        (aiohttp.InvalidURL, SkipReason.BAD_URL),
        (aiohttp.ClientResponseError, SkipReason.HTTP_ERROR),
        (OSError, SkipReason.CONNECT_FAILED),
        (aiohttp.ClientConnectionError, SkipReason.CONNECT_FAILED),
        (ValueError, SkipReason.BAD_URL),
    )
    for kind, reason in known:
        if isinstance(error, kind):
            return reason, type(error).__name__
    return SkipReason.HTTP_ERROR, type(error).__name__
