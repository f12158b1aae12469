"""Placeholders: cards that say that there is no photo, drawn flat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

# Bitstream Vera's successor; its licence allows every use. Debian: fonts-dejavu-core.
_FONTS = Path("/usr/share/fonts/truetype/dejavu")
_SIZE = (640, 480)
_OVERSAMPLING = 2

Ink = tuple[int, int, int]


@dataclass(frozen=True)
class Card:
    """One card: how it is drawn, and what it says, for people."""

    draw: Callable[[ImageDraw.ImageDraw, Image.Image], None]
    about: str


def draw_card(name: str) -> Image.Image:
    """Return a card."""
    width, height = (side * _OVERSAMPLING for side in _SIZE)
    image = Image.new("RGB", (width, height), (255, 255, 255))
    CARDS[name].draw(ImageDraw.Draw(image), image)
    return image.resize(_SIZE, Image.Resampling.LANCZOS)


def _font(size: float, *, is_bold: bool = False) -> ImageFont.FreeTypeFont:
    name = "DejaVuSans-Bold.ttf" if is_bold else "DejaVuSans.ttf"
    return ImageFont.truetype(_FONTS / name, int(size * _OVERSAMPLING))


def _write(
    draw: ImageDraw.ImageDraw, text: str, y: float, size: float, ink: Ink, *, is_bold: bool = False
) -> None:
    """Write centred lines; lengths are pixels of the finished card."""
    at = (_SIZE[0] * _OVERSAMPLING / 2, y * _OVERSAMPLING)
    draw.multiline_text(
        at, text, ink, _font(size, is_bold=is_bold), anchor="mm", align="center", spacing=18
    )


def _at(*lengths: float) -> tuple[float, ...]:
    return tuple(length * _OVERSAMPLING for length in lengths)


def _camera(
    draw: ImageDraw.ImageDraw, x: float, y: float, side: float, ink: Ink, ground: Ink
) -> None:
    draw.rounded_rectangle(
        _at(x - side, y - side * 0.6, x + side, y + side * 0.65), side * 0.3, ink
    )
    draw.rounded_rectangle(
        _at(x - side * 0.35, y - side * 0.85, x + side * 0.35, y), side * 0.2, ink
    )
    for radius, tone in ((0.47, ground), (0.36, ink), (0.2, ground)):
        r = side * radius
        draw.ellipse(_at(x - r, y - r, x + r, y + r), tone)


def _car(draw: ImageDraw.ImageDraw, x: float, y: float, side: float, ink: Ink, ground: Ink) -> None:
    """A plain car from the side: two outlines and two wheels."""
    body = [(-1, 0.1), (-0.98, -0.16), (-0.6, -0.24), (-0.3, -0.52), (0.28, -0.52), (0.6, -0.22),
            (0.94, -0.12), (1, 0.1), (0.95, 0.18), (-0.95, 0.18)]  # fmt: skip
    windows = ([(-0.46, -0.24), (-0.25, -0.44), (-0.03, -0.44), (-0.03, -0.24)],
               [(0.04, -0.24), (0.04, -0.44), (0.25, -0.44), (0.45, -0.24)])  # fmt: skip
    for outline, tone in ((body, ink), *((window, ground) for window in windows)):
        draw.polygon([_at(x + side * u, y + side * v) for u, v in outline], tone)
    for u in (-0.56, 0.58):
        for radius, tone in ((0.24, ground), (0.19, ink), (0.09, ground)):
            cx, cy, r = x + side * u, y + side * 0.18, side * radius
            draw.ellipse(_at(cx - r, cy - r, cx + r, cy + r), tone)


def _gradient(image: Image.Image, top: Ink, bottom: Ink) -> None:
    share = np.linspace(0, 1, image.height)[:, None, None]
    rows = np.array(top) * (1 - share) + np.array(bottom) * share
    image.paste(
        Image.fromarray(np.broadcast_to(rows, (image.height, image.width, 3)).astype(np.uint8))
    )


def _coming_soon(draw: ImageDraw.ImageDraw, _image: Image.Image) -> None:
    ground, ink = (236, 238, 240), (120, 128, 136)
    draw.rectangle(_at(0, 0, *_SIZE), ground)
    _camera(draw, 320, 180, 84, ink, ground)
    _write(draw, "PHOTOS COMING SOON", 330, 38, (74, 82, 90), is_bold=True)
    _write(draw, "Please call us for details", 385, 22, ink)


def _no_photo_german(draw: ImageDraw.ImageDraw, _image: Image.Image) -> None:
    draw.rectangle(_at(12, 12, 628, 468), (255, 255, 255), (190, 190, 190), 4)
    _car(draw, 320, 200, 170, (168, 172, 176), (255, 255, 255))
    _write(draw, "Kein Bild verfügbar", 340, 40, (96, 96, 96))


def _photo_spanish(draw: ImageDraw.ImageDraw, image: Image.Image) -> None:
    _gradient(image, (18, 44, 84), (42, 96, 158))
    _car(draw, 320, 180, 190, (214, 226, 240), (30, 70, 120))
    _write(draw, "Fotos próximamente", 330, 44, (255, 255, 255), is_bold=True)
    _write(draw, "Automóviles del Valle", 395, 26, (190, 212, 236))


def _no_image(draw: ImageDraw.ImageDraw, _image: Image.Image) -> None:
    _write(draw, "No image\navailable", 240, 56, (128, 128, 128))


def _logo(draw: ImageDraw.ImageDraw, _image: Image.Image) -> None:
    red, dark = (178, 28, 36), (38, 40, 44)
    draw.ellipse(_at(220, 70, 420, 270), red)
    draw.ellipse(_at(236, 86, 404, 254), (255, 255, 255))
    draw.polygon(
        [_at(262, 222), _at(320, 104), _at(378, 222), _at(346, 222), _at(320, 164), _at(294, 222)],
        red,
    )
    _write(draw, "ASHGROVE", 325, 62, dark, is_bold=True)
    _write(draw, "M O T O R   C O M P A N Y", 390, 24, red)


def _silhouette(draw: ImageDraw.ImageDraw, image: Image.Image) -> None:
    _gradient(image, (250, 250, 250), (206, 208, 212))
    _car(draw, 320, 250, 250, (150, 153, 158), (228, 229, 232))


def _banner(draw: ImageDraw.ImageDraw, _image: Image.Image) -> None:
    draw.rectangle(_at(0, 0, *_SIZE), (250, 204, 20))
    draw.polygon([_at(0, 300), _at(640, 200), _at(640, 360), _at(0, 460)], (200, 16, 30))
    _write(draw, "YEAR END EVENT", 110, 58, (24, 24, 28), is_bold=True)
    _write(draw, "0% APR", 335, 76, (255, 255, 255), is_bold=True)
    _write(draw, "ask for details at the desk", 440, 22, (24, 24, 28))


def _arriving(draw: ImageDraw.ImageDraw, _image: Image.Image) -> None:
    ground, ink = (30, 33, 38), (232, 234, 236)
    draw.rectangle(_at(0, 0, *_SIZE), ground)
    draw.rectangle(_at(0, 350, 640, 356), (220, 120, 20))
    _write(draw, "JUST ARRIVED", 165, 62, ink, is_bold=True)
    _write(draw, "Image en préparation", 250, 34, (170, 176, 184))
    _write(draw, "Garage des Tilleuls", 415, 28, (220, 120, 20))


CARDS: dict[str, Card] = {
    "card-coming-soon.png": Card(_coming_soon, "card: photos coming soon, a camera"),
    "card-kein-bild.jpg": Card(_no_photo_german, "card: no picture (German), a drawn car"),
    "card-proximamente.jpg": Card(_photo_spanish, "card: photos soon (Spanish), a drawn car"),
    "card-no-image.png": Card(_no_image, "card: no image available, words only"),
    "card-logo.png": Card(_logo, "a seller's logo"),
    "card-silhouette.jpg": Card(_silhouette, "a silhouette of a car"),
    "card-banner.jpg": Card(_banner, "an advertising banner"),
    "card-arrived.webp": Card(_arriving, "card: just arrived, picture being made (French)"),
}
