"""One key per type and colour, the same on all pages on which people fix."""

from __future__ import annotations

from collections.abc import Mapping

from forecourt.core.labels import Color, ImageType

TYPE_KEYS: Mapping[str, ImageType] = {
    "d": ImageType.DEALER,
    "s": ImageType.STOCK,
    "p": ImageType.PLACEHOLDER,
}

# The first letter where it is free, else one that is heard in the word; m is for maroon.
COLOR_KEYS: Mapping[str, Color | None] = {
    "k": Color.BLACK,
    "b": Color.BLUE,
    "n": Color.BROWN,
    "m": Color.BURGUNDY,
    "g": Color.GREEN,
    "e": Color.GREY,
    "o": Color.ORANGE,
    "i": Color.PINK,
    "v": Color.PURPLE,
    "r": Color.RED,
    "w": Color.WHITE,
    "y": Color.YELLOW,
    "x": None,
}
