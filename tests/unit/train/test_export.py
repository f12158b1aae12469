from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'train'")

from forecourt.core.labels import COLORS, IMAGE_TYPES  # noqa: E402
from forecourt.core.looks import FEWEST  # noqa: E402
from forecourt.core.settings import VisionSettings  # noqa: E402
from forecourt.train.backbone import build_backbone  # noqa: E402
from forecourt.train.export import export_onnx, write_bundle  # noqa: E402
from forecourt.train.eyes import GRID, INPUT_SIZE, KINDS, VIEWS, Eyes  # noqa: E402
from forecourt.train.recipe import look_at  # noqa: E402
from forecourt.vision.bundle import load_bundle, read_looks  # noqa: E402
from forecourt.vision.pipeline import Pipeline, Seen  # noqa: E402
from forecourt.vision.session import Session  # noqa: E402
from tests.support.pictures import jpeg  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def network() -> Eyes:
    torch.manual_seed(3)
    return Eyes(build_backbone()).eval()


@pytest.fixture(scope="module")
def model(network: Eyes) -> bytes:
    return export_onnx(network)


def test_onnx_answers_as_torch_does__at_any_batch_size(network: Eyes, model: bytes) -> None:
    session = Session(model, threads=1)
    for count in (1, 3):
        batch = np.random.default_rng(count).uniform(-1, 1, (count, 3, INPUT_SIZE, INPUT_SIZE))
        with torch.no_grad():
            expected = network(torch.from_numpy(batch.astype(np.float32)))
        found = session.run(batch.astype(np.float32))
        assert list(found) == [
            "image_type_logits",
            "color_logits",
            "color_visible_logit",
            "heat",
            "kind_logits",
            "view_logits",
            "several_logit",
        ]
        for name, want in zip(found, expected, strict=True):
            scale = max(1.0, float(want.abs().max()))
            np.testing.assert_allclose(found[name], want.numpy(), atol=2e-2 * scale)


def test_onnx_answers_do_not_depend_on_the_rest_of_the_batch(model: bytes) -> None:
    session = Session(model, threads=1)
    batch = np.random.default_rng(0).uniform(-1, 1, (4, 3, INPUT_SIZE, INPUT_SIZE))
    together = session.run(batch.astype(np.float32))
    for index in range(4):
        alone = session.run(batch[index : index + 1].astype(np.float32))
        for name, values in alone.items():
            np.testing.assert_allclose(together[name][index], values[0], atol=1e-3, rtol=1e-3)


def test_bundle__stays_within_its_budget_and_loads(tmp_path: Path, model: bytes) -> None:
    assert len(model) <= 12_000_000
    manifest = {
        "format": 1,
        "version": "test-1",
        "input_size": INPUT_SIZE,
        "image_types": list(IMAGE_TYPES),
        "colors": list(COLORS),
        "kinds": list(KINDS),
        "views": list(VIEWS),
        "temperatures": {"image_type": 1.0, "color": 1.0},
        "thresholds": {
            "placeholder_floor": 0.5,
            "paint_visible": 0.5,
            "review_type": 0.5,
            "review_color": 0.5,
        },
        "created": "2026-11-23",
        "trained_on": "nothing",
    }
    looks = look_at(np.zeros((FEWEST, 8, 8, 3), np.uint8))
    write_bundle(tmp_path / "bundle", model, manifest, "# Card\n", looks=looks)
    found = read_looks(tmp_path / "bundle")
    assert found is not None
    assert found.pictures == FEWEST
    write_bundle(tmp_path / "bundle", model, manifest, "# Card\n")  # replaces the first
    assert read_looks(tmp_path / "bundle") is None
    assert [one.name for one in tmp_path.iterdir()] == ["bundle"]
    with Pipeline(load_bundle(tmp_path / "bundle"), VisionSettings(threads=1)) as pipeline:
        (answer,) = pipeline.run([jpeg((200, 20, 20))])
    assert isinstance(answer, Seen)
    prediction = answer.prediction
    for probs in (prediction.color_probs, prediction.kind_probs, prediction.view_probs):
        assert sum(probs.values()) == pytest.approx(1, abs=1e-6)
    assert tuple(prediction.kind_probs) == KINDS
    assert prediction.several_vehicles is not None


def test_heat__is_a_grid_of_the_expected_size(network: Eyes) -> None:
    with torch.no_grad():
        heat = network(torch.zeros(1, 3, INPUT_SIZE, INPUT_SIZE))[3]
    assert heat.shape == (1, 1, GRID, GRID)
