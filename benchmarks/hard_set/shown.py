"""Families of pictures that do show the vehicle, as sellers disfigure them. The label stays."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from benchmarks.hard_set import craft
from benchmarks.hard_set.dialect import Dialect


def framed(rng: np.random.Generator, picture: Image.Image, dialect: Dialect) -> Image.Image:
    """Inset in a branded frame: mark, name, telephone number."""
    ground, ink = craft.pick_paint(rng, dialect)
    w, h = picture.size
    sides = [rng.uniform(0.02, 0.16) for _side in range(4)]
    sides[int(rng.choice([1, 3]))] = rng.uniform(0.14, 0.26)
    size = (int(w * (1 + sides[0] + sides[2])), int(h * (1 + sides[1] + sides[3])))
    image = craft.fade(size, ground, ground)
    image.paste(picture, (int(w * sides[0]), int(h * sides[1])))
    is_top = sides[1] > sides[3]
    height = h * (sides[1] if is_top else sides[3]) / size[1]
    y = 0.0 if is_top else 1 - height
    words = craft.pick(rng, dialect.sellers + dialect.offers)
    box = (0.22, y + height * 0.2, 0.95, y + height * 0.8)
    craft.write(rng, image, dialect, words, box, ink)
    middle = (size[0] * 0.1, size[1] * (y + height / 2))
    craft.draw_emblem(rng, image, middle, size[1] * height * 0.32, ink)
    return image


def bannered(rng: np.random.Generator, picture: Image.Image, dialect: Dialect) -> Image.Image:
    """A slanted or straight banner, and a price now and then."""
    image = picture.copy()
    ground, ink = craft.pick_paint(rng, dialect)
    w, h = image.size
    top = 0.0 if rng.random() < 0.5 else rng.uniform(0.78, 0.84)
    height = rng.uniform(0.12, 0.2)
    slant = rng.uniform(-0.04, 0.04) * h
    draw = ImageDraw.Draw(image)
    low = min(1.02, top + height) * h
    draw.polygon([(0, top * h), (w, top * h + slant), (w, low - slant), (0, low)], fill=ground)
    box = (0.04, top + 0.02, 0.96, min(0.99, top + height - 0.02))
    craft.write(rng, image, dialect, craft.pick(rng, dialect.offers + dialect.sellers), box, ink)
    if rng.random() < 0.5:
        corner = (w * 0.72, h * (0.8 if top == 0 else 0.06))
        draw.rounded_rectangle((*corner, w * 0.97, corner[1] + h * 0.13), 6, fill=ink)
        price = f"{int(rng.integers(3, 80))}.{int(rng.integers(100, 999))} €"
        y = corner[1] / h
        craft.write(rng, image, dialect, price, (0.73, y + 0.01, 0.96, y + 0.12), ground)
    return image


def watermarked(rng: np.random.Generator, picture: Image.Image, dialect: Dialect) -> Image.Image:
    """A name over the picture again and again, aslant."""
    w, h = picture.size
    layer = Image.new("RGB", (w * 2, h * 2), (0, 0, 0))
    text = craft.pick(rng, dialect.sellers + dialect.notes[:2])
    rows = int(rng.integers(3, 7))
    for row in range(rows):
        y = (row + 0.2) / rows
        for column in range(2):
            left = column / 2 + 0.05
            box = (left, y, left + 0.36, y + 0.42 / rows)
            craft.write(rng, layer, dialect, text, box, (255, 255, 255))
    turned = layer.rotate(rng.uniform(15, 40)).crop((w // 2, h // 2, w // 2 + w, h // 2 + h))
    strength = rng.uniform(0.2, 0.5)
    ink = (255, 255, 255) if np.asarray(picture).mean() < 150 else (110, 110, 120)
    image = picture.copy()
    image.paste(ink, (0, 0), turned.convert("L").point(lambda v: int(v * strength)))
    return image


def annotated(rng: np.random.Generator, picture: Image.Image, dialect: Dialect) -> Image.Image:
    """A note that this is a stock picture: on a strip, in a corner or across."""
    image = picture.copy()
    text = craft.pick(rng, dialect.notes)
    ground, ink = craft.pick_paint(rng, dialect)
    mode = int(rng.integers(3))
    if mode == 0:
        y = float(rng.choice([0.0, 0.88]))
        strip = Image.new("RGB", (image.width, int(image.height * 0.12)), ground)
        image.paste(strip, (0, int(y * image.height)))
        craft.write(rng, image, dialect, text, (0.05, y + 0.01, 0.95, y + 0.11), ink)
    elif mode == 1:
        craft.write(rng, image, dialect, text, (0.55, 0.9, 0.98, 0.98), (70, 70, 76))
    else:
        y = rng.uniform(0.2, 0.6)
        box = (0.1, y, 0.9, y + 0.2)
        craft.write(rng, image, dialect, text, box, (96, 96, 104), opacity=rng.uniform(0.4, 0.8))
    return image


def coarse(rng: np.random.Generator, picture: Image.Image, _dialect: Dialect) -> Image.Image:
    """From a tiny original, compressed hard."""
    small = ImageOps.contain(picture, (int(rng.integers(80, 130)),) * 2)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=int(rng.integers(22, 50)))
    again = Image.open(buffer).convert("RGB")
    scale = rng.uniform(1.0, 2.6)
    return again.resize((int(again.width * scale), int(again.height * scale)))


def night(rng: np.random.Generator, picture: Image.Image, _dialect: Dialect) -> Image.Image:
    """Dark, noisy, under a lamp of some colour."""
    pixels = np.asarray(picture, np.float64) / 255
    lamp = np.array([(1.0, 0.82, 0.55), (0.7, 0.85, 1.0), (1.0, 1.0, 0.9)][int(rng.integers(3))])
    dark = pixels ** rng.uniform(1.2, 1.8) * rng.uniform(0.3, 0.55) * lamp
    glow = np.clip(craft.noise(rng, picture.size, 90), 0, 1)[..., None] * 0.25 * lamp
    grain = rng.normal(0, rng.uniform(0.01, 0.05), pixels.shape)
    return Image.fromarray((np.clip(dark + glow * dark * 3 + grain, 0, 1) * 255).astype(np.uint8))


def glaring(rng: np.random.Generator, picture: Image.Image, _dialect: Dialect) -> Image.Image:
    """Into the sun: washed out, a bright spot, soft."""
    w, h = picture.size
    y, x = np.mgrid[0:h, 0:w]
    center = (rng.uniform(0, w), rng.uniform(0, h * 0.5))
    far = np.hypot(x - center[0], y - center[1]) / w
    flare = np.exp(-((far / rng.uniform(0.2, 0.4)) ** 2))[..., None] * rng.uniform(120, 220)
    pixels = np.asarray(ImageEnhance.Contrast(picture).enhance(0.7), np.float64) + 20 + flare
    washed = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    return washed.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.2)))


def portrait(rng: np.random.Generator, picture: Image.Image, _dialect: Dialect) -> Image.Image:
    """A telephone held upright: a narrow cut of the picture, or the picture between two bars."""
    w, h = picture.size
    if rng.random() < 0.5:
        width = int(h * rng.uniform(0.6, 0.8))
        left = int(max(0, w - width) * rng.uniform(0.2, 0.8))
        return picture.crop((left, 0, min(w, left + width), h))
    height = int(w * rng.uniform(1.2, 1.6))
    back = ImageOps.fit(picture, (w, height)).filter(ImageFilter.GaussianBlur(12))
    image = back if rng.random() < 0.5 else Image.new("RGB", (w, height), (0, 0, 0))
    image.paste(picture, (0, (height - h) // 2))
    return image


def floored(rng: np.random.Generator, picture: Image.Image, _dialect: Dialect) -> Image.Image:
    """A cut-out on a ground that fades to pale grey, with a reflection below."""
    cut = craft.cut_out(picture)
    w, h = picture.size
    size = (int(w * rng.uniform(1.05, 1.4)), int(h * rng.uniform(1.05, 1.3)))
    tone = int(rng.integers(222, 246))
    image = craft.fade(size, (255, 255, 255), (tone, tone, tone))
    if cut is None:
        return picture
    body, mask = cut
    place = ((size[0] - body.width) // 2, (size[1] - body.height) // 2)
    mirrored = ImageOps.flip(body)
    fading = np.linspace(0.32, -0.2, body.height).clip(0)[:, None]
    veil = (np.asarray(ImageOps.flip(mask)) * fading).astype(np.uint8)
    image.paste(mirrored, (place[0], place[1] + body.height - 2), Image.fromarray(veil))
    shadow = mask.resize((mask.width, max(2, mask.height // 8)))
    shadow = shadow.filter(ImageFilter.GaussianBlur(4)).point(lambda v: int(v * 0.35))
    image.paste((60, 60, 60), (place[0], place[1] + int(body.height * 0.92)), shadow)
    image.paste(body, place, mask)
    return image


DEALER_FAMILIES = (framed, bannered, watermarked, coarse, night, glaring, portrait)
STOCK_FAMILIES = (framed, bannered, watermarked, annotated, coarse, floored)
# These change what the paint looks like, so their pictures carry no colour.
COLOR_CHANGING = (night, glaring)
