"""A model of a few hundred bytes whose answer can be read from the mean colour of a picture.

Colour: the nearest of twelve reference colours. Type: Placeholder near magenta, Stock near white,
Dealer otherwise. So a test can paint a picture and know the exact answer.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from forecourt.core.labels import COLORS, IMAGE_TYPES

SIZE = 32
PAINTS = {
    "Black": (10, 10, 10),
    "Blue": (20, 40, 200),
    "Brown": (100, 60, 20),
    "Burgundy": (110, 10, 40),
    "Green": (20, 150, 40),
    "Grey": (128, 128, 128),
    "Orange": (250, 140, 10),
    "Pink": (250, 150, 190),
    "Purple": (110, 30, 160),
    "Red": (220, 20, 20),
    "White": (250, 250, 250),
    "Yellow": (250, 230, 20),
}
MAGENTA = (255, 0, 255)


def write_tiny_bundle(folder: Path, *, version: str = "tiny-1", shift: int = 0) -> Path:
    """Write the bundle and return its folder.

    Args:
        folder: Made if it is not there.
        version: Of the model.
        shift: How many places further in the list of colours its answer is than the right one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model = _model(shift)
    (folder / "model.onnx").write_bytes(model)
    manifest = {
        "format": 1,
        "version": version,
        "sha256": hashlib.sha256(model).hexdigest(),
        "input_size": SIZE,
        "image_types": list(IMAGE_TYPES),
        "colors": list(COLORS),
        "temperatures": {"image_type": 1.0, "color": 1.0},
        "thresholds": {
            "placeholder_floor": 0.5,
            "paint_visible": 0.5,
            "review_type": 0.6,
            "review_color": 0.4,
        },
        "created": "2026-11-23",
        "trained_on": "nothing",
    }
    (folder / "bundle.json").write_text(json.dumps(manifest))
    (folder / "MODEL_CARD.md").write_text("# Tiny\n")
    return folder


def _model(shift: int) -> bytes:
    paints = np.array([PAINTS[color] for color in COLORS], np.float32) / 127.5 - 1
    paints = np.roll(paints, shift, axis=0)
    # -10 |m - c|^2 without the term that all classes share is linear in m.
    color_weight, color_bias = 20 * paints, -10 * (paints**2).sum(1)
    type_weight = np.zeros((3, 3), np.float32)
    type_bias = np.zeros(3, np.float32)
    type_weight[IMAGE_TYPES.index("Stock")] = 20 / 3
    type_bias[IMAGE_TYPES.index("Stock")] = -16
    type_weight[IMAGE_TYPES.index("Placeholder")] = np.array([20, -20, 20]) / 3
    type_bias[IMAGE_TYPES.index("Placeholder")] = -14
    arrays = {
        "color_weight": color_weight.T,
        "color_bias": color_bias,
        "type_weight": type_weight.T,
        "type_bias": type_bias,
        "seen_weight": np.zeros((3, 1)),
        "seen_bias": np.array([4.0]),
    }
    nodes = [helper.make_node("ReduceMean", ["image"], ["mean"], axes=[2, 3], keepdims=0)]
    for head, output in (
        ("color", "color_logits"),
        ("type", "image_type_logits"),
        ("seen", "color_visible_logit"),
    ):
        nodes.append(helper.make_node("Gemm", ["mean", f"{head}_weight", f"{head}_bias"], [output]))
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, SIZE, SIZE])],
        [
            helper.make_tensor_value_info("image_type_logits", TensorProto.FLOAT, ["n", 3]),
            helper.make_tensor_value_info("color_logits", TensorProto.FLOAT, ["n", 12]),
            helper.make_tensor_value_info("color_visible_logit", TensorProto.FLOAT, ["n", 1]),
        ],
        [numpy_helper.from_array(a.astype(np.float32), name) for name, a in arrays.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
