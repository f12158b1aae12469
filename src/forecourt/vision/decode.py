"""Bytes → RGB. Training and serving decode with this module and no other.

JPEG goes through libjpeg-turbo's scaled decoding: the inverse DCT of a 1/2, 1/4 or 1/8 picture
skips most of the work. Another decoder, or the same one at another scale, moves pixels by about
three grey levels, so the scale rule here is part of every model's preprocessing.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from forecourt.core.errors import ImageSkippedError
from forecourt.core.skips import SkipReason

Rgb = NDArray[np.uint8]

MIN_SIDE = 256  # shorter side kept by the scaled decode, in pixels
MAX_PIXELS = 64_000_000
_SMALLEST_SIDE = 16  # below this nothing can be seen: tracking pixels, spacers
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
_EXIF_ORIENTATION = 0x0112
_MARKUP = (
    b"<svg",
    b"<!doc",
    b"<html",
    b"<?xml",
    b"{",
    b"[",
    b"%pdf",
    b"<head",
    b"<body",
    b"<script",
)

# Formats are opened by name below; a truncated file must raise, not decode to half grey.
ImageFile.LOAD_TRUNCATED_IMAGES = False


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What a file's header says. Width and height are those of the upright picture, in pixels."""

    format: str
    width: int
    height: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Decoded:
    """One decoded picture.

    Attributes:
        rgb: Upright, transparency put on white; shape (H, W, 3). JPEG comes scaled down.
        info: What the file is.
    """

    rgb: Rgb
    info: ImageInfo


def decode_image(data: bytes, *, min_side: int = MIN_SIDE, max_pixels: int = MAX_PIXELS) -> Decoded:
    """Decode JPEG, PNG, WebP, GIF (first frame), BMP, TIFF or AVIF.

    Args:
        data: The whole file.
        min_side: A JPEG is decoded at the smallest of 1/1, 1/2, 1/4, 1/8 whose shorter side is
            still at least this many pixels; others come in full size.
        max_pixels: Larger pictures are refused by their header, before any memory is taken.

    Raises:
        ImageSkippedError: The bytes are no picture that can be used; the reason says why.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns of bombs (we have our own limit) and of odd metadata (we do not mind).
            warnings.simplefilter("ignore")
            return _decode(data, min_side, max_pixels)
    except ImageSkippedError:
        raise
    except Exception as error:
        # Codecs raise whatever they like on hostile bytes: struct.error, SyntaxError, KeyError ...
        raise _skip_of(error) from error


def _decode(data: bytes, min_side: int, max_pixels: int) -> Decoded:
    if not data:
        raise ImageSkippedError(SkipReason.EMPTY)
    image = _open(data)
    info = _read_info(image, len(data))
    if info.width * info.height > max_pixels:
        detail = f"{info.width}x{info.height} is more than {max_pixels} pixels"
        raise ImageSkippedError(SkipReason.TOO_MANY_PIXELS, detail)
    if min(info.width, info.height) < _SMALLEST_SIDE:
        raise ImageSkippedError(SkipReason.TOO_SMALL, f"{info.width}x{info.height}")
    if image.format in {"JPEG", "MPO"} and image.mode in {"RGB", "L"}:
        return Decoded(_decode_jpeg(data, image, min_side), info)
    return Decoded(_decode_other(image), info)


def _open(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=_FORMATS)
    except UnidentifiedImageError as error:
        start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n\x00").lower()
        is_markup = start.startswith(_MARKUP)
        reason = SkipReason.NOT_AN_IMAGE if is_markup or not _has_magic(data) else None
        raise ImageSkippedError(reason or SkipReason.UNDECODABLE) from error


def _has_magic(data: bytes) -> bool:
    return data[:3] == b"\xff\xd8\xff" or data[:4] in {
        b"\x89PNG",
        b"GIF8",
        b"RIFF",
        b"II*\0",
        b"MM\0*",
    }


def _read_info(image: Image.Image, size_bytes: int) -> ImageInfo:
    width, height = image.size
    if _orientation(image) >= 5:  # 5-8 lie on their side
        width, height = height, width
    name = "JPEG" if image.format == "MPO" else str(image.format)
    return ImageInfo(format=name, width=width, height=height, size_bytes=size_bytes)


def _orientation(image: Image.Image) -> int:
    try:
        value: Any = image.getexif().get(_EXIF_ORIENTATION, 1)
    except Exception:  # noqa: BLE001  # broken EXIF raises anything; the picture is still good
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _decode_jpeg(data: bytes, image: Image.Image, min_side: int) -> Rgb:
    # simplejpeg keeps BOTH sides at or above the minimum given, with factors of 1/8 .. 1.
    try:
        rgb: Rgb = simplejpeg.decode_jpeg(
            data,
            colorspace="RGB",
            min_height=min_side,
            min_width=min_side,
            min_factor=1,
            strict=True,
        )
    except ValueError as error:
        if not data.rstrip(b"\x00\r\n").endswith(b"\xff\xd9"):
            raise ImageSkippedError(SkipReason.TRUNCATED, str(error)) from error
        return _decode_other(image)
    orientation = _orientation(image)
    return rgb if orientation == 1 else _upright(rgb, orientation)


def _upright(rgb: Rgb, orientation: int) -> Rgb:
    """Undo an EXIF orientation (2-8), as the tag is defined in Exif 2.32 section 4.6.4.A."""
    if orientation in {5, 6, 7, 8}:
        rgb = rgb.transpose(1, 0, 2)
    if orientation in {2, 3, 6, 7}:
        rgb = rgb[:, ::-1]
    if orientation in {3, 4, 7, 8}:
        rgb = rgb[::-1]
    return np.ascontiguousarray(rgb)


def _decode_other(image: Image.Image) -> Rgb:
    image.load()
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16") or image.mode in {"I", "F"}:
        return _from_deep_grey(image)
    if image.mode in {"PA", "LA", "RGBA", "La", "RGBa"} or "transparency" in image.info:
        return _on_white(image.convert("RGBA"))
    return np.asarray(image.convert("RGB"))


def _from_deep_grey(image: Image.Image) -> Rgb:
    """Map 16-bit, 32-bit and float grey to 8 bits by its own range of values."""
    grey = np.asarray(image).astype(np.float64)
    top = 65535.0 if image.mode.startswith("I;16") or grey.max() > 255 else 255.0
    top = max(top, float(grey.max()))
    if image.mode == "F" and grey.max() <= 1.0:
        top = 1.0
    grey8 = np.clip(grey / top * 255.0 + 0.5, 0, 255).astype(np.uint8)
    return np.repeat(grey8[:, :, None], 3, axis=2)


def _on_white(image: Image.Image) -> Rgb:
    canvas = Image.new("RGBA", image.size, (255, 255, 255, 255))
    canvas.alpha_composite(image)
    return np.asarray(canvas.convert("RGB"))


def _skip_of(error: Exception) -> ImageSkippedError:
    detail = f"{type(error).__name__}: {error}"[:200]
    text = detail.lower()
    if "truncated" in text or "premature end" in text or "incomplete" in text:
        return ImageSkippedError(SkipReason.TRUNCATED, detail)
    if isinstance(error, Image.DecompressionBombError):
        return ImageSkippedError(SkipReason.TOO_MANY_PIXELS, detail)
    return ImageSkippedError(SkipReason.UNDECODABLE, detail)
