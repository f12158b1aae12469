"""Whatever the bytes are: a picture, or the one documented error; never anything else."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from forecourt.core.errors import ImageSkippedError
from forecourt.vision.decode import decode_image
from tests.support.pictures import encode

FORMATS = (
    "JPEG",
    "JPEG progressive",
    "JPEG cmyk",
    "PNG",
    "PNG palette",
    "PNG alpha",
    "WEBP",
    "GIF",
    "BMP",
    "TIFF",
    "TIFF lzw",
    "AVIF",
)


@cache
def sample(kind: str) -> bytes:
    """A small valid file with a good deal of structure: EXIF, several blocks, several strips."""
    noise = np.random.default_rng(1).integers(0, 256, (40, 56, 3), np.uint8)
    picture = Image.fromarray(noise).resize((112, 80))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a description"
    file_format, _, variant = kind.partition(" ")
    if variant == "progressive":
        return encode(picture, "JPEG", progressive=True, exif=exif)
    if variant == "cmyk":
        return encode(picture.convert("CMYK"), "JPEG")
    if variant == "palette":
        return encode(picture.quantize(32), "PNG", transparency=3)
    if variant == "alpha":
        return encode(picture.convert("RGBA"), "PNG", exif=exif)
    if variant == "lzw":
        return encode(picture, "TIFF", compression="tiff_lzw")
    options = {} if file_format in {"GIF", "BMP"} else {"exif": exif}
    return encode(picture, file_format, **options)


def assert_picture_or_reason(data: bytes) -> None:
    try:
        decoded = decode_image(data, max_pixels=4_000_000)
    except ImageSkippedError:
        return
    height, width, channels = decoded.rgb.shape
    assert channels == 3
    assert decoded.rgb.dtype == np.uint8
    assert height > 0
    assert width > 0


@pytest.mark.parametrize("kind", FORMATS)
def test_cut_anywhere(kind: str) -> None:
    data = sample(kind)
    decode_image(data)
    # Every offset in the headers, and steps through the rest.
    for end in [*range(min(700, len(data))), *range(700, len(data), max(1, len(data) // 200))]:
        assert_picture_or_reason(data[:end])


@pytest.mark.parametrize("kind", FORMATS)
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_flipped_bits(kind: str, data: st.DataObject) -> None:
    damaged = bytearray(sample(kind))
    # Half of the flips go to the first bytes, where the structure is.
    places = st.one_of(st.integers(0, min(len(damaged), 400) - 1), st.integers(0, len(damaged) - 1))
    for place, bit in data.draw(st.lists(st.tuples(places, st.integers(0, 7)), max_size=12)):
        damaged[place] ^= 1 << bit
    assert_picture_or_reason(bytes(damaged))


@settings(max_examples=60, deadline=None)
@given(
    start=st.sampled_from([sample(kind)[:16] for kind in FORMATS] + [b""]),
    rest=st.binary(max_size=300),
)
def test_noise_behind_a_good_start(start: bytes, rest: bytes) -> None:
    assert_picture_or_reason(start + rest)
