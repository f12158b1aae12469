"""Families of pictures whose message is: there is no photo (yet). All of them are Placeholders."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from benchmarks.hard_set import craft
from benchmarks.hard_set.dialect import Dialect
from benchmarks.hard_set.pictures import Pictures

Family = Callable[[np.random.Generator, Pictures, Dialect], Image.Image]


def text_over_photo(rng: np.random.Generator, pictures: Pictures, dialect: Dialect) -> Image.Image:
    """A message over a photo that was blurred, darkened or washed out."""
    image = ImageOps.fit(pictures.photo(rng), craft.pick_size(rng))
    image = image.filter(ImageFilter.GaussianBlur(rng.uniform(1.5, 8)))
    veil = Image.new("RGB", image.size, (0, 0, 0) if rng.random() < 0.6 else (255, 255, 255))
    is_dark = veil.getpixel((0, 0)) == (0, 0, 0)
    image = Image.blend(image, veil, rng.uniform(0.3, 0.65))
    ink = (250, 250, 245) if is_dark else (40, 44, 60)
    top = rng.uniform(0.25, 0.5)
    text = craft.pick(rng, dialect.missing)
    craft.write(rng, image, dialect, text, (0.08, top, 0.92, top + 0.3), ink)
    if rng.random() < 0.4:
        craft.write(
            rng, image, dialect, craft.pick(rng, dialect.sellers), (0.2, 0.86, 0.8, 0.96), ink
        )
    return image


def panel_over_photo(rng: np.random.Generator, pictures: Pictures, dialect: Dialect) -> Image.Image:
    """A wide panel with the message over the middle of a clear photo."""
    image = ImageOps.fit(pictures.photo(rng), craft.pick_size(rng))
    ground, ink = craft.pick_paint(rng, dialect)
    w, h = image.size
    left, top = rng.uniform(0, 0.12), rng.uniform(0.2, 0.34)
    box = (left, top, 1 - left, top + rng.uniform(0.36, 0.5))
    panel = Image.new("RGB", (int((1 - 2 * left) * w), int((box[3] - top) * h)), ground)
    under = image.crop(
        (int(left * w), int(top * h), int(left * w) + panel.width, int(top * h) + panel.height)
    )
    image.paste(Image.blend(under, panel, rng.uniform(0.75, 1)), (int(left * w), int(top * h)))
    inner = (left + 0.06, top + 0.06, 1 - left - 0.06, box[3] - 0.06)
    craft.write(rng, image, dialect, craft.pick(rng, dialect.missing), inner, ink)
    return image


def card_over_stock(rng: np.random.Generator, pictures: Pictures, dialect: Dialect) -> Image.Image:
    """A message across a pale stock picture."""
    size = craft.pick_size(rng)
    image = Image.new("RGB", size, (255, 255, 255))
    stock = ImageOps.contain(pictures.stock(rng), (int(size[0] * 0.9), int(size[1] * 0.9)))
    image.paste(stock, ((size[0] - stock.width) // 2, (size[1] - stock.height) // 2))
    image = Image.blend(image, Image.new("RGB", size, (255, 255, 255)), rng.uniform(0.25, 0.7))
    _ground, ink = craft.pick_paint(rng, dialect)
    ink = ink if sum(ink) < 400 else (60, 60, 66)
    text = craft.pick(rng, dialect.missing)
    if rng.random() < 0.5:
        top = rng.uniform(0.3, 0.5)
        craft.write(rng, image, dialect, text, (0.05, top, 0.95, top + 0.26), ink)
        return image
    layer = Image.new("RGB", size, (255, 255, 255))
    craft.write(rng, layer, dialect, text, (0, 0.4, 1, 0.6), ink)
    turned = layer.rotate(rng.uniform(12, 30), fillcolor=(255, 255, 255))
    mask = ImageOps.invert(turned.convert("L"))
    image.paste(turned, (0, 0), mask.point(lambda v: min(255, v * 2)))
    return image


def collage(rng: np.random.Generator, pictures: Pictures, dialect: Dialect) -> Image.Image:
    """Other vehicles side by side, and an advertising line."""
    w, h = craft.pick_size(rng)
    ground, ink = craft.pick_paint(rng, dialect)
    image = Image.new("RGB", (w, h), ground)
    band = rng.uniform(0.16, 0.3)
    rows = int(rng.integers(1, 3))
    is_below = rng.random() < 0.5
    take = pictures.photo if rng.random() < 0.6 else pictures.stock
    top = 0.0 if is_below else band
    for row in range(rows):
        columns = int(rng.integers(2, 4))
        height = (1 - band) * h / rows
        for column in range(columns):
            gap = int(rng.integers(1, 6))
            cell = (max(20, w // columns - gap), max(20, int(height) - gap))
            view = ImageOps.fit(take(rng), cell)
            image.paste(view, (column * w // columns + gap // 2, int(top * h + row * height)))
    words = dialect.offers if rng.random() < 0.75 else dialect.sellers
    y = 1 - band if is_below else 0.0
    box = (0.05, y + 0.03, 0.95, y + band - 0.03)
    craft.write(rng, image, dialect, craft.pick(rng, words), box, ink)
    return image


def covered(rng: np.random.Generator, pictures: Pictures, dialect: Dialect) -> Image.Image:
    """A vehicle under a cloth, on white, on a studio floor or in a dark hall."""
    size = craft.pick_size(rng)
    scene = int(rng.integers(3))
    backs = (((255, 255, 255), (255, 255, 255)), ((214, 214, 210), (160, 160, 156)))
    image = craft.fade(size, *(backs[scene] if scene < 2 else ((20, 22, 28), (54, 54, 60))))
    cut, mask, place = craft.fit_cut_out(rng, pictures.cut_out(rng), size, rng.uniform(0.7, 0.9))
    # A cloth hangs over mirrors, wheels and gaps: from a smoothed roof line down to the floor.
    outline = np.asarray(mask) > 127
    columns = np.flatnonzero(outline.any(0))
    roof = outline[:, columns].argmax(0).astype(np.float64)
    wide = max(3, len(columns) // 7)
    window = np.hanning(wide + 2)[1:-1]
    padded = np.pad(roof, (wide // 2, wide - 1 - wide // 2), mode="edge")
    roof = np.convolve(padded, window / window.sum(), mode="valid")
    hung = np.zeros_like(outline)
    hung[:, columns] = np.arange(outline.shape[0])[:, None] >= roof
    shape = Image.fromarray(np.where(hung, 255, 0).astype(np.uint8))
    shape = shape.filter(ImageFilter.GaussianBlur(2))
    cloths = ((150, 30, 34), (40, 46, 58), (200, 200, 196), (36, 70, 120), (222, 214, 196))
    cloth = np.array(cloths[int(rng.integers(len(cloths)))], np.float64)
    body = np.asarray(cut.convert("L").filter(ImageFilter.GaussianBlur(6)), np.float64) / 255
    drape = craft.noise(rng, cut.size, 14)
    rows = np.linspace(0, 1, cut.height)[:, None]
    folds = np.sin(np.arange(cut.width)[None] / rng.uniform(4, 9) + drape * 3) * rows
    shade = 0.75 + 0.22 * body + 0.16 * folds + 0.1 * drape - 0.2 * rows
    pixels = np.clip(cloth * shade[..., None], 0, 255).astype(np.uint8)
    image.paste(Image.fromarray(pixels), place, shape.filter(ImageFilter.GaussianBlur(0.8)))
    if rng.random() < 0.4:
        ink = (240, 240, 240) if scene == 2 else (60, 60, 60)
        text = craft.pick(rng, dialect.missing)
        craft.write(rng, image, dialect, text, (0.15, 0.03, 0.85, 0.17), ink)
    return image


def teaser(rng: np.random.Generator, pictures: Pictures, dialect: Dialect) -> Image.Image:
    """A vehicle in the dark under a line of text: it is announced, not shown."""
    size = craft.pick_size(rng)
    image = craft.fade(size, (6, 7, 10), (int(rng.integers(14, 40)),) * 3)
    share = rng.uniform(0.65, 0.95)
    cut, mask, place = craft.fit_cut_out(rng, pictures.cut_out(rng), size, share)
    dark = ImageEnhance.Brightness(cut).enhance(rng.uniform(0.05, 0.16))
    rim = Image.new("L", mask.size, 0)
    shifted = mask.transform(mask.size, Image.Transform.AFFINE, (1, 0, 0, 0, 1, -4))
    rim.paste(255, (0, 0), mask)
    rim.paste(0, (0, 0), shifted)
    glow = (255, 236, 210) if rng.random() < 0.5 else (170, 200, 255)
    image.paste(dark, place, mask)
    soft = rim.filter(ImageFilter.GaussianBlur(1.2)).point(lambda v: int(v * 0.7))
    image.paste(glow, place, soft)
    words = dialect.offers + dialect.missing + dialect.sellers
    y = 0.04 if rng.random() < 0.6 else 0.8
    text = craft.pick(rng, words)
    craft.write(rng, image, dialect, text, (0.12, y, 0.88, y + 0.14), (225, 225, 230))
    return image


def code_card(rng: np.random.Generator, _pictures: Pictures, dialect: Dialect) -> Image.Image:
    """A code to scan, and a few words."""
    size = craft.pick_size(rng)
    ground, ink = craft.pick_paint(rng, dialect)
    image = Image.new("RGB", size, ground)
    code = craft.draw_code(rng, int(min(size) * rng.uniform(0.35, 0.6)))
    x = int((size[0] - code.width) * rng.choice([0.08, 0.5, 0.92]))
    image.paste(code, (x, int((size[1] - code.height) * 0.35)))
    words = craft.pick(rng, dialect.missing + dialect.offers)
    craft.write(rng, image, dialect, words, (0.06, 0.8, 0.94, 0.96), ink)
    return image


def logo_card(rng: np.random.Generator, _pictures: Pictures, dialect: Dialect) -> Image.Image:
    """A seller's mark and name."""
    size = craft.pick_size(rng)
    ground, ink = craft.pick_paint(rng, dialect)
    other, _ink = craft.pick_paint(rng, dialect)
    image = craft.fade(size, ground, other if rng.random() < 0.2 else ground)
    if rng.random() < 0.3:
        image, ink = Image.new("RGB", size, (255, 255, 255)), (ground if sum(ground) < 500 else ink)
        ink = ink if sum(ink) < 560 else (60, 40, 40)
    r = min(size) * rng.uniform(0.12, 0.24)
    craft.draw_emblem(rng, image, (size[0] / 2, size[1] * 0.4), r, ink)
    box = (0.12, 0.66, 0.88, 0.82)
    craft.write(rng, image, dialect, craft.pick(rng, dialect.sellers), box, ink)
    return image


