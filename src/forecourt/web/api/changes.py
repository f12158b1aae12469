"""What a request for fixes says: which images, and what they are."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from forecourt.core.errors import UsageError
from forecourt.core.labels import ImageType
from forecourt.core.records import Source
from forecourt.core.resolve import Status
from forecourt.review import Change, Selection
from forecourt.web.api.fields import (
    LARGEST_ID,
    MOST_URLS,
    TEXT,
    AdvertiserName,
    ColorWord,
    Note,
    Url,
    VehicleId,
    to_color,
)

_MOST_VEHICLES = 1_000
_LONGEST_TEXT = 200


class ChangeIn(BaseModel):
    """What images are. Of type and colour, one at least."""

    model_config = ConfigDict(extra="forbid")

    image_type: ImageType | None = Field(None, description="Null: left as it is.")
    color: ColorWord | None = Field(
        None, description="`none` says that there is no colour. Null: left as it is."
    )
    note: Note = ""

    def to_change(self) -> Change:
        """Return what the stage is told."""
        return Change(
            image_type=self.image_type,
            color=None if self.color is None else to_color(self.color),
            sets_color=self.color is not None,
        )


class FixIn(ChangeIn):
    """Which images, and what they are. Either `url` or `urls`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "advertiser": "acme",
                    "url": "https://img.example.com/stock-1/1.jpg",
                    "image_type": "Stock",
                    "note": "it is a stock picture",
                }
            ]
        }
    )

    advertiser: AdvertiserName
    url: Url | None = None
    urls: list[Url] | None = Field(None, min_length=1, max_length=MOST_URLS)
    everywhere: bool = Field(
        False, description="For every advertiser that shows the images; staff only."
    )

    def list_urls(self) -> list[str]:
        """Return which images are meant.

        Raises:
            UsageError: neither or both are given.
        """
        if (self.url is None) == (self.urls is None):
            raise UsageError("Say which images to fix: `url` for one, or `urls` for several.")
        return self.urls or [self.url or ""]


class SelectionIn(BaseModel):
    """Images of the latest sitemap for which all that is given holds; of a list, one entry."""

    model_config = ConfigDict(extra="forbid")

    vehicle_ids: list[VehicleId] = Field(default=[], max_length=_MOST_VEHICLES)
    whole_sitemap: bool = Field(False, description="Says that no condition is meant.")
    shown_types: list[ImageType] = []
    shown_colors: list[ColorWord] = Field(default=[], description="`none`: no colour.")
    statuses: list[Status] = []
    type_sources: list[Source] = []
    color_sources: list[Source] = []
    conditions: list[Literal["New", "Used", "Certified"]] = []
    review: bool | None = Field(None, description="Whether the model is not sure.")
    type_confidence_below: float | None = Field(None, ge=0, le=1)
    color_confidence_below: float | None = Field(None, ge=0, le=1)
    against_scrape_color: bool = Field(
        False, description="A fix shows, or the model sees, another colour than the feed gives."
    )
    sources: list[Source] = Field(
        default=[], description="Where the type or the colour comes from; one of the two fits."
    )
    carried: bool | None = Field(
        None, description="Whether type or colour come from another encoding of the picture."
    )
    fixed_by: str | None = Field(
        None, max_length=_LONGEST_TEXT, pattern=TEXT, description="Who fixed what is shown."
    )
    fixed_since: AwareDatetime | None = Field(None, description="Fixed then or later.")
    fixed_until: AwareDatetime | None = Field(None, description="Fixed before then.")
    text: str | None = Field(
        None,
        max_length=_LONGEST_TEXT,
        pattern=TEXT,
        description="Part of the vehicle's title, VIN or id.",
    )

    def to_selection(self) -> Selection:
        """Return what the stage is told."""
        return Selection(
            vehicle_ids=tuple(self.vehicle_ids),
            whole_sitemap=self.whole_sitemap,
            image_types=tuple(self.shown_types),
            colors=tuple(map(to_color, self.shown_colors)),
            statuses=tuple(self.statuses),
            type_sources=tuple(self.type_sources),
            color_sources=tuple(self.color_sources),
            conditions=tuple(self.conditions),
            review=self.review,
            type_confidence_below=self.type_confidence_below,
            color_confidence_below=self.color_confidence_below,
            against_scrape_color=self.against_scrape_color,
            sources=tuple(self.sources),
            carried=self.carried,
            fixed_by=self.fixed_by,
            fixed_since=self.fixed_since,
            fixed_until=self.fixed_until,
            text=self.text,
        )


class BulkIn(ChangeIn):
    """Which images fit, and what they are."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "advertiser": "acme",
                    "selection": {"vehicle_ids": ["stock-1"], "shown_colors": ["Grey"]},
                    "color": "Blue",
                    "confirmed": 12,
                }
            ]
        }
    )

    advertiser: AdvertiserName
    selection: SelectionIn
    everywhere: bool = Field(
        False, description="For every advertiser that shows the images; staff only."
    )
    dry_run: bool = Field(False, description="Fix nothing; tell how many images it would be.")
    confirmed: int | None = Field(
        None,
        ge=1,
        le=LARGEST_ID,
        description="How many images may be fixed, as a dry run told; if more fit by then, none "
        "is. Needed without `dry_run`.",
    )


class MatchOut(BaseModel):
    """An image that fits, and what is shown of it."""

    vehicle_id: str
    url: str
    image_type: ImageType
    color: str | None


class PreviewOut(BaseModel):
    """What would be fixed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "images": 12,
                    "examples": [
                        {
                            "vehicle_id": "stock-1",
                            "url": "https://img.example.com/stock-1/1.jpg",
                            "image_type": "Dealer",
                            "color": "Grey",
                        }
                    ],
                }
            ]
        }
    )

    images: int = Field(description="How many; give it back as `confirmed`.")
    examples: list[MatchOut] = Field(description="The first ten.")


class RefuseIn(BaseModel):
    """Images that do not show the picture whose fixes were carried to them."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"advertiser": "acme", "urls": ["https://img.example.com/stock-1/1.jpg"]}]
        },
    )

    advertiser: AdvertiserName
    urls: list[Url] = Field(min_length=1, max_length=MOST_URLS)
    note: Note = ""


class NoteIn(BaseModel):
    """Why."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"note": "it was right before"}]}
    )

    note: Note = ""
