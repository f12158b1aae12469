"""Scrapes and refused rows as the API tells of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from forecourt.core.records import RefusedRow
from forecourt.store.scrapes import Scrape, ScrapeStatus

_LISTED_REFUSALS = 100


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
URL_EXAMPLE = "https://img.example.com/stock-1/1.jpg"
CSV_EXAMPLE = (
    f"id,title,color,images\nstock-1,2003 Accord EX,Brilliant Red Metallic,{URL_EXAMPLE}\n"
)
XML_EXAMPLE = (
    f"<inventory><vehicle><id>stock-1</id><image>{URL_EXAMPLE}</image></vehicle></inventory>"
)
RESULT_EXAMPLE = (
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


def list_refused(refused: list[RefusedRow]) -> list[dict[str, Any]]:
    """Return the JSON form of the first refused rows."""
    return [
        RefusedRowOut(
            line=row.line, row=row.row, field=row.field, reason=row.reason, hint=row.hint
        ).model_dump()
        for row in refused[:_LISTED_REFUSALS]
    ]
