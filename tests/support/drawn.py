"""A drawn picture to recognise again after it was decoded, and how near two pictures are."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from forecourt.core.errors import ImageSkippedError
from forecourt.core.skips import SkipReason
from forecourt.vision.decode import Rgb, decode_image


def quarters(size: tuple[int, int] = (96, 64)) -> Image.Image:
    """A picture whose four quarters differ, so that no turn or mirror leaves it alike."""
    width, height = size
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = (200, 40, 40)
    pixels[: height // 2, width // 2 :] = (40, 180, 60)
    pixels[height // 2 :, : width // 2] = (50, 60, 210)
    pixels[height // 2 :, width // 2 :] = (230, 220, 90)
    return Image.fromarray(pixels)


def assert_near(rgb: Rgb, expected: Image.Image, *, by: float) -> None:
    """Shapes are equal and pixels differ by at most `by` grey levels on average."""
    reference = np.asarray(expected.convert("RGB")).astype(int)
    assert rgb.shape == reference.shape
    assert rgb.dtype == np.uint8
    assert np.abs(rgb.astype(int) - reference).mean() <= by


def reason_of(data: bytes, **options: Any) -> SkipReason:
    with pytest.raises(ImageSkippedError) as caught:
        decode_image(data, **options)
    return caught.value.reason


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
