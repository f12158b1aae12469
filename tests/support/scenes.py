"""Drawn scenes with a vehicle: enough structure to be recognised, in any paint."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

PAINT = (186, 12, 20)


def scene(
    seed: int = 0, *, paint: tuple[int, int, int] = PAINT, size: tuple[int, int] = (640, 480)
) -> Image.Image:
    """Return a vehicle before a ground, a wall and some things; another seed, another place."""
    rng = np.random.default_rng(seed)
    width, height = 640, 480
    image = Image.new("RGB", (width, height), tuple(rng.integers(150, 230, 3)))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 330, width, height), fill=tuple(rng.integers(70, 140, 3)))
    for _ in range(9):
        x, y = rng.integers(0, width), rng.integers(20, 330)
        w, h = rng.integers(30, 150, 2)
        draw.rectangle(
            (int(x), int(y), int(x + w), int(y + h)), fill=tuple(rng.integers(30, 240, 3))
        )
    left = int(rng.integers(60, 160))
    draw.rounded_rectangle((left, 230, left + 400, 350), 30, fill=paint)
    draw.polygon(
        [(left + 80, 235), (left + 140, 165), (left + 280, 165), (left + 340, 235)], fill=paint
    )
    draw.polygon(
        [(left + 100, 230), (left + 148, 180), (left + 272, 180), (left + 318, 230)],
        fill=(40, 50, 60),
    )
    for wheel in (left + 85, left + 315):
        draw.ellipse((wheel - 42, 305, wheel + 42, 389), fill=(18, 18, 20))
        draw.ellipse((wheel - 22, 325, wheel + 22, 369), fill=(170, 172, 176))
    return image if size == (width, height) else image.resize(size)


def with_banner(image: Image.Image, *, share: float = 0.1) -> Image.Image:
    """Return the picture with a strip across its foot."""
    marked = image.copy()
    top = round(image.height * (1 - share))
    ImageDraw.Draw(marked).rectangle((0, top, image.width, image.height), fill=(250, 210, 0))
    return marked


def card(*, words: str = "No photo") -> Image.Image:
    """Return a card with next to nothing on it."""
    image = Image.new("RGB", (400, 300), (222, 224, 228))
    ImageDraw.Draw(image).text((170, 140), words, fill=(120, 120, 126))
    return image
