"""Pieces of hard pictures: text, emblems, codes, cut-outs, wear."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from benchmarks.hard_set.dialect import Dialect, Ink, draw_font

Size = tuple[int, int]


def pick(rng: np.random.Generator, choices: tuple[str, ...]) -> str:
    text = choices[int(rng.integers(len(choices)))]
    return text.upper() if rng.random() < 0.25 else text


def pick_paint(rng: np.random.Generator, dialect: Dialect) -> tuple[Ink, Ink]:
    ground, ink = dialect.paints[int(rng.integers(len(dialect.paints)))]
    jitter = rng.integers(-14, 15, 3)
    moved = tuple(int(c) for c in np.clip(np.array(ground) + jitter, 0, 255))
    return (moved[0], moved[1], moved[2]), ink


def pick_size(rng: np.random.Generator) -> Size:
    width = int(rng.integers(260, 449))
    return width, int(width * rng.choice([0.5625, 0.6667, 0.75, 0.75, 1.0, 1.2]))


def write(
    rng: np.random.Generator,
    image: Image.Image,
    dialect: Dialect,
    text: str,
    box: tuple[float, float, float, float],
    ink: Ink,
    *,
    opacity: float = 1.0,
    has_edge: bool = False,
) -> None:
    """Write text as large as a box (left, top, right, bottom; shares of the picture) allows."""
    w, h = image.size
    left, top, right, bottom = box[0] * w, box[1] * h, box[2] * w, box[3] * h
    words = text.split()
    wanted = int(rng.integers(1, 4)) if len(words) > 2 else 1
    rows = np.array_split(np.array(words), min(wanted, len(words)))
    lines = "\n".join(" ".join(row) for row in rows)
    size = (bottom - top) / (len(rows) * 1.25)
    font = draw_font(rng, dialect, size)
    layer = Image.new("L", image.size, 0)
    draw = ImageDraw.Draw(layer)
    x0, _y0, x1, _y1 = draw.multiline_textbbox((0, 0), lines, font=font)
    if x1 - x0 > right - left:
        path = getattr(font, "path", "")
        shrunk = max(8, int(size * (right - left) / (x1 - x0)))
        font = font.font_variant(size=shrunk) if path else font  # type: ignore[union-attr]
    middle = ((left + right) / 2, (top + bottom) / 2)
    draw.multiline_text(middle, lines, font=font, fill=255, anchor="mm", align="center")
    if has_edge:
        shade = layer.filter(ImageFilter.GaussianBlur(2)).point(lambda v: min(255, v * 2))
        dark = (0, 0, 0) if sum(ink) > 380 else (255, 255, 255)
        image.paste(dark, (2, 2), shade.point(lambda v: int(v * 0.6 * opacity)))
    image.paste(ink, (0, 0), layer.point(lambda v: int(v * opacity)))


def draw_emblem(
    rng: np.random.Generator, image: Image.Image, center: tuple[float, float], r: float, ink: Ink
) -> None:
    """Draw an invented mark: peaks, a wheel, a road, chevrons, a leaf."""
    draw = ImageDraw.Draw(image)
    x, y = center
    line = max(2, int(r / 7))
    kind = int(rng.integers(5))
    if kind == 0:  # peaks
        draw.line(
            [
                (x - r, y + r / 2),
                (x - r / 3, y - r / 2),
                (x, y),
                (x + r / 2, y - r * 0.8),
                (x + r, y + r / 2),
            ],
            fill=ink,
            width=line,
            joint="curve",
        )
    elif kind == 1:  # a wheel
        draw.ellipse((x - r, y - r, x + r, y + r), outline=ink, width=line * 2)
        for angle in np.arange(0, 2 * np.pi, 2 * np.pi / int(rng.integers(4, 9))):
            draw.line((x, y, x + r * np.cos(angle), y + r * np.sin(angle)), fill=ink, width=line)
    elif kind == 2:  # a road
        draw.polygon(
            [(x - r, y + r), (x - r / 5, y - r), (x + r / 5, y - r), (x + r, y + r)], fill=ink
        )
        for step in (0.7, 0.2, -0.3):
            draw.rectangle(
                (x - r / 20, y + r * (step - 0.15), x + r / 20, y + r * (step + 0.12)),
                fill=image.getpixel((1, 1)),
            )
    elif kind == 3:  # chevrons
        for step in (-0.6, -0.1, 0.4):
            draw.line(
                [(x - r, y + r * (step + 0.4)), (x, y + r * step), (x + r, y + r * (step + 0.4))],
                fill=ink,
                width=line * 2,
            )
    else:  # a leaf
        draw.pieslice((x - r, y - r, x + r, y + r), 180, 360, outline=ink, width=line)
        draw.arc((x - r, y - r / 2, x + r, y + r), 0, 180, fill=ink, width=line)
        draw.line((x, y - r, x, y + r), fill=ink, width=line)


def draw_code(rng: np.random.Generator, side: int) -> Image.Image:
    """Return the pattern of a QR code (it says nothing)."""
    cells = int(rng.choice([25, 29, 33]))
    bits = rng.random((cells, cells)) < 0.48
    for y, x in ((0, 0), (0, cells - 7), (cells - 7, 0)):
        bits[max(0, y - 1) : y + 8, max(0, x - 1) : x + 8] = False
        bits[y : y + 7, x : x + 7] = True
        bits[y + 1 : y + 6, x + 1 : x + 6] = False
        bits[y + 2 : y + 5, x + 2 : x + 5] = True
    code = Image.fromarray(np.where(bits, 0, 255).astype(np.uint8))
    grown = code.resize((side, side), Image.Resampling.NEAREST)
    return ImageOps.expand(grown, side // 12, 255).convert("RGB")


def cut_out(picture: Image.Image) -> tuple[Image.Image, Image.Image] | None:
    """Return a vehicle that stands on white and its mask, cropped; None where it cannot be cut."""
    wide = ImageOps.expand(picture.convert("RGB"), 2, (255, 255, 255))
    marked = wide.copy()
    ImageDraw.floodfill(marked, (0, 0), (255, 0, 255), thresh=36)
    ground = np.all(np.asarray(marked) == (255, 0, 255), axis=2)
    mask = Image.fromarray(np.where(ground, 0, 255).astype(np.uint8))
    mask = mask.filter(ImageFilter.MedianFilter(3))
    box = mask.getbbox()
    share = np.asarray(mask).mean() / 255
    if box is None or not 0.08 < share < 0.8:
        return None
    return wide.crop(box), mask.crop(box)


def fit_cut_out(
    rng: np.random.Generator, cut: tuple[Image.Image, Image.Image], size: Size, share: float
) -> tuple[Image.Image, Image.Image, tuple[int, int]]:
    """Return a cut-out and its mask scaled to a share of a picture's width, and where it stands."""
    image, mask = cut
    if rng.random() < 0.5:
        image, mask = ImageOps.mirror(image), ImageOps.mirror(mask)
    room = (int(size[0] * share), int(size[1] * min(0.8, share)))
    image, mask = ImageOps.contain(image, room), ImageOps.contain(mask, room)
    x = int((size[0] - image.width) * rng.uniform(0.3, 0.7))
    y = int((size[1] - image.height) * rng.uniform(0.45, 0.7))
    return image, mask.convert("L"), (x, y)


