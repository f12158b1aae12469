"""What of a sitemap a page shows, as the address of the page says it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from forecourt.core.labels import Color, ImageType, parse_color
from forecourt.core.records import Source
from forecourt.core.resolve import Status
from forecourt.core.selection import Selection
from forecourt.web.api.fields import TEXT

_NO_COLOR = "none"
_LONGEST_TEXT = 200


class Filters(BaseModel):
    """What has to fit. Empty members, as forms send them, ask for nothing."""

    model_config = ConfigDict(frozen=True)

    vehicle: list[Annotated[str, Field(pattern=TEXT)]] = Field([], max_length=100)
    type: list[ImageType] = []
    color: list[Color | Literal["none"]] = []
    status: list[Status] = []
    condition: list[Literal["New", "Used", "Certified"]] = []
    source: list[Source] = []
    below: float | None = Field(None, ge=0, le=100, description="Confidence of the type, per cent.")
    color_below: float | None = Field(None, ge=0, le=100)
    review: bool = False
    against: bool = False
    carried: bool = False
    by: str | None = Field(None, max_length=_LONGEST_TEXT)
    since: date | None = None
    until: date | None = None
    text: str | None = Field(None, max_length=_LONGEST_TEXT)

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        kept: dict[str, Any] = {}
        for name, value in given.items():
            if isinstance(value, list):
                kept[name] = [one for one in value if _is_said(one)]
            elif _is_said(value):
                kept[name] = value
        return kept

    def to_query(self) -> dict[str, Any]:
        """Return what the address of the same page says."""
        given = self.model_dump(mode="json", exclude_defaults=True)
        return {name: "1" if value is True else value for name, value in given.items()}

    def to_json(self) -> dict[str, Any]:
        """Return the same as the API's operation for bulk fixes takes it."""
        selection: dict[str, Any] = {
            "vehicle_ids": self.vehicle,
            "shown_types": self.type,
            "shown_colors": self.color,
            "statuses": self.status,
            "conditions": self.condition,
            "sources": self.source,
            "type_confidence_below": None if self.below is None else self.below / 100,
            "color_confidence_below": None if self.color_below is None else self.color_below / 100,
            "review": self.review or None,
            "against_scrape_color": self.against,
            "carried": self.carried or None,
            "fixed_by": self.by,
            "fixed_since": _begin(self.since),
            "fixed_until": _end(self.until),
            "text": self.text,
        }
        given = {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in selection.items()
            if value not in (None, [], False)
        }
        return given or {"whole_sitemap": True}

    def to_selection(self) -> Selection | None:
        """Return what the stages are told; None: everything."""
        if not self.model_dump(exclude_defaults=True):
            return None
        return Selection(
            vehicle_ids=tuple(self.vehicle),
            image_types=tuple(self.type),
            colors=tuple(parse_color(one) for one in self.color),
            statuses=tuple(self.status),
            conditions=tuple(self.condition),
            sources=tuple(self.source),
            review=self.review or None,
            type_confidence_below=None if self.below is None else self.below / 100,
            color_confidence_below=None if self.color_below is None else self.color_below / 100,
            against_scrape_color=self.against,
            carried=self.carried or None,
            fixed_by=self.by,
            fixed_since=_begin(self.since),
            fixed_until=_end(self.until),
            text=self.text,
            whole_sitemap=False,
        )


Filtered = Annotated[Filters, Query()]


def _is_said(value: Any) -> bool:
    return not (isinstance(value, str) and not value.strip())


def _begin(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), UTC)


def _end(day: date | None) -> datetime | None:
    """Return when a day is over: who says "until Friday" means all of it.

    The last day that there is has no day after it: it is over at its last moment.
    """
    if day is None:
        return None
    if day == date.max:
        return datetime.max.replace(tzinfo=UTC)
    return datetime.combine(day, time(), UTC) + timedelta(days=1)
