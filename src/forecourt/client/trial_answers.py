"""What the API answers of challengers and re-tags, typed; see `answers`."""

from __future__ import annotations

from typing import Literal, TypedDict

from forecourt.client.answers import Color, ImageType


class ShadowStep(TypedDict):
    """A challenger went into the shadow, or came out of it."""

    id: int
    kind: Literal["start", "stop"]
    model_version: str
    share: float
    at: str
    by: str
    note: str
    reason: str


class CanaryStep(TypedDict):
    """An advertiser is answered by a challenger, or no more."""

    id: int
    kind: Literal["start", "drop", "promote"]
    advertiser: str
    model_version: str
    at: str
    by: str
    note: str


class Canaries(TypedDict):
    """Steps of canaries, by the names of the advertisers."""

    items: list[CanaryStep]


class Share(TypedDict):
    """So many images, and of so many of them both say the same."""

    images: int
    agreeing: int


class Agreement(Share):
    """How far a challenger says what another model says."""

    model_version: str
    against: str
    by_type: dict[str, Share]
    by_color: dict[str, Share]
    by_advertiser: dict[str, Share]


class Said(TypedDict):
    """What a model says of an image."""

    image_type: ImageType
    image_type_confidence: float
    color: Color | None
    color_confidence: float


class Disagreement(TypedDict):
    """An image of which two models say different things."""

    image_id: int
    thumbnail: str | None
    advertiser: str | None
    url: str | None
    champion: Said
    challenger: Said


class Retag(TypedDict):
    """Images that inventories show are answered by a model."""

    id: int
    model_version: str
    advertiser: str | None
    promotion_id: int | None
    status: Literal["accepted", "running", "finished", "cancelled"]
    by: str
    requested_at: str
    started_at: str | None
    finished_at: str | None
    images: int | None
    looked_at: int
    answered: int
    missed: int
    failures: int
    last_error: str | None
