"""What staff look at: disagreements, oddities, what the model gets wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from forecourt import access, review
from forecourt.core.access import Scope, check_may_for_all
from forecourt.core.audit import AuditAction
from forecourt.core.conflicts import ConflictStatus, Ruling
from forecourt.core.errors import UsageError
from forecourt.core.fixes import FixField
from forecourt.core.labels import Color, ImageType, parse_color, parse_image_type
from forecourt.core.oddities import ADVICE, WHY, OddityKind
from forecourt.core.records import LONGEST_ADVERTISER
from forecourt.review.forms import conflict_to_json, misclassified_to_json, oddity_to_json
from forecourt.store.engine import reading
from forecourt.web.api.acts import FIX_EXAMPLE, ActOut, FixOut, RulingOut, done_to_json, new_act
from forecourt.web.api.bodies import BoundedRoute
from forecourt.web.api.fields import LARGEST_ID, TEXT, ColorWord, Note, Time
from forecourt.web.api.idempotency import IdempotencyKey, Once, run_once
from forecourt.web.api.paging import Cursor, Limit, Page, make_place, read_place
from forecourt.web.auth import Caller
from forecourt.web.problems import describe
from forecourt.web.service import Served

router = APIRouter(
    tags=["conflicts"], route_class=BoundedRoute, responses=describe(401, 403, 413, 422, 429, 503)
)
_FIELDS = tuple(sorted(FixField))  # in the order of the list

OnlyAdvertiser = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=LONGEST_ADVERTISER,
        pattern=TEXT,
        description="Only this one's; absent: all.",
    ),
]


_POSITIONS: list[JsonValue] = [
    FIX_EXAMPLE,
    {
        **FIX_EXAMPLE,
        "id": 40,
        "act_id": 15,
        "by": "Ada",
        "advertiser": "zenith",
        "to": "Placeholder",
    },
]


class ConflictOut(BaseModel):
    """Parties that say different things of one field of an image."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "image_id": 7,
                    "field": "image_type",
                    "status": "open",
                    "version": "9f2c61d0a4b7e835",
                    "positions": _POSITIONS,
                    "history": _POSITIONS,
                    "rulings": [],
                }
            ]
        }
    )

    image_id: int
    field: FixField
    status: ConflictStatus
    version: str = Field(
        description="Another one once a party says something else, or staff rule; no other meaning."
    )
    positions: list[FixOut] = Field(description="The latest fix in force of each party.")
    history: list[FixOut] = Field(description="All fixes of the field, reverted ones too.")
    rulings: list[RulingOut]


class RulingIn(BaseModel):
    """What staff make of a disagreement."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"image_id": 7, "field": "color", "ruling": "everyone", "value": "Blue"},
                {
                    "image_id": 7,
                    "field": "color",
                    "ruling": "keep_both",
                    "version": "9f2c61d0a4b7e835",
                },
            ]
        },
    )

    image_id: int = Field(ge=1, le=LARGEST_ID)
    field: FixField
    ruling: Ruling
    value: ImageType | ColorWord | None = Field(
        None, description="With `everyone`: what holds for all; `none`: no colour."
    )
    version: str | None = Field(
        None,
        max_length=64,
        description="The conflict's, as you saw it: 409 if it is another by now. Absent: no check.",
    )
    note: Note = ""

    def read_value(self) -> ImageType | Color | None:
        """Return what holds for all.

        Raises:
            UsageError: it is given without need, is missing, or is none of the field's.
        """
        if (self.value is not None) != (self.ruling is Ruling.EVERYONE):
            raise UsageError("Give `value` with the ruling `everyone`, and with no other.")
        if self.value is None:
            return None
        is_type = self.field is FixField.IMAGE_TYPE
        return parse_image_type(self.value) if is_type else parse_color(self.value)


class OddityExampleOut(BaseModel):
    """An image on which an oddity shows."""

    advertiser: str
    vehicle_id: str | None
    url: str
    image_id: int | None = Field(description="Null: nothing was ever seen under the URL.")
    fix_id: int | None = Field(description="The fix that is odd, where it is one.")


_ODDITY: dict[str, JsonValue] = {
    "kind": "skipped_run",
    "advertiser": "acme",
    "host": "img.example.com",
    "count": 41,
    "of": 60,
    "seen": "41 of 60 images could not be had: 41 not_found.",
    "why": WHY[OddityKind.SKIPPED_RUN],
    "advice": ADVICE[OddityKind.SKIPPED_RUN],
    "examples": [
        {
            "advertiser": "acme",
            "vehicle_id": "stock-1",
            "url": "https://img.example.com/stock-1/1.jpg",
            "image_id": None,
            "fix_id": None,
        }
    ],
}


class OddityOut(BaseModel):
    """A known weird result."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ODDITY]})

    kind: OddityKind
    advertiser: str | None
    host: str | None
    count: int = Field(description="Images that are odd.")
    of: int | None = Field(description="Out of how many.")
    seen: str = Field(description="What was seen, with its numbers.")
    why: str = Field(description="Why it matters.")
    advice: str = Field(description="What to do.")
    examples: list[OddityExampleOut]


