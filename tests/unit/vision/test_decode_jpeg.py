"""JPEG: at which scale it is decoded, and how much damage it bears."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
import simplejpeg
from PIL import Image

from forecourt.core.skips import SkipReason
from forecourt.vision.decode import MIN_SIDE, decode_image
from tests.support.drawn import reason_of
from tests.support.pictures import encode


@pytest.mark.parametrize(
    ("size", "decoded"),
    [
        ((64, 48), (64, 48)),
        ((256, 256), (256, 256)),
        ((400, 300), (350, 263)),  # 7/8
        ((1024, 768), (384, 288)),  # 3/8
        ((2048, 2048), (256, 256)),  # 1/8
        ((4000, 300), (3500, 263)),  # the shorter side decides
        ((6000, 4000), (750, 500)),  # no smaller scale than 1/8 exists
    ],
)
def test_jpeg_is_decoded_at_the_smallest_scale_that_keeps_its_shorter_side(
    size: tuple[int, int], decoded: tuple[int, int]
) -> None:
    data = encode(Image.new("RGB", size, (90, 120, 30)), "JPEG")
    found = decode_image(data)
    assert found.rgb.shape == (decoded[1], decoded[0], 3)
    assert (found.info.width, found.info.height) == size


def test_jpeg_pixels_are_those_of_the_scaled_inverse_dct() -> None:
    """Training decodes with this very function; the scale is part of a model's preprocessing."""
    noise = np.random.default_rng(3).integers(0, 256, (900, 1200, 3), np.uint8)
    data = encode(Image.fromarray(noise), "JPEG", quality=85)
    expected = simplejpeg.decode_jpeg(
        data, "RGB", min_height=MIN_SIDE, min_width=MIN_SIDE, min_factor=1
    )
    rgb = decode_image(data).rgb
    assert rgb.shape == (338, 450, 3)
    np.testing.assert_array_equal(rgb, expected)


def noise_jpeg(**options: Any) -> bytes:
    noise = np.random.default_rng(4).integers(0, 256, (600, 800, 3), np.uint8)
    return encode(Image.fromarray(noise), "JPEG", quality=85, **options)


def test_a_warning_changes_neither_scale_nor_the_pixels_before_it() -> None:
    data = noise_jpeg()
    odd = data[:-3] + b"\xff\xd9"  # the last byte of the pixels is gone
    with pytest.raises(ValueError, match="Corrupt JPEG data"):
        simplejpeg.decode_jpeg(odd)
    rgb = decode_image(odd).rgb
    assert rgb.shape == (300, 400, 3)
    np.testing.assert_array_equal(rgb[:290], decode_image(data).rgb[:290])


VARIANTS = [
    {},
    {"progressive": True},
    {"restart_marker_rows": 2},
    {"subsampling": "4:4:4"},
    {"subsampling": "4:4:4", "restart_marker_rows": 2},
    {"progressive": True, "restart_marker_rows": 2},
]


@pytest.mark.parametrize("options", VARIANTS)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_header_that_promises_more_than_there_is_is_truncated(
    options: dict[str, Any], mode: str
) -> None:
    noise = np.random.default_rng(4).integers(0, 256, (300, 400, 3), np.uint8)
    data = bytearray(encode(Image.fromarray(noise).convert(mode), "JPEG", **options))
    frame = data.index(b"\xff\xc2" if "progressive" in options else b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", 7000, 7000)
    assert reason_of(bytes(data)) is SkipReason.TRUNCATED


@pytest.mark.parametrize("options", [{}, {"restart_marker_rows": 2}])
def test_a_cut_file_that_was_closed_again_is_truncated(options: dict[str, Any]) -> None:
    data = noise_jpeg(**options)
    assert reason_of(data[: len(data) // 2] + b"\xff\xd9") is SkipReason.TRUNCATED


def test_grey_at_the_bottom_is_a_picture_like_any_other() -> None:
    """Whole, and with bytes too many between its scans."""
    picture = np.full((600, 800, 3), 128, np.uint8)
    picture[:200] = np.random.default_rng(4).integers(0, 256, (200, 800, 3), np.uint8)
    data = encode(Image.fromarray(picture), "JPEG", quality=85, progressive=True)
    assert decode_image(data).info.width == 800
    before, marker, last = data.rpartition(b"\xff\xc4")
    odd = before + b"\0\0\0" + marker + last
    with pytest.raises(ValueError, match="Corrupt JPEG data"):
        simplejpeg.decode_jpeg(odd)
    np.testing.assert_array_equal(decode_image(odd).rgb, decode_image(data).rgb)


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_a_fatal_flaw_in_the_middle_is_undecodable(options: dict[str, Any]) -> None:
    data = bytearray(noise_jpeg(**options))
    middle = len(data) // 2
    data[middle : middle + 2] = b"\xff\x8d"  # a marker that does not exist
    assert reason_of(bytes(data)) is SkipReason.UNDECODABLE


def test_jpeg_without_its_end_marker_is_whole() -> None:
    data = noise_jpeg()
    np.testing.assert_array_equal(decode_image(data[:-2]).rgb, decode_image(data).rgb)


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_jpeg_cut_in_its_pixels_is_truncated_at_every_offset(options: dict[str, Any]) -> None:
    data = noise_jpeg(**options)
    start = data.index(b"\xff\xda") + 20
    for end in range(start, len(data) - 40, 997):
        assert reason_of(data[:end]) is SkipReason.TRUNCATED, end
