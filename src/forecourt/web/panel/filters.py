"""What of a sitemap a page shows, as the address of the page says it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from forecourt.core.labels import Color, ImageType, parse_color
from forecourt.core.records import Source
from forecourt.core.resolve import Status
from forecourt.core.selection import Selection
from forecourt.web.api.fields import TEXT

_LONGEST_TEXT = 200
_API_NAMES = {"image_types": "shown_types", "colors": "shown_colors"}


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
        given = {
            _API_NAMES.get(name, name): value.isoformat() if isinstance(value, datetime) else value
            for name, value in self._list_given()
        }
        return given or {"whole_sitemap": True}

    def to_selection(self) -> Selection | None:
        """Return what the stages are told; None: everything."""
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in self._list_given()
        }
        if "colors" in given:
            given["colors"] = tuple(map(parse_color, given["colors"]))
        return Selection(**given) if given else None

    def _list_given(self) -> Iterator[tuple[str, Any]]:
        """Yield what is asked for, under the names that a selection has."""
        asked = {
            "vehicle_ids": self.vehicle,
            "image_types": self.type,
            "colors": self.color,
            "statuses": self.status,
            "conditions": self.condition,
            "sources": self.source,
            "type_confidence_below": None if self.below is None else self.below / 100,
            "color_confidence_below": None if self.color_below is None else self.color_below / 100,
            "review": self.review or None,
            "against_scrape_color": self.against or None,
            "carried": self.carried or None,
            "fixed_by": self.by,
            "fixed_since": _begin(self.since),
            "fixed_until": _end(self.until),
            "text": self.text,
        }
        yield from ((name, value) for name, value in asked.items() if value not in (None, []))


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
