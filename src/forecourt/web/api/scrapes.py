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
from forecourt.web.api.scrape_forms import (
    CSV_EXAMPLE,
    RESULT_EXAMPLE,
    XML_EXAMPLE,
    AcceptedOut,
    ScrapeOut,
    list_refused,
    to_json,
)
from forecourt.web.api.uploads import received_file
from forecourt.web.auth import Caller
from forecourt.web.paths import OF_ADVERTISER
from forecourt.web.problems import ProblemError, describe
from forecourt.web.service import Served, Service

router = APIRouter(tags=["scrapes"], responses=describe(401, 403, 422, 429, 503))
_HIGHEST = 100
_NDJSON = "application/x-ndjson"

ScrapeId = Annotated[int, Path(ge=1, le=2**63 - 1, description="Number of the scrape.")]


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
    f"{OF_ADVERTISER}/scrapes",
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
                "text/csv": {"schema": {"type": "string"}, "example": CSV_EXAMPLE},
                "text/tab-separated-values": {
                    "schema": {"type": "string"},
                    "example": CSV_EXAMPLE.replace(",", "\t"),
                },
                "application/xml": {
                    "schema": {"type": "string"},
                    "example": XML_EXAMPLE,
                },
                "application/octet-stream": {
                    "schema": {"type": "string", "format": "binary"},
                    "example": CSV_EXAMPLE,
                },
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["feed"],
                        "properties": {"feed": {"type": "string", "format": "binary"}},
                    },
                    "example": {"feed": CSV_EXAMPLE},
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
                "refused_rows": list_refused(refused),
            }

        def accept() -> Any:
            parts = ("scrape", advertiser, str(allow_empty), str(priority), digest_file(path))
            once = Once(caller, idempotency_key, parts)
            try:
                body = run_once(service, once, response, act, status=202)
            except FeedError as error:
                detail = str(error).replace(str(path), name)
                raise ProblemError(
                    422, "feed-refused", detail, extra={"refused_rows": list_refused(refused)}
                ) from error
            with reading(service.engine) as connection:
                scrape = stored_scrapes.get_scrape(connection, body["id"])
            if scrape is not None and scrape.is_unfinished:
                service.runner.submit(scrape)
            return body

        body = await anyio.to_thread.run_sync(accept)
    response.headers["Location"] = f"/v1/scrapes/{body['id']}"
    return body


@router.get(f"{OF_ADVERTISER}/scrapes", response_model=Page[ScrapeOut])
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
            "content": {_NDJSON: {"schema": {"type": "string"}, "example": RESULT_EXAMPLE}},
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
        version = service.version_for(scrape.advertiser)
        entries = iter_sitemap(connection, scrape.advertiser, model_version=version)
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
