"""The penultimate layers of any bundle."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from forecourt.core.errors import BundleError
from forecourt.vision.bundle import Bundle, load_bundle
from forecourt.vision.features import FeatureReader
from tests.support.tiny_bundle import SIZE


def square(rgb: tuple[int, int, int]) -> np.ndarray:
    return np.full((SIZE, SIZE, 3), rgb, np.uint8)


def test_features_are_what_the_last_layers_weigh(tiny_bundle: Path) -> None:
    reader = FeatureReader(load_bundle(tiny_bundle), threads=1)
    of_type, of_color = reader.read([square((255, 0, 0)), square((0, 0, 255))])
    expected = [[1, -1, -1], [-1, -1, 1]]  # the tiny network looks at the mean colour
    assert np.allclose(of_type, expected, atol=1e-6)
    assert np.allclose(of_color, expected, atol=1e-6)


def test_the_shipped_bundle_shows_its_features() -> None:
    reader = FeatureReader(load_bundle(), threads=1)
    of_type, of_color = reader.read([reader.prepare(square((255, 0, 0)))])
    assert of_type.shape[1] > 100
    assert of_color.shape[1] > 100
    assert np.isfinite(of_type).all()


def test_a_network_that_hides_them_is_refused(tiny_bundle: Path) -> None:
    bundle = load_bundle(tiny_bundle)
    model = onnx.load_model_from_string(bundle.model)
    (node,) = (one for one in model.graph.node if "image_type_logits" in one.output)
    node.output[0] = "before"
    model.graph.node.append(onnx.helper.make_node("Relu", ["before"], ["image_type_logits"]))
    data = model.SerializeToString()
    manifest = bundle.manifest.model_copy(update={"sha256": hashlib.sha256(data).hexdigest()})
    hidden: Bundle = replace(bundle, model=data, manifest=manifest)
    with pytest.raises(BundleError, match="does not show what image_type_logits is made from"):
        FeatureReader(hidden)
