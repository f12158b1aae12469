"""Every kind of picture that a CDN serves, against the pixels it was made from."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from forecourt.vision.decode import decode_image
from tests.support.drawn import assert_near, png_chunk, quarters
from tests.support.pictures import encode

ORIENTATION = 0x0112
# What it takes to turn an upright picture into one that lies as orientation 1-8 says.
LAY: dict[int, tuple[Image.Transpose, ...]] = {
    1: (),
    2: (Image.Transpose.FLIP_LEFT_RIGHT,),
    3: (Image.Transpose.ROTATE_180,),
    4: (Image.Transpose.FLIP_TOP_BOTTOM,),
    5: (Image.Transpose.TRANSPOSE,),
    6: (Image.Transpose.ROTATE_90,),
    7: (Image.Transpose.TRANSVERSE,),
    8: (Image.Transpose.ROTATE_270,),
}


# ---- formats -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file_format", "options", "by"),
    [
        ("JPEG", {"quality": 95}, 3),
        ("JPEG", {"quality": 95, "progressive": True}, 3),
        ("JPEG", {"quality": 95, "subsampling": 0}, 2),
        ("PNG", {}, 0),
        ("WEBP", {"lossless": True}, 0),
        ("WEBP", {"quality": 90}, 4),
        ("GIF", {}, 2),
        ("BMP", {}, 0),
        ("TIFF", {}, 0),
        ("TIFF", {"compression": "tiff_lzw"}, 0),
        ("TIFF", {"compression": "tiff_adobe_deflate"}, 0),
        ("AVIF", {"quality": 90}, 4),
    ],
)
def test_formats(file_format: str, options: dict[str, Any], by: float) -> None:
    picture = quarters()
    data = encode(picture, file_format, **options)
    decoded = decode_image(data)
    assert_near(decoded.rgb, picture, by=by)
    info = decoded.info
    assert (info.format, info.width, info.height) == (file_format, 96, 64)
    assert info.size_bytes == len(data)


def test_animation_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (40, 30), color) for color in ((255, 0, 0), (0, 0, 255))]
    for file_format in ("GIF", "WEBP", "PNG"):
        options = {"lossless": True} if file_format == "WEBP" else {}
        data = encode(
            frames[0], file_format, save_all=True, append_images=frames[1:], duration=50, **options
        )
        assert_near(decode_image(data).rgb, frames[0], by=0)


def test_several_pictures_in_one_jpeg_give_the_first() -> None:
    second = Image.new("RGB", (96, 64), (0, 0, 0))
    data = encode(quarters(), "MPO", save_all=True, append_images=[second], quality=95)
    decoded = decode_image(data)
    assert decoded.info.format == "JPEG"
    assert_near(decoded.rgb, quarters(), by=3)


# ---- orientation ---------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_exif_orientation_is_undone(file_format: str, orientation: int) -> None:
    lying = quarters()
    for turn in LAY[orientation]:
        lying = lying.transpose(turn)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    decoded = decode_image(encode(lying, file_format, exif=exif))
    assert_near(decoded.rgb, quarters(), by=6)
    assert (decoded.info.width, decoded.info.height) == (96, 64)


def test_exif_orientation_is_undone__exif_behind_the_pixels() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    plain = encode(quarters().transpose(Image.Transpose.ROTATE_90), "PNG")
    chunk = exif.tobytes().removeprefix(b"Exif\0\0")
    end = plain.rindex(b"IEND") - 4
    decoded = decode_image(plain[:end] + png_chunk(b"eXIf", chunk) + plain[end:])
    assert_near(decoded.rgb, quarters(), by=0)


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_orientation_out_of_range_counts_as_upright(value: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = value
    assert_near(decode_image(encode(quarters(), "JPEG", exif=exif)).rgb, quarters(), by=4)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_broken_exif_does_not_cost_the_picture(file_format: str) -> None:
    for exif in (b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"):
        decoded = decode_image(encode(quarters(), file_format, exif=exif))
        assert_near(decoded.rgb, quarters(), by=6)


# ---- colour spaces and depths --------------------------------------------------------------------


def test_cmyk_jpeg() -> None:
    """Pillow writes CMYK as Adobe does: inverted, with an APP14 marker."""
    cmyk = quarters().convert("CMYK")
    data = encode(cmyk, "JPEG", quality=95)
    assert b"Adobe" in data
    assert_near(decode_image(data).rgb, quarters(), by=4)


def test_ycck_jpeg() -> None:
    """YCCK is CMYK whose first three channels were turned into YCbCr: APP14 transform 2."""
    cmyk = np.asarray(quarters().convert("CMYK"))
    ycc = np.asarray(Image.fromarray(cmyk[:, :, :3]).convert("YCbCr"))
    inverted_black = 255 - cmyk[:, :, 3:]
    # Pillow inverts what it is given as CMYK on its way into the file; undo that beforehand.
    planes = Image.fromarray(255 - np.concatenate([ycc, inverted_black], axis=2), "CMYK")
    data = bytearray(encode(planes, "JPEG", quality=95))
    data[data.index(b"Adobe") + 11] = 2
    assert_near(decode_image(bytes(data)).rgb, quarters(), by=4)


def test_grey_jpeg() -> None:
    grey = quarters().convert("L")
    assert_near(decode_image(encode(grey, "JPEG", quality=95)).rgb, grey, by=3)


def test_rgb_jpeg_without_color_transform() -> None:
    data = encode(quarters(), "JPEG", quality=95, keep_rgb=True)
    assert_near(decode_image(data).rgb, quarters(), by=4)


def test_cmyk_tiff() -> None:
    assert_near(decode_image(encode(quarters().convert("CMYK"), "TIFF")).rgb, quarters(), by=0)


def png_16(samples: np.ndarray, *, color_type: int, extra: bytes = b"") -> bytes:
    """A 16-bit PNG, written by hand: Pillow writes 16 bits in grey only."""
    height, width = samples.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, 16, color_type, 0, 0, 0)
    rows = samples.astype(">u2").reshape(height, -1)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + extra
        + png_chunk(b"IDAT", zlib.compress(raw))
        + png_chunk(b"IEND", b"")
    )


def test_png_with_16_bits_a_channel() -> None:
    deep = np.asarray(quarters()).astype(np.uint16) * 257
    assert_near(decode_image(png_16(deep, color_type=2)).rgb, quarters(), by=0)


def test_png_with_16_bits_a_channel__grey_keeps_its_brightness() -> None:
    grey = np.asarray(quarters().convert("L"))
    decoded = decode_image(png_16(grey.astype(np.uint16) * 257, color_type=0))
    assert_near(decoded.rgb, Image.fromarray(grey), by=0)
    dark = np.full((32, 32), 1200, np.uint16)  # a dark picture stays dark: no stretching
    assert decode_image(png_16(dark, color_type=0)).rgb.max() == round(1200 / 257)


def test_png_with_16_bits_a_channel__alpha() -> None:
    deep = np.zeros((32, 32, 4), np.uint16)
    deep[:16] = 65535, 0, 0, 65535
    rgb = decode_image(png_16(deep, color_type=6)).rgb
    assert (rgb[:16] == (255, 0, 0)).all()
    assert (rgb[16:] == 255).all()


def test_png_with_16_bits_a_channel__transparent_color_out_of_8_bit_range() -> None:
    deep = np.full((32, 32, 3), 60000, np.uint16)
    key = png_chunk(b"tRNS", struct.pack(">HHH", 60000, 60000, 60000))
    assert decode_image(png_16(deep, color_type=2, extra=key)).rgb.shape == (32, 32, 3)


@pytest.mark.parametrize(
    ("dtype", "top"), [(">u2", 65535), ("<u2", 65535), ("<i4", 65535), ("<f4", 1.0)]
)
def test_deep_grey_tiff(dtype: str, top: float) -> None:
    grey = np.asarray(quarters().convert("L"))
    samples = (grey / 255.0 * top).astype(dtype)
    if dtype == ">u2":
        image = Image.frombytes("I;16B", (96, 64), samples.tobytes())
    else:
        image = Image.fromarray(samples)
    assert_near(decode_image(encode(image, "TIFF")).rgb, Image.fromarray(grey), by=1)


def test_float_tiff_with_holes() -> None:
    samples = np.full((32, 32), 0.5, np.float32)
    samples[0] = np.nan
    samples[1] = np.inf
    rgb = decode_image(encode(Image.fromarray(samples), "TIFF")).rgb
    assert (rgb[:2] == 0).all()
    assert (rgb[2:] == 128).all()


def test_one_bit_pictures() -> None:
    bits = quarters().convert("L").point(lambda value: 255 * (value > 110)).convert("1")
    for file_format in ("PNG", "TIFF", "BMP"):
        assert_near(decode_image(encode(bits, file_format)).rgb, bits, by=0)


# ---- palettes and transparency -------------------------------------------------------------------


def test_palette() -> None:
    palette = quarters().quantize(8)
    for file_format in ("PNG", "GIF", "BMP", "TIFF"):
        assert_near(decode_image(encode(palette, file_format)).rgb, quarters(), by=1)


@pytest.mark.parametrize("file_format", ["PNG", "GIF"])
def test_transparent_palette_entry_becomes_white(file_format: str) -> None:
    image = Image.new("P", (40, 40), 0)
    image.putpalette([10, 20, 30, 200, 40, 40])
    image.paste(1, (0, 0, 40, 20))
    rgb = decode_image(encode(image, file_format, transparency=0)).rgb
    assert (rgb[:20] == (200, 40, 40)).all()
    assert (rgb[20:] == 255).all()


def test_palette_with_half_transparent_entries() -> None:
    image = Image.new("P", (40, 40), 0)
    image.putpalette([0, 0, 0, 255, 0, 0])
    rgb = decode_image(encode(image, "PNG", transparency=bytes([128, 255]))).rgb
    assert (rgb == 127).all()


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "TIFF"])
def test_transparency_is_put_on_white(mode: str, file_format: str) -> None:
    image = Image.new("RGBA", (40, 40), (0, 0, 0, 0))  # black, were its transparency ignored
    image.paste((60, 60, 60, 255), (0, 0, 20, 40))
    image.paste((0, 0, 0, 128), (20, 0, 40, 20))
    options = {"lossless": True} if file_format == "WEBP" else {}
    rgb = decode_image(encode(image.convert(mode), file_format, **options)).rgb
    assert (rgb[:, :20] == 60).all()
    assert (np.abs(rgb[:20, 20:].astype(int) - 127) <= 1).all()
    assert (rgb[20:, 20:] == 255).all()


def test_transparent_avif_is_put_on_white() -> None:
    image = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    assert decode_image(encode(image, "AVIF", quality=100)).rgb.min() >= 253


@pytest.mark.parametrize(("mode", "key"), [("L", 7), ("RGB", (1, 2, 3)), ("1", 0)])
def test_transparent_color_key_becomes_white(mode: str, key: Any) -> None:
    image = Image.new(mode, (40, 40), key)
    assert (decode_image(encode(image, "PNG", transparency=key)).rgb == 255).all()
