"""A bundle's network back into torch, so that training starts from it."""

from __future__ import annotations

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper

from forecourt.core.errors import BundleError
from forecourt.train.backbone import Conv, build_backbone
from forecourt.train.eyes import INPUT_SIZE, KINDS, VIEWS, Eyes
from forecourt.vision.bundle import Bundle

_ADVICE = "Say --start FOLDER with a bundle that this release trained, one in float."
_HALF = ".half"  # how `export` names what it keeps in half precision


def read_network(bundle: Bundle) -> Eyes:
    """Return the network of a bundle, as it answers.

    Raises:
        BundleError: it is none that this release trains.
    """
    manifest = bundle.manifest
    eyes = Eyes(build_backbone())
    try:
        found = _read_weights(bundle.model)
        _load(eyes, found)
    except (KeyError, RuntimeError, ValueError) as error:
        raise BundleError(
            f"{bundle.folder} ({bundle.version}) holds no network that this release trains: "
            f"{error}. {_ADVICE}"
        ) from error
    if (manifest.input_size, manifest.kinds, manifest.views) != (INPUT_SIZE, KINDS, VIEWS):
        raise BundleError(
            f"{bundle.folder} ({bundle.version}) has another input, other kinds or other views "
            f"than the network that this release trains. {_ADVICE}"
        )
    return eyes.eval()


def _read_weights(model: bytes) -> dict[str, NDArray[np.float32]]:
    graph = onnx.load_model_from_string(model).graph
    return {
        one.name.removesuffix(_HALF): numpy_helper.to_array(one).astype(np.float32)
        for one in graph.initializer
    }


def _load(eyes: Eyes, found: dict[str, NDArray[np.float32]]) -> None:
    """Put weights into a network, convolutions with a gain that brings them to their usual scale.

    Exported convolutions have their gain folded in. One learning rate fits all layers only where
    weights are of the size at which networks start, so what is more goes into the gain again.
    """
    state = {name: torch.tensor(found[name]) for name in eyes.state_dict() if _is_kept(name)}
    convolutions = {name: one for name, one in eyes.named_modules() if isinstance(one, Conv)}
    for name, conv in convolutions.items():
        folded = state[f"{name}.weight"]
        if folded.shape != conv.weight.shape:
            raise ValueError(f"{name} has the shape {tuple(folded.shape)}")
        size = folded.square().mean((1, 2, 3)).sqrt()
        usual = (1 / (3 * folded[0].numel())) ** 0.5  # of `nn.init.kaiming_uniform_`, a = sqrt(5)
        gain = torch.where(size > 0, size / usual, 1.0)
        state[f"{name}.weight"] = folded / gain[:, None, None, None]
        state[f"{name}.gain"] = gain
    eyes.load_state_dict(state)


def _is_kept(name: str) -> bool:
    return not name.endswith(".gain")
