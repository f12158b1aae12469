"""Scrapes: sent in, watched, cancelled, retried; their results as they come."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

import anyio.to_thread
import sqlalchemy as sa
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from forecourt import access
from forecourt.core.access import Principal, Scope, check_may, check_may_for
from forecourt.core.audit import AuditAction
from forecourt.core.errors import FeedError, ForbiddenError, NotFoundError, StateError
from forecourt.core.records import RefusedRow, Role
from forecourt.intake import digest_file
from forecourt.jobs import tasks
from forecourt.sitemap import image_to_json, iter_sitemap
from forecourt.store import scrapes as stored_scrapes
from forecourt.store import worklist
from forecourt.store.engine import reading, writing
from forecourt.store.scrapes import Scrape, ScrapeStatus
from forecourt.web.api.fields import Advertiser
from forecourt.web.api.idempotency import IdempotencyKey, Once, run_once
from forecourt.web.api.paging import Cursor, Limit, Page, make_cursor, read_cursor
from forecourt.web.api.uploads import received_file
from forecourt.web.auth import Caller
from forecourt.web.problems import ProblemError, describe
from forecourt.web.service import Served, Service

router = APIRouter(tags=["scrapes"], responses=describe(401, 403, 422, 429, 503))
_LISTED_REFUSALS = 100
_HIGHEST = 100
_NDJSON = "application/x-ndjson"

ScrapeId = Annotated[int, Path(ge=1, le=2**63 - 1, description="Number of the scrape.")]


class RefusedRowOut(BaseModel):
    """A row of a feed that could not be used."""

    line: int | None = Field(description="Line of the file; null where the format has none.")
    row: int = Field(description="Number of the vehicle in the feed.")
    field: str = Field(description="As it stands in the feed; empty: the whole row.")
    reason: str
    hint: str = Field(description="What to do about it.")


_SCRAPE: JsonDict = {
    "id": 7,
    "advertiser": "acme",
    "status": "running",
    "feed_name": "acme.json",
    "feed_format": "scrape-json",
    "scraped_at": "2026-11-24T06:00:00Z",
    "received_at": "2026-11-24T06:10:00Z",
    "started_at": "2026-11-24T06:10:01Z",
    "finished_at": None,
    "vehicles": 120,
    "images": 2400,
    "done": 1210,
    "refused": 1,
    "priority": 0,
    "tally": None,
    "failures": 0,
    "last_error": None,
}
_URL = "https://img.example.com/stock-1/1.jpg"
_CSV = f"id,title,color,images\nstock-1,2003 Accord EX,Brilliant Red Metallic,{_URL}\n"
_XML = f"<inventory><vehicle><id>stock-1</id><image>{_URL}</image></vehicle></inventory>"
_RESULT = (
    '{"vehicle_id": "stock-1", "url": "https://img.example.com/stock-1/1.jpg", "position": 0, '
    '"status": "skipped", "skip_reason": "pending", "image_key": null, "key_source": null, '
    '"image_type": {"value": "Placeholder", "source": "default", "confidence": null, '
    '"reason": "pending"}, "color": {"value": null, "source": "default", "confidence": null, '
    '"reason": "pending"}, "carried_from": null, "review": false, "predicted": null}\n'
)


class ScrapeOut(BaseModel):
    """One delivery of an inventory, and how far it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SCRAPE]})

    id: int
    advertiser: str
    status: ScrapeStatus
    feed_name: str
    feed_format: str
    scraped_at: datetime | None = Field(description="When it was collected, if the feed says so.")
    received_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    vehicles: int
    images: int
    done: int = Field(description="Images that are tagged or skipped; the rest is pending.")
    refused: int = Field(description="Rows of the feed that could not be used.")
    priority: int = Field(description="Higher ones are tagged first.")
    tally: dict[str, Any] | None = Field(
        description="What the run that finished it did, as `forecourt tag --json` prints it."
    )
    failures: int = Field(description="How often a run broke off; it is tried again all the same.")
    last_error: str | None


