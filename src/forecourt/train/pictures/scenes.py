"""Placeholders with a vehicle in them: announced, draped, sketched, or behind the message."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from forecourt.train.pictures import drawing, words
from forecourt.train.pictures.stock import CutOut, cut_out, place
from forecourt.vision.decode import Rgb

_DARK_TEXT = (45, 45, 50)


def panel(rng: np.random.Generator, w: int, h: int, vehicles: Sequence[Rgb]) -> Image.Image:
    """Draw a panel with the message on a clear picture, anywhere, often tilted or see-through."""
    image = _any(rng, vehicles, w, h)
    ground = drawing.random_ink(rng)
    size = (int(w * rng.uniform(0.55, 1)), int(h * rng.uniform(0.22, 0.6)))
    plate = Image.new("RGB", size, ground)
    ink = drawing.contrasting(rng, ground)
    text = drawing.pick(rng, words.NO_PHOTO)
    drawing.write_text(rng, plate, text, (size[0] / 2, size[1] / 2), size[0] * 0.85, ink)
    if rng.random() < 0.3:
        ImageDraw.Draw(plate).rectangle((2, 2, size[0] - 3, size[1] - 3), outline=ink, width=2)
    solid = Image.new("L", size, int(rng.uniform(165, 256)))
    if rng.random() < 0.3:
        angle = rng.uniform(-25, 25)
        plate, solid = (one.rotate(angle, expand=True) for one in (plate, solid))
    spot = (
        int((w - plate.width) * rng.uniform(0.2, 0.8)),
        int((h - plate.height) * rng.uniform(0.15, 0.85)),
    )
    image.paste(plate, spot, solid)
    return image


def across_stock(rng: np.random.Generator, w: int, h: int, vehicles: Sequence[Rgb]) -> Image.Image:
    """Draw the message across a cut-out that is shown clearly, pale or grey."""
    image = Image.new("RGB", (w, h), (255, 255, 255))
    cut, mask, spot = place(rng, image, _cut(rng, vehicles), rng.uniform(0.6, 1))
    if rng.random() < 0.4:
        cut = cut.convert("L").convert("RGB")
    image.paste(cut, spot, mask)
    if rng.random() < 0.6:
        veil = Image.new("RGB", image.size, (255, 255, 255) if rng.random() < 0.8 else _DARK_TEXT)
        image = Image.blend(image, veil, rng.uniform(0.2, 0.75))
    ink = drawing.random_ink(rng) if rng.random() < 0.6 else _DARK_TEXT
    ink = ink if sum(ink) < 480 else _DARK_TEXT
    text = drawing.pick(rng, words.NO_PHOTO)
    layer = Image.new("L", (w, h), 0)
    middle = (w / 2, h * rng.uniform(0.25, 0.8))
    for shift in (0, 1):  # twice: bolder
        spot_of_text = (middle[0] + shift, middle[1])
        _write_mask(rng, layer, text, spot_of_text, w * rng.uniform(0.55, 0.95))
        if rng.random() < 0.5:
            break
    if rng.random() < 0.35:
        layer = layer.rotate(rng.uniform(-35, 35))
    image.paste(ink, (0, 0), layer)
    return image


def draped(rng: np.random.Generator, w: int, h: int, vehicles: Sequence[Rgb]) -> Image.Image:
    """Draw a vehicle under a cloth: its hull, in one colour, with folds that hang."""
    image, _ground = drawing.flat_or_gradient(rng, w, h)
    if rng.random() < 0.4:
        image = Image.new("RGB", (w, h), (255, 255, 255))
    _picture, mask, spot = place(rng, image, _cut(rng, vehicles), rng.uniform(0.6, 0.95))
    hull = mask.filter(ImageFilter.MaxFilter(5)).filter(ImageFilter.GaussianBlur(mask.width / 30))
    inside = np.asarray(hull) > 90
    inside = np.maximum.accumulate(inside, 0) & np.maximum.accumulate(inside[::-1], 0)[::-1]
    height, width = inside.shape
    column = np.arange(width) / width
    waves = sum(
        np.sin(2 * np.pi * (column * rng.uniform(2, 14) + rng.random())) for _wave in range(4)
    )
    level = np.linspace(0, 1, height)[:, None]
    slope = rng.uniform(-0.25, 0.25) * (column[None] - 0.5)
    shade = 1.05 - 0.35 * level + 0.11 * waves[None] * (0.3 + level) + slope
    shade += rng.normal(0, 0.015, (height, width))
    cloth = np.array(drawing.random_ink(rng)) * 0.8 + 30
    pixels = np.clip(cloth * shade[..., None], 0, 255).astype(np.uint8)
    edge = Image.fromarray(np.where(inside, 255, 0).astype(np.uint8))
    smooth = Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.5)))
    image.paste(smooth, spot, edge.filter(ImageFilter.GaussianBlur(1)))
    if rng.random() < 0.35:
        text = drawing.pick(rng, words.NO_PHOTO + words.OFFERS)
        ink = drawing.contrasting(rng, image.getpixel((w // 2, 4)))  # type: ignore[arg-type]
        drawing.write_text(rng, image, text, (w / 2, h * 0.09), w * 0.7, ink)
    return image


def announced(rng: np.random.Generator, w: int, h: int, vehicles: Sequence[Rgb]) -> Image.Image:
    """Draw a teaser: a vehicle that is hardly seen in the dark or the fog, and a line of text."""
    if rng.random() < 0.5:
        image = _spot_lit(rng, _any(rng, vehicles, w, h))
    else:
        image = _back_lit(rng, w, h, _cut(rng, vehicles))
    text = drawing.pick(rng, words.OFFERS + words.NO_PHOTO + words.DEALERS)
    for _line in range(int(rng.integers(1, 3))):
        middle = (w * rng.uniform(0.35, 0.65), h * rng.choice([0.1, 0.2, 0.5, 0.82, 0.92]))
        grey = int(rng.integers(170, 256))
        drawing.write_text(rng, image, text, middle, w * rng.uniform(0.3, 0.85), (grey,) * 3)
        text = drawing.pick(rng, words.OFFERS)
    return image


def _spot_lit(rng: np.random.Generator, image: Image.Image) -> Image.Image:
    w, h = image.size
    y, x = np.mgrid[0:h, 0:w]
    far = np.hypot((x - rng.uniform(0, w)) / w, (y - rng.uniform(0, h)) / h)
    lamp = rng.uniform(0.03, 0.12) + rng.uniform(0.1, 0.4) * np.exp(-((far / 0.35) ** 2))
    tint = rng.uniform(0.75, 1.0, 3)
    grey = rng.uniform(0.3, 1)
    pixels = np.asarray(image, np.float64)
    pixels = pixels * grey + pixels.mean(2, keepdims=True) * (1 - grey)
    return Image.fromarray(np.clip(pixels * lamp[..., None] * tint, 0, 255).astype(np.uint8))


def _back_lit(rng: np.random.Generator, w: int, h: int, cut: CutOut) -> Image.Image:
    high, low = rng.uniform(0, 60, 3), rng.uniform(0, 90, 3)
    ramp = np.linspace(0, 1, h)[:, None, None]
    rows = high * (1 - ramp) + low * ramp
    image = Image.fromarray(np.broadcast_to(rows, (h, w, 3)).astype(np.uint8))
    picture, mask, spot = place(rng, image, cut, rng.uniform(0.6, 1))
    shadow = ImageEnhance.Brightness(picture).enhance(rng.uniform(0, 0.25))
    if rng.random() < 0.6:
        halo = Image.new("L", image.size, 0)
        halo.paste(mask, spot)
        halo = halo.filter(ImageFilter.GaussianBlur(rng.uniform(2, 12)))
        glow = tuple(int(one) for one in rng.uniform(80, 240, 3))
        image.paste(glow, (0, 0), halo.point(lambda v: int(v * 0.6)))
    image.paste(shadow, spot, mask)
    return image


def sketched(rng: np.random.Generator, w: int, h: int, vehicles: Sequence[Rgb]) -> Image.Image:
    """Draw a vehicle as a drawing: contours, few flat colours, a mascot's eyes."""
    image, ground = drawing.flat_or_gradient(rng, w, h)
    if rng.random() < 0.6:
        image, ground = Image.new("RGB", (w, h), (255, 255, 255)), (255, 255, 255)
    picture, mask, spot = place(rng, image, _cut(rng, vehicles), rng.uniform(0.5, 0.95))
    grown = picture.resize((picture.width * 2, picture.height * 2))
    contours = grown.convert("L").filter(ImageFilter.GaussianBlur(rng.uniform(1, 2.5)))
    contours = contours.filter(ImageFilter.FIND_EDGES).filter(ImageFilter.MaxFilter(5))
    limit = int(rng.integers(7, 17))
    lines = contours.point(lambda v: 255 if v > limit else 0).resize(picture.size)
    lines = ImageChops.multiply(lines, mask.filter(ImageFilter.MaxFilter(3)))
    ink = drawing.contrasting(rng, ground)
    if rng.random() < 0.6:
        flat = ImageOps.posterize(
            picture.filter(ImageFilter.ModeFilter(11)), 1 if rng.random() < 0.7 else 2
        )
        hue = Image.new("RGB", flat.size, drawing.random_ink(rng))
        flat = Image.blend(ImageEnhance.Color(flat).enhance(rng.uniform(1, 3)), hue, 0.25)
        image.paste(flat, spot, mask)
    image.paste(ink, spot, lines)
    if rng.random() < 0.45:
        _draw_face(rng, image, spot, picture.size)
    if rng.random() < 0.4:
        text = drawing.pick(rng, words.DEALERS + words.NO_PHOTO)
        drawing.write_text(rng, image, text, (w / 2, h * 0.92), w * 0.7, ink)
    return image