def silhouette(rng: np.random.Generator, pictures: Pictures, dialect: Dialect) -> Image.Image:
    """The flat shape or the outline of a vehicle, with or without words."""
    size = craft.pick_size(rng)
    ground, ink = craft.pick_paint(rng, dialect)
    image = craft.fade(size, ground, ground)
    share = rng.uniform(0.4, 0.75)
    _cut, mask, place = craft.fit_cut_out(rng, pictures.cut_out(rng), size, share)
    mask = mask.filter(ImageFilter.ModeFilter(7))
    if rng.random() < 0.4:
        inner = mask.filter(ImageFilter.MinFilter(7))
        mask = Image.fromarray(np.asarray(mask) - np.minimum(np.asarray(inner), np.asarray(mask)))
    tone = tuple(int(g + (i - g) * rng.uniform(0.35, 1)) for g, i in zip(ground, ink, strict=True))
    image.paste(tone, place, mask)
    if rng.random() < 0.6:
        text = craft.pick(rng, dialect.missing)
        craft.write(rng, image, dialect, text, (0.1, 0.84, 0.9, 0.97), ink)
    return image


def drawing(rng: np.random.Generator, pictures: Pictures, dialect: Dialect) -> Image.Image:
    """A vehicle drawn by hand: lines, flat colours, a face on it now and then."""
    size = craft.pick_size(rng)
    share = rng.uniform(0.6, 0.9)
    cut, mask, place = craft.fit_cut_out(rng, pictures.cut_out(rng), size, share)
    white = Image.new("RGB", size, (255, 255, 255))
    flat = Image.composite(cut, Image.new("RGB", cut.size, (255, 255, 255)), mask)
    lines = craft.edges(flat.resize((flat.width * 2, flat.height * 2)), rng.uniform(1.2, 2.2))
    lines = lines.filter(ImageFilter.MinFilter(5)).resize(flat.size)
    if rng.random() < 0.6:
        few = flat.filter(ImageFilter.MedianFilter(9)).quantize(int(rng.integers(3, 6)))
        painted = ImageEnhance.Color(few.convert("RGB")).enhance(rng.uniform(1.5, 3))
        painted = Image.blend(painted, Image.new("RGB", flat.size, (255, 255, 255)), 0.35)
        flat = Image.composite(painted, Image.new("RGB", flat.size, (255, 255, 255)), mask)
    else:
        flat = Image.new("RGB", flat.size, (255, 255, 255))
    ink = np.asarray(lines, np.float64)[..., None] / 255
    flat = Image.fromarray((np.asarray(flat) * ink + 30 * (1 - ink)).astype(np.uint8))
    white.paste(flat, place, mask.filter(ImageFilter.MaxFilter(5)))
    if rng.random() < 0.5:
        _add_face(rng, white, place, flat.size)
    if rng.random() < 0.4:
        craft.write(
            rng, white, dialect, craft.pick(rng, dialect.sellers), (0.1, 0.86, 0.9, 0.98), (40,) * 3
        )
    return white


