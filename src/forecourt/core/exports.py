"""What people may choose of an export, and what comes of it. Pure, and light for every edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePath

from forecourt.core.errors import UsageError


class ExportFormat(StrEnum):
    """Formats of a written sitemap."""

    JSON = "json"
    CSV = "csv"
    GOOGLE = "google"  # supplemental feed for vehicle ads, tab-separated
    META = "meta"  # supplementary feed for an automotive catalogue, CSV

    @property
    def ending(self) -> str:
        """How the name of such a file ends, without the leading dot."""
        return _ENDINGS[self]

    @property
    def is_ad_feed(self) -> bool:
        """Whether it is written for an advertising network, a vehicle a line."""
        return self in {ExportFormat.GOOGLE, ExportFormat.META}

    @classmethod
    def of(cls, path: PurePath) -> ExportFormat:
        """Return the format that a file's name asks for.

        Raises:
            UsageError: the ending is not known.
        """
        name = path.name.lower()
        for export_format in reversed(cls):  # "x.meta.csv" before "x.csv"
            if name.endswith(f".{export_format.ending}"):
                return export_format
        *others, last = (f".{one.ending}" for one in cls)
        raise UsageError(f"{path.name}: name the file {', '.join(others)} or {last}.")


_ENDINGS = {
    ExportFormat.JSON: "json",
    ExportFormat.CSV: "csv",
    ExportFormat.GOOGLE: "google.tsv",
    ExportFormat.META: "meta.csv",
}


class SkippedImages(StrEnum):
    """What an export does with images that have no answer."""

    PLACEHOLDER = "placeholder"  # sent as Placeholder with their status, as older systems expect
    OMIT = "omit"  # left out: nothing that was not seen is advertised


class Placeholders(StrEnum):
    """What a feed for ads does with images that are Placeholder."""

    OMIT = "omit"
    LAST = "last"  # behind all others, and never alone


class Imageless(StrEnum):
    """What a feed for ads does with a vehicle that has no image to show."""

    OMIT = "omit"
    KEEP = "keep"  # a line without images, whose labels say why


class AdKey(StrEnum):
    """By what the advertiser's own feed, which an export for ads adds to, calls a vehicle."""

    ID = "id"
    VIN = "vin"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdOptions:
    """What may be chosen of a feed for ads."""

    placeholders: Placeholders = Placeholders.OMIT
    imageless: Imageless = Imageless.OMIT
    key: AdKey = AdKey.ID


class LeftOut(StrEnum):
    """Why a vehicle is not in a feed for ads."""

    NO_IMAGE = "no_image"  # neither a Dealer nor a Stock image that can be sent
    NO_VIN = "no_vin"  # vehicles go by their VIN, and this one has none
    REPEATED_VIN = "repeated_vin"  # a vehicle before it has the same one
    UNSAFE_ID = "unsafe_id"  # too long for the network, or a spreadsheet would run it


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What stands in a written sitemap.

    Attributes:
        vehicles: In the file.
        images: In the file.
        left_out: Vehicles that are not, by reason.
    """

    vehicles: int
    images: int
    left_out: Mapping[LeftOut, int] = field(default_factory=dict)
