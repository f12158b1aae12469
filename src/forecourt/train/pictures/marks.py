"""Marks that sellers put on pictures: banners, logos, watermarks, frames. The label stays."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from forecourt.train.pictures import drawing, words
from forecourt.train.pictures.wear import wear
from forecourt.vision.decode import Rgb


def mark_photo(rng: np.random.Generator, photo: Rgb, *, is_stock: bool = False) -> Rgb:
    """Put what dealers put on pictures: banners, logos, watermarks, frames. The label stays."""
    image = Image.fromarray(photo)
    for _count in range(int(rng.integers(1, 4))):
        mark = (_banner, _corner_logo, _watermark, _frame, _burst)[
            int(rng.choice(5, p=[0.36, 0.2, 0.18, 0.18, 0.08]))
        ]
        image = mark(rng, image, is_stock)
    return wear(rng, image)


def _banner(rng: np.random.Generator, image: Image.Image, is_stock: bool) -> Image.Image:  # noqa: FBT001
    image = image.copy()
    w, h = image.size
    ground = drawing.random_ink(rng)
    height = int(h * rng.uniform(0.06, 0.22))
    top = 0 if rng.random() < 0.4 else h - height
    veil = Image.new("RGB", (w, height), ground)
    image.paste(
        Image.blend(image.crop((0, top, w, top + height)), veil, rng.uniform(0.6, 1)), (0, top)
    )
    says_so = is_stock and rng.random() < 0.6
    lines = words.STOCK_NOTES if says_so else words.DEALERS + words.OFFERS
    drawing.write_text(
        rng,
        image,
        drawing.pick(rng, lines),
        (w / 2, top + height / 2),
        min(w * 0.8, height * 8),
        drawing.contrasting(rng, ground),
    )
    return image


def _corner_logo(rng: np.random.Generator, image: Image.Image, is_stock: bool) -> Image.Image:  # noqa: ARG001, FBT001
    image = image.copy()
    w, h = image.size
    side = min(w, h) * rng.uniform(0.1, 0.24)
    x, y = (rng.choice([4, w - side - 4]), rng.choice([4, h - side - 4]))
    drawing.draw_emblem(rng, image, (x, y, x + side, y + side), drawing.random_ink(rng))
    return image


def _watermark(rng: np.random.Generator, image: Image.Image, is_stock: bool) -> Image.Image:  # noqa: FBT001
    marked = image.copy()
    w, h = image.size
    text = drawing.pick(rng, words.STOCK_NOTES if is_stock else words.DEALERS)
    ink = (255, 255, 255) if rng.random() < 0.5 and not is_stock else (90, 90, 90)
    for _copy in range(int(rng.choice([1, 1, 3, 6]))):
        drawing.write_text(
            rng,
            marked,
            text,
            (rng.uniform(0.2, 0.8) * w, rng.uniform(0.15, 0.85) * h),
            w * rng.uniform(0.3, 0.8),
            ink,
        )
    return Image.blend(image, marked, rng.uniform(0.25, 0.8))


def _frame(rng: np.random.Generator, image: Image.Image, is_stock: bool) -> Image.Image:  # noqa: ARG001, FBT001
    w, h = image.size
    sides = [
        int(side * rng.uniform(0, 0.22)) if rng.random() < 0.75 else 0 for side in (w, h, w, h)
    ]
    ground = drawing.random_ink(rng)
    framed = Image.new("RGB", (w + sides[0] + sides[2], h + sides[1] + sides[3]), ground)
    framed.paste(image, (sides[0], sides[1]))
    ink = drawing.contrasting(rng, ground)
    if max(sides[1], sides[3]) > 14:
        y = sides[1] / 2 if sides[1] >= sides[3] else framed.height - sides[3] / 2
        drawing.write_text(
            rng,
            framed,
            drawing.pick(rng, words.DEALERS + words.OFFERS),
            (framed.width / 2, y),
            min(framed.width * 0.8, max(sides) * 7),
            ink,
        )
    return framed


def _burst(rng: np.random.Generator, image: Image.Image, is_stock: bool) -> Image.Image:  # noqa: ARG001, FBT001
    image = image.copy()
    w, h = image.size
    r = min(w, h) * rng.uniform(0.1, 0.18)
    x, y = rng.choice([r, w - r]), rng.choice([r, h - r])
    ground = drawing.random_ink(rng)
    ImageDraw.Draw(image).ellipse((x - r, y - r, x + r, y + r), fill=ground)
    price = f"${int(rng.integers(2, 90))},{int(rng.integers(100, 999))}"
    drawing.write_text(rng, image, price, (x, y), r * 1.6, drawing.contrasting(rng, ground))
    return image
