"""One image, asked for until there is an answer: redirects, conditions, retries."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
import structlog

from forecourt.core.errors import ImageSkippedError
from forecourt.core.records import Fetched, ImageFacts, ImageRequest, NotFetched, Validators
from forecourt.core.settings import FetchSettings
from forecourt.core.skips import SkipReason
from forecourt.fetch.body import read_body
from forecourt.fetch.egress import BlockedAddressError, next_url, read_url
from forecourt.fetch.facts import make_facts

WantBody = Callable[[ImageRequest, ImageFacts], bool]

_log = structlog.get_logger(__name__)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
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


class CallerError(Exception):
    """`want_body` failed; its cause is the caller's to see, and no failure of the image."""


class _PassingError(Exception):
    """A failure that may be gone at the next attempt."""

    def __init__(self, reason: SkipReason, detail: str, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.retry_after_s = retry_after_s


class _OtherConfirmedError(Exception):
    """A 304 that confirms something else than what we hold."""


async def exchange(
    session: aiohttp.ClientSession,
    request: ImageRequest,
    settings: FetchSettings,
    want_body: WantBody,
) -> Fetched | NotFetched:
    """Ask for one image. Every failure comes back as a value.

    Raises:
        CallerError: `want_body` failed.
    """
    failures = 0
    conditions = _conditions(request.validators)
    while True:
        try:
            return await _attempt(session, request, conditions, settings, want_body)
        except ImageSkippedError as error:
            return NotFetched(request=request, reason=error.reason, detail=error.detail)
        except _OtherConfirmedError:
            conditions = {}
        except _PassingError as error:
            pause = _pause_s(failures, error.retry_after_s, settings)
            if failures >= settings.retries or pause is None:
                return NotFetched(request=request, reason=error.reason, detail=error.detail)
            failures += 1
            await asyncio.sleep(pause)


def _conditions(validators: Validators | None) -> dict[str, str]:
    """RFC 9110 section 13.1: If-None-Match decides; the date is for servers without tags."""
    headers = {}
    if validators is not None and validators.etag:
        headers["If-None-Match"] = validators.etag
    if validators is not None and validators.last_modified:
        headers["If-Modified-Since"] = validators.last_modified
    return headers


def _pause_s(failures: int, retry_after_s: float | None, settings: FetchSettings) -> float | None:
    """Return how long to wait before the next attempt; None: longer than anyone would."""
    if retry_after_s is not None:
        return retry_after_s if retry_after_s <= settings.max_retry_after_s else None
    # With jitter, a host that comes back is not met by all requests in the same moment.
    ceiling: float = settings.backoff_s * 2**failures
    return random.uniform(ceiling / 2, ceiling)  # noqa: S311


async def _attempt(
    session: aiohttp.ClientSession,
    request: ImageRequest,
    conditions: dict[str, str],
    settings: FetchSettings,
    want_body: WantBody,
) -> Fetched:
    try:
        async with asyncio.timeout(settings.timeout_s):
            return await _follow(session, request, conditions, settings, want_body)
    except (ImageSkippedError, _PassingError, _OtherConfirmedError, CallerError):
        raise
    except Exception as error:
        reason, detail = explain(error)
        if reason in _PASSING_REASONS:
            raise _PassingError(reason, detail) from error
        raise ImageSkippedError(reason, detail) from error


async def _follow(
    session: aiohttp.ClientSession,
    request: ImageRequest,
    conditions: dict[str, str],
    settings: FetchSettings,
    want_body: WantBody,
) -> Fetched:
    url = read_url(request.url)
    for _hop in range(settings.max_redirects + 1):
        async with session.get(url, headers=conditions, allow_redirects=False) as response:
            if response.status not in _REDIRECTS or "location" not in response.headers:
                return await _read(response, request, conditions, settings, want_body)
            url = next_url(url, response.headers["location"])
    raise ImageSkippedError(
        SkipReason.TOO_MANY_REDIRECTS, f"more than {settings.max_redirects} redirects"
    )


async def _read(
    response: aiohttp.ClientResponse,
    request: ImageRequest,
    conditions: dict[str, str],
    settings: FetchSettings,
    want_body: WantBody,
) -> Fetched:
    is_confirmed = response.status == 304 and bool(conditions)
    if response.status != 200 and not is_confirmed:
        _refuse(response)
    facts = make_facts(request.url, str(response.url), response.status, response.headers)
    if is_confirmed:
        if not _is_ours(facts.headers.get("etag"), conditions.get("If-None-Match")):
            raise _OtherConfirmedError
        return Fetched(request=request, facts=facts, body=None)
    if not _ask(want_body, request, facts):
        response.close()  # cheaper than reading what nobody wants
        return Fetched(request=request, facts=facts, body=None)
    body = await read_body(response, settings.max_bytes)
    return Fetched(request=request, facts=facts, body=body)


def _is_ours(confirmed: str | None, held: str | None) -> bool:
    """RFC 9111 section 4.3.4: a 304 with another entity tag confirms another representation."""
    if confirmed is None or held is None:
        return True
    return confirmed.removeprefix("W/") == held.removeprefix("W/")


def _ask(want_body: WantBody, request: ImageRequest, facts: ImageFacts) -> bool:
    try:
        return want_body(request, facts)
    except Exception as error:
        raise CallerError from error


def _refuse(response: aiohttp.ClientResponse) -> None:
    status = response.status
    default = SkipReason.SERVER_ERROR if status >= 500 else SkipReason.HTTP_ERROR
    reason = _REASON_BY_STATUS.get(status, default)
    detail = f"HTTP {status}"
    if status in _PASSING_STATUSES:
        raise _PassingError(reason, detail, _retry_after_s(response.headers.get("retry-after")))
    raise ImageSkippedError(reason, detail)


def _retry_after_s(text: str | None) -> float | None:
    """RFC 9110 section 10.2.3: seconds or a date; None where it is neither."""
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())


def explain(error: Exception) -> tuple[SkipReason, str]:
    """Return the reason for an error. No detail holds a URL: there may be secrets in it."""
    cause = getattr(error, "os_error", None) or error
    if isinstance(cause, BlockedAddressError):
        return SkipReason.BLOCKED_ADDRESS, str(cause)
    known: tuple[tuple[type[Exception], SkipReason], ...] = (
        (aiohttp.ClientConnectorDNSError, SkipReason.DNS_FAILED),
        (aiohttp.ClientSSLError, SkipReason.TLS_FAILED),
        (TimeoutError, SkipReason.TIMEOUT),
        (aiohttp.ClientPayloadError, SkipReason.TRUNCATED),
        (aiohttp.InvalidURL, SkipReason.BAD_URL),
        (UnicodeError, SkipReason.BAD_URL),  # a label of a host name that is too long
        (aiohttp.ClientResponseError, SkipReason.HTTP_ERROR),
        (OSError, SkipReason.CONNECT_FAILED),
        (aiohttp.ClientConnectionError, SkipReason.CONNECT_FAILED),
        (aiohttp.ClientError, SkipReason.HTTP_ERROR),
    )
    for kind, reason in known:
        if isinstance(error, kind):
            return reason, type(error).__name__
    # A defect of ours, or of the client, on this one image must not cost the others their answers.
    _log.error("fetch.failed", exc_info=error)
    return SkipReason.INTERNAL_ERROR, type(error).__name__
