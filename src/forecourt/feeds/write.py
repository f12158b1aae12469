"""Feeds for advertising networks: they add our images and labels to a feed that is there already.

Both are *supplements*: an id, and the attributes that change. A network takes price, mileage, make
and the like from the advertiser's own feed, and finds the vehicle in it by the id; so the id is
written exactly or not at all. What these files hold is for machines: nothing is defused for
spreadsheets by a sign in front, and what would run in one is left out instead (decision 21).
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

from forecourt.core.spreadsheet import defuse
from forecourt.feeds.images import URL_START
from forecourt.feeds.words import clean_text, is_nothing

# Labels 0 and 1 are those that people use first for themselves; a supplement would replace them.
LABELS = ("custom_label_2", "custom_label_3", "custom_label_4")
# What readers of a list, ours too, take for a separator although it stands inside a URL.
_LOOKS_LIKE_END = re.compile(rf"[,;](?=(?:{URL_START})|$)", re.IGNORECASE)
_LONGEST_COLORS, _LONGEST_COLOR = 100, 40  # characters: all of them, and each between slashes


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingImage:
    """One image of a listing.

    Attributes:
        tags: What it shows, e.g. ("Dealer", "Red").
    """

    url: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What is said of one vehicle to an advertising network.

    Attributes:
        key: The id under which the network knows it.
        color: In the advertiser's own words, or None.
        images: The main image first; may be empty.
        labels: A value for each of `LABELS`.
    """

    key: str
    color: str | None
    images: tuple[ListingImage, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingFormat:
    """One network's file: its columns and its limits.

    Attributes:
        most_images: Of one vehicle, the main image included.
        longest_key: Characters.
        longest_url: Characters, as written; None where no limit is known.
        separator: Between two cells.
    """

    columns: tuple[str, ...]
    most_images: int
    longest_key: int
    longest_url: int | None
    separator: str
    to_row: Callable[[Listing], list[str]]

    def takes_key(self, key: str) -> bool:
        """Whether a vehicle of this id can be told of: exactly, and without harm."""
        return len(key) <= self.longest_key and _is_plain(key)

    def takes_url(self, url: str) -> bool:
        """Whether an image of this URL can be told of."""
        return self.longest_url is None or len(_as_list_entry(url)) <= self.longest_url


class ListingWriter:
    """Writes the header at once, and listings as they come."""

    def __init__(self, stream: TextIO, listing_format: ListingFormat) -> None:
        self._writer = csv.writer(stream, delimiter=listing_format.separator, lineterminator="\n")
        self._format = listing_format
        self._writer.writerow(listing_format.columns)

    def write(self, listing: Listing) -> None:
        """Write one listing; its key and its URLs are ones that the format takes."""
        self._writer.writerow(self._format.to_row(listing))


def _to_google(listing: Listing) -> list[str]:
    urls = [image.url for image in listing.images]
    color = listing.color or ""
    fits = len(color) <= _LONGEST_COLORS and all(
        len(one.strip()) <= _LONGEST_COLOR for one in color.split("/")
    )
    return [
        listing.key,
        _LOOKS_LIKE_END.sub(_encode, urls[0]) if urls else "",
        ",".join(map(_as_list_entry, urls[1:])),
        color if fits and _is_plain(color) else "",
        *listing.labels,
    ]


def _to_meta(listing: Listing) -> list[str]:
    images = [{"url": image.url, "tag": list(image.tags)} for image in listing.images]
    color = listing.color or ""
    return [
        listing.key,
        json.dumps(images, ensure_ascii=False) if images else "",
        color if _is_plain(color) else "",
        *listing.labels,
    ]


GOOGLE = ListingFormat(
    columns=("id", "image_link", "additional_image_link", "color", *LABELS),
    most_images=11,
    longest_key=50,
    longest_url=2000,
    separator="\t",
    to_row=_to_google,
)
META = ListingFormat(
    columns=("vehicle_id", "image", "exterior_color", *LABELS),
    most_images=20,
    longest_key=100,
    longest_url=None,
    separator=",",
    to_row=_to_meta,
)


def _is_plain(text: str) -> bool:
    """Whether a text stays what it is: for our readers, and in a spreadsheet."""
    return clean_text(text) == text == defuse(text) and not is_nothing(text)


def _as_list_entry(url: str) -> str:
    """Return a URL as Google wants it in a list: its own commas encoded."""
    return _LOOKS_LIKE_END.sub(_encode, url).replace(",", "%2C")


def _encode(separator: re.Match[str]) -> str:
    return f"%{ord(separator[0]):02X}"
