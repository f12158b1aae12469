"""The visual key: what counts as the same picture, encoded anew, and what does not."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from forecourt.core.records import VisualKey
from forecourt.identity.visual import (
    GRID_BYTES,
    MAX_COLOR_GRID_DISTANCE,
    MAX_GRID_DISTANCE,
    MAX_PDQ_DISTANCE,
    MAX_PLAIN_GRID_DISTANCE,
    PDQ_BYTES,
    Likeness,
    PlainIndex,
    VisualIndex,
    compare,
    make_visual_key,
)
from forecourt.vision.decode import decode_image
from tests.support.pictures import encode
from tests.support.scenes import scene, with_banner

PAINTS = {
    "Black": (10, 10, 12),
    "Blue": (22, 62, 158),
    "Brown": (70, 45, 28),
    "Burgundy": (92, 10, 26),
    "Green": (22, 92, 44),
    "Grey": (112, 115, 119),
    "Orange": (236, 98, 12),
    "Pink": (238, 92, 158),
    "Purple": (92, 36, 140),
    "White": (238, 238, 236),
    "Yellow": (250, 200, 8),
}


def key_of(image: Image.Image) -> VisualKey:
    key = make_visual_key(np.asarray(image))
    assert key.pdq, "not plain"
    return key


@pytest.mark.parametrize(
    ("file_format", "options"),
    [
        ("JPEG", {"quality": 90}),
        ("JPEG", {"quality": 60}),
        ("JPEG", {"quality": 30}),
        ("WEBP", {"quality": 75}),
        ("AVIF", {"quality": 60}),
        ("PNG", {}),
    ],
)
@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_same_picture_encoded_anew(file_format: str, options: dict[str, int], scale: float) -> None:
    image = scene(3)
    smaller = image.resize((int(640 * scale), int(480 * scale)), Image.Resampling.LANCZOS)
    decoded = decode_image(encode(smaller, file_format, **options)).rgb
    likeness = compare(key_of(image), make_visual_key(decoded))
    assert likeness.is_same_paint, likeness


@pytest.mark.parametrize("paint", PAINTS)
def test_repaint_is_another_picture_although_its_hash_is_near(paint: str) -> None:
    likeness = compare(key_of(scene(3)), key_of(scene(3, paint=PAINTS[paint])))
    assert not likeness.is_same_picture
    assert likeness.grid_distance > 2 * MAX_GRID_DISTANCE


def test_hash_alone_would_take_a_repaint_for_the_same_picture() -> None:
    # A paint of the same luminance: this is why the grid has to agree too.
    likeness = compare(key_of(scene(3)), key_of(scene(3, paint=(20, 90, 30))))
    assert likeness.pdq_distance <= MAX_PDQ_DISTANCE
    assert not likeness.is_same_picture


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2])
def test_banner_makes_it_another_picture(share: float) -> None:
    image = scene(3)
    assert not compare(key_of(image), key_of(with_banner(image, share=share))).is_same_picture


def test_crop_and_mirror_image_are_other_pictures() -> None:
    image = scene(3)
    crop = image.crop((32, 24, 608, 456))
    mirrored = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    for other in (crop, mirrored):
        assert not compare(key_of(image), key_of(other)).is_same_picture


def test_other_place_is_another_picture() -> None:
    keys = [key_of(scene(seed)) for seed in range(12)]
    for number, one in enumerate(keys):
        for other in keys[:number]:
            assert not compare(one, other).is_same_picture


PLAIN = [np.full((480, 640, 3), 255, np.uint8), np.full((20, 20, 3), (90, 20, 20), np.uint8)]


@pytest.mark.parametrize("pixels", PLAIN)
def test_plain_picture_has_no_hash(pixels: np.ndarray) -> None:
    key = make_visual_key(pixels)
    assert (key.pdq, len(key.grid)) == (b"", GRID_BYTES)


def test_plain_pictures_are_told_by_their_grids_alone() -> None:
    white, red = (make_visual_key(pixels) for pixels in PLAIN)
    greyish = make_visual_key(np.full((300, 300, 3), 250, np.uint8))
    grey = make_visual_key(np.full((300, 300, 3), 240, np.uint8))
    assert compare(white, greyish).is_plain
    assert compare(white, greyish).is_same_picture
    assert not compare(white, grey).is_same_picture
    index = PlainIndex([7, 8, 9], white.grid + red.grid + greyish.grid)
    assert index.find(white.grid) == [7, 9]
    assert PlainIndex([], b"").find(white.grid) == []


def test_plain_picture_is_no_picture_with_a_hash() -> None:
    likeness = compare(make_visual_key(PLAIN[0]), key_of(scene()))
    assert not likeness.is_same_picture
    assert not likeness.is_plain


def test_key_has_the_size_that_the_store_has_room_for() -> None:
    key = key_of(scene())
    assert (len(key.pdq), len(key.grid)) == (PDQ_BYTES, GRID_BYTES) == (32, 192)


def test_grid_holds_mean_lab_colors() -> None:
    # sRGB red is L* 53.24, a* 80.09, b* 67.20 (CIE 15, D65); the marks make it a picture.
    pixels = np.full((640, 640, 3), (255, 0, 0), np.uint8)
    pixels[80:560:20, 80:560:10] = 0
    pixels[160:480, 160:480] = np.asarray(scene().resize((320, 320)))
    grid = np.frombuffer(key_of(Image.fromarray(pixels)).grid, np.uint8).reshape(8, 8, 3)
    lightness, a, b = (float(value) for value in grid[0, 0])
    assert lightness / 2.55 == pytest.approx(53.24, abs=0.5)
    assert (a - 128, b - 128) == (pytest.approx(80.09, abs=1), pytest.approx(67.2, abs=1))


@pytest.mark.parametrize(
    ("pdq_distance", "grid_distance", "is_same_picture", "is_same_paint"),
    [
        (MAX_PDQ_DISTANCE, MAX_COLOR_GRID_DISTANCE, True, True),
        (MAX_PDQ_DISTANCE, MAX_COLOR_GRID_DISTANCE + 0.1, True, False),
        (MAX_PDQ_DISTANCE, MAX_GRID_DISTANCE, True, False),
        (MAX_PDQ_DISTANCE, MAX_GRID_DISTANCE + 0.1, False, False),
        (MAX_PDQ_DISTANCE + 1, 0.0, False, False),
        (None, MAX_PLAIN_GRID_DISTANCE, True, True),
        (None, MAX_PLAIN_GRID_DISTANCE + 0.1, False, False),
    ],
)
def test_both_measures_have_to_agree(
    pdq_distance: int | None, grid_distance: float, *, is_same_picture: bool, is_same_paint: bool
) -> None:
    likeness = Likeness(pdq_distance, grid_distance)
    assert (likeness.is_same_picture, likeness.is_same_paint) == (is_same_picture, is_same_paint)


# ---- the index -----------------------------------------------------------------------------------


def flipped(pdq: bytes, bits: list[int]) -> bytes:
    changed = bytearray(pdq)
    for bit in bits:
        changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_index_finds_exactly_what_a_scan_by_hand_finds() -> None:
    rng = np.random.default_rng(5)
    wanted = rng.bytes(PDQ_BYTES)
    near = [
        flipped(wanted, rng.choice(256, distance, replace=False).tolist()) for distance in range(60)
    ]
    hashes = [rng.bytes(PDQ_BYTES) for _ in range(2_000)] + near
    order = rng.permutation(len(hashes)).tolist()
    index = VisualIndex([1_000 + number for number in order], b"".join(hashes[n] for n in order))
    for limit in (0, 1, 19, 20, 31):
        expected = {
            1_000 + number
            for number, pdq in enumerate(hashes)
            if (int.from_bytes(pdq, "big") ^ int.from_bytes(wanted, "big")).bit_count() <= limit
        }
        assert set(index.find(wanted, max_distance=limit)) == expected
        assert len(expected) == limit + 1


def test_index_of_nothing_finds_nothing() -> None:
    assert VisualIndex([], b"").find(bytes(PDQ_BYTES)) == []
