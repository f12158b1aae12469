"""Re-tags: stored images are answered anew, from their thumbnails, in the background."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from forecourt import access, release
from forecourt.core.access import Scope, check_may_administer, check_may_for_all
from forecourt.core.audit import AuditAction
from forecourt.core.trials import RetagStatus
from forecourt.store.engine import reading, writing
from forecourt.web.api.bodies import BoundedRoute
from forecourt.web.api.fields import TEXT, AdvertiserName
from forecourt.web.api.idempotency import IdempotencyKey, Once, run_once
from forecourt.web.api.paging import Cursor, Limit, Page, make_cursor, read_cursor
from forecourt.web.auth import Caller
from forecourt.web.problems import describe
from forecourt.web.service import Served

router = APIRouter(
    tags=["models"], route_class=BoundedRoute, responses=describe(401, 403, 413, 422, 429, 503)
)
_RETAG: JsonDict = {
    "id": 3,
    "model_version": "2026.12.1",
    "advertiser": None,
    "promotion_id": 4,
    "status": "running",
    "by": "Ada",
    "requested_at": "2026-12-01T09:00:00+00:00",
    "started_at": "2026-12-01T09:00:04+00:00",
    "finished_at": None,
    "images": 18_200,
    "looked_at": 6_400,
    "answered": 6_212,
    "missed": 3,
    "failures": 0,
    "last_error": None,
}

RetagId = Annotated[int, Path(ge=1, le=2**63 - 1, description="Number of the re-tag.")]


class RetagIn(BaseModel):
    """Which images, and by which model."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"advertiser": "acme"}]}
    )

    model_version: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        pattern=TEXT,
        description="Absent: whichever answers the advertiser, or the champion.",
    )
    advertiser: AdvertiserName | None = Field(
        None, description="Only what this one shows; absent: everybody."
    )


class RetagOut(BaseModel):
    """Images that inventories show are answered by a model."""

    model_config = ConfigDict(json_schema_extra={"examples": [_RETAG]})

    id: int = Field(description="Later ones have higher ids.")
    model_version: str
    advertiser: str | None = Field(description="Whose images; null: everybody's.")
    promotion_id: int | None = Field(description="Of the promotion that asked for it.")
    status: RetagStatus
    by: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    images: int | None = Field(description="To look at; null until it has begun.")
    looked_at: int = Field(description="How many of them are done with.")
    answered: int = Field(description="How many had no answer of the model, and have one now.")
    missed: int = Field(description="How many have no thumbnail that can be read.")
    failures: int = Field(description="How often it broke off; it is tried again all the same.")
    last_error: str | None


@router.post("/retags", response_model=RetagOut, status_code=202, responses=describe(404))
def request_retag(
    service: Served,
    caller: Caller,
    request: Request,
    response: Response,
    body: RetagIn,
    idempotency_key: IdempotencyKey = None,
) -> Any:
    """Have the images that inventories show answered by a model, behind all other work.

    Nothing is downloaded, and fixes stay. One that is under way already is the answer.
    """
    check_may_administer(caller)

    def act(connection: sa.Connection) -> dict[str, Any]:
        at = datetime.now(UTC)
        asked = release.request_retag(
            connection, body.model_version, advertiser=body.advertiser, by=caller.name, at=at
        )
        access.audit(
            connection,
            caller,
            AuditAction.RETAG_REQUEST,
            at=at,
            target=str(asked.id),
            advertiser=body.advertiser,
            detail={"model_version": asked.model_version},
            request_id=request.state.request_id,
        )
        return release.retag_to_json(asked)

    once = Once(caller, idempotency_key, ("retag", body.model_dump_json()))
    return run_once(service, once, response, act, status=202)


@router.get("/retags", response_model=Page[RetagOut])
def list_retags(service: Served, caller: Caller, cursor: Cursor = None, limit: Limit = 50) -> Any:
    """List re-tags and how far they are, the latest first."""
    check_may_for_all(caller, Scope.READ)
    with reading(service.engine) as connection:
        found = release.latest_retags(connection, before_id=read_cursor(cursor), limit=limit + 1)
    shown = found[:limit]
    following = shown[-1].id if len(found) > limit else None
    items = [release.retag_to_json(one) for one in shown]
    return {"items": items, "next_cursor": make_cursor(following)}


@router.get("/retags/{retag_id}", response_model=RetagOut, responses=describe(404))
def get_retag(service: Served, caller: Caller, retag_id: RetagId) -> Any:
    """Tell how far a re-tag is."""
    check_may_for_all(caller, Scope.READ)
    with reading(service.engine) as connection:
        return release.retag_to_json(release.find_retag(connection, retag_id))


@router.post("/retags/{retag_id}/cancel", response_model=RetagOut, responses=describe(404, 409))
def cancel_retag(service: Served, caller: Caller, request: Request, retag_id: RetagId) -> Any:
    """Cancel a re-tag; what is answered stays. Safe to repeat."""
    check_may_administer(caller)
    at = datetime.now(UTC)
    with writing(service.engine) as connection:
        cancelled = release.cancel_retag(connection, retag_id, at=at)
        access.audit(
            connection,
            caller,
            AuditAction.RETAG_CANCEL,
            at=at,
            target=str(retag_id),
            request_id=request.state.request_id,
        )
    return release.retag_to_json(cancelled)
