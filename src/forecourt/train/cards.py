"""Drawn training pictures: placeholders of many families, and marks on real pictures.

A picture whose message is "there is no photo (yet)" is a Placeholder whatever lies behind it; a
photo with a banner, frame or watermark stays Dealer; a cut-out with a banner stays Stock; other
vehicles in a collage with an advertising line are a Placeholder.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from forecourt.train import drawing
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
    return _worn(rng, FAMILIES[name][1](rng, width, height, vehicles))


def mark_photo(rng: np.random.Generator, photo: Rgb, *, is_stock: bool = False) -> Rgb:
    """Put what dealers put on pictures: banners, logos, watermarks, frames. The label stays."""
    image = Image.fromarray(photo)
    for _count in range(int(rng.integers(1, 4))):
        mark = (_banner, _corner_logo, _watermark, _frame, _burst)[
            int(rng.choice(5, p=[0.36, 0.2, 0.18, 0.18, 0.08]))
        ]
        image = mark(rng, image, is_stock)
    return _worn(rng, image)


def compose_stock(rng: np.random.Generator, cutout: Rgb) -> Rgb:
    """Place a cut-out on white anew: smaller, off centre, two views, on a fading floor."""
    image = Image.fromarray(cutout)
    width = int(rng.integers(200, 449))
    canvas = Image.new("RGB", (width, int(width * rng.uniform(0.5, 1.0))), (255, 255, 255))
    count = 2 if rng.random() < 0.12 else 1
    for index in range(count):
        room = (
            int(canvas.width / count * rng.uniform(0.55, 1)),
            int(canvas.height * rng.uniform(0.55, 1)),
        )
        view = ImageOps.contain(ImageOps.mirror(image) if rng.random() < 0.5 else image, room)
        left = index * canvas.width // count + int(
            rng.uniform(0, 1) * (canvas.width // count - view.width)
        )
        canvas.paste(view, (left, int(rng.uniform(0.2, 1) * (canvas.height - view.height))))
    if rng.random() < 0.15:
        floor = np.linspace(0, rng.uniform(6, 30), canvas.height)[:, None, None]
        canvas = Image.fromarray(np.clip(np.asarray(canvas) - floor, 0, 255).astype(np.uint8))
    return _worn(rng, canvas)


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
        rng, image, drawing.pick(rng, drawing.NO_PHOTO), (w / 2, y), w * rng.uniform(0.4, 0.9), ink
    )
    if rng.random() < 0.4:
        name = drawing.pick(rng, drawing.DEALERS)
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
            drawing.pick(rng, drawing.DEALERS),
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
            drawing.pick(rng, drawing.OFFERS),
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
        drawing.pick(rng, drawing.NO_PHOTO),
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
            drawing.pick(rng, drawing.NO_PHOTO),
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
    line = drawing.pick(rng, drawing.OFFERS if rng.random() < 0.7 else drawing.DEALERS)
    drawing.write_text(
        rng, image, line, (w / 2, y), w * rng.uniform(0.5, 0.9), drawing.contrasting(rng, ground)
    )
    return image


FAMILIES: dict[str, tuple[float, Family]] = {
    "text_card": (0.2, _text_card),
    "silhouette": (0.14, _silhouette),
    "logo": (0.12, _logo),
    "banner": (0.1, _banner_card),
    "code": (0.03, _code_card),
    "empty": (0.04, _empty),
    "covered": (0.06, _covered),
    "over_vehicle": (0.2, _over_vehicle),
    "collage": (0.11, _collage),
}


# ---- marks ---------------------------------------------------------------------------------------


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
    words = (
        drawing.STOCK_NOTES
        if is_stock and rng.random() < 0.6
        else (drawing.DEALERS + drawing.OFFERS)
    )
    drawing.write_text(
        rng,
        image,
        drawing.pick(rng, words),
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
    words = drawing.STOCK_NOTES if is_stock else drawing.DEALERS
    text = drawing.pick(rng, words)
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
            drawing.pick(rng, drawing.DEALERS + drawing.OFFERS),
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


def _worn(rng: np.random.Generator, image: Image.Image) -> Rgb:
    """Scale and JPEG-compress a drawn picture as the web does; drawn edges are too clean."""
    if rng.random() < 0.35:
        small = max(0.25, rng.uniform(0.25, 1.0))
        image = image.resize(
            (max(24, int(image.width * small)), max(24, int(image.height * small)))
        )
    rgb = np.asarray(image.convert("RGB"))
    if rng.random() < 0.7:
        buffer = io.BytesIO()
        Image.fromarray(rgb).save(buffer, "JPEG", quality=int(rng.integers(25, 92)))
        rgb = np.asarray(Image.open(buffer).convert("RGB"))
    return rgb
