"""Parts that requests have in common: names, addresses, words, times."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

import sqlalchemy as sa
from fastapi import Path
from pydantic import AfterValidator, BeforeValidator, Field

from forecourt.core.errors import NotFoundError
from forecourt.core.labels import Color
from forecourt.core.records import LONGEST_ADVERTISER
from forecourt.store import scrapes as stored_scrapes

TEXT = r"^[^\x00]*$"  # PostgreSQL keeps no text with a NUL
MOST_URLS = 1_000
LARGEST_ID = 2**63 - 1  # that databases number with
_LONGEST_URL = 8_192
_LONGEST_NOTE = 2_000
_LONGEST_VEHICLE_ID = 400


def _refuse_number(given: object) -> object:
    """Seconds since 1970 would be taken too; but of which unit is 20261124?"""
    is_number = isinstance(given, int | float)
    if is_number or (isinstance(given, str) and given.lstrip("+-").replace(".", "", 1).isdigit()):
        raise ValueError("a time is written as 2026-11-24T08:00:00Z")
    return given


def _to_utc(time: datetime) -> datetime:
    try:
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("there is no such time in UTC") from error


Advertiser = Annotated[
    str,
    Path(min_length=1, max_length=LONGEST_ADVERTISER, pattern=TEXT, description="Whose inventory."),
]
AdvertiserName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=LONGEST_ADVERTISER,
        pattern=TEXT,
        description="Whose inventory.",
        examples=["acme"],
    ),
]
Url = Annotated[
    str,
    Field(
        min_length=1,
        max_length=_LONGEST_URL,
        pattern=TEXT,
        description="Of an image, as the sitemap gives it.",
        examples=["https://img.example.com/stock-1/1.jpg"],
    ),
]
VehicleId = Annotated[str, Field(min_length=1, max_length=_LONGEST_VEHICLE_ID, pattern=TEXT)]
Note = Annotated[
    str, Field(max_length=_LONGEST_NOTE, pattern=TEXT, description="Why, for the history.")
]
WrittenTime = BeforeValidator(_refuse_number)
Time = Annotated[datetime, WrittenTime, AfterValidator(_to_utc)]

# "none" is a word of its own, so that a member that is null by habit says nothing.
ColorWord = Color | Literal["none"]


def to_color(word: ColorWord) -> Color | None:
    """Return the colour that a word of a request means; None: no colour."""
    return None if word == "none" else word


def check_scraped(connection: sa.Connection, advertiser: str) -> None:
    """Refuse what needs a sitemap where there is none, without naming other advertisers.

    Raises:
        NotFoundError: the advertiser has no scrape.
    """
    if stored_scrapes.find_latest(connection, advertiser) is None:
        raise NotFoundError(
            f"There is no scrape of {advertiser!r} yet; send one to "
            "`POST /v1/advertisers/{advertiser}/scrapes`."
        )
