"""A challenger in the shadow, and how far models agree."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from forecourt import access, release
from forecourt.core.access import Principal, Scope, check_may_administer, check_may_for_all
from forecourt.core.audit import AuditAction
from forecourt.core.labels import Color, ImageType
from forecourt.core.records import LONGEST_ADVERTISER
from forecourt.core.trials import ShadowKind, ShadowStep
from forecourt.store.engine import reading
from forecourt.web.api.bodies import BoundedRoute
from forecourt.web.api.fields import TEXT, Note
from forecourt.web.api.idempotency import IdempotencyKey, Once
from forecourt.web.api.models import Version, change_registry
from forecourt.web.api.paging import Cursor, Limit, Page, make_cursor, read_cursor
from forecourt.web.auth import Caller
from forecourt.web.problems import describe
from forecourt.web.service import Served

router = APIRouter(
    tags=["models"], route_class=BoundedRoute, responses=describe(401, 403, 413, 422, 429, 503)
)
_SHADOW: JsonDict = {
    "id": 1,
    "kind": "start",
    "model_version": "2026.12.1",
    "share": 0.1,
    "at": "2026-12-01T09:00:00+00:00",
    "by": "Ada",
    "note": "",
    "reason": "",
}
_SAID: JsonDict = {
    "image_type": "Dealer",
    "image_type_confidence": 0.98,
    "color": "Red",
    "color_confidence": 0.91,
}

Against = Annotated[
    str | None,
    Query(min_length=1, max_length=100, pattern=TEXT, description="Absent: the champion."),
]
OnlyAdvertiser = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=LONGEST_ADVERTISER,
        pattern=TEXT,
        description="Only images that this one shows.",
    ),
]


class ShadowIn(BaseModel):
    """How much a challenger is shown, and why."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"share": 0.1, "note": ""}]}
    )

    share: float = Field(
        1.0, gt=0, le=1, description="Of newly classified images that it is shown too."
    )
    note: Note = ""


class NoteIn(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"note": ""}]})

    note: Note = ""


class ShadowStepOut(BaseModel):
    """A challenger went into the shadow, or came out of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SHADOW]})

    id: int = Field(description="Later ones have higher ids; the last one says what holds.")
    kind: ShadowKind
    model_version: str
    share: float = Field(description="Of newly classified images that it is shown too.")
    at: datetime
    by: str
    note: str = Field(description="What they wrote beside it.")
    reason: str = Field(description="What the program says: why it ended by itself.")


class ShareOut(BaseModel):
    """So many images, and of so many of them both say the same."""

    images: int
    agreeing: int


class AgreementOut(ShareOut):
    """How far a challenger says what another model says, over the latest images of both."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model_version": "2026.12.1",
                    "against": "2026.11.2",
                    "images": 20_000,
                    "agreeing": 19_512,
                    "by_type": {"Dealer": {"images": 15_021, "agreeing": 14_890}},
                    "by_color": {"Red": {"images": 2_014, "agreeing": 1_990}},
                    "by_advertiser": {"acme": {"images": 812, "agreeing": 790}},
                }
            ]
        }
    )

    model_version: str
    against: str = Field(description="The other model.")
    by_type: dict[str, ShareOut] = Field(description="By its type; agreeing: on the type.")
    by_color: dict[str, ShareOut] = Field(
        description="By its colour, `none` too; agreeing: on the colour."
    )
    by_advertiser: dict[str, ShareOut] = Field(description="By whoever shows the images.")


class SaidOut(BaseModel):
    """What a model says of an image."""

    image_type: ImageType
    image_type_confidence: float
    color: Color | None
    color_confidence: float


