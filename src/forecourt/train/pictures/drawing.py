"""Pieces that drawn training pictures are made of: colours, fonts, words, shapes."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Ink = tuple[int, int, int]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

# No letters; or kept for the hard sets of `benchmarks`, which are written in other hands.
_LEFT_OUT = ("Emoji", "Symbol", "Serif", "LiberationMono", "Narrow", "TeXGyre")


@lru_cache(maxsize=1)
def _font_files() -> tuple[str, ...]:
    found = sorted(str(path) for path in Path("/usr/share/fonts").rglob("*.[to]tf"))
    return tuple(path for path in found if not any(name in path for name in _LEFT_OUT))


@lru_cache(maxsize=512)
def _load_font(path: str, size: int) -> Font:
    return ImageFont.truetype(path, size) if path else ImageFont.load_default(size)


def draw_font(rng: np.random.Generator, size: int) -> Font:
    """Return one of the system's fonts, or Pillow's own, at `size` pixels."""
    files = ("", *_font_files())
    return _load_font(files[int(rng.integers(len(files)))], max(8, size))


def pick(rng: np.random.Generator, choices: tuple[str, ...]) -> str:
    """Return one of `choices` in one of the letter cases that people use."""
    text = choices[int(rng.integers(len(choices)))]
    return (text, text.upper(), text.title(), text.capitalize())[int(rng.integers(4))]


def random_ink(rng: np.random.Generator) -> Ink:
    """Return any colour; greys and dark brand colours more often than others."""
    mode = rng.random()
    if mode < 0.45:
        grey = int(rng.integers(0, 256))
        return grey, grey, grey
    color = rng.integers(0, 256, 3)
    if mode < 0.7:
        color = color // 3
    return int(color[0]), int(color[1]), int(color[2])


def contrasting(rng: np.random.Generator, ground: Ink) -> Ink:
    """Return a colour that can be read on `ground`."""
    lightness = sum(ground) / 3
    for _attempt in range(8):
        ink = random_ink(rng)
        if abs(sum(ink) / 3 - lightness) > 70:
            return ink
    return (255, 255, 255) if lightness < 128 else (40, 40, 40)


def flat_or_gradient(rng: np.random.Generator, width: int, height: int) -> tuple[Image.Image, Ink]:
    """Return a ground and the colour in its middle."""
    first = (255, 255, 255) if rng.random() < 0.3 else random_ink(rng)
    if rng.random() < 0.6:
        return Image.new("RGB", (width, height), first), first
    second = random_ink(rng) if rng.random() < 0.5 else tuple(int(c * 0.75) for c in first)
    ramp = np.linspace(0, 1, height if rng.random() < 0.6 else width)[:, None]
    rows = np.array(first) * (1 - ramp) + np.array(second) * ramp
    plane = rows[:, None, :] if len(rows) == height else rows[None, :, :]
    ground = np.broadcast_to(plane, (height, width, 3)).astype(np.uint8)
    middle = ground[height // 2, width // 2]
    return Image.fromarray(np.ascontiguousarray(ground)), tuple(int(c) for c in middle)  # type: ignore[return-value]


def write_text(
    rng: np.random.Generator,
    image: Image.Image,
    text: str,
    center: tuple[float, float],
    width: float,
    ink: Ink,
) -> None:
    """Write `text` in one to three lines, about `width` pixels wide, around `center`."""
    words = text.split()
    lines = [text]
    if len(words) > 1 and rng.random() < 0.5:
        cut = (len(words) + 1) // 2
        lines = [" ".join(words[:cut]), " ".join(words[cut:])]
    longest = max(len(line) for line in lines)
    font = draw_font(rng, int(min(width / max(longest, 4) * 1.8, image.height * 0.3)))
    draw = ImageDraw.Draw(image)
    draw.multiline_text(center, "\n".join(lines), fill=ink, font=font, anchor="mm", align="center")


def draw_camera(
    draw: ImageDraw.ImageDraw, box: tuple[float, float, float, float], ink: Ink, *, is_crossed: bool
) -> None:
    """Draw a camera icon, crossed out or not."""
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    line = max(2, int(w / 16))
    draw.rounded_rectangle((x0, y0 + h * 0.2, x1, y1), radius=w * 0.08, outline=ink, width=line)
    draw.rectangle((x0 + w * 0.35, y0, x0 + w * 0.65, y0 + h * 0.2), outline=ink, width=line)
    draw.ellipse(
        (x0 + w * 0.3, y0 + h * 0.35, x0 + w * 0.7, y0 + h * 0.85), outline=ink, width=line
    )
    if is_crossed:
        draw.line((x0, y0, x1, y1), fill=ink, width=line * 2)


# Side views as polygons in a unit square, the ground line at 0.8; wheels at the second item.
_BODIES: tuple[tuple[tuple[tuple[float, float], ...], tuple[float, ...]], ...] = (
    (
        (
            (0, 0.7),
            (0.02, 0.55),
            (0.2, 0.5),
            (0.33, 0.33),
            (0.68, 0.32),
            (0.82, 0.5),
            (0.98, 0.56),
            (1, 0.72),
        ),
        (0.2, 0.8),
    ),
    (
        ((0, 0.72), (0, 0.42), (0.1, 0.28), (0.72, 0.27), (0.84, 0.48), (1, 0.54), (1, 0.72)),
        (0.2, 0.8),
    ),
    (
        (
            (0, 0.72),
            (0, 0.5),
            (0.4, 0.5),
            (0.42, 0.3),
            (0.66, 0.3),
            (0.76, 0.5),
            (0.98, 0.54),
            (1, 0.72),
        ),
        (0.18, 0.8),
    ),
    (((0, 0.72), (0, 0.2), (0.72, 0.2), (0.9, 0.46), (1, 0.52), (1, 0.72)), (0.18, 0.8)),
    (
        ((0.1, 0.62), (0.3, 0.5), (0.55, 0.48), (0.62, 0.38), (0.72, 0.4), (0.8, 0.6), (0.5, 0.66)),
        (0.12, 0.86),
    ),
    (((0, 0.5), (0.6, 0.5), (0.64, 0.3), (0.72, 0.5), (1, 0.46), (0.86, 0.74), (0.1, 0.74)), ()),
    (((0, 0.74), (0, 0.22), (0.86, 0.22), (0.88, 0.34), (1, 0.36), (1, 0.74)), (0.22, 0.74)),
)


def draw_silhouette(rng: np.random.Generator, image: Image.Image, ink: Ink) -> None:
    """Draw a vehicle from the side as a flat shape or an outline."""
    outline, wheels = _BODIES[int(rng.integers(len(_BODIES)))]
    scale = image.width * rng.uniform(0.35, 0.8)
    left = (image.width - scale) / 2 + rng.uniform(-0.06, 0.06) * image.width
    top = image.height / 2 - scale * 0.55 + rng.uniform(-0.08, 0.08) * image.height
    flip = rng.random() < 0.5
    points = [(left + scale * ((1 - x) if flip else x), top + scale * y) for x, y in outline]
    draw = ImageDraw.Draw(image)
    is_filled = rng.random() < 0.6
    line = max(2, int(scale / 60))
    if is_filled:
        draw.polygon(points, fill=ink)
    else:
        draw.line([*points, points[0]], fill=ink, width=line, joint="curve")
    radius = scale * rng.uniform(0.07, 0.1)
    ground = image.getpixel((2, 2))
    for wheel in wheels:
        x = left + scale * ((1 - wheel) if flip else wheel)
        y = top + scale * 0.73
        circle = (x - radius, y - radius, x + radius, y + radius)
        draw.ellipse(
            circle,
            fill=ink if is_filled else ground,
            outline=ground if is_filled else ink,
            width=line,
        )


def draw_emblem(
    rng: np.random.Generator, image: Image.Image, box: tuple[float, float, float, float], ink: Ink
) -> None:
    """Draw an invented badge: shield, ring, wings, star, letters."""
    draw = ImageDraw.Draw(image)
    x0, y0, x1, y1 = box
    cx, cy, r = (x0 + x1) / 2, (y0 + y1) / 2, min(x1 - x0, y1 - y0) / 2
    line = max(2, int(r / rng.uniform(4, 14)))
    kind = int(rng.integers(5))
    if kind == 0:
        draw.polygon(
            [
                (cx - r, cy - r),
                (cx + r, cy - r),
                (cx + r * 0.8, cy + r * 0.3),
                (cx, cy + r),
                (cx - r * 0.8, cy + r * 0.3),
            ],
            outline=ink,
            width=line,
        )
    elif kind == 1:
        for shift in np.linspace(-0.6, 0.6, int(rng.integers(1, 5))):
            draw.ellipse(
                (cx - r * 0.5 + shift * r, cy - r * 0.5, cx + r * 0.5 + shift * r, cy + r * 0.5),
                outline=ink,
                width=line,
            )
    elif kind == 2:
        for step in range(5):
            y = cy - r * 0.3 + step * r * 0.15
            draw.line(
                (cx - r * (1 - step * 0.13), y, cx + r * (1 - step * 0.13), y), fill=ink, width=line
            )
        draw.ellipse((cx - r * 0.25, cy - r * 0.35, cx + r * 0.25, cy + r * 0.35), fill=ink)
    elif kind == 3:
        tips = int(rng.integers(3, 8))
        angles = [math.pi * i / tips - math.pi / 2 for i in range(2 * tips)]
        draw.polygon(
            [
                (
                    cx + math.cos(a) * r * (1 if i % 2 == 0 else 0.45),
                    cy + math.sin(a) * r * (1 if i % 2 == 0 else 0.45),
                )
                for i, a in enumerate(angles)
            ],
            fill=ink,
        )
    else:
        draw.ellipse((cx - r, cy - r, cx + r, cy + r), outline=ink, width=line)
    if kind in {0, 4} or rng.random() < 0.3:
        letters = "".join(chr(65 + int(rng.integers(26))) for _ in range(int(rng.integers(1, 4))))
        write_text(rng, image, letters, (cx, cy), r * 1.1, ink)


def draw_code(rng: np.random.Generator, image: Image.Image, box: tuple[int, int, int, int]) -> None:
    """Draw the pattern of a QR code (it says nothing)."""
    cells = int(rng.integers(21, 34))
    bits = (rng.random((cells, cells)) < 0.5).astype(np.uint8) * 255
    for y, x in ((0, 0), (0, cells - 7), (cells - 7, 0)):
        bits[y : y + 7, x : x + 7] = 0
        bits[y + 1 : y + 6, x + 1 : x + 6] = 255
        bits[y + 2 : y + 5, x + 2 : x + 5] = 0
    side = max(cells, min(box[2] - box[0], box[3] - box[1]))
    code = Image.fromarray(bits).resize((side, side), Image.Resampling.NEAREST)
    image.paste(code.convert("RGB"), box[:2])


def soften(rng: np.random.Generator, image: Image.Image) -> Image.Image:
    """Blur, darken, tint or pixelate a picture, as a ground for text."""
    mode = int(rng.integers(4))
    if mode != 3:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0, 9)))
    else:
        tiny = image.resize((int(rng.integers(10, 40)), int(rng.integers(10, 40))))
        image = tiny.resize(image.size, Image.Resampling.NEAREST)
    veil = Image.new(
        "RGB",
        image.size,
        random_ink(rng) if mode == 2 else ((0, 0, 0) if rng.random() < 0.7 else (255, 255, 255)),
    )
    return Image.blend(image, veil, rng.uniform(0.15, 0.75))
