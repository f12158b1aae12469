"""What is no picture, only half of one, too small or far too large."""

from __future__ import annotations

import resource
import struct

import numpy as np
import pytest
import simplejpeg
from PIL import Image, ImageFile

from forecourt.core.skips import SkipReason
from forecourt.vision.decode import decode_image
from tests.support.drawn import png_chunk, quarters, reason_of
from tests.support.pictures import encode


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", SkipReason.EMPTY),
        (b"<!DOCTYPE html><html><body>404</body></html>", SkipReason.NOT_AN_IMAGE),
        (b"\xef\xbb\xbf\n <html></html>", SkipReason.NOT_AN_IMAGE),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', SkipReason.NOT_AN_IMAGE),
        (b'{"error": "not found"}', SkipReason.NOT_AN_IMAGE),
        (b"%PDF-1.7\n", SkipReason.NOT_AN_IMAGE),
        (b"BMW X5 brochure, plain text", SkipReason.NOT_AN_IMAGE),
        (b"RIFF\x10\0\0\0AVI LIST", SkipReason.NOT_AN_IMAGE),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", SkipReason.NOT_AN_IMAGE),
        (b"\0", SkipReason.NOT_AN_IMAGE),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", SkipReason.UNDECODABLE),
        (b"\xff\x0a" + bytes(50), SkipReason.UNDECODABLE),  # JPEG XL
        (b"\xff\xd8\xff\xe0" + bytes(50), SkipReason.UNDECODABLE),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), SkipReason.UNDECODABLE),
    ],
)
def test_what_is_no_picture_says_so(data: bytes, reason: SkipReason) -> None:
    assert reason_of(data) is reason


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_half_a_file_is_truncated(file_format: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    data = encode(Image.fromarray(noise), file_format)
    assert reason_of(data[: len(data) // 2]) is SkipReason.TRUNCATED


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (15, 400)])
def test_spacers_and_tracking_pixels_are_too_small(size: tuple[int, int]) -> None:
    for file_format in ("GIF", "PNG", "JPEG"):
        image = Image.new("RGB", size, (250, 250, 250))
        assert reason_of(encode(image, file_format)) is SkipReason.TOO_SMALL


def test_pixel_limit_is_inclusive() -> None:
    data = encode(quarters((100, 100)), "PNG")
    assert decode_image(data, max_pixels=10_000).info.width == 100
    assert reason_of(data, max_pixels=9_999) is SkipReason.TOO_MANY_PIXELS


def header_only(file_format: str, width: int, height: int) -> bytes:
    """A file of a few bytes whose header claims a huge picture."""
    if file_format == "PNG":
        header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
        return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", b"x")
    if file_format == "BMP":
        return b"BM" + struct.pack("<IIIIiiHHIIIIII", 99, 0, 54, 40, width, height, 1, 24, *[0] * 6)
    if file_format == "GIF":
        return b"GIF89a" + struct.pack("<HH", width, height) + b"\0\0\0,\0\0\0\0\1\0\1\0\0\2\0;"
    if file_format == "WEBP":  # an animation: its canvas may be larger than its frames
        frames = [quarters(), quarters().rotate(180)]
        data = bytearray(encode(frames[0], "WEBP", save_all=True, append_images=frames[1:]))
        assert data[12:16] == b"VP8X"
        data[24:30] = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        return bytes(data)
    data = bytearray(encode(quarters(), file_format))
    if file_format == "JPEG":
        frame = data.index(b"\xff\xc0")
        data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


@pytest.mark.parametrize(
    ("file_format", "width", "height"),
    [
        ("PNG", 2**31 - 1, 2**31 - 1),
        ("PNG", 12_000, 10_000),  # under Pillow's own limit
        ("BMP", 100_000, 100_000),
        ("GIF", 65_535, 65_535),
        ("JPEG", 65_500, 65_500),
        ("JPEG", 9_000, 9_000),
    ],
)
def test_bombs_are_refused_by_their_header(
    monkeypatch: pytest.MonkeyPatch, file_format: str, width: int, height: int
) -> None:
    def load(_image: Image.Image) -> None:
        pytest.fail("pixels were decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    monkeypatch.setattr(simplejpeg, "decode_jpeg", load)
    assert reason_of(header_only(file_format, width, height)) is SkipReason.TOO_MANY_PIXELS


@pytest.mark.parametrize("side", [9_000, 16_383])
def test_webp_bomb_is_refused(side: int) -> None:
    """Its decoder reserves the canvas when it opens the file, but must not fill it."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert reason_of(header_only("WEBP", side, side)) is SkipReason.TOO_MANY_PIXELS
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 100_000  # one canvas of 9,000 x 9,000 would take 316,000
