"""Pictures → predictions: the network's answers as calibrated probabilities by label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from forecourt.core.errors import BundleError
from forecourt.core.records import Box, Prediction
from forecourt.vision.bundle import Bundle, Manifest
from forecourt.vision.decode import Rgb
from forecourt.vision.preprocess import resize_square, to_input
from forecourt.vision.session import Arrays, Session

Name = TypeVar("Name", bound=str)

_VEHICLE_CELL = 0.5  # a cell of the map counts as vehicle from this probability on
_SMALLEST_SHARE = 0.02  # a smaller vehicle has no box: it is noise of the map
# Pictures that go through the network together. What it keeps of more of them between two layers
# does not fit a processor's cache: 32 at once cost 1.4 times as much each (`benchmarks/README.md`).
_TOGETHER = 4


class Predictor:
    """A loaded network. Safe to use from several threads.

    Args:
        bundle: Network, class orders and temperatures.
        threads: Threads for one batch; 0: all cores.

    Raises:
        BundleError: the network does not fit its manifest.
    """

    def __init__(self, bundle: Bundle, *, threads: int = 0) -> None:
        self._manifest = bundle.manifest
        self._session = Session(bundle.model, threads=threads)
        self._try_out()

    @property
    def model_version(self) -> str:
        """The bundle's version."""
        return self._manifest.version

    def prepare(self, rgb: Rgb) -> Rgb:
        """Return what the network sees of a picture: shape (S, S, 3), uint8."""
        return resize_square(rgb, self._manifest.input_size)

    def predict(self, squares: Sequence[Rgb]) -> list[Prediction]:
        """Return a prediction for each prepared picture."""
        if not squares:
            return []
        predictions = []
        for start in range(0, len(squares), _TOGETHER):
            part = squares[start : start + _TOGETHER]
            outputs = self._session.run(to_input(np.stack(part)))
            predictions += [self._one(outputs, index) for index in range(len(part))]
        return predictions

    def _try_out(self) -> None:
        """Run two empty pictures: a network that does not fit must fail here, not on a batch."""
        manifest = self._manifest
        size = manifest.input_size
        try:
            outputs = self._session.run(to_input(np.zeros((2, size, size, 3), np.uint8)))
        except Exception as error:  # ONNX Runtime's exceptions share no base class but this
            raise BundleError(
                f"The network of {manifest.version} takes no pictures of {size}x{size}: {error}"
            ) from error
        for name, width in _expected_outputs(manifest).items():
            if name not in outputs:
                raise BundleError(f"The network of {manifest.version} lacks the output {name}.")
            if outputs[name].shape != (2, width):
                raise BundleError(
                    f"The network of {manifest.version} gives {name} the shape "
                    f"{outputs[name].shape} for two pictures; the manifest asks for (2, {width})."
                )

    def _one(self, outputs: Arrays, index: int) -> Prediction:
        manifest, temperatures = self._manifest, self._manifest.temperatures

        def probs(output: str, names: Sequence[Name], temperature: float) -> dict[Name, float]:
            if not names:  # a head that this bundle does not have
                return {}
            values = softmax(outputs[output][index] / temperature)
            return dict(zip(names, values.tolist(), strict=True))

        heat, several = outputs.get("heat"), outputs.get("several_logit")
        return Prediction(
            model_version=manifest.version,
            image_type_probs=probs(
                "image_type_logits", manifest.image_types, temperatures.image_type
            ),
            color_probs=probs("color_logits", manifest.colors, temperatures.color),
            color_visible=float(sigmoid(outputs["color_visible_logit"][index, 0])),
            box=None if heat is None else find_box(sigmoid(heat[index, 0])),
            several_vehicles=None
            if several is None
            else float(sigmoid(several[index, 0] / temperatures.several_vehicles)),
            kind_probs=probs("kind_logits", manifest.kinds, temperatures.kind),
            view_probs=probs("view_logits", manifest.views, temperatures.view),
        )


def _expected_outputs(manifest: Manifest) -> dict[str, int]:
    """Return the outputs that the manifest speaks of, with their widths."""
    widths = {
        "image_type_logits": len(manifest.image_types),
        "color_logits": len(manifest.colors),
        "color_visible_logit": 1,
        "kind_logits": len(manifest.kinds),
        "view_logits": len(manifest.views),
    }
    return {name: width for name, width in widths.items() if width}


def find_box(vehicle: NDArray[np.float64]) -> Box | None:
    """Return the extent of the largest connected vehicle area of a map.

    Args:
        vehicle: Probability that a cell shows the vehicle, shape (h, w).

    Returns:
        The box around the largest 4-connected area of cells at 0.5 or more, or None where that is
        under 2 % of the map.
    """
    is_vehicle = vehicle >= _VEHICLE_CELL
    area = max(_connected(is_vehicle), key=len, default=[])
    if len(area) < _SMALLEST_SHARE * vehicle.size:
        return None
    rows = [row for row, _column in area]
    columns = [column for _row, column in area]
    height, width = vehicle.shape
    return Box(
        min(columns) / width,
        min(rows) / height,
        (max(columns) + 1) / width,
        (max(rows) + 1) / height,
    )


def _connected(mask: NDArray[np.bool_]) -> list[list[tuple[int, int]]]:
    """Return the 4-connected areas of a small mask, each as its cells."""
    left = {(int(row), int(column)) for row, column in np.argwhere(mask)}
    areas = []
    while left:
        area, edge = [], [left.pop()]
        while edge:
            row, column = edge.pop()
            area.append((row, column))
            for cell in (
                (row - 1, column),
                (row + 1, column),
                (row, column - 1),
                (row, column + 1),
            ):
                if cell in left:
                    left.remove(cell)
                    edge.append(cell)
        areas.append(area)
    return areas


def softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return probabilities along the last axis."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    odds = np.exp(shifted)
    return np.asarray(odds / odds.sum(axis=-1, keepdims=True))


def sigmoid(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return probabilities, element by element, without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * logits.astype(np.float64))))
