"""What people did, as this API tells it: fixes, rulings, acts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from forecourt import review
from forecourt.core.access import Principal, to_actor
from forecourt.core.conflicts import Ruling
from forecourt.core.fixes import ActSource, FixField, NewAct
from forecourt.core.records import Role
from forecourt.review.forms import fix_to_json, unshown_to_json
from forecourt.store.fixes import take_turn
from forecourt.web.api.paging import Page

FIX_EXAMPLE: dict[str, JsonValue] = {
    "kind": "fix",
    "id": 31,
    "act_id": 12,
    "at": "2026-11-24T09:30:00+00:00",
    "by": "acme's owner",
    "role": "advertiser",
    "source": "api",
    "note": "it is a stock picture",
    "advertiser": "acme",
    "everywhere": False,
    "vehicle_id": "stock-1",
    "vin": "1HGCM82633A004352",
    "url": "https://img.example.com/stock-1/1.jpg",
    "field": "image_type",
    "from": "Dealer",
    "to": "Stock",
    "model_version": "2026.11.2",
    "live": True,
}


# A string, so that it is written as the command writes it.
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class FixOut(BaseModel):
    """One field of one image, changed by one person."""

    model_config = ConfigDict(json_schema_extra={"examples": [FIX_EXAMPLE]})

    kind: Literal["fix"]
    id: int
    act_id: int = Field(description="All that was done in one go; it is undone in one go too.")
    at: Time
    by: str
    role: Role
    source: ActSource
    note: str
    advertiser: str = Field(description="In whose sitemap it was made.")
    everywhere: bool = Field(description="It holds for every advertiser that shows the image.")
    vehicle_id: str | None
    vin: str | None
    url: str
    field: FixField
    value_from: str | None = Field(alias="from", description="What was shown before.")
    value: str | None = Field(alias="to", description="What it is; null: no colour.")
    model_version: str | None
    live: bool = Field(description="False once it is reverted.")


class RulingOut(BaseModel):
    """What staff made of a disagreement."""

    kind: Literal["ruling"]
    id: int
    act_id: int
    at: Time
    by: str
    role: Role
    source: ActSource
    note: str
    image_id: int
    field: FixField
    ruling: Ruling
    positions: list[int] = Field(description="Ids of the fixes that stood against each other.")
    live: bool = Field(description="False once it is reverted.")


EntryOut = Annotated[FixOut | RulingOut, Field(discriminator="kind")]


class HistoryPage(Page[EntryOut]):
    """Fixes and rulings, the latest first."""


class UnshownOut(BaseModel):
    """A fix that is kept, while the sitemap goes on showing something else."""

    fix_id: int
    url: str
    field: FixField
    shown: str | None = Field(description="What the sitemap shows; null: no colour.")
    reason: str = Field(description="Why.")


class ActOut(BaseModel):
    """What somebody did in one go."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"act_id": 12, "count": 1, "fixes": [FIX_EXAMPLE], "unshown": []}]
        }
    )

    act_id: int = Field(description="`POST /v1/acts/{act_id}/undo` takes all of it back.")
    count: int = Field(description="Fixes that it made, or put in or out of force.")
    fixes: list[FixOut] = Field(description="The first thousand of them.")
    unshown: list[UnshownOut] = Field(
        description="Of these fixes, those that are kept while the sitemap still shows something "
        "else, and why."
    )


def new_act(connection: sa.Connection, caller: Principal, note: str) -> NewAct:
    """Return what a caller does now. Acts of several callers come one after the other."""
    take_turn(connection)  # the time is taken when it is their turn
    return NewAct(
        actor=to_actor(caller),
        at=datetime.now(UTC),
        source=ActSource.API if caller.user_id is None else ActSource.PANEL,
        note=note.strip(),
    )


def done_to_json(
    connection: sa.Connection,
    caller: Principal,
    done: review.Done,
    *,
    model_version: str,
    advertiser: str | None = None,
) -> dict[str, Any]:
    """Return the JSON form of an act.

    Args:
        connection: The connection that it was done on.
        caller: Who did it; an advertiser is not told of fixes in other sitemaps.
        done: The act.
        model_version: The champion.
        advertiser: Whose sitemap has to show the fixes; None: nothing was fixed.
    """
    own = None if caller.role is not Role.ADVERTISER else caller.advertiser
    fixes = [fix for fix in done.fixes if own in {None, fix.advertiser}]
    unshown = (
        review.find_unshown(connection, advertiser, fixes, model_version=model_version)
        if advertiser is not None
        else []
    )
    return {
        "act_id": done.act_id,
        "count": done.count,
        "fixes": [fix_to_json(one) for one in fixes],
        "unshown": [unshown_to_json(one) for one in unshown],
    }
