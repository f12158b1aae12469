"""Who makes a request: an API key, or a person who is signed in."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import sqlalchemy as sa
import structlog
from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPBearer

from forecourt import access
from forecourt.core.access import Principal
from forecourt.core.credentials import Session
from forecourt.core.errors import ForecourtError
from forecourt.store.engine import reading, writing
from forecourt.web.problems import ProblemError
from forecourt.web.service import Served, Service

_log = structlog.get_logger(__name__)
SESSION_COOKIE = "forecourt_session"
CSRF_HEADER = "X-CSRF-Token"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

# For OpenAPI; what they read is read once more below, where both are looked at in turn.
_bearer = HTTPBearer(
    auto_error=False, scheme_name="apiKey", description="An API key: `forecourt keys create`."
)
_cookie = APIKeyCookie(
    name=SESSION_COOKIE,
    auto_error=False,
    scheme_name="session",
    description=f"A person who is signed in; writes need the header {CSRF_HEADER} too.",
)


def identify(service: Service, request: Request) -> Principal:
    """Return who makes a request, and count it against their rate. Uses the database.

    Raises:
        ProblemError: nobody who may come in (401), a write without its CSRF token (403), or too
            many requests (429).
    """
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind:
        principal = _identify_key(service, token.strip()) if kind.lower() == "bearer" else None
    elif cookie := request.cookies.get(SESSION_COOKIE):
        principal = _identify_session(service, request, cookie)
    else:
        principal = None
    if principal is None:
        raise ProblemError(
            401,
            "unauthenticated",
            "Send an API key that is in force: `Authorization: Bearer fc_...`; "
            "`forecourt keys create` makes one. Or sign in.",
            headers={"WWW-Authenticate": 'Bearer realm="forecourt"'},
        )
    check_rate(service, principal.key_id or f"user {principal.user_id}", principal.name)
    return principal


def check_rate(service: Service, who: str, name: str) -> None:
    """Count a request against the rate of whoever makes it; `name` is for the message.

    Raises:
        ProblemError: too many requests (429).
    """
    wait_s = service.limiter.take(who)
    if wait_s:
        raise ProblemError(
            429,
            "rate-limited",
            f"{name} has made too many requests; go on in {math.ceil(wait_s)} s. "
            "The limits are settings of the server.",
            headers={"Retry-After": str(math.ceil(wait_s))},
        )


def _identify_key(service: Service, token: str) -> Principal | None:
    now = datetime.now(UTC)
    with reading(service.engine) as connection:
        found = access.authenticate_key(connection, token, now=now)
    if found is None:
        return None
    key_id = found.principal.key_id
    if found.is_use_due and key_id is not None:
        _later(service, lambda connection: access.note_key_used(connection, key_id, now=now))
    return found.principal


def _identify_session(service: Service, request: Request, token: str) -> Principal | None:
    session = find_session(service, token)
    if session is None:
        return None
    given = request.headers.get(CSRF_HEADER, "")
    if request.method not in _SAFE_METHODS and not access.is_csrf_token(session, given):
        raise ProblemError(
            403,
            "forbidden",
            f"The header {CSRF_HEADER} is missing or is not this session's; `GET /v1/session` "
            "has it.",
        )
    return session.principal


def find_session(service: Service, token: str) -> Session | None:
    """Return the session of a token, if it is alive, and note that it is in use."""
    now = datetime.now(UTC)
    with reading(service.engine) as connection:
        session = access.find_session(connection, token, settings=service.settings.access, now=now)
    if session is not None and session.is_use_due:
        _later(service, lambda connection: access.note_session_used(connection, token, now=now))
    return session


def _later(service: Service, note: Callable[[sa.Connection], None]) -> None:
    def write() -> None:
        try:
            with writing(service.engine) as connection:
                note(connection)
        except ForecourtError as error:
            _log.warning("use.not_noted", error=str(error))

    service.chores.submit(write)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever makes a request, before anybody has looked who that is."""

    service: Service
    request: Request

    def identify(self) -> Principal:
        """Look who it is; see `identify`. Uses the database: not on the event loop."""
        return identify(self.service, self.request)


async def _greet(
    service: Served,
    request: Request,
    _key: Annotated[object, Depends(_bearer)],
    _session: Annotated[object, Depends(_cookie)],
) -> Visitor:
    return Visitor(service, request)


# For operations that go to a thread anyhow, and may ask there: a second trip there costs more than
# the look.
Visiting = Annotated[Visitor, Depends(_greet)]


def _identify(visitor: Visiting) -> Principal:
    return visitor.identify()


Caller = Annotated[Principal, Depends(_identify)]
