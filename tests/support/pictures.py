"""Small pictures made on the fly, in any format."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image


def paint(
    rgb: tuple[int, int, int], *, size: tuple[int, int] = (64, 48), seed: int | None = None
) -> Image.Image:
    """Return an almost even picture; other seeds give other bytes of the same colour."""
    pixels = np.full((size[1], size[0], 3), rgb, np.int16)
    if seed is not None:
        pixels += np.random.default_rng(seed).integers(-6, 7, pixels.shape, np.int16)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def encode(image: Image.Image, file_format: str = "JPEG", **options: object) -> bytes:
    """Return a picture as a file."""
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def jpeg(rgb: tuple[int, int, int], *, seed: int | None = None) -> bytes:
    """Return an almost even JPEG."""
    return encode(paint(rgb, seed=seed), "JPEG", quality=90)


def patchwork(seed: int) -> bytes:
    """Return a JPEG of coarse patches that looks like none of another seed."""
    patches = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), np.uint8)
    return encode(Image.fromarray(patches.repeat(10, 0).repeat(10, 1)), "JPEG", quality=90)
