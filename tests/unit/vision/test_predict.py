"""Network outputs → probabilities, boxes; threads of the session."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from forecourt.core.labels import COLORS, IMAGE_TYPES, Color, ImageType
from forecourt.core.records import Box
from forecourt.vision.bundle import load_bundle
from forecourt.vision.predict import Predictor, find_box, sigmoid, softmax
from forecourt.vision.session import Session
from tests.support.tiny_bundle import MAGENTA, PAINTS


@pytest.fixture
def predictor(tiny_bundle: Path) -> Predictor:
    return Predictor(load_bundle(tiny_bundle), threads=1)


def even(rgb: tuple[int, int, int], *, size: tuple[int, int] = (40, 60)) -> np.ndarray:
    return np.full((*size, 3), rgb, np.uint8)


def test_probabilities_are_named_by_the_order_of_the_manifest(predictor: Predictor) -> None:
    for name, paint in PAINTS.items():
        (prediction,) = predictor.predict([predictor.prepare(even(paint))])
        assert max(prediction.color_probs, key=prediction.color_probs.__getitem__) == Color(name)
        assert sum(prediction.color_probs.values()) == pytest.approx(1)
        assert sum(prediction.image_type_probs.values()) == pytest.approx(1)
        assert tuple(prediction.image_type_probs) == IMAGE_TYPES
        assert tuple(prediction.color_probs) == COLORS
    (card,) = predictor.predict([predictor.prepare(even(MAGENTA))])
    assert card.image_type_probs[ImageType.PLACEHOLDER] > 0.9
    assert card.box is None  # this network has no map


def test_another_order_in_the_manifest_renames_the_outputs(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny_bundle, tmp_path / "turned")
    manifest = json.loads((folder / "bundle.json").read_text())
    manifest["colors"].reverse()
    (folder / "bundle.json").write_text(json.dumps(manifest))
    turned = Predictor(load_bundle(folder), threads=1)
    (prediction,) = turned.predict([turned.prepare(even(PAINTS["Black"]))])
    assert max(prediction.color_probs, key=prediction.color_probs.__getitem__) is Color.YELLOW


def test_temperature_softens_without_changing_the_order(tiny_bundle: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_bundle, tmp_path / "warm")
    manifest = json.loads((folder / "bundle.json").read_text())
    manifest["temperatures"] = {"image_type": 4.0, "color": 4.0}
    (folder / "bundle.json").write_text(json.dumps(manifest))
    warm = Predictor(load_bundle(folder), threads=1)
    cold = Predictor(load_bundle(tiny_bundle), threads=1)
    square = cold.prepare(even((200, 60, 60)))
    (soft,), (hard,) = warm.predict([square]), cold.predict([square])
    ranked = sorted(COLORS, key=hard.color_probs.__getitem__)
    assert sorted(COLORS, key=soft.color_probs.__getitem__) == ranked
    assert max(soft.color_probs.values()) < max(hard.color_probs.values())


def test_no_pictures_give_no_predictions(predictor: Predictor) -> None:
    assert predictor.predict([]) == []


def test_softmax_and_sigmoid_do_not_overflow() -> None:
    np.testing.assert_allclose(softmax(np.array([1000.0, 0.0, -1000.0])), [1, 0, 0])
    np.testing.assert_allclose(softmax(np.zeros((2, 4))), np.full((2, 4), 0.25))
    np.testing.assert_allclose(sigmoid(np.array([-1000.0, 0.0, 1000.0])), [0, 0.5, 1])


# ---- the box -------------------------------------------------------------------------------------


def grid(*rows: str) -> np.ndarray:
    return np.array([[0.9 if cell == "#" else 0.1 for cell in row] for row in rows])


@pytest.mark.parametrize(
    ("vehicle", "box"),
    [
        (grid("....", "....", "....", "...."), None),
        (grid("####", "####", "####", "####"), Box(0, 0, 1, 1)),
        (grid("....", ".##.", ".##.", "...."), Box(0.25, 0.25, 0.75, 0.75)),
        (grid("#...", "...#", "..##", "...."), Box(0.5, 0.25, 1, 0.75)),  # the larger area only
        (grid("##..", "##..", "..##", "..#."), Box(0, 0, 0.5, 0.5)),  # corners do not connect
    ],
)
def test_box_surrounds_the_largest_area(vehicle: np.ndarray, box: Box | None) -> None:
    assert find_box(vehicle) == box


def test_box__an_area_under_2_percent_is_noise() -> None:
    vehicle = np.zeros((10, 10))
    vehicle[3, 3] = 0.99
    assert find_box(vehicle) is None
    vehicle[3, 4] = 0.5
    assert find_box(vehicle) == Box(0.3, 0.3, 0.5, 0.4)


# ---- the session ---------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [0, 1, 2])
def test_session_uses_the_threads_that_were_asked_for(tiny_bundle: Path, threads: int) -> None:
    session = Session(load_bundle(tiny_bundle).model, threads=threads)
    options = session._session.get_session_options()
    assert options.intra_op_num_threads == threads
    assert options.inter_op_num_threads == 1
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    assert session._session.get_providers() == ["CPUExecutionProvider"]
