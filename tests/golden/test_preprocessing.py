"""The pixels that the network sees are those of the release that its model was trained with."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forecourt.vision.preprocess import resize_square, to_input
from tests.golden.preprocessing import PINNED, SIDE, files, prepare

# Other builds of the same codecs round a little differently; another decoder is far outside.
MEAN, WORST = 0.1, 3


def read(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as arrays:
        return dict(arrays)


def distance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.abs(one.astype(int) - other.astype(int))


@pytest.mark.parametrize("name", sorted(files()))
def test_pixels_are_pinned(name: str) -> None:
    difference = distance(prepare()[name], read(PINNED)[name])
    assert difference.mean() <= MEAN
    assert difference.max() <= WORST


def test_every_pinned_picture_is_still_made() -> None:
    assert sorted(read(PINNED)) == sorted(files())


def test_the_generator_writes_what_is_committed(tmp_path: Path) -> None:
    made = tmp_path / "made.npz"
    command = [sys.executable, "-m", "tests.golden.preprocessing", str(made)]
    subprocess.run(command, check=True, cwd=PINNED.parents[2], timeout=120)  # noqa: S603
    committed = read(PINNED)
    for name, pixels in read(made).items():
        assert distance(pixels, committed[name]).mean() <= MEAN


def test_the_tolerance_tells_another_decoder_from_ours() -> None:
    for name in ("jpeg_large", "jpeg_middle"):
        with Image.open(io.BytesIO(files()[name])) as image:
            other = resize_square(np.asarray(image.convert("RGB")), SIDE)
        assert distance(other, read(PINNED)[name]).mean() > 2 * MEAN


def test_network_input_is_scaled_to_one_around_zero() -> None:
    squares = np.zeros((2, 3, 3, 3), np.uint8)
    squares[0, 0, 1] = (0, 255, 51)
    planes = to_input(squares)
    assert planes.shape == (2, 3, 3, 3)
    assert planes.dtype == np.float32
    np.testing.assert_allclose(planes[0, :, 0, 1], [-1.0, 1.0, -0.6], atol=1e-6)
    assert (planes[1] == -1).all()


def test_a_picture_of_the_right_size_is_not_touched() -> None:
    square = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    np.testing.assert_array_equal(resize_square(square, SIDE), square)


@pytest.mark.parametrize("shape", [(16, 5000, 3), (5000, 16, 3), (17, 16, 3)])
def test_any_shape_becomes_a_square(shape: tuple[int, int, int]) -> None:
    assert resize_square(np.full(shape, 9, np.uint8), SIDE).shape == (SIDE, SIDE, 3)
