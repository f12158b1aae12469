"""A trained network in int8, where that costs next to nothing.

Convolutions of the backbone compute in int8, per channel, with ranges found on real pictures; what
pools and decides stays in float.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from forecourt.train.export import to_onnx
from forecourt.train.eyes import INPUT_SIZE, Eyes
from forecourt.train.parity import OUTPUTS
from forecourt.train.targets import UNKNOWN, Targets
from forecourt.vision.decode import Rgb
from forecourt.vision.preprocess import resize_square, to_input
from forecourt.vision.session import Session

LARGEST_COST = 0.003  # of accuracy, as a share: 0.3 points
_CALIBRATION = 96  # pictures that say how far values range
_BATCH = 8


@dataclass(frozen=True, slots=True)
class Tried:
    """A network in int8, and the accuracy that it costs: of type or colour, the larger loss."""

    model: bytes
    cost: float

    @property
    def is_worth_it(self) -> bool:
        """Whether it costs less than 0.3 points."""
        return self.cost < LARGEST_COST


def try_int8(
    eyes: Eyes, plain: bytes, squares: Rgb, truth: Targets, *, threads: int, calibrate_on: Rgb
) -> Tried:
    """Convert a network and compare it with what it was made from.

    Args:
        eyes: The trained network.
        plain: The same, exported in float.
        squares: Pictures to compare on, shape (N, S, S, 3).
        truth: Of these.
        threads: Threads for the comparison.
        calibrate_on: Training pictures, of which some say how far values range.
    """
    model = _convert(to_onnx(eyes, "image", tuple(OUTPUTS.values())), calibrate_on)
    before, after = (_accuracies(one, squares, truth, threads) for one in (plain, model))
    return Tried(model, max(a - b for a, b in zip(before, after, strict=True)))


def _convert(model: bytes, squares: Rgb) -> bytes:
    step = max(1, len(squares) // _CALIBRATION)
    logging.getLogger().addFilter(_is_no_hint)
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "float.onnx").write_bytes(model)
            quant_pre_process(
                folder / "float.onnx", folder / "plain.onnx", skip_symbolic_shape=True
            )
            quantize_static(
                folder / "plain.onnx",
                folder / "int8.onnx",
                _Pictures(squares[::step][:_CALIBRATION]),
                quant_format=QuantFormat.QDQ,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                per_channel=True,
                op_types_to_quantize=["Conv"],
                nodes_to_exclude=_ends(folder / "plain.onnx"),
            )
            return (folder / "int8.onnx").read_bytes()
    finally:
        logging.getLogger().removeFilter(_is_no_hint)


def _ends(path: Path) -> list[str]:
    """Return the nodes of the ends: they stay in float."""
    import onnx  # noqa: PLC0415

    graph = onnx.load(path).graph
    return [one.name for one in graph.node if "trunk" not in one.name and "blocks" not in one.name]


def _is_no_hint(record: logging.LogRecord) -> bool:
    return "pre-processing" not in record.getMessage()


class _Pictures(CalibrationDataReader):  # type: ignore[misc]  # it carries no types
    def __init__(self, squares: Rgb) -> None:
        self._batches = self._read(squares)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        return next(self._batches, None)

    @staticmethod
    def _read(squares: Rgb) -> Iterator[dict[str, NDArray[np.float32]]]:
        for start in range(0, len(squares), _BATCH):
            part = squares[start : start + _BATCH]
            yield {"image": to_input(np.stack([resize_square(one, INPUT_SIZE) for one in part]))}


def _accuracies(model: bytes, squares: Rgb, truth: Targets, threads: int) -> list[float]:
    """Return the accuracy of type and of colour, each 1 where nothing is known."""
    session = Session(model, threads=threads)
    told: dict[str, list[NDArray[np.int64]]] = {"image_type_logits": [], "color_logits": []}
    for start in range(0, len(squares), _BATCH):
        part = squares[start : start + _BATCH]
        batch = to_input(np.stack([resize_square(one, INPUT_SIZE) for one in part]))
        answers = session.run(batch)
        for name, said in told.items():
            said.append(answers[name].argmax(1))
    found = []
    for name, asked in (("image_type_logits", truth.image_type), ("color_logits", truth.color)):
        known = asked != UNKNOWN
        right = np.concatenate(told[name])[known] == asked[known]
        found.append(float(right.mean()) if known.any() else 1.0)
    return found
