"""Models: which there are, which one is the champion, and letting another be it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from forecourt import access, release
from forecourt.core.access import Principal, Scope, check_may_administer, check_may_for_all
from forecourt.core.audit import AuditAction
from forecourt.core.promotions import PromotionKind
from forecourt.core.trials import Retag
from forecourt.jobs.watch import follow_registry
from forecourt.release import Promoted
from forecourt.store.engine import reading
from forecourt.web.api.bodies import BoundedRoute
from forecourt.web.api.idempotency import IdempotencyKey, Once, run_once
from forecourt.web.api.paging import Cursor, Limit, Page, make_cursor, read_cursor
from forecourt.web.auth import Caller
from forecourt.web.problems import describe
from forecourt.web.service import Served, Service

router = APIRouter(
    tags=["models"], route_class=BoundedRoute, responses=describe(401, 403, 413, 422, 429, 503)
)
_LONGEST_NOTE = 2_000
_MARKDOWN = "text/markdown"
_PROMOTION: JsonDict = {
    "id": 4,
    "kind": "promote",
    "model_version": "2026.12.1",
    "at": "2026-12-01T09:00:00+00:00",
    "by": "Ada",
    "note": "placeholders 98.1 %",
    "reason": "",
}

Version = Annotated[
    str,
    Path(
        min_length=1,
        max_length=100,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$",
        description="Version of the model.",
    ),
]


class PromotionIn(BaseModel):
    """Why."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"note": "placeholders 98.1 %"}]}
    )

    note: str = Field("", max_length=_LONGEST_NOTE, description="For the history.")
    retag: bool = Field(False, description="Have stored images answered anew by it, from now on.")


class PromotionOut(BaseModel):
    """A model became the champion."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PROMOTION]})

    id: int = Field(description="Later ones have higher ids.")
    kind: PromotionKind
    model_version: str = Field(description="The champion from then on.")
    at: datetime
    by: str
    note: str = Field(description="What they wrote beside it.")
    reason: str = Field(description="What the program says: where a rollback came from.")


class PromotedOut(PromotionOut):
    """A promotion or rollback that was made just now."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_PROMOTION,
                    "replaced": "2026.11.2",
                    "retag_id": 3,
                    "serving": "2026.12.1",
                    "warnings": [],
                }
            ]
        }
    )

    replaced: str = Field(description="The champion before.")
    retag_id: int | None = Field(description="The re-tag that was asked for with it.")
    serving: str = Field(description="Version of the model that this process answers with now.")
    warnings: list[str] = Field(description="Why that is another one than the champion, if it is.")


class ModelOut(BaseModel):
    """A model, and what became of it."""

    version: str = Field(description="Answers are kept by it.")
    champion: bool = Field(description="Its promotion is the last one.")
    shipped: bool = Field(description="It is part of the installed release.")
    sha256: str = Field(description="Of its network.")
    registered_at: datetime | None = Field(
        description="Null: the shipped one, which is registered when it is first promoted or "
        "replaced."
    )
    registered_by: str | None
    promotion: PromotionOut | None = Field(description="The latest that made it the champion.")