class DisagreementOut(BaseModel):
    """An image of which two models say different things."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "image_id": 4711,
                    "thumbnail": "5b1f0a5c" * 8,
                    "advertiser": "acme",
                    "url": "https://img.example.com/stock-1/1.jpg",
                    "champion": _SAID,
                    "challenger": {**_SAID, "color": "Burgundy", "color_confidence": 0.55},
                }
            ]
        }
    )

    image_id: int
    thumbnail: str | None = Field(description="Its address among the thumbnails.")
    advertiser: str | None = Field(description="One that shows it; null: nobody does any more.")
    url: str | None = Field(description="Where that one shows it.")
    champion: SaidOut = Field(description="What the model says that it is compared with.")
    challenger: SaidOut


# ---- shadow --------------------------------------------------------------------------------------


@router.post("/models/{version}/shadow", response_model=ShadowStepOut, responses=describe(404, 409))
def start_shadow(
    service: Served,
    caller: Caller,
    request: Request,
    response: Response,
    version: Version,
    body: ShadowIn,
    idempotency_key: IdempotencyKey = None,
) -> Any:
    """Let a challenger answer what scrapes bring, in the shadow: nobody is shown what it says."""
    check_may_administer(caller)

    def act(connection: sa.Connection) -> dict[str, Any]:
        step = release.start_shadow(
            connection,
            service.settings.home,
            version,
            share=body.share,
            by=caller.name,
            note=body.note,
            at=datetime.now(UTC),
        )
        return _noted_shadow(connection, caller, request, AuditAction.SHADOW_START, step)

    once = Once(caller, idempotency_key, ("shadow", version, body.model_dump_json()))
    return change_registry(service, response, once, act)


@router.post("/shadow/stop", response_model=ShadowStepOut, responses=describe(409))
def stop_shadow(
    service: Served,
    caller: Caller,
    request: Request,
    response: Response,
    body: NoteIn,
    idempotency_key: IdempotencyKey = None,
) -> Any:
    """Let no challenger answer in the shadow any more; its answers stay for comparison."""
    check_may_administer(caller)

    def act(connection: sa.Connection) -> dict[str, Any]:
        step = release.stop_shadow(connection, by=caller.name, note=body.note, at=datetime.now(UTC))
        return _noted_shadow(connection, caller, request, AuditAction.SHADOW_STOP, step)

    once = Once(caller, idempotency_key, ("shadow stop", body.note))
    return change_registry(service, response, once, act)


@router.get("/shadow", response_model=Page[ShadowStepOut])
def list_shadow_steps(
    service: Served, caller: Caller, cursor: Cursor = None, limit: Limit = 50
) -> Any:
    """List who was in the shadow when, the latest first; the first entry says who is."""
    check_may_for_all(caller, Scope.READ)
    with reading(service.engine) as connection:
        found = release.latest_shadow_steps(
            connection, before_id=read_cursor(cursor), limit=limit + 1
        )
    shown = found[:limit]
    following = shown[-1].id if len(found) > limit else None
    items = [release.shadow_to_json(one) for one in shown]
    return {"items": items, "next_cursor": make_cursor(following)}


# ---- agreement -----------------------------------------------------------------------------------


@router.get("/models/{version}/agreement", response_model=AgreementOut, responses=describe(404))
def get_agreement(
    service: Served,
    caller: Caller,
    version: Version,
    against: Against = None,
    advertiser: OnlyAdvertiser = None,
) -> Any:
    """Tell how often a model says what the champion says, over the latest images of both."""
    check_may_for_all(caller, Scope.READ)
    with reading(service.engine) as connection:
        found = release.count_agreement(connection, version, against=against, advertiser=advertiser)
    return release.agreement_to_json(found)


@router.get(
    "/models/{version}/disagreements",
    response_model=Page[DisagreementOut],
    responses=describe(404),
)
def list_disagreements(
    service: Served,
    caller: Caller,
    version: Version,
    against: Against = None,
    advertiser: OnlyAdvertiser = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Any:
    """List images of which a model says something else than the champion, the latest first.

    A page may be short, or empty, and have a next one: 20,000 images are looked through for each.
    """
    check_may_for_all(caller, Scope.READ)
    with reading(service.engine) as connection:
        page = release.list_disagreements(
            connection,
            version,
            against=against,
            advertiser=advertiser,
            before_id=read_cursor(cursor),
            limit=limit,
        )
    items = [release.disagreement_to_json(one) for one in page.found]
    return {"items": items, "next_cursor": make_cursor(page.before_id)}


def _noted_shadow(
    connection: sa.Connection,
    caller: Principal,
    request: Request,
    action: AuditAction,
    step: ShadowStep,
) -> dict[str, Any]:
    access.audit(
        connection,
        caller,
        action,
        at=step.at,
        target=step.model_version,
        detail={"share": step.share},
        request_id=request.state.request_id,
    )
    return release.shadow_to_json(step)
