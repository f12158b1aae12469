"""Large pictures are fetched a few at once: who comes too many is not kept waiting."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from forecourt.core.settings import FetchSettings
from forecourt.fetch.client import Fetcher
from forecourt.identity.keys import make_bytes_key
from forecourt.jobs import pictures
from forecourt.jobs.pictures import Pictures
from forecourt.store.pictures import StoredPicture
from tests.support.image_host import ImageHost
from tests.support.pictures import encode
from tests.support.stocked import AT


def drawn(width: int, height: int) -> bytes:
    patches = np.random.default_rng(1).integers(0, 256, (9, 12, 3), np.uint8)
    return encode(Image.fromarray(patches).resize((width, height)), quality=90)


def stored(body: bytes) -> StoredPicture:
    return StoredPicture(
        id=1,
        bytes_key=make_bytes_key(body).value,
        format="JPEG",
        width=1,
        height=1,
        size_bytes=len(body),
        thumbnail=None,
        visual_key=None,
        created_at=AT,
    )


def test_too_many_at_once_go_without(
    host: ImageHost, fetch_settings: FetchSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "_TURN_S", 0.01)
    body = drawn(400, 300)
    url = host.put("/1.jpg", body)
    with Fetcher(fetch_settings) as fetcher:
        asked = Pictures(fetcher, max_pixels=1_000_000)
        for _taken in range(pictures._AT_ONCE):
            assert asked._turns.acquire(blocking=False)
        assert asked.find(stored(body), url) is None
        assert not host.is_asked("/1.jpg")
        asked._turns.release()
        assert asked.find(stored(body), url) is not None
        assert asked._turns.acquire(blocking=False)  # it was given back


def test_too_many_pixels_are_not_decoded(host: ImageHost, fetch_settings: FetchSettings) -> None:
    body = drawn(400, 300)
    with Fetcher(fetch_settings) as fetcher:
        asked = Pictures(fetcher, max_pixels=100_000)
        assert asked.find(stored(body), host.put("/1.jpg", body)) is None


def test_a_picture_without_a_visual_key_has_to_be_the_same_bytes(
    host: ImageHost, fetch_settings: FetchSettings
) -> None:
    body = drawn(400, 300)
    with Fetcher(fetch_settings) as fetcher:
        asked = Pictures(fetcher, max_pixels=1_000_000)
        other = host.put("/other.jpg", drawn(402, 300))
        assert asked.find(stored(body), other) is None
