"""Trained parts → one ONNX network → a bundle folder."""

from __future__ import annotations

import copy
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
from torch import nn

from forecourt.core.looks import Looks, looks_to_json
from forecourt.train.backbone import Conv
from forecourt.train.eyes import INPUT_SIZE, Eyes
from forecourt.vision.bundle import CARD_FILE, LOOKS_FILE, MANIFEST_FILE, MODEL_FILE, Manifest

# In the order of `eyes.Answers`.
_OUTPUTS = (
    "image_type_logits",
    "color_logits",
    "color_visible_logit",
    "heat",
    "kind_logits",
    "view_logits",
    "several_logit",
)
_HALVED_FROM = 4096  # weights with fewer numbers stay as they are: they save nothing


def export_onnx(eyes: Eyes) -> bytes:
    """Return the network as ONNX with any batch size; large weights are kept in half precision."""
    model = onnx.load_model_from_string(to_onnx(eyes, "image", _OUTPUTS))
    _halve_weights(model)
    onnx.checker.check_model(model)
    return cast("bytes", model.SerializeToString())


def to_onnx(module: nn.Module, input_name: str, outputs: Sequence[str]) -> bytes:
    """Return a module over pictures as ONNX, with any batch size and plain convolutions."""
    module = copy.deepcopy(module)
    make_plain(module)
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


def make_plain(module: nn.Module) -> None:
    """Replace convolutions with gains by ordinary ones."""
    for name, child in module.named_children():
        if isinstance(child, Conv):
            outs, ins, kernel, _kernel = child.weight.shape
            plain = nn.Conv2d(
                ins * child.groups,
                outs,
                kernel,
                child.stride,
                child.padding,
                groups=child.groups,
            )
            plain.weight.data, plain.bias = child.folded().data, child.bias
            setattr(module, name, plain)
        else:
            make_plain(child)


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


def write_bundle(
    folder: Path, model: bytes, manifest: dict[str, Any], card: str, *, looks: Looks | None = None
) -> None:
    """Write a bundle beside `folder` and move it there: nobody ever meets half of one.

    Args:
        folder: Where; what is there goes.
        model: The network, as ONNX.
        manifest: But for its digest.
        card: In Markdown.
        looks: Of the training pictures; None: they were too few.
    """
    manifest = manifest | {"sha256": hashlib.sha256(model).hexdigest()}
    Manifest.model_validate(manifest)
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    draft.chmod(0o755)
    (draft / MODEL_FILE).write_bytes(model)
    (draft / MANIFEST_FILE).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    (draft / CARD_FILE).write_text(card, encoding="utf-8")
    if looks is not None:
        (draft / LOOKS_FILE).write_text(looks_to_json(looks) + "\n", encoding="utf-8")
    if folder.exists():
        shutil.rmtree(folder)
    draft.rename(folder)
