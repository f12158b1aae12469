"""What other networks say of the training pictures: where the vehicles are, and how many compete.

Teachers are needed in training only; neither is shipped. DeepLabv3 on MobileNetV2 (PASCAL VOC)
gives masks: L.-C. Chen et al., "Rethinking Atrous Convolution for Semantic Image Segmentation",
2017.
YOLOX-nano (COCO) gives boxes: Z. Ge et al., "YOLOX: Exceeding YOLO Series in 2021", 2021.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from forecourt.vision.decode import Rgb
from forecourt.vision.preprocess import resize_square, to_input

Boxes = NDArray[np.float32]  # (K, 5): x0, y0, x1, y1 as shares of the picture, score 0-1

_MASK_SIDE = 257
_MASK_CLASSES = (2, 4, 6, 7, 14, 19)  # VOC: bicycle, boat, bus, car, motorbike, train

_BOX_SIDE = 416
_BOX_STRIDES = (8, 16, 32)
_BOX_CLASSES = (1, 2, 3, 5, 6, 7, 8)  # COCO: bicycle, car, motorcycle, bus, train, truck, boat
_LEAST_SCORE = 0.25
_OVERLAP = 0.55  # boxes that share more of their union are one vehicle
_MASK_FAILS = 0.3  # a mask that fills less of a sure box has missed its vehicle (motorhomes)
_SURE_SCORE = 0.45
_BOX_WEIGHT = 0.75  # of a box in place of a mask: its corners are no vehicle


def vehicle_maps(model: Path, squares: Rgb, grid: int) -> NDArray[np.float16]:
    """Return the share of vehicle in each cell of a grid over each picture.

    Args:
        model: The mask teacher's ONNX file.
        squares: Shape (N, S, S, 3).
        grid: Cells a side.

    Returns:
        Shape (N, grid, grid), float16, 0-1.
    """
    session = _open(model)
    maps = np.empty((len(squares), grid, grid), np.float16)
    edges = np.linspace(0, _MASK_SIDE, grid + 1).round().astype(int)
    for index, square in enumerate(squares):
        batch = to_input(resize_square(square, _MASK_SIDE)[None])
        logits = session.run(None, {session.get_inputs()[0].name: batch})[0][0]
        odds = np.exp(logits - logits.max(axis=0))
        vehicle = odds[list(_MASK_CLASSES)].sum(axis=0) / odds.sum(axis=0)
        rows = np.add.reduceat(vehicle, edges[:-1], axis=0)
        cells = np.add.reduceat(rows, edges[:-1], axis=1)
        maps[index] = cells / np.outer(np.diff(edges), np.diff(edges))
    return maps


def vehicle_boxes(model: Path, squares: Rgb, *, threads: int = 2) -> list[Boxes]:
    """Return the vehicles that the box teacher sees in each picture, the surest first.

    Args:
        model: The box teacher's ONNX file.
        squares: Shape (N, S, S, 3).
        threads: Threads for one picture.
    """
    session = _open(model, threads)
    name = session.get_inputs()[0].name
    centers, strides = _anchors()
    found = []
    for square in squares:
        # BGR, 0-255. A square fills the teacher's input, so nothing is letterboxed.
        pixels = resize_square(square, _BOX_SIDE)[..., ::-1].transpose(2, 0, 1)
        batch = np.ascontiguousarray(pixels[None], np.float32)
        raw = session.run(None, {name: batch})[0][0]
        scores = raw[:, 4] * raw[:, [5 + one for one in _BOX_CLASSES]].max(1)
        kept = scores >= _LEAST_SCORE
        middle = (raw[kept, :2] + centers[kept]) * strides[kept]
        half = np.exp(raw[kept, 2:4]) * strides[kept] / 2
        corners = np.concatenate([middle - half, middle + half], 1).clip(0, _BOX_SIDE) / _BOX_SIDE
        found.append(_suppress(np.concatenate([corners, scores[kept, None]], 1)))
    return found


def attend(maps: NDArray[np.float16], boxes: list[Boxes]) -> NDArray[np.float16]:
    """Return maps in which a vehicle that the masks missed is filled in from its box."""
    mended = maps.copy()
    grid = maps.shape[1]
    for index, found in enumerate(boxes):
        if not len(found) or found[0, 4] < _SURE_SCORE:
            continue
        x0, y0, x1, y1 = (found[0, :4] * grid).round().astype(int)
        inside = maps[index, y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)]
        if inside.astype(np.float32).mean() < _MASK_FAILS:
            mended[index, y0:y1, x0:x1] = np.maximum(inside[: y1 - y0, : x1 - x0], _BOX_WEIGHT)
    return mended


def compete(boxes: list[Boxes]) -> NDArray[np.int64]:
    """Return how many vehicles compete for being the main one: those of half the largest's area."""
    counts = np.zeros(len(boxes), np.int64)
    for index, found in enumerate(boxes):
        areas = (found[:, 2] - found[:, 0]) * (found[:, 3] - found[:, 1])
        sure = areas[found[:, 4] >= _SURE_SCORE]
        if len(sure):
            counts[index] = int((sure >= sure.max() / 2).sum())
    return counts


def _open(model: Path, threads: int = 2) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    return ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def _anchors() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the cells of the box teacher's outputs, shape (A, 2), and their strides, (A, 1)."""
    centers, strides = [], []
    for stride in _BOX_STRIDES:
        side = _BOX_SIDE // stride
        y, x = np.mgrid[0:side, 0:side]
        centers.append(np.stack([x.ravel(), y.ravel()], 1))
        strides.append(np.full((side * side, 1), stride))
    return (
        np.concatenate(centers).astype(np.float32),
        np.concatenate(strides).astype(np.float32),
    )


def _suppress(boxes: NDArray[np.floating]) -> Boxes:
    """Greedy non-maximum suppression, whatever the classes."""
    kept: list[NDArray[np.floating]] = []
    for box in boxes[np.argsort(-boxes[:, 4], kind="stable")]:
        if all(_shared(box, other) < _OVERLAP for other in kept):
            kept.append(box)
    return np.array(kept, np.float32).reshape(-1, 5)


def _shared(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """Return the intersection of two boxes over their union."""
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:4], other[2:4])
    common = float(np.prod((high - low).clip(0)))
    areas = [float(np.prod(box[2:4] - box[:2])) for box in (one, other)]
    return common / max(sum(areas) - common, 1e-9)