def _add_face(
    rng: np.random.Generator, image: Image.Image, place: tuple[int, int], size: craft.Size
) -> None:
    draw = ImageDraw.Draw(image)
    r = size[0] * rng.uniform(0.05, 0.08)
    y = place[1] + size[1] * rng.uniform(0.25, 0.4)
    for shift in (-1.2, 1.2):
        x = place[0] + size[0] * 0.5 + shift * r
        draw.ellipse((x - r, y - r, x + r, y + r), fill=(255, 255, 255), outline=(20,) * 3, width=3)
        draw.ellipse((x - r / 3, y - r / 3, x + r / 3, y + r / 3), fill=(20, 20, 20))
    x, y = place[0] + size[0] * 0.5, y + 2 * r
    draw.arc((x - 1.5 * r, y - r, x + 1.5 * r, y + r), 10, 170, fill=(20, 20, 20), width=4)


def advertisement(rng: np.random.Generator, pictures: Pictures, dialect: Dialect) -> Image.Image:
    """A banner of offers; a small vehicle may decorate it."""
    size = craft.pick_size(rng)
    ground, ink = craft.pick_paint(rng, dialect)
    other, other_ink = craft.pick_paint(rng, dialect)
    image = craft.fade(size, ground, ground)
    draw = ImageDraw.Draw(image)
    w, h = size
    cut = w * rng.uniform(0.25, 0.6)
    draw.polygon([(0, 0), (cut, 0), (cut - w * 0.15, h), (0, h)], fill=other)
    for place, y in enumerate(np.linspace(0.06, 0.66, int(rng.integers(2, 4)))):
        text = craft.pick(rng, dialect.offers)
        tone = ink if place else other_ink
        box = (0.05, float(y), 0.95, float(y) + 0.2)
        craft.write(rng, image, dialect, text, box, tone, has_edge=True)
    if rng.random() < 0.5:
        small, mask, _place = craft.fit_cut_out(rng, pictures.cut_out(rng), size, 0.34)
        image.paste(small, (w - small.width - 8, h - small.height - 6), mask)
    number = f"{int(rng.integers(200, 999))} {int(rng.integers(100, 999))} 000"
    craft.write(rng, image, dialect, number, (0.05, 0.86, 0.6, 0.97), ink, has_edge=True)
    return image


FAMILIES = (
    text_over_photo,
    panel_over_photo,
    card_over_stock,
    collage,
    covered,
    teaser,
    code_card,
    logo_card,
    silhouette,
    drawing,
    advertisement,
)
