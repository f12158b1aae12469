from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'train'")

from forecourt.core.errors import BundleError  # noqa: E402
from forecourt.train.backbone import Conv  # noqa: E402
from forecourt.train.export import export_onnx  # noqa: E402
from forecourt.train.parity import check_parity  # noqa: E402
from forecourt.train.start import read_network  # noqa: E402
from forecourt.vision.bundle import load_bundle  # noqa: E402
from tests.support.lessons import noisy_network  # noqa: E402
from tests.support.tiny_bundle import write_tiny_bundle  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture
def squares() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (4, 256, 256, 3), np.uint8)


def test_the_network_of_a_bundle_answers_in_torch_as_it_does_in_serving(
    squares: np.ndarray,
) -> None:
    bundle = load_bundle()
    assert check_parity(read_network(bundle), bundle.model, squares) < 0.01


def test_weights_come_at_the_size_that_networks_start_with() -> None:
    """So one learning rate fits all layers, though exported ones have their gain folded in."""
    for conv in (one for one in read_network(load_bundle()).modules() if isinstance(one, Conv)):
        sizes = conv.weight.detach().square().mean((1, 2, 3)).sqrt()
        usual = (1 / (3 * conv.weight[0].numel())) ** 0.5
        alive = sizes[sizes > 0]  # some channels of the trunk are empty
        assert alive.numpy() == pytest.approx(usual, rel=1e-3)


def test_another_network_is_refused_with_what_to_do(tmp_path: Path) -> None:
    bundle = load_bundle(write_tiny_bundle(tmp_path / "tiny"))
    with pytest.raises(BundleError, match=r"tiny-1.*--start FOLDER"):
        read_network(bundle)


def test_an_export_that_answers_otherwise_is_found(squares: np.ndarray) -> None:
    eyes = noisy_network()
    model = export_onnx(eyes)
    assert check_parity(eyes, model, squares) < 0.01
    with torch.no_grad():
        eyes.paint_end.kind[1].bias += 5.0
    with pytest.raises(RuntimeError, match="in kind"):
        check_parity(eyes, model, squares)
