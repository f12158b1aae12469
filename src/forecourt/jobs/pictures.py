"""Large pictures for people who look at one: fetched when asked for, and not kept.

Only thumbnails are kept of images. What a server sends is decoded and encoded anew: no byte of it
goes on to a browser, and what is no picture goes nowhere.
"""

from __future__ import annotations

from threading import BoundedSemaphore

import structlog

from forecourt.core.errors import ImageSkippedError
from forecourt.core.records import Fetched, ImageRequest, KeySource, VisualKey
from forecourt.fetch.client import Fetcher
from forecourt.identity.keys import make_bytes_key
from forecourt.identity.visual import compare, make_visual_key
from forecourt.store.pictures import StoredPicture
from forecourt.vision.decode import Rgb, decode_image
from forecourt.vision.thumbnail import make_thumbnail

_log = structlog.get_logger(__name__)
LONGEST_SIDE = 1280
_MIN_SIDE = 960  # 4:3
_AT_ONCE = 4
_MOST_PIXELS = 32_000_000  # 96 MB each, once decoded
_PATIENCE_S = 6.0
_TURN_S = 2.0


class Pictures:
    """Fetches large pictures, a few at once. Safe to use from several threads.

    Args:
        fetcher: Asks under the egress policy, and reads no more than the longest body.
        max_pixels: Larger pictures are not decoded.
    """

    def __init__(self, fetcher: Fetcher, *, max_pixels: int) -> None:
        self._fetcher = fetcher
        self._max_pixels = min(max_pixels, _MOST_PIXELS)
        self._turns = BoundedSemaphore(_AT_ONCE)

    def find(self, stored: StoredPicture, url: str) -> bytes | None:
        """Return a JPEG of at most 1280 pixels a side; None: it is not to be had, or not just now.

        Args:
            stored: The image as it is known; another picture at its URL is not shown for it.
            url: Where it stands in an inventory.
        """
        if not self._turns.acquire(timeout=_TURN_S):
            return None
        try:
            return self._fetch(stored, url)
        except ImageSkippedError as error:
            _log.info("picture.not_shown", image=stored.id, reason=str(error))
            return None
        finally:
            self._turns.release()

    def _fetch(self, stored: StoredPicture, url: str) -> bytes | None:
        outcome = self._fetcher.ask(ImageRequest(ref=stored.id, url=url), patience_s=_PATIENCE_S)
        if not isinstance(outcome, Fetched) or outcome.body is None:
            return None
        decoded = decode_image(outcome.body, min_side=_MIN_SIDE, max_pixels=self._max_pixels)
        key = make_bytes_key(outcome.body)
        is_same = key.source is KeySource.BYTES and key.value == stored.bytes_key
        if not is_same and not _looks_like(decoded.rgb, stored.visual_key):
            return None
        return make_thumbnail(decoded.rgb, longest_side=LONGEST_SIDE)


def _looks_like(rgb: Rgb, known: VisualKey | None) -> bool:
    """Whether a picture is the known one, encoded anew."""
    return known is not None and compare(make_visual_key(rgb), known).is_same_picture
