"""Fixes: made, listed, reverted; one image, several, or all that fit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from forecourt import access, review
from forecourt.core.access import Principal, Scope, check_may, check_may_fix, check_may_for
from forecourt.core.audit import AuditAction
from forecourt.core.errors import UsageError
from forecourt.core.fixes import FixField
from forecourt.core.records import LONGEST_ADVERTISER, Role
from forecourt.review.forms import entry_to_json, preview_to_json
from forecourt.store.engine import reading
from forecourt.web.api.acts import ActOut, HistoryPage, done_to_json, new_act
from forecourt.web.api.bodies import BoundedRoute
from forecourt.web.api.changes import BulkIn, FixIn, NoteIn, PreviewOut, RefuseIn
from forecourt.web.api.fields import LARGEST_ID, TEXT, Time, Url, check_scraped
from forecourt.web.api.idempotency import IdempotencyKey, Once, run_once
from forecourt.web.api.paging import Cursor, Limit, make_place, read_place
from forecourt.web.auth import Caller
from forecourt.web.problems import describe
from forecourt.web.service import Served, Service

router = APIRouter(
    tags=["fixes"], route_class=BoundedRoute, responses=describe(401, 403, 413, 422, 429, 503)
)

FixId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="Number of the fix.")]
ActId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="Number of the act.")]


@router.post("/fixes", status_code=201, response_model=ActOut, responses=describe(404))
def post_fix(
    service: Served,
    caller: Caller,
    request: Request,
    response: Response,
    body: FixIn,
    idempotency_key: IdempotencyKey = None,
) -> Any:
    """Correct one image or several, in one act. It holds from now on, whatever a model says."""
    check_may_fix(caller, body.advertiser, everywhere=body.everywhere)
    selection = review.Selection(urls=tuple(body.list_urls()))
    once = Once(caller, idempotency_key, ("fix", body.model_dump_json()))
    return _fix(service, request, response, once, body, selection)


@router.post(
    "/fixes/bulk",
    status_code=201,
    response_model=ActOut,
    responses={
        200: {"model": PreviewOut, "description": "Of a dry run: what would be fixed."},
        **describe(404, 409),
    },
)
def post_bulk_fix(
    service: Served,
    caller: Caller,
    request: Request,
    response: Response,
    body: BulkIn,
    idempotency_key: IdempotencyKey = None,
) -> Any:
    """Correct whole vehicles, or all images that fit what the sitemap shows, in one act.

    Ask with `dry_run` first, then send the same with the number of images as `confirmed`.
    """
    check_may_fix(caller, body.advertiser, everywhere=body.everywhere)
    selection = body.selection.to_selection()
    if body.dry_run:
        with reading(service.engine) as connection:
            check_scraped(connection, body.advertiser)
            preview = review.preview(
                connection,
                body.advertiser,
                selection,
                model_version=service.version_for(body.advertiser),
            )
        return JSONResponse(preview_to_json(preview))
    if body.confirmed is None:
        raise UsageError(
            "Send the same with `dry_run` first, then give the number of images as `confirmed`."
        )
    once = Once(caller, idempotency_key, ("bulk", body.model_dump_json()))
    return _fix(service, request, response, once, body, selection)


@router.get("/fixes", response_model=HistoryPage)
def list_fixes(
    service: Served,
    caller: Caller,
    advertiser: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=LONGEST_ADVERTISER,
            pattern=TEXT,
            description="In whose sitemap. An advertiser may leave it out.",
        ),
    ] = None,
    url: Annotated[
        Url | None,
        Query(description="Only of this image, also where its fixes came from another URL."),
    ] = None,
    until: Annotated[
        Time | None, Query(description="Only what was done until then, and live as it was then.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Any:
    """List who changed what, the latest first; what was reverted too, and rulings.

    Imported entries stand where the import put them. An advertiser is told what was done in their
    own sitemap, and of no rulings.
    """
    check_may(caller, Scope.READ)
    advertiser = advertiser or caller.advertiser
    if advertiser is None:
        raise UsageError("Say whose history: `advertiser`.")
    check_may_for(caller, Scope.READ, advertiser)
    place = read_place(cursor, 3)
    with reading(service.engine) as connection:
        entries = review.list_history(
            connection,
            advertiser=advertiser,
            url=url,
            until=until,
            before=review.Place(place[0], place[1] == 1, place[2]) if place else None,
            limit=limit + 1,
            own_only=caller.role is Role.ADVERTISER,
        )
    following = None
    if len(entries) > limit:
        last = review.Place.of(entries[limit - 1])
        following = make_place(last.act_id, int(last.is_fix), last.id)
    return {"items": [entry_to_json(one) for one in entries[:limit]], "next_cursor": following}


@router.post("/fixes/refuse", status_code=201, response_model=ActOut, responses=describe(404, 409))
def post_refusal(
    service: Served,
    caller: Caller,
    request: Request,
    response: Response,
    body: RefuseIn,
    idempotency_key: IdempotencyKey = None,
) -> Any:
    """Refuse fixes that were carried to images from other encodings of what looked the same."""
    check_may_fix(caller, body.advertiser)

    def refuse(connection: sa.Connection) -> review.Done:
        check_scraped(connection, body.advertiser)
        act = new_act(connection, caller, body.note)
        return review.refuse_carried(connection, act, advertiser=body.advertiser, urls=body.urls)

    once = Once(caller, idempotency_key, ("refuse", body.model_dump_json()))
    return _act(
        service,
        request,
        response,
        once,
        refuse,
        AuditAction.FIX_REFUSE,
        advertiser=body.advertiser,
        detail={"images": len(body.urls)},
    )


@router.post(
    "/fixes/{fix_id}/revert", status_code=201, response_model=ActOut, responses=describe(404, 409)
)
def revert_fix(
    service: Served,
    caller: Caller,
    request: Request,
    response: Response,
    fix_id: FixId,
    body: NoteIn | None = None,
    idempotency_key: IdempotencyKey = None,
) -> Any:
    """Put a fix out of force. Undo the act that this makes to have it back."""
    note = body.note if body else ""
    once = Once(caller, idempotency_key, ("revert", str(fix_id), note))
    return _take_back(service, request, response, once, AuditAction.FIX_REVERT, note, fix=fix_id)


@router.post(
    "/acts/{act_id}/undo", status_code=201, response_model=ActOut, responses=describe(404, 409)
)
def undo_act(
    service: Served,
    caller: Caller,
    request: Request,
    response: Response,
    act_id: ActId,
    body: NoteIn | None = None,
    idempotency_key: IdempotencyKey = None,
) -> Any:
    """Take back all that was done in one go: fixes, a revert, a refusal, a ruling."""
    note = body.note if body else ""
    once = Once(caller, idempotency_key, ("undo", str(act_id), note))
    return _take_back(service, request, response, once, AuditAction.ACT_UNDO, note, act=act_id)


def _take_back(
    service: Service,
    request: Request,
    response: Response,
    once: Once,
    action: AuditAction,
    note: str,
    *,
    fix: int | None = None,
    act: int | None = None,
) -> Any:
    """Put one fix, or all of one act, out of force."""
    caller = once.principal
    check_may(caller, Scope.FIX)

    def revert(connection: sa.Connection) -> review.Done:
        made = new_act(connection, caller, note)
        return review.revert(connection, made, fix_id=fix, act_id=act)

    return _act(
        service,
        request,
        response,
        once,
        revert,
        action,
        advertiser=caller.advertiser,
        detail={"act": act} if fix is None else {"fix": fix},
    )


def _fix(
    service: Service,
    request: Request,
    response: Response,
    once: Once,
    body: FixIn | BulkIn,
    selection: review.Selection,
) -> Any:
    change = body.to_change()

    def fix(connection: sa.Connection) -> review.Done:
        check_scraped(connection, body.advertiser)
        return review.fix_selection(
            connection,
            new_act(connection, once.principal, body.note),
            advertiser=body.advertiser,
            selection=selection,
            change=change,
            model_version=service.version_for(body.advertiser),
            everywhere=body.everywhere,
            at_most=body.confirmed if isinstance(body, BulkIn) else None,
        )

    return _act(
        service,
        request,
        response,
        once,
        fix,
        AuditAction.FIX_CREATE,
        advertiser=body.advertiser,
        detail={"everywhere": body.everywhere},
        change=change,
    )


def _act(
    service: Service,
    request: Request,
    response: Response,
    once: Once,
    do: Callable[[sa.Connection], review.Done],
    action: AuditAction,
    *,
    advertiser: str | None,
    detail: dict[str, Any],
    change: review.Change | None = None,
) -> Any:
    """Do something once, write it to the audit log, and count what was fixed."""
    caller = once.principal
    made: list[review.Done] = []

    def act(connection: sa.Connection) -> dict[str, Any]:
        done = do(connection)
        made.append(done)
        access.audit(
            connection,
            caller,
            action,
            at=datetime.now(UTC),
            target=str(done.act_id),
            advertiser=advertiser,
            detail={**detail, "fixes": done.count},
            request_id=request.state.request_id,
        )
        return done_to_json(
            connection,
            caller,
            done,
            model_version=service.version_for(advertiser),
            advertiser=advertiser if change else None,
        )

    answer = run_once(service, once, response, act, status=201)
    if change:
        for done in made:
            _count(service, caller, change, done)
    return answer


def _count(service: Service, caller: Principal, change: review.Change, done: review.Done) -> None:
    images = done.count // change.fields
    if change.image_type is not None:
        service.metrics.fixed(field=FixField.IMAGE_TYPE, role=caller.role, count=images)
    if change.sets_color:
        service.metrics.fixed(field=FixField.COLOR, role=caller.role, count=images)
