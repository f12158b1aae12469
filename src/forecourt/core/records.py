"""Frozen records that pass between engines and stages.

Arrays never stand in a record that is compared or stored; probabilities are plain floats keyed by
label, so that a record means the same in every process and every language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from forecourt.core.labels import Color, ImageType
from forecourt.core.skips import SkipReason

T = TypeVar("T")

# ---- feeds ---------------------------------------------------------------------------------------

LONGEST_ADVERTISER = 200  # characters of a name


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """One vehicle of an advertiser's inventory, as the feed gives it.

    Attributes:
        id: Stock number or feed id; unique within one scrape.
        vin: Vehicle identification number, upper case, or None where the feed has none.
        color: Exterior colour in the advertiser's own words ("Brilliant Red Metallic"), or None.
        images: Absolute URLs in the order of the feed, without repetitions.
    """

    id: str
    vin: str | None = None
    title: str | None = None
    condition: str | None = None  # "New", "Used", "Certified", or None
    body_type: str | None = None
    color: str | None = None
    url: str | None = None
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """A row of a feed that could not be used, and what to do about it.

    Attributes:
        line: 1-based line of the file where the row starts; None where the format has no lines.
        row: 1-based number of the vehicle in the feed, header not counted.
        field: Name of the offending field as it stands in the feed, or "" for the whole row.
    """

    line: int | None
    row: int
    field: str
    reason: str
    hint: str


# ---- fetch and identity --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What a server said of the representation that we hold (RFC 9110 section 8.8)."""

    etag: str | None = None  # as sent, quotes and W/ included
    last_modified: str | None = None  # as sent, an HTTP-date


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRequest:
    """One image to ask for.

    Attributes:
        ref: The caller's own handle; comes back with the outcome.
        validators: What we hold; given, the GET is conditional. None: unconditional.
    """

    ref: int
    url: str
    validators: Validators | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFacts:
    """What the response's headers say of the image. No body is needed to make one.

    Attributes:
        url: The URL asked for (redirects do not change identity).
        final_url: The URL that answered.
        status: 200 or 304.
        headers: Lower-case names of the headers that identity and freshness rest on.
        received_at: When the response's headers arrived (UTC).
    """

    url: str
    final_url: str
    status: int
    headers: Mapping[str, str]
    received_at: datetime

    @property
    def is_not_modified(self) -> bool:
        """Whether the server confirmed the validators that we sent (304)."""
        return self.status == 304


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The server answered. `body` is None after a 304, or where the caller did not want it.

    `seconds`: from the first attempt to the last byte, pauses between attempts included.
    """

    request: ImageRequest
    facts: ImageFacts
    body: bytes | None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFetched:
    """The image could not be had: a value with a reason, never an exception."""

    request: ImageRequest
    reason: SkipReason
    detail: str = ""
    seconds: float = 0.0


class KeySource(StrEnum):
    """What an image key was made of, strongest first."""

    DIGEST = "digest"  # a content digest that the server sent
    BYTES = "bytes"  # SHA-256 of the body
    ETAG = "etag"  # URL and strong ETag
    LAST_MODIFIED = "last_modified"  # URL, Last-Modified and Content-Length


@dataclass(frozen=True, slots=True)
class ImageKey:
    """Cache identity of an image: `value` is unique within its `source`."""

    source: KeySource
    value: str

    def __str__(self) -> str:
        return f"{self.source}:{self.value}"


@dataclass(frozen=True, slots=True)
class VisualKey:
    """What a picture looks like, whatever its encoding and size; `identity.visual` makes it.

    Attributes:
        pdq: Perceptual hash of the luminance, 32 bytes; empty where the picture is too plain.
        grid: Mean CIELAB colour of each of 8 x 8 cells, row by row: 192 bytes, L* scaled to 0-255,
            a* and b* moved by 128.
    """

    pdq: bytes
    grid: bytes


# ---- vision --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Box:
    """Corners of the main vehicle as shares of width and height, 0-1, origin top left."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """The model's raw answer for one image; nothing is decided here.

    Attributes:
        image_type_probs: Calibrated, sum to 1 over the three types.
        color_probs: Calibrated, sum to 1 over the twelve colours, given that paint is seen.
        color_visible: Probability (0-1) that the paint of one main vehicle is seen at all.
        box: Main vehicle, or None where the model has none.
        several_vehicles: Probability (0-1) that several vehicles compete; None: not predicted.
        kind_probs: Vehicle kind ("car", "truck", ...); empty where the bundle has no such head.
        view_probs: "exterior", "interior", "detail"; empty where the bundle has no such head.
    """

    model_version: str
    image_type_probs: Mapping[ImageType, float]
    color_probs: Mapping[Color, float]
    color_visible: float
    box: Box | None = None
    several_vehicles: float | None = None
    kind_probs: Mapping[str, float] = field(default_factory=dict)
    view_probs: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the numbered rules make of a prediction; kept with it, keyed by model version.

    Attributes:
        image_type_confidence: Calibrated probability (0-1) of `image_type`.
        color: None where no paint is seen or the type has no colour.
        color_confidence: Probability (0-1) that the colour answer (None included) is right.
        image_type_reason: Rule that decided: "most_probable" or "placeholder_floor".
        color_reason: Rule that decided, e.g. "most_probable", "no_paint_seen".
        review: The model abstains: a person should look. The type is decided all the same.
        review_reasons: Why, e.g. ("image_type_uncertain",).
    """

    model_version: str
    image_type: ImageType
    image_type_confidence: float
    image_type_reason: str
    color: Color | None
    color_confidence: float
    color_reason: str
    review: bool
    review_reasons: tuple[str, ...] = ()


# ---- resolution ----------------------------------------------------------------------------------


class Source(StrEnum):
    """Where a shown value comes from."""

    FIX = "fix"
    SCRAPE = "scrape"
    MODEL = "model"
    DEFAULT = "default"


class Role(StrEnum):
    """Who acts."""

    ADMIN = "admin"
    STAFF = "staff"
    ADVERTISER = "advertiser"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag(Generic[T]):
    """One resolved answer: what is shown, where it comes from and why."""

    value: T
    source: Source
    confidence: float | None
    reason: str
    carried_from: str | None = None


def tag_to_json(tag: Tag[Any]) -> dict[str, Any]:
    """Return the JSON form of a tag; its shape is a contract (docs/api.md)."""
    return {
        "value": tag.value,
        "source": tag.source,
        "confidence": None if tag.confidence is None else round(tag.confidence, 4),
        "reason": tag.reason,
    }