def promoted(rng: np.random.Generator, w: int, h: int, vehicles: Sequence[Rgb]) -> Image.Image:
    """Draw an advertisement: offers in large letters, vehicles as decoration."""
    image, ground = drawing.flat_or_gradient(rng, w, h)
    ink = drawing.contrasting(rng, ground)
    for _vehicle in range(int(rng.integers(1, 3))):
        picture, mask, spot = place(rng, image, _cut(rng, vehicles), rng.uniform(0.3, 0.55))
        image.paste(picture, (spot[0], h - picture.height - int(rng.uniform(0, 0.2) * h)), mask)
    for y in np.linspace(0.12, 0.55, int(rng.integers(2, 4))):
        text = drawing.pick(rng, words.OFFERS + words.DEALERS)
        drawing.write_text(rng, image, text, (w / 2, h * float(y)), w * rng.uniform(0.5, 0.95), ink)
    return image


def _draw_face(
    rng: np.random.Generator, image: Image.Image, spot: tuple[int, int], size: tuple[int, int]
) -> None:
    draw = ImageDraw.Draw(image)
    r = size[0] * rng.uniform(0.04, 0.1)
    x, y = spot[0] + size[0] * rng.uniform(0.3, 0.7), spot[1] + size[1] * rng.uniform(0.2, 0.5)
    gap = r * rng.uniform(1, 1.6)
    for side in (-gap, gap):
        eye = (x + side - r, y - r * 1.2, x + side + r, y + r * 1.2)
        draw.ellipse(eye, fill=(255, 255, 255), outline=(0, 0, 0), width=max(1, int(r / 6)))
        pupil = r * 0.45
        draw.ellipse(
            (x + side - pupil, y - pupil, x + side + pupil, y + pupil * 1.4), fill=(10, 10, 10)
        )
    smile = (x - gap, y + r, x + gap, y + 2.6 * r)
    draw.chord(smile, 0, 180, fill=(120, 20, 30), outline=(0, 0, 0))


