"""Stock pictures put together anew, and vehicles cut out of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from forecourt.train.pictures.wear import wear
from forecourt.vision.decode import Rgb

CutOut = tuple[Image.Image, Image.Image]  # a vehicle and its mask, of one size

_WHITE_FROM = 232  # of 255, in every channel: JPEG leaves no ground quite white


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
    return wear(rng, canvas)


def cut_out(square: Rgb) -> CutOut | None:
    """Return the vehicle that stands on white, and its mask; None where there is no such thing.

    Args:
        square: Shape (H, W, 3), a stock picture.
    """
    mask = mask_on_white(square)
    box = None if mask is None else mask.getbbox()
    if mask is None or box is None:
        return None
    return Image.fromarray(square).crop(box), mask.crop(box)


def mask_on_white(square: Rgb) -> Image.Image | None:
    """Return where the picture is not its white ground; None where it does not stand on white.

    Of white paint a part may be taken for ground; white that does not reach the edge is none.

    Args:
        square: Shape (H, W, 3), a stock picture.

    Returns:
        Of the picture's size, in mode "L": 0 on the ground, else 255.
    """
    is_white: NDArray[np.bool_] = np.all(square > _WHITE_FROM, axis=2)
    edge = np.concatenate([is_white[0], is_white[-1], is_white[:, 0], is_white[:, -1]])
    if edge.mean() < 0.6:
        return None  # a photo
    # White that hangs together with the edge is ground. Flooding in Python is slow, so it is done
    # on a small copy.
    whole = Image.fromarray(is_white).convert("L")
    small = whole.resize((64, 64), Image.Resampling.BOX)
    flooded = ImageOps.expand(small.point(lambda v: 255 if v > 160 else 0), 1, 255)
    ImageDraw.floodfill(flooded, (0, 0), 128)
    reached = ImageOps.crop(flooded, 1).point(lambda v: 255 if v == 128 else 0)
    reached = reached.filter(ImageFilter.MaxFilter(3)).resize(whole.size)
    is_ground = is_white & (np.asarray(reached) > 0)
    if not 0.1 < 1 - is_ground.mean() < 0.75:
        return None
    mask = Image.fromarray(np.where(is_ground, 0, 255).astype(np.uint8))
    return mask.filter(ImageFilter.MedianFilter(3))


def place(
    rng: np.random.Generator, canvas: Image.Image, cut: CutOut, share: float
) -> tuple[Image.Image, Image.Image, tuple[int, int]]:
    """Return a cut-out and its mask scaled to a share of a canvas, and where they go on it."""
    image, mask = cut
    if rng.random() < 0.5:
        image, mask = ImageOps.mirror(image), ImageOps.mirror(mask)
    room = (max(16, int(canvas.width * share)), max(16, int(canvas.height * share)))
    image, mask = ImageOps.contain(image, room), ImageOps.contain(mask, room)
    left = int(rng.uniform(0.2, 0.8) * (canvas.width - image.width))
    top = int(rng.uniform(0.35, 0.8) * (canvas.height - image.height))
    return image, mask, (left, top)
