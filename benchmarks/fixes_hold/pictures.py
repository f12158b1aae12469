"""The pictures that are fixed, and other pictures that look much like them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from forecourt.core.labels import COLORS
from forecourt.core.samples import Sample, read_manifest
from forecourt.vision.decode import decode_image

Rgb = NDArray[np.uint8]

# sRGB of a typical paint of each class.
PAINTS = {
    "Black": (10, 10, 12),
    "Blue": (22, 62, 158),
    "Brown": (70, 45, 28),
    "Burgundy": (92, 10, 26),
    "Green": (22, 92, 44),
    "Grey": (112, 115, 119),
    "Orange": (236, 98, 12),
    "Pink": (238, 92, 158),
    "Purple": (92, 36, 140),
    "Red": (186, 12, 20),
    "White": (238, 238, 236),
    "Yellow": (250, 200, 8),
}
_HUED = frozenset(COLORS) - {"Black", "Grey", "White", "Brown"}
_SAME_PIXELS = 2.0  # grey levels on average: the same picture twice in the data, not a neighbour


@dataclass(frozen=True)
class Picture:
    """A picture that people fix."""

    name: str
    sample: Sample
    rgb: Rgb

    @property
    def image(self) -> Image.Image:
        """A copy to draw on."""
        return Image.fromarray(self.rgb)


@dataclass(frozen=True)
class Trial:
    """Another picture, which must not get the fix of `source`."""

    family: str
    source: str
    image: Image.Image


def load_pictures(data: Path, count: int) -> tuple[list[Picture], list[Picture]]:
    """Return pictures to fix, one of each group, and their neighbours of the same groups.

    The bounds of `identity.visual` were chosen on the training groups whose hash is even: those
    have no part here. Test pictures come first.
    """
    samples = [one for one in read_manifest(data) if one.split == "test" or _is_unseen(one)]
    samples.sort(key=lambda one: (one.split != "test", hashlib.sha256(one.file.encode()).digest()))
    groups: defaultdict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        groups[sample.group].append(sample)
    chosen = [members[0] for members in groups.values()][:count]
    fixed = [_load(data, sample) for sample in chosen]
    neighbours = [_load(data, other) for sample in chosen for other in groups[sample.group][1:8]]
    return fixed, neighbours


def _is_unseen(sample: Sample) -> bool:
    return int(hashlib.sha256(sample.group.encode()).hexdigest(), 16) % 2 == 1


def _load(data: Path, sample: Sample) -> Picture:
    rgb = decode_image((data / sample.file).read_bytes(), min_side=4096).rgb
    return Picture(Path(sample.file).stem, sample, rgb)


# ---- other pictures ------------------------------------------------------------------------------


def make_trials(fixed: list[Picture], neighbours: list[Picture], count: int) -> Iterator[Trial]:
    """Yield `count` trials: whole families first, then ever other shots of the same spots."""
    yield from islice(_all_trials(fixed, neighbours), count)


def _all_trials(fixed: list[Picture], neighbours: list[Picture]) -> Iterator[Trial]:
    by_group = {picture.sample.group: picture for picture in fixed}
    for other in neighbours:
        source = by_group[other.sample.group]
        if not _is_same_twice(source, other):
            yield Trial("neighbour of the same group", source.name, other.image)
    for picture in fixed:
        yield from _repaints(picture)
        yield from _banners(picture)
    rng = np.random.default_rng(3)
    while True:
        for picture in fixed:
            yield _other_shot(picture, rng)
            if picture.sample.image_type == "Stock":
                yield _other_cutout(picture, rng)


def _is_same_twice(one: Picture, other: Picture) -> bool:
    pixels = [np.asarray(picture.image.resize((256, 256)), np.float32) for picture in (one, other)]
    return float(np.abs(pixels[0] - pixels[1]).mean()) < _SAME_PIXELS


def _repaints(picture: Picture) -> Iterator[Trial]:
    color = picture.sample.color
    mask = _paint_mask(picture.rgb) if color in _HUED else None
    if mask is None:
        return
    for name, paint in PAINTS.items():
        if name != color:
            repainted = Image.fromarray(_repaint(picture.rgb, mask, paint))
            yield Trial(f"repaint: {name}", picture.name, repainted)


def _paint_mask(rgb: Rgb) -> NDArray[np.bool_] | None:
    """Return the pixels of the hue that prevails in the middle, or None if none does."""
    hue, saturation, value = np.moveaxis(np.asarray(Image.fromarray(rgb).convert("HSV"), int), 2, 0)
    height, width = hue.shape
    middle = np.zeros_like(hue, bool)
    middle[height // 5 : height * 4 // 5, width // 6 : width * 5 // 6] = True
    vivid = (saturation > 110) & (value > 40) & middle
    if vivid.mean() < 0.02:
        return None
    counts = np.bincount(hue[vivid], minlength=256)
    around = np.convolve(np.r_[counts[-8:], counts, counts[:8]], np.ones(17), "valid")
    away = np.abs((hue - int(around.argmax()) + 128) % 256 - 128)
    mask = (away < 14) & (saturation > 70)
    return mask if mask.mean() > 0.04 else None


def _repaint(rgb: Rgb, mask: NDArray[np.bool_], paint: tuple[int, int, int]) -> Rgb:
    """Return the picture in another paint: shading and highlights stay, in linear light."""
    light = _to_light(rgb)
    highlight = light.min(-1, keepdims=True) * 0.5
    typical = np.median(light[mask], axis=0)
    full = max(1e-3, float((typical - typical.min() * 0.5).sum()))
    shade = (light - highlight).sum(-1, keepdims=True) / full
    new = np.clip(shade * _to_light(np.array(paint, np.uint8)) + highlight * 1.2, 0, 1)
    encoded = np.where(new <= 0.0031308, new * 12.92, 1.055 * new ** (1 / 2.4) - 0.055)
    return np.where(mask[..., None], encoded * 255 + 0.5, rgb).astype(np.uint8)


def _to_light(srgb: Rgb) -> NDArray[np.float64]:
    v = srgb / 255
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def _banners(picture: Picture) -> Iterator[Trial]:
    width, height = picture.image.size
    marks = (
        ("strip of 12 %", (0, 0.88, 1, 1), (190, 20, 30), "CALL NOW 555-0199"),
        ("strip of 6 %", (0, 0.94, 1, 1), (20, 60, 160), "0 % FINANCE"),
        ("badge in a corner", (0.02, 0.02, 0.22, 0.14), (250, 210, 0), "SALE"),
        ("card in the middle", (0.15, 0.35, 0.85, 0.65), (96, 100, 108), "PHOTO COMING SOON"),
    )
    for name, (x0, y0, x1, y1), ground, words in marks:
        marked = picture.image
        draw = ImageDraw.Draw(marked)
        corners = (x0 * width, y0 * height, x1 * width, y1 * height)
        draw.rectangle(corners, fill=ground)
        middle = ((corners[0] + corners[2]) / 2, (corners[1] + corners[3]) / 2)
        font = ImageFont.load_default(max(8, (y1 - y0) * height * 0.4))
        draw.text(middle, words, fill="white", anchor="mm", font=font)
        yield Trial(f"banner: {name}", picture.name, marked)


def _other_shot(picture: Picture, rng: np.random.Generator) -> Trial:
    """Another photo from the same spot: framed and lit a little otherwise."""
    width, height = picture.image.size
    zoom = rng.uniform(0.9, 0.97)
    left, top = (rng.uniform(0, 1 - zoom) for _ in range(2))
    box = (left * width, top * height, (left + zoom) * width, (top + zoom) * height)
    framed = picture.image.resize((width, height), Image.Resampling.BICUBIC, box=box)
    lit = np.asarray(framed, np.float64) * rng.uniform(0.92, 1.06)
    return Trial(
        "another shot of the same spot",
        picture.name,
        Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8)),
    )


def _other_cutout(picture: Picture, rng: np.random.Generator) -> Trial:
    """Another vehicle of the same model, cut out on the same white: placed a little otherwise."""
    width, height = picture.image.size
    scale = rng.uniform(0.9, 0.97)
    vehicle = picture.image.resize((round(width * scale), round(height * scale)))
    canvas = Image.new("RGB", (width, height), "white")
    canvas.paste(
        vehicle,
        (
            int(rng.uniform(0, width - vehicle.width)),
            int(rng.uniform(0, height - vehicle.height)),
        ),
    )
    return Trial("another cut-out of the same model", picture.name, canvas)
