"""Canaries: advertisers that a challenger answers in the champion's place."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from forecourt import access, release
from forecourt.core.access import Principal, Scope, check_may_administer, check_may_for_all
from forecourt.core.audit import AuditAction
from forecourt.core.trials import CanaryKind, CanaryStep
from forecourt.store.engine import reading
from forecourt.web.api.bodies import BoundedRoute
from forecourt.web.api.fields import AdvertiserName, Note
from forecourt.web.api.idempotency import IdempotencyKey, Once
from forecourt.web.api.models import Version, change_registry
from forecourt.web.api.paging import Cursor, Limit, Page, make_cursor, read_cursor
from forecourt.web.auth import Caller
from forecourt.web.problems import describe
from forecourt.web.service import Served

router = APIRouter(
    tags=["models"], route_class=BoundedRoute, responses=describe(401, 403, 413, 422, 429, 503)
)
_MOST_ADVERTISERS = 1_000
_CANARY: JsonDict = {
    "id": 1,
    "kind": "start",
    "advertiser": "acme",
    "model_version": "2026.12.1",
    "at": "2026-12-01T09:00:00+00:00",
    "by": "Ada",
    "note": "many vans",
}


class CanaryIn(BaseModel):
    """Whom a challenger is to answer."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"advertisers": ["acme"]}]}
    )

    advertisers: list[AdvertiserName] = Field(min_length=1, max_length=_MOST_ADVERTISERS)
    retag: bool = Field(False, description="Have their stored images answered anew, too.")
    note: Note = ""


class DropIn(BaseModel):
    """Whom the champion is to answer again."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"advertisers": ["acme"]}]}
    )

    advertisers: list[AdvertiserName] | None = Field(
        None, min_length=1, max_length=_MOST_ADVERTISERS, description="Absent: all that have one."
    )
    note: Note = ""


class CanaryStepOut(BaseModel):
    """An advertiser is answered by a challenger, or no more."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CANARY]})

    id: int = Field(description="Later ones have higher ids; an advertiser's last one holds.")
    kind: CanaryKind
    advertiser: str
    model_version: str
    at: datetime
    by: str
    note: str = Field(description="What they wrote beside it.")


class CanariesOut(BaseModel):
    """Steps of canaries, by the names of the advertisers."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_CANARY]}]})

    items: list[CanaryStepOut]


@router.post("/models/{version}/canary", response_model=CanariesOut, responses=describe(404, 409))
def start_canary(
    service: Served,
    caller: Caller,
    request: Request,
    response: Response,
    version: Version,
    body: CanaryIn,
    idempotency_key: IdempotencyKey = None,
) -> Any:
    """Let a challenger answer advertisers in the champion's place, from now on.

    It ends when it is dropped, or when the model is promoted.
    """
    check_may_administer(caller)

    def act(connection: sa.Connection) -> dict[str, Any]:
        at = datetime.now(UTC)
        steps = release.start_canary(
            connection,
            service.settings.home,
            version,
            body.advertisers,
            by=caller.name,
            note=body.note,
            at=at,
        )
        for one in steps if body.retag else ():
            release.request_retag(
                connection, version, advertiser=one.advertiser, by=caller.name, at=at
            )
        return _noted_canaries(connection, caller, request, AuditAction.CANARY_START, steps)

    once = Once(caller, idempotency_key, ("canary", version, body.model_dump_json()))
    return change_registry(service, response, once, act)


@router.post("/canaries/drop", response_model=CanariesOut, responses=describe(409))
def drop_canaries(
    service: Served,
    caller: Caller,
    request: Request,
    response: Response,
    body: DropIn,
    idempotency_key: IdempotencyKey = None,
) -> Any:
    """Let the champion answer advertisers again."""
    check_may_administer(caller)

    def act(connection: sa.Connection) -> dict[str, Any]:
        steps = release.drop_canaries(
            connection, body.advertisers, by=caller.name, note=body.note, at=datetime.now(UTC)
        )
        return _noted_canaries(connection, caller, request, AuditAction.CANARY_DROP, steps)

    once = Once(caller, idempotency_key, ("canary drop", body.model_dump_json()))
    return change_registry(service, response, once, act)


@router.get("/canaries", response_model=CanariesOut)
def list_canaries(service: Served, caller: Caller) -> Any:
    """List the advertisers that a challenger answers now; they are few, so there are no pages."""
    check_may_for_all(caller, Scope.READ)
    with reading(service.engine) as connection:
        found = release.list_canaries(connection)
    return {"items": [release.canary_to_json(one) for one in found]}


@router.get("/canaries/history", response_model=Page[CanaryStepOut])
def list_canary_steps(
    service: Served, caller: Caller, cursor: Cursor = None, limit: Limit = 50
) -> Any:
    """List what was done about canaries, the latest first."""
    check_may_for_all(caller, Scope.READ)
    with reading(service.engine) as connection:
        found = release.latest_canary_steps(
            connection, before_id=read_cursor(cursor), limit=limit + 1
        )
    shown = found[:limit]
    following = shown[-1].id if len(found) > limit else None
    items = [release.canary_to_json(one) for one in shown]
    return {"items": items, "next_cursor": make_cursor(following)}


def _noted_canaries(
    connection: sa.Connection,
    caller: Principal,
    request: Request,
    action: AuditAction,
    steps: list[CanaryStep],
) -> dict[str, Any]:
    for one in steps:
        access.audit(
            connection,
            caller,
            action,
            at=one.at,
            target=one.model_version,
            advertiser=one.advertiser,
            request_id=request.state.request_id,
        )
    return {"items": [release.canary_to_json(one) for one in steps]}
