"""Offers → pictures that can be used: read, decoded, measured; the others with a reason."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from forecourt.core.dataset import LeftOut, Omission
from forecourt.core.errors import ImageSkippedError
from forecourt.core.records import VisualKey
from forecourt.core.skips import SkipReason
from forecourt.dataset.offers import Offer
from forecourt.identity.visual import make_visual_key
from forecourt.store.versions import address
from forecourt.vision.decode import decode_image

LEAST_SIDE = 64  # pixels
_SUFFIXES = {"JPEG": ".jpg", "TIFF": ".tif"}
_CHUNK = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An offer that was read.

    Attributes:
        suffix: Of the file's format, with its dot.
    """

    offer: Offer
    key: str
    sha256: str
    suffix: str
    visual_key: VisualKey

    @property
    def image(self) -> str:
        """Where a version keeps it: a path below its folder."""
        return address(self.sha256, self.suffix)

    @property
    def is_thumbnail(self) -> bool:
        """Whether the file is a thumbnail of the original."""
        return self.key != self.sha256


def sift(offers: Iterable[Offer], *, least_side: int = LEAST_SIDE) -> Iterator[Picture | Omission]:
    """Yield what becomes of each offer, in order, decoding on threads.

    Args:
        offers: What is offered.
        least_side: Shorter side of the original, in pixels, below which it is too small.
    """
    left = iter(offers)
    with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="sift") as pool:
        while chunk := list(islice(left, _CHUNK)):
            yield from pool.map(lambda offer: _look(offer, least_side), chunk)


def _look(offer: Offer, least_side: int) -> Picture | Omission:
    key = offer.key or ""
    try:
        data = offer.file.read_bytes()
    except OSError as error:
        detail = error.strerror or ""
        return Omission(key=key, url=offer.url, reason=LeftOut.NO_PICTURE, detail=detail)
    sha256 = hashlib.sha256(data).hexdigest()
    key = key or sha256
    try:
        decoded = decode_image(data)
    except ImageSkippedError as error:
        is_small = error.reason is SkipReason.TOO_SMALL
        reason = LeftOut.TOO_SMALL if is_small else LeftOut.UNDECODABLE
        return Omission(key=key, url=offer.url, reason=reason, detail=str(error))
    width, height = offer.size or (decoded.info.width, decoded.info.height)
    if min(width, height) < least_side:
        detail = f"{width}x{height}"
        return Omission(key=key, url=offer.url, reason=LeftOut.TOO_SMALL, detail=detail)
    file_format = decoded.info.format
    return Picture(
        offer=offer,
        key=key,
        sha256=sha256,
        suffix=_SUFFIXES.get(file_format, f".{file_format.lower()}"),
        visual_key=offer.visual_key or make_visual_key(decoded.rgb),
    )