class AcceptedOut(ScrapeOut):
    """A scrape that will be tagged, whatever happens from now on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_SCRAPE,
                    "status": "accepted",
                    "started_at": None,
                    "done": 0,
                    "resumed": False,
                    "warnings": [],
                    "refused_rows": [
                        {
                            "line": 31,
                            "row": 5,
                            "field": "id",
                            "reason": "The vehicle has no id.",
                            "hint": "Give each vehicle a stock number or a VIN.",
                        }
                    ],
                }
            ]
        }
    )

    resumed: bool = Field(description="The same feed came before and is still at work.")
    warnings: list[str] = Field(description="What looks like a mistake of whoever made the feed.")
    refused_rows: list[RefusedRowOut] = Field(description="The first hundred.")


def to_json(scrape: Scrape, done: int) -> dict[str, Any]:
    """Return the JSON form of a scrape."""
    given = {name: getattr(scrape, name) for name in ScrapeOut.model_fields if name != "done"}
    return ScrapeOut(**given, done=done).model_dump(mode="json")


def _count_done(connection: sa.Connection, scrape: Scrape) -> int:
    """Return how many images are settled; of a scrape that another has replaced: all it settled."""
    if scrape.status is ScrapeStatus.FINISHED:
        return scrape.images
    return scrape.images - worklist.count_pending(connection, scrape.id)


def _load(service: Service, principal: Principal, scrape_id: int, scope: Scope) -> Scrape:
    check_may(principal, scope)
    with reading(service.engine) as connection:
        scrape = stored_scrapes.get_scrape(connection, scrape_id)
    return _check(principal, scrape, scrape_id, scope)


def _check(principal: Principal, scrape: Scrape | None, scrape_id: int, scope: Scope) -> Scrape:
    try:
        if scrape is not None:
            check_may_for(principal, scope, scrape.advertiser)
            return scrape
    except ForbiddenError:
        if principal.role is not Role.ADVERTISER:
            raise
    # An advertiser is not told which numbers others have.
    raise NotFoundError(f"There is no scrape {scrape_id}.")


@router.post(
    "/advertisers/{advertiser}/scrapes",
    status_code=202,
    response_model=AcceptedOut,
    responses=describe(413),
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "A feed in any format of docs/feeds.md, or a form with it as `feed`.",
            "content": {
                "application/json": {
                    "schema": {"type": "object"},
                    "examples": {
                        "one vehicle": {
                            "value": {
                                "vehicles": [
                                    {
                                        "id": "stock-1",
                                        "title": "2003 Accord EX",
                                        "color": "Brilliant Red Metallic",
                                        "images": ["https://img.example.com/stock-1/1.jpg"],
                                    }
                                ]
                            }
                        }
                    },
                },
                "text/csv": {"schema": {"type": "string"}, "example": _CSV},
                "text/tab-separated-values": {
                    "schema": {"type": "string"},
                    "example": _CSV.replace(",", "\t"),
                },
                "application/xml": {
                    "schema": {"type": "string"},
                    "example": _XML,
                },
                "application/octet-stream": {
                    "schema": {"type": "string", "format": "binary"},
                    "example": _CSV,
                },
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["feed"],
                        "properties": {"feed": {"type": "string", "format": "binary"}},
                    },
                    "example": {"feed": _CSV},
                },
            },
        }
    },
)
async def post_scrape(
    service: Served,
    caller: Caller,
    request: Request,
    response: Response,
    advertiser: Advertiser,
    idempotency_key: IdempotencyKey = None,
    allow_empty: Annotated[
        bool, Query(description="A feed without vehicles means an empty inventory.")
    ] = False,
    priority: Annotated[
        int, Query(ge=0, le=_HIGHEST, description="Higher ones are tagged first; staff only.")
    ] = 0,
) -> Any:
    """Take an inventory in. Once it is accepted it will be tagged, whatever dies meanwhile."""
    check_may_for(caller, Scope.SCRAPE, advertiser)
    if priority and caller.role is Role.ADVERTISER:
        raise ForbiddenError("Only staff give a scrape priority over others; leave it out.")
    async with received_file(
        request,
        folder=service.settings.home / "uploads",
        field="feed",
        name="upload",
        max_bytes=service.settings.serve.max_upload_bytes,
    ) as (path, name):
        refused: list[RefusedRow] = []

        def act(connection: sa.Connection) -> dict[str, Any]:
            accepted = tasks.accept_into(
                connection,
                path,
                advertiser=advertiser,
                on_refused=refused.append,
                name=name,
                allow_empty=allow_empty,
                priority=priority,
            )
            access.audit(
                connection,
                caller,
                AuditAction.SCRAPE_ACCEPT,
                at=datetime.now(UTC),
                target=str(accepted.scrape.id),
                advertiser=advertiser,
                detail={"feed": name, "vehicles": accepted.scrape.vehicles},
                request_id=request.state.request_id,
            )
            return {
                **to_json(accepted.scrape, _count_done(connection, accepted.scrape)),
                "resumed": accepted.is_resumed,
                "warnings": list(accepted.warnings),
                "refused_rows": _listed(refused),
            }

        def accept() -> Any:
            parts = ("scrape", advertiser, str(allow_empty), str(priority), digest_file(path))
            once = Once(caller, idempotency_key, parts)
            try:
                body = run_once(service, once, response, act, status=202)
            except FeedError as error:
                detail = str(error).replace(str(path), name)
                raise ProblemError(
                    422, "feed-refused", detail, extra={"refused_rows": _listed(refused)}
                ) from error
            with reading(service.engine) as connection:
                scrape = stored_scrapes.get_scrape(connection, body["id"])
            if scrape is not None and scrape.is_unfinished:
                service.runner.submit(scrape)
            return body

        body = await anyio.to_thread.run_sync(accept)
    response.headers["Location"] = f"/v1/scrapes/{body['id']}"
    return body


def _listed(refused: list[RefusedRow]) -> list[dict[str, Any]]:
    return [
        RefusedRowOut(
            line=row.line, row=row.row, field=row.field, reason=row.reason, hint=row.hint
        ).model_dump()
        for row in refused[:_LISTED_REFUSALS]
    ]


@router.get("/advertisers/{advertiser}/scrapes", response_model=Page[ScrapeOut])
def list_scrapes(
    service: Served,
    caller: Caller,
    advertiser: Advertiser,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Any:
    """List an advertiser's scrapes, the latest first."""
    check_may_for(caller, Scope.READ, advertiser)
    with reading(service.engine) as connection:
        found = stored_scrapes.list_of(
            connection, advertiser, before_id=read_cursor(cursor), limit=limit
        )
        items = [to_json(one, _count_done(connection, one)) for one in found]
    following = found[-1].id if len(found) == limit else None
    return {"items": items, "next_cursor": make_cursor(following)}


