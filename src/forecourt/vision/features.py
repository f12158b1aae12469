"""What a network sees in a picture: the numbers before its last layers. Needs the package onnx.

Serving asks for none of this; datasets compare pictures by it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import NDArray

from forecourt.core.errors import BundleError
from forecourt.vision.bundle import Bundle
from forecourt.vision.decode import Rgb
from forecourt.vision.preprocess import resize_square, to_input
from forecourt.vision.session import Session

# What each answer is made from, by a layer that only weighs and adds.
_ANSWERS = ("image_type_logits", "color_logits")


class FeatureReader:
    """A bundle's network with its penultimate layers laid open.

    Args:
        bundle: Any; no retraining or re-export is needed.
        threads: Threads for one batch; 0: all cores.

    Raises:
        BundleError: the network's answers do not come from one layer of numbers each.
    """

    def __init__(self, bundle: Bundle, *, threads: int = 0) -> None:
        self._size = bundle.manifest.input_size
        self.digest = bundle.manifest.sha256
        model, self._names = _open_up(bundle)
        self._session = Session(model, threads=threads)

    def prepare(self, rgb: Rgb) -> Rgb:
        """Return what the network sees of a picture: shape (S, S, 3), uint8."""
        return resize_square(rgb, self._size)

    def read(self, squares: Sequence[Rgb]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return what the type and the colour are judged by, shapes (N, D) and (N, E)."""
        outputs = self._session.run(to_input(np.stack(squares)))
        of_type, of_color = (outputs[name].reshape(len(squares), -1) for name in self._names)
        return of_type, of_color


def _open_up(bundle: Bundle) -> tuple[bytes, list[str]]:
    """Return the network with two more outputs, and their names."""
    model = onnx.load_model_from_string(bundle.model)
    makers = {name: node for node in model.graph.node for name in node.output}
    names = []
    for answer in _ANSWERS:
        node = makers.get(answer)
        if node is None or node.op_type not in {"Gemm", "MatMul", "Add"}:
            raise BundleError(f"{bundle.version} does not show what {answer} is made from.")
        if node.op_type == "Add":  # a MatMul with its bias
            node = makers[node.input[0]]
        names.append(node.input[0])
    for name in sorted(set(names)):
        model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    return model.SerializeToString(), names
