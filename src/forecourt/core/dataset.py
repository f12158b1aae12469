"""Rows of a dataset version: pictures, labels, where these come from, how far they are believed.

Pure. `store.versions` reads and writes them; docs/dataset.md describes every column.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from forecourt.core.labels import Color, ImageType
from forecourt.core.records import VisualKey
from forecourt.core.samples import CARS, Sample


class Split(StrEnum):
    """What a picture is for. A picture or an advertiser that has a split keeps it for good."""

    TRAIN = "train"
    VALIDATION = "validation"  # early stopping, thresholds, the choice among candidates
    TEST = "test"  # figures only


class ItemSource(StrEnum):
    """Where a label comes from."""

    IMPORT = "import"  # a folder or a file of labels
    FIX = "fix"  # what a person corrected in a sitemap
    DECISION = "decision"  # what a person said while looking through a version


class LeftOut(StrEnum):
    """Why a picture that was offered is not in a version."""

    UNDECODABLE = "undecodable"
    TOO_SMALL = "too_small"
    NO_PICTURE = "no_picture"  # its file, or its thumbnail, is not there
    NO_LABEL = "no_label"  # nobody and no model says what type it is
    DUPLICATE = "duplicate"  # the same picture, encoded anew, is in
    OTHER_SIDE = "other_side"  # the same picture or group is on another side of the split
    LABELS_DIFFER = "labels_differ"  # the same picture was offered with two labels
    CONTESTED = "contested"  # people disagree on it, or staff call it ambiguous
    FIX_REVERTED = "fix_reverted"  # the fix that it was in for holds no more
    DROPPED = "dropped"  # by a person's decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One picture of a dataset version.

    Attributes:
        key: SHA-256 of the original file, 64 hex digits: what one picture is across versions.
        image: Path of the kept file below the version's folder.
        sha256: Of the kept file; differs from `key` where a thumbnail is kept.
        is_thumbnail: Whether the kept file is a thumbnail (longer side at most 320 pixels).
        visual_key: What it looks like.
        type_trust: How far `image_type` is believed, 0-1.
        color: None where it is not known, or no paint is seen: `paint` tells.
        paint: Whether paint of one main vehicle is seen; None where nobody knows.
        color_trust: How far `color` (or that no paint is seen) is believed, 0-1; 0 where not known.
        kind: Vehicle kind ("car", "truck", ...), "" where not known or no vehicle.
        view: "exterior", "interior", "detail", or "".
        advertiser: Unit of the split.
        group: Pictures that are never divided: one vehicle, one spin.
        vehicle: The vehicle's id in its advertiser's inventory, or None.
        source: Where the labels come from.
        added_in: Version in which the picture, or its present label, came in. Another than this
            version's own name: it came with the parent.
        weight: How often training should show it, beside the others; 1 on average over a split.
        url: Where it was seen: a URL, or the path that it was imported from.
        notes: Remarks of whoever labelled it.
    """

    key: str
    image: str
    sha256: str
    is_thumbnail: bool
    visual_key: VisualKey
    image_type: ImageType
    type_trust: float
    color: Color | None
    paint: bool | None
    color_trust: float
    kind: str
    view: str
    advertiser: str
    group: str
    vehicle: str | None
    source: ItemSource
    added_in: str
    split: Split
    weight: float
    url: str
    notes: str

    @property
    def is_other_vehicle(self) -> bool:
        """Whether it shows a vehicle that is known to be no car."""
        return self.kind not in {"", CARS} and self.image_type is not ImageType.PLACEHOLDER

    def to_sample(self) -> Sample:
        """Return the picture as training and evaluation take labelled pictures.

        `Sample.file` is then a path below the version's folder.
        """
        return Sample(
            file=self.image,
            split=self.split,
            image_type=self.image_type,
            color=self.color,
            advertiser=self.advertiser,
            group=self.group,
            kind=self.kind,
            view=self.view,
            is_render="game render" in self.notes,
        )


_AT_RANDOM = 5  # of 256: two pictures of a hundred


def is_held_at_random(item: Item) -> bool:
    """Whether a training picture is never shown: what a random split would test on.

    A fiftieth of all vehicles, by a hash: the same ones for every model, whatever comes later.
    """
    name = item.group or item.key
    return hashlib.sha256(name.encode()).digest()[0] < _AT_RANDOM


@dataclass(frozen=True, slots=True, kw_only=True)
class Omission:
    """A picture that was offered and is not in the version."""

    key: str  # "" where nothing could be read
    url: str
    reason: LeftOut
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a version was made from.

    Attributes:
        parent: Name of the version that it goes on from, or None.
        parent_sha256: Of the parent's manifest.
        since: Only fixes made since then were looked at, or None: all.
        fixes_until: When the fixes were read; the next version goes on from there.
        imported: What was imported, by name.
        least_side: Shorter side of an original, in pixels, below which it is too small.
        shares: Of each split that was aimed at.
        least_other: Least share of what training is shown that is no car.
    """

    parent: str | None = None
    parent_sha256: str | None = None
    since: datetime | None = None
    fixes_until: datetime | None = None
    imported: tuple[str, ...] = ()
    least_side: int = 0
    shares: Mapping[Split, float] = field(default_factory=dict)
    least_other: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What `version.json` says of a version: enough to choose one, and to check it.

    Attributes:
        manifest_sha256: Of `manifest.parquet`; stands for the whole version, as the manifest holds
            the SHA-256 of every picture.
        left_out: How many pictures were left out, by reason.
        counts: Of pictures: by split, and in each split by type, colour, kind, source.
    """

    name: str
    created_at: datetime
    manifest_sha256: str
    images: int
    size_bytes: int
    recipe: Recipe
    left_out: Mapping[str, int]
    counts: Mapping[str, Any]


# ---- what people decide, and what is remembered of the split ------------------------------------


class Verdict(StrEnum):
    """What a person makes of a picture while looking through a version."""

    KEEP = "keep"  # the label is right
    DROP = "drop"  # the picture is no use; it stays out of later versions
    RELABEL = "relabel"  # the label is another


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What a person says of a picture.

    Attributes:
        image_type: The right one, where it is relabelled; None: it stays.
        color: The right one; None with `sets_color`: no paint is seen.
    """

    verdict: Verdict
    image_type: ImageType | None = None
    color: Color | None = None
    sets_color: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One person's decision on one picture; the latest of a picture that stands counts.

    Attributes:
        version: That was looked through.
    """

    key: str
    opinion: Opinion
    by: str
    at: datetime
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDecision:
    """A decision as it is stored.

    Attributes:
        undone_by: Who took it back; None: nobody. What was decided before then counts again.
    """

    id: int
    decision: Decision
    undone_by: str | None = None
    undone_at: datetime | None = None


class Unit(StrEnum):
    """What a side of the split is remembered for."""

    ADVERTISER = "advertiser"
    GROUP = "group"  # where no advertiser is known; the value is its SHA-256
    PICTURE = "picture"  # the value is its key


Sides = Mapping[tuple[Unit, str], Split]