class OdditiesOut(BaseModel):
    """All of them, by kind and name."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_ODDITY]}]})

    items: list[OddityOut]


class MisclassifiedOut(BaseModel):
    """One way in which the model was wrong, and how often."""

    group: str | None
    field: FixField
    value_from: str | None = Field(alias="from")
    value: str | None = Field(alias="to")
    wrong: int
    images: int | None = Field(description="How many the group has today.")
    share: float | None


class MisclassifiedListOut(BaseModel):
    """The most frequent ones."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "wrong": 12,
                    "kinds": 1,
                    "items": [
                        {
                            "group": None,
                            "field": "image_type",
                            "from": "Dealer",
                            "to": "Stock",
                            "wrong": 12,
                            "images": 2400,
                            "share": 0.005,
                        }
                    ],
                }
            ]
        }
    )

    wrong: int = Field(description="All wrong answers, those of further kinds too.")
    kinds: int = Field(description="Of how many kinds they are.")
    items: list[MisclassifiedOut]


@router.get("/conflicts", response_model=Page[ConflictOut])
def list_conflicts(
    service: Served,
    caller: Caller,
    with_ruled: Annotated[
        bool, Query(alias="all", description="Also those on which staff have ruled.")
    ] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Any:
    """List where advertisers, or an advertiser and staff, disagree, by image. Staff only."""
    check_may_for_all(caller, Scope.READ)
    place = read_place(cursor, 2)
    after = (place[0], _FIELDS[place[1] % len(_FIELDS)]) if place else None
    with reading(service.engine) as connection:
        found = review.list_conflicts(
            connection, with_ruled=with_ruled, after=after, limit=limit + 1
        )
    following = None
    if len(found) > limit:
        last = found[limit - 1]
        following = make_place(last.image_id, _FIELDS.index(last.field))
    return {"items": [conflict_to_json(one) for one in found[:limit]], "next_cursor": following}


@router.post(
    "/conflicts/resolve", status_code=201, response_model=ActOut, responses=describe(404, 409)
)
def resolve_conflict(
    service: Served,
    caller: Caller,
    request: Request,
    response: Response,
    body: RulingIn,
    idempotency_key: IdempotencyKey = None,
) -> Any:
    """Settle a disagreement in one of three ways. Undoing the act brings back what was."""
    check_may_for_all(caller, Scope.FIX)
    value = body.read_value()

    def act(connection: sa.Connection) -> dict[str, Any]:
        done = review.resolve_conflict(
            connection,
            new_act(connection, caller, body.note),
            image_id=body.image_id,
            field=body.field,
            ruling=body.ruling,
            value=value,
            version=body.version,
        )
        access.audit(
            connection,
            caller,
            AuditAction.CONFLICT_RESOLVE,
            at=datetime.now(UTC),
            target=str(done.act_id),
            detail={"image": body.image_id, "field": body.field, "ruling": body.ruling},
            request_id=request.state.request_id,
        )
        return done_to_json(connection, caller, done, model_version=service.model_version)

    once = Once(caller, idempotency_key, ("ruling", body.model_dump_json()))
    return run_once(service, once, response, act, status=201)


@router.get("/oddities", response_model=OdditiesOut, responses=describe(404))
def list_oddities(service: Served, caller: Caller, advertiser: OnlyAdvertiser = None) -> Any:
    """List known weird results: what was seen, why it matters, and what to do. Staff only."""
    check_may_for_all(caller, Scope.READ)
    with reading(service.engine) as connection:
        found = review.list_oddities(
            connection,
            model_version=service.model_version,
            canaries=service.engines.models.canaries,
            advertiser=advertiser,
        )
    return {"items": [oddity_to_json(one) for one in found]}


@router.get("/misclassified", response_model=MisclassifiedListOut, responses=describe(404))
def list_misclassified(
    service: Served,
    caller: Caller,
    by: Annotated[
        review.By | None, Query(description="What is told apart; `kind` is the vehicle's.")
    ] = None,
    since: Annotated[Time | None, Query(description="Only what was put right since then.")] = None,
    advertiser: OnlyAdvertiser = None,
    limit: Limit = 50,
) -> Any:
    """Count what people correct most: the model's wrong answers, each once. Staff only."""
    check_may_for_all(caller, Scope.READ)
    with reading(service.engine) as connection:
        found = review.count_misclassified(
            connection,
            model_version=service.model_version,
            by=by,
            since=since,
            advertiser=advertiser,
        )
    return {
        "wrong": sum(one.wrong for one in found),
        "kinds": len(found),
        "items": [misclassified_to_json(one) for one in found[:limit]],
    }
