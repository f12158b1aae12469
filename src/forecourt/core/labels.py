"""The two label sets, and every spelling under which people and old systems write them."""

from enum import StrEnum

from forecourt.core.errors import UnknownLabelError


class ImageType(StrEnum):
    """What a picture is: a photo of the real vehicle, a studio or rendered cut-out, or neither."""

    DEALER = "Dealer"
    STOCK = "Stock"
    PLACEHOLDER = "Placeholder"


class Color(StrEnum):
    """Colour of the main vehicle. Silver counts as Grey; no colour is `None`, not a member."""

    BLACK = "Black"
    BLUE = "Blue"
    BROWN = "Brown"
    BURGUNDY = "Burgundy"
    GREEN = "Green"
    GREY = "Grey"
    ORANGE = "Orange"
    PINK = "Pink"
    PURPLE = "Purple"
    RED = "Red"
    WHITE = "White"
    YELLOW = "Yellow"


IMAGE_TYPES: tuple[ImageType, ...] = tuple(ImageType)
COLORS: tuple[Color, ...] = tuple(Color)

_TYPES_BY_SPELLING = {member.value.lower(): member for member in ImageType}
_COLORS_BY_SPELLING = {member.value.lower(): member for member in Color} | {"gray": Color.GREY}
# "N/A" is how older systems wrote "no colour"; it is read, never written.
_NO_COLOR_SPELLINGS = frozenset({"", "none", "null", "n/a", "na"})


def parse_image_type(text: str) -> ImageType:
    """Return the image type that `text` spells, in any letter case.

    Raises:
        UnknownLabelError: `text` is none of the three.
    """
    try:
        return _TYPES_BY_SPELLING[text.strip().lower()]
    except KeyError:
        raise UnknownLabelError(text, [member.value for member in ImageType]) from None


def parse_color(text: str | None) -> Color | None:
    """Return the colour that `text` spells, or None where it spells "no colour" (none, N/A, "").

    Raises:
        UnknownLabelError: `text` is neither one of the twelve nor a spelling of "no colour".
    """
    spelling = (text or "").strip().lower()
    if spelling in _NO_COLOR_SPELLINGS:
        return None
    try:
        return _COLORS_BY_SPELLING[spelling]
    except KeyError:
        raise UnknownLabelError(text or "", [*(m.value for m in Color), "none"]) from None