class ModelsOut(BaseModel):
    """All models, the latest first; they are few, so there are no pages."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {
                            "version": "2026.12.1",
                            "champion": True,
                            "shipped": False,
                            "sha256": "5b1f0a5c" * 8,
                            "registered_at": "2026-12-01T08:00:00+00:00",
                            "registered_by": "Ada",
                            "promotion": _PROMOTION,
                        }
                    ],
                    "serving": "2026.12.1",
                    "warnings": [],
                }
            ]
        }
    )

    items: list[ModelOut]
    serving: str = Field(description="Version of the model that this process answers with now.")
    warnings: list[str] = Field(description="Why that is another one than the champion, if it is.")


@router.get("/models", response_model=ModelsOut)
def list_models(service: Served, caller: Caller) -> Any:
    """List the models: registered ones, and the one that is shipped."""
    check_may_for_all(caller, Scope.READ)
    with reading(service.engine) as connection:
        found = release.list_models(connection)
    return {"items": [release.model_to_json(one) for one in found], **_serving(service)}


@router.get("/promotions", response_model=Page[PromotionOut])
def list_promotions(
    service: Served, caller: Caller, cursor: Cursor = None, limit: Limit = 50
) -> Any:
    """List promotions and rollbacks, the latest first."""
    check_may_for_all(caller, Scope.READ)
    with reading(service.engine) as connection:
        found = release.latest_promotions(
            connection, before_id=read_cursor(cursor), limit=limit + 1
        )
    shown = found[:limit]
    following = shown[-1].id if len(found) > limit else None
    items = [release.promotion_to_json(one) for one in shown]
    return {"items": items, "next_cursor": make_cursor(following)}


@router.get(
    "/models/{version}/card",
    response_class=Response,
    responses={
        200: {
            "description": "What it was trained on, how good it is, what it cannot do.",
            "content": {
                _MARKDOWN: {"schema": {"type": "string"}, "example": "# Model 2026.12.1\n"}
            },
        },
        **describe(404),
    },
)
def get_card(service: Served, caller: Caller, version: Version) -> Response:
    """Return the card of a model, in Markdown."""
    check_may_for_all(caller, Scope.READ)
    with reading(service.engine) as connection:
        card = release.read_card(connection, service.settings.home, version)
    return Response(card, media_type=f"{_MARKDOWN}; charset=utf-8")


@router.post("/models/{version}/promote", response_model=PromotedOut, responses=describe(404, 409))
def promote_model(
    service: Served,
    caller: Caller,
    request: Request,
    response: Response,
    version: Version,
    body: PromotionIn,
    idempotency_key: IdempotencyKey = None,
) -> Any:
    """Make a model the champion: what it says is shown from now on.

    Requests in flight finish on the model that they began with. Other processes follow within
    `FORECOURT_SERVE__CHAMPION_CHECKED_S`.
    """
    check_may_administer(caller)

    def act(connection: sa.Connection) -> Promoted:
        return release.promote(
            connection,
            service.settings.home,
            version,
            by=caller.name,
            note=body.note,
            at=datetime.now(UTC),
        )

    once = Once(caller, idempotency_key, ("promote", version, body.model_dump_json()))
    return _change(service, request, response, once, body, act, AuditAction.MODEL_PROMOTE)


@router.post("/models/rollback", response_model=PromotedOut, responses=describe(409))
def rollback_model(
    service: Served,
    caller: Caller,
    request: Request,
    response: Response,
    body: PromotionIn,
    idempotency_key: IdempotencyKey = None,
) -> Any:
    """Make the champion before the present one the champion again; repeated, walk further back."""
    check_may_administer(caller)

    def act(connection: sa.Connection) -> Promoted:
        return release.rollback(
            connection,
            service.settings.home,
            by=caller.name,
            note=body.note,
            at=datetime.now(UTC),
        )

    once = Once(caller, idempotency_key, ("rollback", body.model_dump_json()))
    return _change(service, request, response, once, body, act, AuditAction.MODEL_ROLLBACK)


def _change(
    service: Service,
    request: Request,
    response: Response,
    once: Once,
    given: PromotionIn,
    act: Callable[[sa.Connection], Promoted],
    action: AuditAction,
) -> dict[str, Any]:
    def act_and_note(connection: sa.Connection) -> dict[str, Any]:
        done = act(connection)
        _note(connection, once.principal, request, action, done)
        asked = _ask_for_retag(connection, once.principal, done) if given.retag else None
        return {
            **release.promotion_to_json(done.promotion),
            "replaced": done.replaced,
            "retag_id": asked.id if asked else None,
        }

    body = change_registry(service, response, once, act_and_note)
    return {**body, **_serving(service)}


def change_registry(
    service: Service,
    response: Response,
    once: Once,
    act: Callable[[sa.Connection], Mapping[str, Any]],
) -> Mapping[str, Any]:
    """Change the registry once, and put it to work in this process before the answer."""
    body = run_once(service, once, response, act, status=200)
    follow_registry(service.engines)
    return body


def _ask_for_retag(connection: sa.Connection, caller: Principal, done: Promoted) -> Retag:
    promotion = done.promotion
    return release.request_retag(
        connection,
        promotion.model_version,
        promotion_id=promotion.id,
        by=caller.name,
        at=promotion.at,
    )


def _note(
    connection: sa.Connection,
    caller: Principal,
    request: Request,
    action: AuditAction,
    done: Promoted,
) -> None:
    access.audit(
        connection,
        caller,
        action,
        at=done.promotion.at,
        target=done.promotion.model_version,
        detail={"replaced": done.replaced},
        request_id=request.state.request_id,
    )


def _serving(service: Service) -> dict[str, Any]:
    """Return what this process answers with, and why that is not the champion, if it is not."""
    with reading(service.engine) as connection:
        champion = release.champion(connection).version
    serving = service.model_version
    pin = release.explain_pin(service.settings)
    warnings = [] if pin is None else [pin]
    if pin is None and serving != champion:
        warnings.append(
            f"This process still answers with {serving}, and {champion} is the champion. It looks "
            "again soon; where that does not help, its log says why."
        )
    return {"serving": serving, "warnings": warnings}