def _write_mask(
    rng: np.random.Generator, layer: Image.Image, text: str, middle: tuple[float, float], w: float
) -> None:
    """Write on a mask: `drawing.write_text` in full strength."""
    page = Image.new("RGB", layer.size, (0, 0, 0))
    drawing.write_text(rng, page, text, middle, w, (255, 255, 255))
    layer.paste(255, (0, 0), page.convert("L"))


def _any(rng: np.random.Generator, vehicles: Sequence[Rgb], w: int, h: int) -> Image.Image:
    """Return one of the vehicles, filling the picture; without any, a flat ground."""
    if not vehicles:
        return drawing.flat_or_gradient(rng, w, h)[0]
    picture = Image.fromarray(vehicles[int(rng.integers(len(vehicles)))])
    return ImageOps.fit(picture, (w, h))


def _cut(rng: np.random.Generator, vehicles: Sequence[Rgb]) -> CutOut:
    """Return a vehicle that can be cut out; where there is none, a silhouette."""
    for index in rng.permutation(len(vehicles)):
        cut = cut_out(vehicles[index])
        if cut is not None:
            return cut
    page = Image.new("RGB", (240, 160), (255, 255, 255))
    drawing.draw_silhouette(rng, page, (90, 94, 100))
    return cut_out(np.asarray(page)) or (page, page.convert("L"))
