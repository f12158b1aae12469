"""Signing in and out: a cookie for browsers, with a token against requests that others forge."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import anyio
import anyio.to_thread
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from forecourt import access
from forecourt.core.access import LONGEST_NAME, Principal, Scope
from forecourt.core.credentials import OpenedSession
from forecourt.core.errors import StateError
from forecourt.core.records import Role
from forecourt.store.engine import reading, writing
from forecourt.web.api.bodies import BoundedRoute
from forecourt.web.api.users import Password
from forecourt.web.auth import SESSION_COOKIE, Caller, check_rate
from forecourt.web.problems import ProblemError, describe
from forecourt.web.service import Served, Service

router = APIRouter(tags=["session"], route_class=BoundedRoute, responses=describe(413))
# Hashing passwords takes long, and anybody may ask for it: the threads of all other requests are
# not spent on it.
_SIGNING_IN = anyio.CapacityLimiter(4)


class SignIn(BaseModel):
    """Who somebody is."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "Ada", "password": "four words or more, please"}]},
    )

    name: str = Field(min_length=1, max_length=LONGEST_NAME, description="In any letter case.")
    password: Password


class CallerOut(BaseModel):
    """Who makes this request."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Ada",
                    "role": "staff",
                    "advertiser": None,
                    "scopes": ["read", "classify", "scrape", "fix"],
                    "key_id": None,
                    "user_id": 3,
                    "csrf_token": "0d7a4f2b" * 8,
                    "expires_at": "2026-12-01T08:00:00Z",
                }
            ]
        }
    )

    name: str
    role: Role
    advertiser: str | None = Field(description="Whose inventory this is about; null: everybody's.")
    scopes: list[Scope]
    key_id: str | None = Field(description="Of the API key that came; null: none.")
    user_id: int | None = Field(description="Of the user who is signed in; null: nobody.")
    csrf_token: str | None = Field(
        description="Every write of this session sends it as `X-CSRF-Token`; null with an API key."
    )
    expires_at: datetime | None = Field(
        description="When the session ends whatever is done; null with an API key."
    )


@router.post(
    "/session",
    status_code=201,
    response_model=CallerOut,
    responses={
        201: {"description": "Signed in; the cookie `forecourt_session` is set."},
        **describe(401, 422, 429, 503),
    },
)
async def sign_in(service: Served, request: Request, response: Response, body: SignIn) -> Any:
    """Sign in. The cookie is for browsers; programs come with an API key."""
    address = request.client.host if request.client else "unknown"
    check_rate(service, f"address {address}", address)
    old = request.cookies.get(SESSION_COOKIE)

    def open_session() -> tuple[Principal, OpenedSession]:
        return _open(service, body, old, request.state.request_id)

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
    return _to_json(principal, opened.csrf_token, opened.expires_at)


def _open(
    service: Service, body: SignIn, old: str | None, request_id: str
) -> tuple[Principal, OpenedSession]:
    now = datetime.now(UTC)
    password = body.password.get_secret_value()
    principal = access.authenticate_user(service.engine, body.name, password, now=now)
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
            connection, principal, settings=service.settings.access, now=now, request_id=request_id
        )
    return principal, opened


@router.get("/session", response_model=CallerOut, responses=describe(401, 403, 422, 429, 503))
def get_session(service: Served, caller: Caller, request: Request, response: Response) -> Any:
    """Tell who makes this request, and what they may do."""
    response.headers["Cache-Control"] = "no-store"
    token = request.cookies.get(SESSION_COOKIE)
    if caller.user_id is None or token is None:
        return _to_json(caller, None, None)
    with reading(service.engine) as connection:
        session = access.find_session(
            connection, token, settings=service.settings.access, now=datetime.now(UTC)
        )
    if session is None:
        raise ProblemError(401, "unauthenticated", "The session has just ended; sign in again.")
    return _to_json(caller, session.csrf_token, session.expires_at)


@router.delete(
    "/session",
    status_code=204,
    response_class=Response,
    responses=describe(401, 403, 409, 422, 429, 503),
)
def sign_out(service: Served, caller: Caller, request: Request, response: Response) -> None:
    """Sign out: the session ends."""
    token = request.cookies.get(SESSION_COOKIE)
    if caller.user_id is None or token is None:
        raise StateError("An API key has no session to end; `POST /v1/keys/{id}/revoke` ends keys.")
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


def _to_json(
    principal: Principal, csrf_token: str | None, expires_at: datetime | None
) -> dict[str, Any]:
    return {
        "name": principal.name,
        "role": principal.role,
        "advertiser": principal.advertiser,
        "scopes": [scope for scope in Scope if scope in principal.scopes],
        "key_id": principal.key_id,
        "user_id": principal.user_id,
        "csrf_token": csrf_token,
        "expires_at": expires_at,
    }
