"""API keys: made, listed, revoked. A token is in one answer, once, and is kept nowhere."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from forecourt import access
from forecourt.core.access import LONGEST_NAME, Scope, check_may_administer, clean_advertiser
from forecourt.core.credentials import ApiKey, KeyStatus
from forecourt.core.records import LONGEST_ADVERTISER, Role
from forecourt.store.engine import reading, writing
from forecourt.web.api.bodies import BoundedRoute
from forecourt.web.api.fields import WrittenTime
from forecourt.web.api.idempotency import IdempotencyKey, Once, run_once
from forecourt.web.api.paging import Cursor, Limit, Page, make_name_cursor, read_name_cursor
from forecourt.web.auth import Caller
from forecourt.web.problems import describe
from forecourt.web.service import Served

router = APIRouter(
    tags=["keys"], route_class=BoundedRoute, responses=describe(401, 403, 413, 422, 429, 503)
)
_KEY: JsonDict = {
    "id": "516fc5ffd903610a",
    "name": "acme's feed",
    "role": "advertiser",
    "advertiser": "acme",
    "scopes": ["read", "scrape"],
    "status": "active",
    "created_at": "2026-11-24T08:00:00Z",
    "created_by": "Ada",
    "expires_at": "2027-11-24T08:00:00Z",
    "revoked_at": None,
    "revoked_by": None,
    "last_used_at": None,
}

KeyId = Annotated[
    str, Path(pattern="^[0-9a-f]{16}$", description="Id of the key: the public part of its token.")
]


class KeyIn(BaseModel):
    """A key to be made."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "acme's feed",
                    "role": "advertiser",
                    "advertiser": "acme",
                    "scopes": ["read", "scrape"],
                    "expires_at": "2027-11-24T08:00:00Z",
                }
            ]
        },
    )

    name: str = Field(
        min_length=1,
        max_length=LONGEST_NAME,
        description="What it is for; histories and the audit log show it.",
    )
    role: Role
    advertiser: str | None = Field(
        None,
        min_length=1,
        max_length=LONGEST_ADVERTISER,
        description="Whose; for the role advertiser, and only there.",
    )
    scopes: list[Scope] | None = Field(
        None, min_length=1, description="What it may do; absent: all that the role may."
    )
    expires_at: Annotated[AwareDatetime, WrittenTime] | None = Field(
        None, description="When it stops working; absent: never."
    )


class KeyOut(BaseModel):
    """A key; its secret is kept nowhere."""

    model_config = ConfigDict(json_schema_extra={"examples": [_KEY]})

    id: str = Field(description="The public part of the token.")
    name: str
    role: Role
    advertiser: str | None
    scopes: list[Scope]
    status: KeyStatus
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None
    last_used_at: datetime | None = Field(description="To the minute; null: never.")


class NewKeyOut(KeyOut):
    """A key that was made just now."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**_KEY, "token": "fc_516fc5ffd903610a_..."}]}
    )

    token: str | None = Field(
        description="To be sent as `Authorization: Bearer`; it is in this answer only. Null where "
        "the answer is the repetition of one: if that was lost, revoke the key and make another."
    )


@router.get("/keys", response_model=Page[KeyOut])
def list_keys(
    service: Served,
    caller: Caller,
    advertiser: Annotated[
        str | None,
        Query(min_length=1, max_length=LONGEST_ADVERTISER, description="Only this advertiser's."),
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Any:
    """List keys, dead ones too, the newest first."""
    check_may_administer(caller)
    now = datetime.now(UTC)
    with reading(service.engine) as connection:
        found = access.latest_keys(
            connection,
            advertiser=clean_advertiser(advertiser),
            before=read_name_cursor(cursor),
            limit=limit + 1,
        )
    shown = found[:limit]
    following = shown[-1].id if len(found) > limit else None
    items = [to_json(one, now) for one in shown]
    return {"items": items, "next_cursor": make_name_cursor(following)}


@router.post("/keys", status_code=201, response_model=NewKeyOut)
def create_key(
    service: Served,
    caller: Caller,
    request: Request,
    response: Response,
    body: KeyIn,
    idempotency_key: IdempotencyKey = None,
) -> Any:
    """Make a key. Its token is in this answer, and nowhere else.

    Under the same `Idempotency-Key` no second key is made, but the token is not told again: for
    that it would have to be kept.
    """
    check_may_administer(caller)
    now = datetime.now(UTC)
    token: str | None = None

    def act(connection: sa.Connection) -> dict[str, Any]:
        nonlocal token
        new = access.NewKey(
            name=body.name,
            role=body.role,
            advertiser=body.advertiser,
            scopes=None if body.scopes is None else frozenset(body.scopes),
            expires_at=None if body.expires_at is None else body.expires_at.astimezone(UTC),
        )
        key, token = access.create_key(
            connection, caller, new, now=now, request_id=request.state.request_id
        )
        return to_json(key, now)

    once = Once(caller, idempotency_key, ("key", body.model_dump_json()))
    made = run_once(service, once, response, act, status=201)
    response.headers["Cache-Control"] = "no-store"
    return {**made, "token": token}


@router.post("/keys/{key_id}/revoke", response_model=KeyOut, responses=describe(404))
def revoke_key(service: Served, caller: Caller, request: Request, key_id: KeyId) -> Any:
    """Let a key open nothing from now on, for good. Revoking it again changes nothing."""
    check_may_administer(caller)
    now = datetime.now(UTC)
    with writing(service.engine) as connection:
        key = access.revoke_key(
            connection, caller, key_id, now=now, request_id=request.state.request_id
        )
    return to_json(key, now)


def to_json(key: ApiKey, now: datetime) -> dict[str, Any]:
    """Return the JSON form of a key."""
    given = {name: getattr(key, name) for name in KeyOut.model_fields if name != "status"}
    given["scopes"] = [scope for scope in Scope if scope in key.scopes]
    return KeyOut(**given, status=key.status(now)).model_dump(mode="json")
