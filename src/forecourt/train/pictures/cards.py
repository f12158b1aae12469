"""Placeholders: cards of many families, drawn from nothing or over vehicles."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from forecourt.train.pictures import drawing, scenes, words
from forecourt.train.pictures.wear import wear
from forecourt.vision.decode import Rgb

Family = Callable[[np.random.Generator, int, int, Sequence[Rgb]], Image.Image]


def placeholder(
    rng: np.random.Generator, vehicles: Sequence[Rgb], family: str | None = None
) -> Rgb:
    """Draw a placeholder.

    Args:
        rng: Source of randomness; the same state draws the same picture.
        vehicles: Pictures of vehicles (photos and cut-outs) to stand behind text and in collages.
        family: One of `FAMILIES`; default: any, by their shares.

    Returns:
        Shape (H, W, 3), uint8, 200-448 pixels wide.
    """
    width = int(rng.integers(200, 449))
    height = int(width * rng.choice([0.56, 0.66, 0.75, 0.75, 0.75, 1.0, 1.25]))
    shares = np.array([share for share, _draw in FAMILIES.values()])
    name = family or str(rng.choice(list(FAMILIES), p=shares / shares.sum()))
    return wear(rng, FAMILIES[name][1](rng, width, height, vehicles))


# ---- families ------------------------------------------------------------------------------------


def _text_card(rng: np.random.Generator, w: int, h: int, _vehicles: Sequence[Rgb]) -> Image.Image:
    image, ground = drawing.flat_or_gradient(rng, w, h)
    return _with_message(rng, image, ground)


def _with_message(rng: np.random.Generator, image: Image.Image, ground: drawing.Ink) -> Image.Image:
    ink = drawing.contrasting(rng, ground)
    w, h = image.size
    draw = ImageDraw.Draw(image)
    y = h * rng.uniform(0.35, 0.65)
    if rng.random() < 0.4:
        side = w * rng.uniform(0.12, 0.3)
        box = (w / 2 - side / 2, y - side * 1.1, w / 2 + side / 2, y - side * 0.3)
        drawing.draw_camera(draw, box, ink, is_crossed=rng.random() < 0.4)
        y += side * 0.3
    if rng.random() < 0.25:
        inset = w * rng.uniform(0.02, 0.08)
        draw.rectangle((inset, inset, w - inset, h - inset), outline=ink, width=max(1, w // 90))
    drawing.write_text(
        rng, image, drawing.pick(rng, words.NO_PHOTO), (w / 2, y), w * rng.uniform(0.4, 0.9), ink
    )
    if rng.random() < 0.4:
        name = drawing.pick(rng, words.DEALERS)
        drawing.write_text(rng, image, name, (w / 2, h * rng.choice([0.1, 0.88])), w * 0.5, ink)
    return image


def _silhouette(rng: np.random.Generator, w: int, h: int, _vehicles: Sequence[Rgb]) -> Image.Image:
    image, ground = drawing.flat_or_gradient(rng, w, h)
    drawing.draw_silhouette(rng, image, drawing.contrasting(rng, ground))
    if rng.random() < 0.2:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 3)))
    return _with_message(rng, image, ground) if rng.random() < 0.5 else image


def _logo(rng: np.random.Generator, w: int, h: int, _vehicles: Sequence[Rgb]) -> Image.Image:
    image, ground = drawing.flat_or_gradient(rng, w, h)
    ink = drawing.contrasting(rng, ground)
    side = min(w, h) * rng.uniform(0.3, 0.8)
    y = h * rng.uniform(0.35, 0.5)
    drawing.draw_emblem(
        rng, image, (w / 2 - side / 2, y - side / 2, w / 2 + side / 2, y + side / 2), ink
    )
    if rng.random() < 0.7:
        drawing.write_text(
            rng,
            image,
            drawing.pick(rng, words.DEALERS),
            (w / 2, min(h * 0.92, y + side * 0.7)),
            w * 0.8,
            ink,
        )
    return image


def _banner_card(rng: np.random.Generator, w: int, h: int, _vehicles: Sequence[Rgb]) -> Image.Image:
    image, ground = drawing.flat_or_gradient(rng, w, h)
    draw = ImageDraw.Draw(image)
    for _band in range(int(rng.integers(1, 4))):
        y = rng.uniform(0, h)
        tilt = rng.uniform(-0.3, 0.3) * h
        draw.polygon(
            [(0, y), (w, y + tilt), (w, y + tilt + h * 0.2), (0, y + h * 0.2)],
            fill=drawing.random_ink(rng),
        )
    ink = drawing.contrasting(rng, ground)
    for y in np.linspace(0.2, 0.8, int(rng.integers(2, 5))):
        drawing.write_text(
            rng,
            image,
            drawing.pick(rng, words.OFFERS),
            (w / 2, h * float(y)),
            w * rng.uniform(0.4, 0.9),
            ink,
        )
    if rng.random() < 0.3:
        side = int(min(w, h) * 0.35)
        drawing.draw_code(rng, image, (w - side - 5, h - side - 5, w - 5, h - 5))
    return image


def _code_card(rng: np.random.Generator, w: int, h: int, _vehicles: Sequence[Rgb]) -> Image.Image:
    image, ground = drawing.flat_or_gradient(rng, w, h)
    side = int(min(w, h) * rng.uniform(0.4, 0.7))
    drawing.draw_code(
        rng, image, ((w - side) // 2, (h - side) // 3, (w + side) // 2, (h + side) // 2)
    )
    drawing.write_text(
        rng,
        image,
        drawing.pick(rng, words.NO_PHOTO),
        (w / 2, h * 0.9),
        w * 0.7,
        drawing.contrasting(rng, ground),
    )
    return image


def _empty(rng: np.random.Generator, w: int, h: int, _vehicles: Sequence[Rgb]) -> Image.Image:
    image, ground = drawing.flat_or_gradient(rng, w, h)
    if rng.random() < 0.6:
        side = min(w, h) * rng.uniform(0.15, 0.4)
        drawing.draw_camera(
            ImageDraw.Draw(image),
            (w / 2 - side / 2, h / 2 - side / 2, w / 2 + side / 2, h / 2 + side / 3),
            drawing.contrasting(rng, ground),
            is_crossed=rng.random() < 0.5,
        )
    return image


def _covered(rng: np.random.Generator, w: int, h: int, _vehicles: Sequence[Rgb]) -> Image.Image:
    image, _ground = drawing.flat_or_gradient(rng, w, h)
    cloth = drawing.random_ink(rng)
    xs = np.linspace(0.08, 0.92, 40)
    roof = (
        0.62
        - 0.28 * np.exp(-(((xs - rng.uniform(0.42, 0.58)) / rng.uniform(0.15, 0.22)) ** 2))
        - 0.1 * np.sin(np.pi * xs)
    )
    shape = [(x * w, y * h) for x, y in zip(xs, roof, strict=True)] + [
        (0.95 * w, 0.82 * h),
        (0.05 * w, 0.82 * h),
    ]
    draw = ImageDraw.Draw(image)
    draw.polygon(shape, fill=cloth)
    for x in rng.uniform(0.1, 0.9, 12):
        shade = tuple(int(c * rng.uniform(0.6, 1.2)) % 256 for c in cloth)
        draw.line(
            (x * w, 0.6 * h, (x + rng.uniform(-0.08, 0.08)) * w, 0.82 * h),
            fill=shade,
            width=int(rng.integers(1, 7)),
        )
    image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 2.5)))
    return _with_message(rng, image, cloth) if rng.random() < 0.4 else image


def _over_vehicle(rng: np.random.Generator, w: int, h: int, vehicles: Sequence[Rgb]) -> Image.Image:
    if not vehicles:
        return _text_card(rng, w, h, vehicles)
    photo = Image.fromarray(vehicles[int(rng.integers(len(vehicles)))])
    image = drawing.soften(rng, ImageOps.fit(photo, (w, h)))
    ink = drawing.contrasting(rng, image.resize((1, 1)).getpixel((0, 0)))  # type: ignore[arg-type]
    if rng.random() < 0.45:
        draw = ImageDraw.Draw(image)
        top = h * rng.uniform(0.2, 0.5)
        panel = drawing.contrasting(rng, ink)
        draw.rectangle(
            (
                w * rng.uniform(0, 0.2),
                top,
                w * rng.uniform(0.8, 1),
                top + h * rng.uniform(0.25, 0.45),
            ),
            fill=panel,
        )
        drawing.write_text(
            rng,
            image,
            drawing.pick(rng, words.NO_PHOTO),
            (w / 2, top + h * 0.16),
            w * rng.uniform(0.45, 0.75),
            ink,
        )
        return image
    return _with_message(rng, image, tuple(255 - c for c in ink))  # type: ignore[arg-type]


def _collage(rng: np.random.Generator, w: int, h: int, vehicles: Sequence[Rgb]) -> Image.Image:
    if not vehicles:
        return _banner_card(rng, w, h, vehicles)
    image, ground = drawing.flat_or_gradient(rng, w, h)
    columns, rows = int(rng.integers(2, 4)), int(rng.integers(1, 3))
    band = h * rng.uniform(0.18, 0.35)
    is_top = rng.random() < 0.5
    cell = (w // columns, int((h - band) / rows))
    for row in range(rows):
        for column in range(columns):
            vehicle = Image.fromarray(vehicles[int(rng.integers(len(vehicles)))])
            gap = int(rng.integers(0, 6))
            view = ImageOps.fit(vehicle, (max(8, cell[0] - gap), max(8, cell[1] - gap)))
            image.paste(view, (column * cell[0], int(band * is_top) + row * cell[1]))
    y = band / 2 if is_top else h - band / 2
    line = drawing.pick(rng, words.OFFERS if rng.random() < 0.7 else words.DEALERS)
    drawing.write_text(
        rng, image, line, (w / 2, y), w * rng.uniform(0.5, 0.9), drawing.contrasting(rng, ground)
    )
    return image


FAMILIES: dict[str, tuple[float, Family]] = {
    "text_card": (0.13, _text_card),
    "silhouette": (0.1, _silhouette),
    "logo": (0.1, _logo),
    "banner": (0.06, _banner_card),
    "code": (0.03, _code_card),
    "empty": (0.03, _empty),
    "covered": (0.03, _covered),
    "over_vehicle": (0.14, _over_vehicle),
    "collage": (0.09, _collage),
    "panel": (0.06, scenes.panel),
    "across_stock": (0.06, scenes.across_stock),
    "draped": (0.05, scenes.draped),
    "announced": (0.07, scenes.announced),
    "sketched": (0.06, scenes.sketched),
    "promoted": (0.04, scenes.promoted),
}
