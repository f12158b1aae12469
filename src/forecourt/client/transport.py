"""Requests, sent until they are answered: which may be repeated, after what pause, how often."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import IO, Any, TypeVar

import httpx

from forecourt import __version__
from forecourt.client.errors import ApiError, UnreachableError
from forecourt.core.errors import UsageError

T = TypeVar("T")
File = tuple[str, tuple[str, IO[bytes]]]  # field of a form, file name, file

_PROBLEM = "application/problem+json"
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.25, 8.0
_LONGEST_WAIT_S = 60.0  # a server that asks for more is not waited for
_PASSING = frozenset({429, 502, 503, 504})
_KNOWN_MEMBERS = frozenset({"type", "title", "status", "detail", "request_id"})
_EXCERPT = 200  # characters of an answer that is no problem document


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request.

    Attributes:
        params: None is left out.
        json: The body; None: none.
        files: A form instead; the files are read from their beginning.
        headers: None is left out.
        may_repeat: Sent twice it does what it does once.
    """

    method: str
    path: str
    params: Mapping[str, Any] | None = None
    json: Any = None
    files: Sequence[File] | None = None
    headers: Mapping[str, str | None] | None = None
    may_repeat: bool = False


class Transport:
    """Sends requests to one server, as one caller."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout: float,
        retries: int,
        http: httpx.Client | None,
    ) -> None:
        self._base = _check_base(base_url)
        if not api_key.strip() or not api_key.isascii():
            raise UsageError("An API key is needed: `forecourt keys create` makes one.")
        self._headers = {
            "Authorization": f"Bearer {api_key.strip()}",
            "User-Agent": f"forecourt-client/{__version__}",
        }
        self._timeout = timeout
        self._retries = retries
        self._http = httpx.Client() if http is None else http
        self._is_ours = http is None

    def close(self) -> None:
        """Close connections, unless they are the caller's own."""
        if self._is_ours:
            self._http.close()

    def send(self, call: Call) -> httpx.Response:
        """Return the whole answer.

        Raises:
            ApiError: the server refuses.
            UnreachableError: it does not answer.
        """
        return self._insist(call, _read_whole)

    def ask(self, call: Call) -> Any:
        """Return the JSON of an answer.

        Raises:
            ApiError: the server refuses, or whoever answers is not the server.
            UnreachableError: it does not answer.
        """
        response = self.send(call)
        try:
            return response.json()
        except ValueError as error:
            raise _to_error(response) from error

    def receive(self, call: Call, file: IO[bytes]) -> httpx.Response:
        """Write the body of an answer into a file; return the answer without it.

        Raises:
            ApiError: the server refuses.
            UnreachableError: it does not answer; what the file holds is worth nothing.
        """

        def take(response: httpx.Response) -> httpx.Response:
            file.seek(0)
            file.truncate()
            with closing(response):
                for chunk in response.iter_bytes():
                    file.write(chunk)
            return response

        return self._insist(call, take)

    @contextmanager
    def stream(self, call: Call) -> Iterator[Iterator[bytes]]:
        """Yield the lines of an answer as they come. What breaks off midway is not repeated.

        Raises:
            ApiError: the server refuses.
            UnreachableError: it does not answer, or the answer breaks off.
        """
        response = self._insist(call, lambda one: one)
        with closing(response):
            try:
                yield _iter_lines(response.iter_bytes())
            except httpx.RequestError as error:
                raise UnreachableError(f"The answer broke off: {_say(error)}.") from error

    def _insist(self, call: Call, take: Callable[[httpx.Response], T]) -> T:
        attempt = 0
        while True:
            try:
                return take(self._ask(call))
            except ApiError as error:
                pause_s = _pause(attempt) if error.retry_after_s is None else error.retry_after_s
                # Who asks too often has been refused before anything was done.
                may_repeat = error.status == 429 or (call.may_repeat and error.status in _PASSING)
                if not may_repeat or attempt >= self._retries or pause_s > _LONGEST_WAIT_S:
                    raise
            except httpx.RequestError as error:
                was_sent = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                if (was_sent and not call.may_repeat) or attempt >= self._retries:
                    raise UnreachableError(_explain(self._base, error, was_sent)) from error
                pause_s = _pause(attempt)
            time.sleep(pause_s)
            attempt += 1

    def _ask(self, call: Call) -> httpx.Response:
        given = {**self._headers, **(call.headers or {})}
        for _field, (_name, file) in call.files or ():
            file.seek(0)  # it may have been sent before
        request = self._http.build_request(
            call.method,
            self._base + call.path,
            params={k: v for k, v in (call.params or {}).items() if v is not None},
            json=call.json,
            files=call.files,
            headers={name: value for name, value in given.items() if value is not None},
            timeout=self._timeout,
        )
        response = self._http.send(request, stream=True, follow_redirects=False)
        if response.is_success or response.status_code == 304:
            return response
        with closing(response):
            response.read()
        raise _to_error(response)


def _check_base(base_url: str) -> str:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise UsageError(f"{base_url!r} is no address: {error}.") from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise UsageError(f"{base_url!r} is not the address of a server: http(s)://host[:port].")
    return base_url.rstrip("/")


def _iter_lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield lines as NDJSON has them: text may hold what else is taken for the end of a line."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
    if rest:
        yield rest


def _read_whole(response: httpx.Response) -> httpx.Response:
    with closing(response):
        response.read()
    return response


def _pause(attempt: int) -> float:
    longest = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * math.exp2(attempt))
    return longest * random.uniform(0.5, 1)  # noqa: S311  # callers that were cut off together


def _to_error(response: httpx.Response) -> ApiError:
    retry_after = response.headers.get("retry-after", "")
    retry_after_s = float(retry_after) if retry_after.isdecimal() else None
    request_id = response.headers.get("x-request-id")
    body = _read_problem(response)
    if body is None:
        where = response.headers.get("location")
        moved = f" and points to {where}" if where else ""
        said = " ".join(response.text.split())[:_EXCERPT]
        detail = (
            f"The answer to {response.request.method} {response.request.url.copy_with(query=None)} "
            f"is none of this API's{moved}; look at the address and at proxies. It says: {said!r}"
        )
        return ApiError(response.status_code, "http", detail, request_id, retry_after_s)
    extra = {name: value for name, value in body.items() if name not in _KNOWN_MEMBERS}
    kind = str(body.get("type", "")).rpartition("/")[2] or "http"
    detail = str(body.get("detail", ""))
    return ApiError(response.status_code, kind, detail, request_id, retry_after_s, extra)


def _read_problem(response: httpx.Response) -> dict[str, Any] | None:
    if response.headers.get("content-type", "").partition(";")[0].strip() != _PROBLEM:
        return None
    try:
        body = response.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _explain(base: str, error: httpx.RequestError, was_sent: bool) -> str:  # noqa: FBT001
    unsure = " It may have been carried out all the same." if was_sent else ""
    return f"{base} does not answer: {_say(error)}.{unsure}"


def _say(error: httpx.RequestError) -> str:
    return str(error).rstrip(".") or type(error).__name__