def fade(size: Size, top: Ink, bottom: Ink) -> Image.Image:
    ramp = np.linspace(0, 1, size[1])[:, None, None]
    rows = np.array(top) * (1 - ramp) + np.array(bottom) * ramp
    return Image.fromarray(np.broadcast_to(rows, (size[1], size[0], 3)).astype(np.uint8))


def noise(rng: np.random.Generator, size: Size, cell: int) -> NDArray[np.float64]:
    """Return smooth noise, -1 to 1, of shape (H, W)."""
    small = rng.uniform(0, 255, (max(2, size[1] // cell), max(2, size[0] // cell)))
    grown = Image.fromarray(small.astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
    return np.asarray(grown, np.float64) / 127.5 - 1


def edges(picture: Image.Image, softness: float) -> Image.Image:
    """Return dark lines on white where the picture has edges."""
    grey = picture.convert("L").filter(ImageFilter.GaussianBlur(softness))
    lines = ImageChops.difference(grey, grey.filter(ImageFilter.GaussianBlur(3)))
    return ImageOps.invert(lines.point(lambda v: min(255, max(0, v - 4) * 14)))


def wear(rng: np.random.Generator, image: Image.Image) -> bytes:
    """Return the JPEG that the web would bring."""
    image = image.convert("RGB")
    if max(image.size) > 448:
        image = ImageOps.contain(image, (448, 448))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=int(rng.integers(55, 93)))
    return buffer.getvalue()
