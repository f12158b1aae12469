"""What passes between the readers of a format and the one place that makes vehicles of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

_NOT_NAME = re.compile(r"[^a-z0-9\[\].]+")


class FeedFormat(StrEnum):
    """What a feed was recognised as."""

    SCRAPE = "scrape"
    GOOGLE_VEHICLE_ADS = "google_vehicle_ads"
    GOOGLE_VEHICLE_LISTINGS = "google_vehicle_listings"
    META = "meta"
    DEALER = "dealer"


@dataclass(frozen=True, slots=True)
class RawRow:
    """One vehicle as its format gives it.

    Attributes:
        row: 1-based, header not counted.
        line: 1-based line of the file where it starts; None where the format has no lines.
        fields: Normalised field name → values in the order of the feed, none of them empty.
    """

    row: int
    line: int | None
    fields: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that the format itself cannot make sense of."""

    row: int
    line: int | None
    reason: str
    hint: str


def normalize_name(name: str) -> str:
    """Return a field name in one spelling: "Stock #" → "stock", "State  of  Vehicle" → snake case.

    XML name spaces ("g:") are dropped; index and path of nested names ("image[0].url") are kept.
    """
    plain = name.strip().lower().rpartition(":")[2]
    return _NOT_NAME.sub("_", plain).strip("_")


def recognize(names: frozenset[str]) -> FeedFormat:
    """Return what format field names point to; the general dealer file where nothing does."""
    if names & {"google_product_category", "vehicle_fulfillment", "link_template"}:
        return FeedFormat.GOOGLE_VEHICLE_ADS
    if names & {"state_of_vehicle", "fb_page_id", "vehicle_type"} or any(
        name.startswith("image[") for name in names
    ):
        return FeedFormat.META
    if names & {"place_id", "dealership_name", "date_in_stock", "vehicle_msrp"} and "make" in names:
        return FeedFormat.GOOGLE_VEHICLE_LISTINGS
    if {"store_code", "vin", "brand"} <= names:
        return FeedFormat.GOOGLE_VEHICLE_ADS
    if {"vehicle_id", "image", "make"} <= names:
        return FeedFormat.META
    return FeedFormat.DEALER
