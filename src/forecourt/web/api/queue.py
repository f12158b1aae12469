"""The review queue: images at which a look by a person helps most."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from forecourt import review
from forecourt.core.access import Principal, Scope, check_may, check_may_for
from forecourt.core.labels import Color, ImageType
from forecourt.core.queue import QueueReason
from forecourt.core.records import Role, Source
from forecourt.review.forms import waiting_to_json
from forecourt.store.engine import reading
from forecourt.web.api.conflicts import OnlyAdvertiser
from forecourt.web.api.paging import Cursor, make_place, read_place
from forecourt.web.auth import Caller
from forecourt.web.problems import describe
from forecourt.web.service import Served, Service

router = APIRouter(tags=["queue"], responses=describe(401, 403, 422, 429, 503))

_ITEM: dict[str, JsonValue] = {
    "id": 4711,
    "advertiser": "acme",
    "image_id": 7,
    "url": "https://img.example.com/stock-1/1.jpg",
    "vehicle_id": "stock-1",
    "vin": "1HGCM82633A004352",
    "title": "2003 Accord EX",
    "scrape_color": "Brilliant Red Metallic",
    "image_type": {
        "value": "Dealer",
        "source": "model",
        "confidence": 0.61,
        "reason": "most_probable",
    },
    "color": {"value": "Red", "source": "scrape", "confidence": None, "reason": "scrape_color"},
    "predicted": {"image_type": "Dealer", "color": "Blue", "model_version": "2026.11.2"},
    "thumbnail": "6a09e667f3bcc908b2fb1366ea957d3e3adec17512775099da2f590b0667322a",
    "width": 1024,
    "height": 768,
    "reasons": [
        {
            "reason": "image_type_uncertain",
            "text": "The model is not sure of the type: Dealer at 61 %.",
        },
        {"reason": "against_scrape", "text": "The feed says Red, the model sees Blue (88 %)."},
    ],
}


class TagOut(BaseModel):
    """What the sitemap shows of one field; docs/api.md tells the members."""

    value: str | None
    source: Source
    confidence: float | None
    reason: str


class PredictedOut(BaseModel):
    """What the model decided."""

    image_type: ImageType
    color: Color | None
    model_version: str


class ReasonOut(BaseModel):
    """Why an image is in the queue."""

    reason: QueueReason
    text: str = Field(description="The same, to be read by people.")


class WaitingOut(BaseModel):
    """An image at which nobody has looked yet."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ITEM]})

    id: int = Field(description="Of the place in the queue; a later scrape gives others.")
    advertiser: str
    image_id: int
    url: str = Field(description="To fix it by.")
    vehicle_id: str
    vin: str | None
    title: str | None
    scrape_color: str | None = Field(description="The colour in the feed's own words.")
    image_type: TagOut
    color: TagOut
    predicted: PredictedOut
    thumbnail: str | None = Field(description="SHA-256 of the thumbnail that is kept.")
    width: int = Field(description="Of the original, in pixels.")
    height: int
    reasons: list[ReasonOut] = Field(description="The weightiest first.")


class DoneOut(BaseModel):
    """What was looked at today (UTC): fixes and confirmations, one for each act."""

    you: int
    team: int | None = Field(description="All people together; null for advertisers.")


class QueueOut(BaseModel):
    """Some of the queue, those where a look helps most first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"items": [_ITEM], "next_cursor": None, "done_today": {"you": 112, "team": 530}}
            ]
        }
    )

    items: list[WaitingOut]
    next_cursor: str | None = Field(
        description="Give it back for the next page; null: no more. A page may be empty and have "
        "one all the same."
    )
    done_today: DoneOut


@router.get("/queue", response_model=QueueOut)
def list_queue(
    service: Served,
    caller: Caller,
    advertiser: OnlyAdvertiser = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=50, description="Entries of a page, at most.")] = 20,
) -> Any:
    """List images at which a look by a person helps most, and why.

    Fix them by `POST /v1/fixes`; a fix to the value that is shown confirms it. An advertiser is
    told of their own images alone.
    """
    check_may(caller, Scope.READ)
    if caller.role is Role.ADVERTISER:
        advertiser = advertiser or caller.advertiser
    if advertiser is not None:
        check_may_for(caller, Scope.READ, advertiser)
    return load_queue(service, caller, advertiser=advertiser, cursor=cursor, limit=limit)


def load_queue(
    service: Service,
    caller: Principal,
    *,
    advertiser: str | None,
    cursor: str | None = None,
    limit: int,
) -> dict[str, Any]:
    """Return a page of the queue, for whoever may see it."""
    place = read_place(cursor, 2)
    is_staff = caller.role is not Role.ADVERTISER
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with reading(service.engine) as connection:
        page = review.list_queue(
            connection,
            model_version=service.version_for(advertiser),
            advertiser=advertiser,
            own_only=not is_staff,
            after=(place[0], place[1]) if place else None,
            limit=limit,
        )
        done = review.count_done(
            connection, by=caller.name, role=caller.role, advertiser=caller.advertiser, since=today
        )
    return {
        "items": [waiting_to_json(one) for one in page.items],
        "next_cursor": make_place(*page.following) if page.following else None,
        "done_today": {"you": done.own, "team": done.all if is_staff else None},
    }
