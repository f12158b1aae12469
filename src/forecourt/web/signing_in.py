"""Signing in and out, for the API and for the panel: passwords checked, the cookie set."""

from __future__ import annotations

from datetime import UTC, datetime

import anyio
import anyio.to_thread
from fastapi import Request, Response

from forecourt import access
from forecourt.core.access import Principal
from forecourt.core.credentials import OpenedSession
from forecourt.store.engine import writing
from forecourt.web.auth import SESSION_COOKIE, check_rate
from forecourt.web.problems import ProblemError
from forecourt.web.service import Service

# Hashing passwords takes long, and anybody may ask for it: the threads of all other requests are
# not spent on it.
_SIGNING_IN = anyio.CapacityLimiter(4)


async def sign_in(
    service: Service, request: Request, response: Response, name: str, password: str
) -> tuple[Principal, OpenedSession]:
    """Open a session and set its cookie; the session that the browser had before ends.

    Raises:
        ProblemError: no such name and password (401), or too many requests from there (429).
        TooManyTriesError: this name has failed too often.
    """
    address = request.client.host if request.client else "unknown"
    check_rate(service, f"address {address}", address)
    old = request.cookies.get(SESSION_COOKIE)
    request_id: str | None = request.state.request_id

    def open_session() -> tuple[Principal, OpenedSession]:
        now = datetime.now(UTC)
        principal = access.authenticate_user(service.engine, name, password, now=now)
        if principal is None:
            raise ProblemError(
                401,
                "unauthenticated",
                "Nobody signs in with this name and this password. An admin can give you another "
                "password: `forecourt users password`.",
            )
        with writing(service.engine) as connection:
            if old is not None:  # the browser forgets it for the new one
                access.close_session(connection, old, now=now, request_id=request_id)
            opened = access.open_session(
                connection,
                principal,
                settings=service.settings.access,
                now=now,
                request_id=request_id,
            )
        return principal, opened

    principal, opened = await anyio.to_thread.run_sync(open_session, limiter=_SIGNING_IN)
    response.set_cookie(
        SESSION_COOKIE,
        opened.token,
        expires=opened.expires_at,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
    response.headers["Cache-Control"] = "no-store"
    return principal, opened


def sign_out(service: Service, request: Request, response: Response) -> None:
    """End the session of the browser, if it has one, and let it forget the cookie."""
    token = request.cookies.get(SESSION_COOKIE)
    if token is not None:
        with writing(service.engine) as connection:
            access.close_session(
                connection, token, now=datetime.now(UTC), request_id=request.state.request_id
            )
    response.delete_cookie(
        SESSION_COOKIE,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
