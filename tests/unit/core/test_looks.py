"""What training pictures look like in a few numbers, and which others do not."""

from __future__ import annotations

import json

import numpy as np
import pytest

from forecourt.core.looks import (
    GRID_BYTES,
    USUAL,
    Looks,
    count_strange,
    looks_from_json,
    looks_to_json,
    summarize,
)
from forecourt.vision.bundle import read_looks, shipped_folder


def grids(count: int, *, light: float, seed: int) -> bytes:
    """Grey pictures of a lightness (0-255), each cell a little off, and a slope of its own."""
    rng = np.random.default_rng(seed)
    cells = rng.normal(0, 4, (count, 64, 3)) + np.array([light, 128, 128])
    cells[..., 0] += rng.normal(0, 20, (count, 1)) * np.linspace(-1, 1, 64)
    return cells.clip(0, 255).astype(np.uint8).tobytes()


@pytest.fixture(scope="module")
def looks() -> Looks:
    found = summarize(grids(2_000, light=120, seed=1))
    assert found is not None
    return found


def test_a_twentieth_of_the_training_pictures_is_strange_by_definition(looks: Looks) -> None:
    assert count_strange(looks, grids(2_000, light=120, seed=1)) == pytest.approx(
        USUAL * 2_000, abs=2
    )


def test_new_pictures_of_the_same_kind_are_hardly_more_strange(looks: Looks) -> None:
    assert count_strange(looks, grids(1_000, light=120, seed=2)) <= 100


def test_pictures_of_another_kind_are_strange(looks: Looks) -> None:
    assert count_strange(looks, grids(100, light=220, seed=3)) == 100
    noise = np.random.default_rng(4).integers(0, 255, 100 * GRID_BYTES, np.uint8).tobytes()
    assert count_strange(looks, noise) == 100
    assert count_strange(looks, b"") == 0


def test_too_few_pictures_say_nothing() -> None:
    assert summarize(grids(199, light=120, seed=1)) is None
    assert summarize(b"") is None


def test_pictures_that_are_all_the_same_do_not_divide_by_nothing() -> None:
    found = summarize(bytes([100, 128, 128] * 64) * 300)
    assert found is not None
    assert count_strange(found, bytes([200, 128, 128] * 64)) == 1


def test_json_gives_the_same_judgement(looks: Looks) -> None:
    again = looks_from_json(looks_to_json(looks))
    mixed = grids(200, light=120, seed=5) + grids(200, light=150, seed=6)
    assert abs(count_strange(again, mixed) - count_strange(looks, mixed)) <= 2
    assert again.pictures == 2_000


@pytest.mark.parametrize(
    "change", [{"format": 2}, {"mean": [1.0]}, {"directions": None}, {"far": None}]
)
def test_what_is_no_summary_is_refused(looks: Looks, change: dict[str, object]) -> None:
    given = {**json.loads(looks_to_json(looks)), **change}
    with pytest.raises(ValueError, match=r"format 2|summary of looks"):
        looks_from_json(json.dumps(given))
    with pytest.raises(ValueError, match="Expecting"):
        looks_from_json("")


def test_the_shipped_bundle_says_what_its_training_pictures_look_like() -> None:
    found = read_looks(shipped_folder())
    assert found is not None
    assert found.pictures == 5217  # as its manifest says
