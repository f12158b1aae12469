"""Trained parts → one ONNX network → a bundle folder."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from forecourt.train.network import INPUT_SIZE, PaintEnd, TypeEnd, mean_cells
from forecourt.vision.bundle import CARD_FILE, MANIFEST_FILE, MODEL_FILE, Manifest

_OUTPUTS = ("image_type_logits", "color_logits", "color_visible_logit", "heat")
_HALVED_FROM = 1024  # weights with fewer numbers stay as they are: they save nothing


class Network(nn.Module):
    """The whole network in one pass."""

    def __init__(self, trunk: nn.Module, type_end: TypeEnd, paint_end: PaintEnd) -> None:
        super().__init__()
        self.trunk = trunk
        self.type_end = type_end
        self.paint_end = paint_end

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the outputs of a bundle's network, in the order of `_OUTPUTS`."""
        x = self.trunk(pixels)
        types = self.type_end.classify(self.type_end.describe(pixels, x))
        color, visible, heat = self.paint_end(mean_cells(pixels), x)
        return types, color, visible, heat


def export_onnx(network: Network) -> bytes:
    """Return the network as ONNX with any batch size; large weights are kept in half precision."""
    model = onnx.load_model_from_string(to_onnx(network, "image", _OUTPUTS))
    _halve_weights(model)
    onnx.checker.check_model(model)
    return cast("bytes", model.SerializeToString())


def to_onnx(module: nn.Module, input_name: str, outputs: Sequence[str]) -> bytes:
    """Return a module over pictures as ONNX, with any batch size."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # The newer exporter wants one more package and brings nothing for a network this plain.
        warnings.simplefilter("ignore", DeprecationWarning)
        path = Path(folder) / "model.onnx"
        torch.onnx.export(
            module.eval(),
            (torch.zeros(1, 3, INPUT_SIZE, INPUT_SIZE),),
            path,
            dynamo=False,
            opset_version=17,
            input_names=[input_name],
            output_names=list(outputs),
            dynamic_axes={name: {0: "n"} for name in (input_name, *outputs)},
        )
        return path.read_bytes()


def _halve_weights(model: Any) -> None:
    """Store weights as float16 behind a cast, which the runtime folds away when it loads them."""
    casts = []
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        if weight.data_type != TensorProto.FLOAT or values.size < _HALVED_FROM:
            continue
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def write_bundle(folder: Path, model: bytes, manifest: dict[str, Any], card: str) -> None:
    """Write a bundle beside `folder` and move it there: nobody ever meets half of one."""
    manifest = manifest | {"sha256": hashlib.sha256(model).hexdigest()}
    Manifest.model_validate(manifest)
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    draft.chmod(0o755)
    (draft / MODEL_FILE).write_bytes(model)
    (draft / MANIFEST_FILE).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    (draft / CARD_FILE).write_text(card, encoding="utf-8")
    if folder.exists():
        shutil.rmtree(folder)
    draft.rename(folder)
