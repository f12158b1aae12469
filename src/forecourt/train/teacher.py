"""Where the vehicle is, as a semantic network sees it: a map to teach the attention with.

The teacher (DeepLabv3 on MobileNetV2, PASCAL VOC classes) is needed in training only; it is not
shipped. L.-C. Chen et al., "Rethinking Atrous Convolution for Semantic Image Segmentation", 2017.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from forecourt.vision.decode import Rgb
from forecourt.vision.preprocess import resize_square, to_input

_SIDE = 257
_VEHICLE_CLASSES = (2, 4, 6, 7, 14, 19)  # bicycle, boat, bus, car, motorbike, train


def vehicle_maps(model: Path, squares: Rgb, grid: int) -> NDArray[np.float16]:
    """Return the share of vehicle in each cell of a grid over each picture.

    Args:
        model: The teacher's ONNX file.
        squares: Shape (N, S, S, 3).
        grid: Cells a side.

    Returns:
        Shape (N, grid, grid), float16, 0-1.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = 2
    session = ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    maps = np.empty((len(squares), grid, grid), np.float16)
    edges = np.linspace(0, _SIDE, grid + 1).round().astype(int)
    for index, square in enumerate(squares):
        batch = to_input(resize_square(square, _SIDE)[None])
        logits = session.run(None, {session.get_inputs()[0].name: batch})[0][0]
        odds = np.exp(logits - logits.max(axis=0))
        vehicle = odds[list(_VEHICLE_CLASSES)].sum(axis=0) / odds.sum(axis=0)
        rows = np.add.reduceat(vehicle, edges[:-1], axis=0)
        cells = np.add.reduceat(rows, edges[:-1], axis=1)
        maps[index] = cells / np.outer(np.diff(edges), np.diff(edges))
    return maps
