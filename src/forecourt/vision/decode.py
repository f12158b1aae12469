"""Bytes → RGB. Training and serving decode with this module and no other.

JPEG goes through libjpeg-turbo's scaled decoding (1/8, 2/8 ... 8/8): the inverse DCT of a smaller
picture skips most of the work. Another decoder, or the same one at another scale, moves pixels by
about three grey levels, so the scale rule here is part of every model's preprocessing.

Embedded ICC profiles are not applied: training did not either.
"""

from __future__ import annotations

import io
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

from forecourt.core.errors import ImageSkippedError
from forecourt.core.skips import SkipReason

Rgb = NDArray[np.uint8]

MIN_SIDE = 256  # shorter side kept by the scaled decode, in pixels
MAX_PIXELS = 64_000_000
_SMALLEST_SIDE = 16  # below this nothing can be seen: tracking pixels, spacers
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
_EXIF_ORIENTATION = 0x0112
_END_OF_JPEG = b"\xff\xd9"
_NO_DATA = 128  # in every channel
_MOST_MISSING = 0.05  # of the rows of a damaged JPEG: less than that hides nothing of a vehicle
# How images start, also kinds that nothing here decodes: HEIC, JPEG XL, JPEG 2000, ICO, PSD.
_IMAGE_START = re.compile(
    rb"\xff\xd8\xff|\x89PNG|GIF8|BM.{4}\0{4}|RIFF.{4}WEBP|II[*+]\0|MM\0[*+]"
    rb"|.{4}ftyp(?:avi|hei|hev|mif|msf)|\xff\x0a|\0\0\0\x0c(?:JXL |jP  )|\0\0\x01\0|8BPS",
    re.DOTALL,
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
        min_side: A JPEG is decoded at the smallest of 1/8, 2/8 ... 8/8 whose shorter side is still
            at least this many pixels; others (and CMYK JPEG) come in full size.
        max_pixels: Larger pictures are refused by their header, before any memory is taken.

    Raises:
        ImageSkippedError: The bytes are no picture that can be used; the reason says why.
    """
    try:
        with _quiet():
            return _decode(data, min_side, max_pixels)
    except ImageSkippedError:
        raise
    except Exception as error:
        # Codecs raise whatever they like on hostile bytes: struct.error, SyntaxError, KeyError ...
        raise _skip_of(error, data) from error


def _decode(data: bytes, min_side: int, max_pixels: int) -> Decoded:
    if not data:
        raise ImageSkippedError(SkipReason.EMPTY)
    image = Image.open(io.BytesIO(data), formats=_FORMATS)
    # Size first: only the header is read so far, and the EXIF of a PNG may stand behind its pixels.
    width, height = image.size
    if width * height > max_pixels:
        detail = f"{width}x{height} is more than {max_pixels} pixels"
        raise ImageSkippedError(SkipReason.TOO_MANY_PIXELS, detail)
    if min(width, height) < _SMALLEST_SIDE:
        raise ImageSkippedError(SkipReason.TOO_SMALL, f"{width}x{height}")
    orientation = _orientation(image)
    if image.format in {"JPEG", "MPO"} and image.mode in {"RGB", "L"}:
        rgb = _decode_jpeg(data, image, min_side)
    else:
        rgb = _decode_other(image)
    if orientation >= 5:  # 5-8 lie on their side
        width, height = height, width
    name = "JPEG" if image.format == "MPO" else str(image.format)
    info = ImageInfo(format=name, width=width, height=height, size_bytes=len(data))
    return Decoded(rgb if orientation == 1 else _upright(rgb, orientation), info)


def _orientation(image: Image.Image) -> int:
    """Return how the pixels lie, 1-8 as in Exif 2.32 section 4.6.4.A; 1 is upright."""
    if image.format == "TIFF":
        return 1  # Pillow turns TIFF by itself, its size included
    try:
        value: Any = image.getexif().get(_EXIF_ORIENTATION, 1)
    except Exception:  # noqa: BLE001  # broken EXIF raises anything; the picture is still good
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _decode_jpeg(data: bytes, image: Image.Image, min_side: int) -> Rgb:
    try:
        return _decode_scaled(data, min_side)
    except ValueError as error:
        trouble = str(error)
        is_cut = "premature end of jpeg file" in trouble.lower()
        if is_cut and "progressive" in image.info:
            raise  # scans are missing: a blurred picture, at best
    if is_cut:
        # Pixels are missing, and this fails too, unless nothing but the end marker is.
        return _decode_scaled(data + _END_OF_JPEG, min_side)
    if trouble.startswith("Corrupt JPEG data"):
        # A mere warning: browsers show such pictures. After a fatal error there is no asking for
        # leniency: simplejpeg would return memory that nobody wrote to.
        rgb = _decode_scaled(data, min_side, strict=False)
        if "extraneous bytes" not in trouble:  # too many of them, and none missing
            _check_missing(rgb)
        return rgb
    return _decode_other(image)  # a rare chroma layout that TurboJPEG's API does not know


def _check_missing(rgb: Rgb) -> None:
    """Refuse a damaged JPEG whose pixels end long before its picture does.

    Whatever has no data left (a cut file that was closed again, a header that promises more) comes
    from libjpeg in the grey of all-zero coefficients, down to the last row.
    """
    filled = (rgb != _NO_DATA).any(axis=(1, 2))
    last = int(np.flatnonzero(filled)[-1]) + 1 if filled.any() else 0
    missing = 1 - last / len(rgb)
    if missing > _MOST_MISSING:
        detail = f"the data ends {missing:.0%} above the bottom of the picture"
        raise ImageSkippedError(SkipReason.TRUNCATED, detail)


def _decode_scaled(data: bytes, min_side: int, *, strict: bool = True) -> Rgb:
    # simplejpeg keeps BOTH sides at or above the minimum given.
    rgb: Rgb = simplejpeg.decode_jpeg(
        data,
        colorspace="RGB",
        min_height=min_side,
        min_width=min_side,
        min_factor=1,
        strict=strict,
    )
    return rgb


def _upright(rgb: Rgb, orientation: int) -> Rgb:
    """Undo an EXIF orientation (2-8)."""
    if orientation in {5, 6, 7, 8}:
        rgb = rgb.transpose(1, 0, 2)
    if orientation in {2, 3, 6, 7}:
        rgb = rgb[:, ::-1]
    if orientation in {3, 4, 7, 8}:
        rgb = rgb[::-1]
    return np.ascontiguousarray(rgb)


def _decode_other(image: Image.Image) -> Rgb:
    image.load()
    if image.mode.startswith("I;16") or image.mode in {"I", "F"}:
        return _from_deep_grey(image)
    if image.mode in {"PA", "LA", "RGBA", "La", "RGBa"} or "transparency" in image.info:
        return _on_white(image.convert("RGBA"))
    return np.asarray(image.convert("RGB"))


def _from_deep_grey(image: Image.Image) -> Rgb:
    """Map 16-bit, 32-bit and float grey to 8 bits by its own range of values."""
    grey = np.asarray(image).astype(np.float64)
    grey[~np.isfinite(grey)] = 0.0
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


def _skip_of(error: Exception, data: bytes) -> ImageSkippedError:
    is_unknown = isinstance(error, UnidentifiedImageError)
    detail = "no decoder knows it" if is_unknown else f"{type(error).__name__}: {error}"[:200]
    if isinstance(error, Image.DecompressionBombError):
        reason = SkipReason.TOO_MANY_PIXELS
    elif not _IMAGE_START.match(data):
        reason = SkipReason.NOT_AN_IMAGE
    elif _ends_early(data) or re.search("truncated|premature end|incomplete", detail.lower()):
        reason = SkipReason.TRUNCATED
    else:
        reason = SkipReason.UNDECODABLE
    return ImageSkippedError(reason, detail)


def _ends_early(data: bytes) -> bool:
    """Whether WebP or AVIF announces more bytes than there are; their decoders do not say."""
    if data[:4] == b"RIFF":
        return 8 + int.from_bytes(data[4:8], "little") > len(data)
    if data[4:8] != b"ftyp":
        return False
    at = 0
    while at + 8 <= len(data):  # the boxes of ISO/IEC 14496-12 section 4.2
        size = int.from_bytes(data[at : at + 4], "big")
        if size < 8:  # 0: to the end of the file, 1: a 64-bit size, which no picture needs
            return False
        at += size
    return at > len(data)


_quiet_lock = threading.Lock()
_quiet_threads = 0
_quiet_filters: warnings.catch_warnings[None] | None = None


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence warnings as long as any thread decodes.

    Pillow warns of bombs (we have our own limit) and of odd metadata (we do not mind).
    `catch_warnings` alone would leave its filter behind for good where threads overlap.
    """
    global _quiet_threads, _quiet_filters  # noqa: PLW0603  # so are the filters that it guards
    with _quiet_lock:
        if _quiet_filters is None:
            _quiet_filters = warnings.catch_warnings()
            _quiet_filters.__enter__()
            warnings.simplefilter("ignore")
        _quiet_threads += 1
    try:
        yield
    finally:
        with _quiet_lock:
            _quiet_threads -= 1
            if not _quiet_threads:
                _quiet_filters.__exit__(None, None, None)
                _quiet_filters = None