@router.get("/scrapes/{scrape_id}", response_model=ScrapeOut, responses=describe(404))
def get_scrape(service: Served, caller: Caller, scrape_id: ScrapeId) -> Any:
    """Tell how far a scrape is."""
    scrape = _load(service, caller, scrape_id, Scope.READ)
    with reading(service.engine) as connection:
        return to_json(scrape, _count_done(connection, scrape))


@router.get(
    "/scrapes/{scrape_id}/results",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "An image a line, in the order of the feed: `vehicle_id`, and what "
            "the sitemap says of it. An image that nobody has come to yet has the skip reason "
            "`pending`.",
            "content": {_NDJSON: {"schema": {"type": "string"}, "example": _RESULT}},
        },
        **describe(404, 409),
    },
)
def get_results(service: Served, caller: Caller, scrape_id: ScrapeId) -> StreamingResponse:
    """Stream what a scrape has brought so far."""
    scrape = _load(service, caller, scrape_id, Scope.READ)
    with reading(service.engine) as connection:
        latest = stored_scrapes.find_latest(connection, scrape.advertiser)
    if latest is None or latest.id != scrape.id:
        raise StateError(
            f"A later scrape of {scrape.advertiser} has taken the place of {scrape_id}, or it was "
            "cancelled; its results are no longer kept apart. The sitemap has what holds now."
        )
    return StreamingResponse(_iter_results(service, scrape), media_type=_NDJSON)


def _iter_results(service: Service, scrape: Scrape) -> Iterator[str]:
    with reading(service.engine) as connection:
        entries = iter_sitemap(connection, scrape.advertiser, model_version=service.model_version)
        for entry in entries:
            for image in entry.images:
                line = {"vehicle_id": entry.vehicle.id, **image_to_json(image)}
                yield json.dumps(line, ensure_ascii=False) + "\n"


@router.post("/scrapes/{scrape_id}/cancel", response_model=ScrapeOut, responses=describe(404, 409))
def cancel_scrape(service: Served, caller: Caller, request: Request, scrape_id: ScrapeId) -> Any:
    """Stop a scrape after the images at hand. What is tagged stays tagged."""
    cancel = partial(tasks.cancel, at=datetime.now(UTC))
    return _change(service, caller, request, scrape_id, cancel, AuditAction.SCRAPE_CANCEL)


@router.post("/scrapes/{scrape_id}/retry", response_model=ScrapeOut, responses=describe(404, 409))
def retry_scrape(service: Served, caller: Caller, request: Request, scrape_id: ScrapeId) -> Any:
    """Ask again for what was skipped, or let a cancelled scrape go on."""
    return _change(service, caller, request, scrape_id, tasks.retry, AuditAction.SCRAPE_RETRY)


def _change(
    service: Service,
    caller: Principal,
    request: Request,
    scrape_id: int,
    act: Any,
    action: AuditAction,
) -> dict[str, Any]:
    before = _load(service, caller, scrape_id, Scope.SCRAPE)
    with writing(service.engine) as connection:
        scrape = act(connection, before.id)
        access.audit(
            connection,
            caller,
            action,
            at=datetime.now(UTC),
            target=str(scrape.id),
            advertiser=scrape.advertiser,
            request_id=request.state.request_id,
        )
        done = _count_done(connection, scrape)
    if scrape.is_unfinished:
        service.runner.submit(scrape)
    return to_json(scrape, done)
