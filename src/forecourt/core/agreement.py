"""How far two models say the same of the same images. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from forecourt.core.labels import COLORS, IMAGE_TYPES, Color, ImageType

NO_COLOR = "none"


@dataclass(frozen=True, slots=True)
class Said:
    """What a model says of an image, with its confidence from 0 to 1."""

    image_type: ImageType
    image_type_confidence: float
    color: Color | None
    color_confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """An image of which two models say different things.

    Attributes:
        thumbnail: Its address in the media folder, or None.
        advertiser: Of whoever shows it, one; None: nobody does any more.
        url: Where that one shows it.
        champion: What the model says that it is compared with.
        challenger: What the challenger says.
    """

    image_id: int
    thumbnail: str | None
    advertiser: str | None
    url: str | None
    champion: Said
    challenger: Said


@dataclass(frozen=True, slots=True)
class Share:
    """So many images, and of so many of them both say the same."""

    images: int
    agreeing: int


@dataclass(frozen=True, slots=True)
class Tallied:
    """So many images of which the two say the same things."""

    champion_type: ImageType
    champion_color: Color | None
    challenger_type: ImageType
    challenger_color: Color | None
    images: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far a challenger says what another model says.

    Attributes:
        model_version: The challenger.
        against: The other one.
        total: Images that both have answered, the latest ones; both fields together.
        by_type: By the other one's image type: how often the challenger says the same type.
        by_color: By the other one's colour, `none` too: how often it says the same colour.
        by_advertiser: By whoever shows the image; both fields together.
    """

    model_version: str
    against: str
    total: Share
    by_type: Mapping[str, Share]
    by_color: Mapping[str, Share]
    by_advertiser: Mapping[str, Share]


def make_agreement(
    model_version: str,
    against: str,
    tallied: Iterable[Tallied],
    by_advertiser: Mapping[str, Share],
) -> Agreement:
    """Sum up what two models say of images; classes that do not occur are left out."""
    types: dict[str, list[int]] = {name: [0, 0] for name in IMAGE_TYPES}
    colors: dict[str, list[int]] = {name: [0, 0] for name in (*COLORS, NO_COLOR)}
    images = agreeing = 0
    for one in tallied:
        is_same_type = one.champion_type == one.challenger_type
        is_same_color = one.champion_color == one.challenger_color
        _count(types[one.champion_type], one.images, is_same=is_same_type)
        _count(colors[one.champion_color or NO_COLOR], one.images, is_same=is_same_color)
        images += one.images
        agreeing += one.images if is_same_type and is_same_color else 0
    return Agreement(
        model_version=model_version,
        against=against,
        total=Share(images, agreeing),
        by_type=_shares(types),
        by_color=_shares(colors),
        by_advertiser=by_advertiser,
    )


def _count(pair: list[int], images: int, *, is_same: bool) -> None:
    pair[0] += images
    pair[1] += images if is_same else 0


def _shares(counted: Mapping[str, list[int]]) -> dict[str, Share]:
    return {name: Share(pair[0], pair[1]) for name, pair in counted.items() if pair[0]}
