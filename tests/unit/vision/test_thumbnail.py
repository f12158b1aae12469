"""Thumbnails, and decoding on many threads."""

from __future__ import annotations

import io
import threading
import warnings

import numpy as np
import pytest
from PIL import Image

from forecourt.vision.decode import decode_image
from forecourt.vision.thumbnail import make_thumbnail
from tests.support.drawn import assert_near, quarters
from tests.support.pictures import encode


def test_decoding_on_threads_leaves_the_warning_filters_alone() -> None:
    broken = encode(quarters(), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01")
    with pytest.warns(UserWarning, match="EXIF"):
        Image.open(io.BytesIO(broken)).getexif()
    before = list(warnings.filters)
    problems: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(60):
                decode_image(broken)
        except BaseException as error:  # noqa: BLE001  # shown by the assertion below
            problems.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert warnings.filters == before


@pytest.mark.parametrize(
    ("size", "expected"),
    [((640, 480), (320, 240)), ((100, 80), (100, 80)), ((16, 5000), (1, 320))],
)
def test_thumbnail_fits_in_320_pixels(size: tuple[int, int], expected: tuple[int, int]) -> None:
    rgb = decode_image(encode(quarters(size), "PNG")).rgb
    with Image.open(io.BytesIO(make_thumbnail(rgb))) as thumbnail:
        assert (thumbnail.format, thumbnail.size) == ("JPEG", expected)


def test_thumbnail_shows_the_picture() -> None:
    rgb = decode_image(encode(quarters((640, 480)), "PNG")).rgb
    with Image.open(io.BytesIO(make_thumbnail(rgb))) as thumbnail:
        assert_near(np.asarray(thumbnail), quarters((320, 240)), by=3)
