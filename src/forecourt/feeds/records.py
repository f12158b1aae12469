"""What passes between the readers of a format and the one place that makes vehicles of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from forecourt.feeds.vocabulary import find_name

LONGEST_ROW = 1 << 20  # characters; more in one vehicle is no inventory but a damaged file

_NAME_SPACE = re.compile(r"^[a-z_][\w.-]*:(?=[a-z_])")
_NOT_NAME = re.compile(r"[^a-z0-9\[\].]+")
_NUMBER_SIGN = re.compile(r"(?<=[a-z])\s*#(?!\s*\d)")  # "Stock #", but not "Photo #1"
_END_OF_WORD = re.compile(r"\.(?![a-z0-9])")  # "No.", "Ext. Color"; the others are paths
_MOST_NAMES = 10_000
_LINE_END = re.compile(r"\r\n|\r|\n")


class FeedFormat(StrEnum):
    """What a feed was recognised as."""

    SCRAPE = "scrape"
    GOOGLE_VEHICLE_ADS = "google_vehicle_ads"
    GOOGLE_VEHICLE_LISTINGS = "google_vehicle_listings"
    META = "meta"
    DEALER = "dealer"


class Names:
    """Normalised field names of one feed, and how the feed itself spells them."""

    def __init__(self) -> None:
        self._normalized: dict[str, str] = {}
        self._spelled: dict[str, str] = {}

    def normalize(self, name: str) -> str:
        """Return `normalize_name(name)` and remember the spelling."""
        known = self._normalized.get(name)
        if known is None:
            known = normalize_name(name)
            if len(self._normalized) < _MOST_NAMES:
                self._normalized[name] = known
                self._spelled.setdefault(known, name.strip("\ufeff \t\r\n"))
        return known

    def spell(self, name: str) -> str:
        """Return a normalised name as the feed spells it."""
        return self._spelled.get(name, name)


# Normalised field name → values in the order of the feed.
Fields = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class RawRow:
    """One vehicle as its format gives it.

    Attributes:
        row: 1-based, header not counted.
        line: 1-based line of the file where it starts.
        fields: None of their values is blank.
        names: How the feed spells the names.
    """

    row: int
    line: int
    fields: Fields
    names: Names


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that the format itself cannot make sense of."""

    row: int
    line: int
    reason: str
    hint: str


def normalize_name(name: str) -> str:
    """Return a field name in one spelling: "Ext. Colour" → "exterior_color", others in snake case.

    XML name spaces ("g:") are dropped; index and path of nested names ("image[0].url") are kept.
    """
    plain = _NAME_SPACE.sub("", name.strip("\ufeff \t\r\n").lower()).replace("colour", "color")
    plain = _NUMBER_SIGN.sub("_number", plain.replace("(s)", "s").replace("[]", ""))
    snake = _NOT_NAME.sub("_", _END_OF_WORD.sub("_", plain)).strip("_")
    squashed = snake.replace("_", "")
    return find_name(squashed) or find_name(squashed.replace(".", "")) or snake


def count_lines(text: str) -> int:
    """Return how many line ends stand in a text."""
    if "\r" not in text:
        return text.count("\n")
    return sum(1 for _ in _LINE_END.finditer(text))


def recognize(names: frozenset[str]) -> FeedFormat:
    """Return what format field names point to; the general dealer file where nothing does."""
    roots = {re.split(r"[.\[]", name, maxsplit=1)[0] for name in names}
    if roots & {"link_template", "mobile_link_template", "google_product_category"} or any(
        root.startswith("vehicle_fulfillment") for root in roots
    ):
        return FeedFormat.GOOGLE_VEHICLE_ADS
    if roots & {"state_of_vehicle", "fb_page_id"} or any(
        name.startswith("image[") for name in names
    ):
        return FeedFormat.META
    if "make" in names and roots & {
        "place_id", "dealership_name", "date_in_stock", "vehicle_msrp", "store_code"
    }:  # fmt: skip
        return FeedFormat.GOOGLE_VEHICLE_LISTINGS
    if {"store_code", "vin", "brand"} <= names:
        return FeedFormat.GOOGLE_VEHICLE_ADS
    if {"vehicle_id", "image", "make"} <= roots:
        return FeedFormat.META
    return FeedFormat.DEALER
