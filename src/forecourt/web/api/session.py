"""Signing in and out: a cookie for browsers, with a token against requests that others forge."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from forecourt import access
from forecourt.core.access import LONGEST_NAME, Principal, Scope
from forecourt.core.errors import StateError
from forecourt.core.records import Role
from forecourt.store.engine import reading
from forecourt.web import signing_in
from forecourt.web.api.bodies import BoundedRoute
from forecourt.web.api.users import Password
from forecourt.web.auth import SESSION_COOKIE, Caller
from forecourt.web.problems import ProblemError, describe
from forecourt.web.service import Served

router = APIRouter(tags=["session"], route_class=BoundedRoute, responses=describe(413))


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
    principal, opened = await signing_in.sign_in(
        service, request, response, body.name, body.password.get_secret_value()
    )
    return _to_json(principal, opened.csrf_token, opened.expires_at)


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
    if caller.user_id is None:
        raise StateError("An API key has no session to end; `POST /v1/keys/{id}/revoke` ends keys.")
    signing_in.sign_out(service, request, response)


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
