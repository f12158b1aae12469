"""The recipe of the shipped model, step by step."""

from __future__ import annotations

import os
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import structlog
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from forecourt.core.errors import UsageError
from forecourt.core.labels import COLORS, IMAGE_TYPES
from forecourt.core.samples import Sample, read_manifest
from forecourt.train import calibrate, paint, type_head
from forecourt.train.export import Network, export_onnx, to_onnx, write_bundle
from forecourt.train.network import (
    INPUT_SIZE,
    TRUNK_END,
    PaintEnd,
    TypeEnd,
    build_features,
    load_imagenet,
)
from forecourt.train.paint import PaintConfig
from forecourt.train.samples import assign_folds, load_squares
from forecourt.train.teacher import vehicle_maps
from forecourt.train.type_head import Features, TypeConfig, TypeHead
from forecourt.vision.bundle import FIGURES_BEGIN, FIGURES_END, FORMAT
from forecourt.vision.decode import Rgb
from forecourt.vision.predict import sigmoid, softmax
from forecourt.vision.preprocess import resize_square, to_input
from forecourt.vision.session import Session

_log = structlog.get_logger(__name__)

_FOLDS = 4
_PAINT_FOLDS = 1  # of them are held out for colour: enough for one temperature and two thresholds
_SQUARE = 256  # larger than the input, so that views can move within it
_MAP = 25
_BACKBONE = "mobilenet_v2_imagenet/mobilenet_v2_int8_lossless.npz"
_TEACHER = "deeplabv3_mnv2_voc/deeplabv3_mnv2_voc_257.onnx"
_FLOOR_COST = 0.002  # of accuracy, at most, for placeholder recall
_REVIEW_TYPE = 0.03  # share of pictures that type marks for review
_REVIEW_COLOR = 0.04
_PARITY = 2e-2  # largest difference of a logit; half-precision weights move them by about 1e-3

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Where things are and how training goes."""

    data: Path
    weights: Path
    out: Path
    runs: Path
    version: str
    types: TypeConfig = field(default_factory=TypeConfig)
    paint: PaintConfig = field(default_factory=PaintConfig)


def train_bundle(recipe: Recipe) -> None:
    """Train, calibrate on held-out advertisers, export and write the bundle.

    Raises:
        UsageError: the data or the weights are not where they should be.
        RuntimeError: the exported network does not answer as the trained one does.
    """
    torch.set_num_threads(os.cpu_count() or 1)
    samples = [one for one in read_manifest(recipe.data) if one.split == "train"]
    for name in (_BACKBONE, _TEACHER):
        if not (recipe.weights / name).is_file():
            raise UsageError(f"{recipe.weights / name} does not exist (docs/training.md).")
    recipe.runs.mkdir(parents=True, exist_ok=True)
    folds = assign_folds(samples, _FOLDS)
    squares = load_squares(recipe.data, samples, _SQUARE)
    features = build_features()
    load_imagenet(features, recipe.weights / _BACKBONE)
    features.eval()
    trunk = nn.Sequential(*list(features)[:TRUNK_END])
    type_end = TypeEnd(features, hidden=recipe.types.hidden)

    head, type_numbers = _train_type(recipe, samples, squares, folds, trunk, type_end)
    type_end.mean.data, type_end.scale.data = head.mean, head.scale
    type_end.head.load_state_dict(head.layers.state_dict())
    paint_end, paint_numbers = _train_paint(recipe, samples, squares, folds, trunk, features)

    network = Network(trunk, type_end, paint_end)
    model = export_onnx(network)
    _check_parity(network, model, squares[:64])
    thresholds = type_numbers["thresholds"] | paint_numbers["thresholds"]
    manifest = {
        "format": FORMAT,
        "version": recipe.version,
        "input_size": INPUT_SIZE,
        "image_types": list(IMAGE_TYPES),
        "colors": list(COLORS),
        "temperatures": {
            "image_type": type_numbers["temperature"],
            "color": paint_numbers["temperature"],
        },
        "thresholds": thresholds,
        "created": datetime.now(UTC).date().isoformat(),
        "trained_on": f"{len(samples)} pictures of {_count_advertisers(samples)} advertisers",
    }
    card = (
        f"# Model card: {recipe.version}\n\nTrained on {manifest['trained_on']}.\n\n"
        f"{FIGURES_BEGIN}\n{FIGURES_END}\n"
    )
    write_bundle(recipe.out, model, manifest, card)
    _log.info("bundle.written", folder=str(recipe.out), size_bytes=len(model), **thresholds)


# ---- image type ----------------------------------------------------------------------------------


def _train_type(
    recipe: Recipe,
    samples: list[Sample],
    squares: Rgb,
    folds: NDArray[np.int64],
    trunk: nn.Module,
    type_end: TypeEnd,
) -> tuple[TypeHead, dict[str, Any]]:
    described = _kept(
        recipe.runs / "types.npz",
        lambda: asdict(
            type_head.describe(
                type_head.draw_pictures(samples, squares, folds, recipe.types),
                _runner(_Describe(trunk, type_end), to_input),
            )
        ),
    )
    features = Features(**described)
    fold_of = folds[features.source]
    logits = _kept(
        recipe.runs / "type-logits.npz",
        lambda: {"logits": _held_out_logits(features, samples, fold_of, recipe.types)},
    )["logits"]
    counted = np.array([not samples[index].is_render for index in features.source])
    real = counted & features.is_real
    temperature = calibrate.fit_temperature(logits[real], features.labels[real])
    probs = softmax(logits / temperature)
    floor = calibrate.placeholder_floor(probs[real], features.labels[real], cost=_FLOOR_COST)
    decided = calibrate.decide_types(probs, floor)
    for name, part in (("real", real), ("drawn", counted & ~features.is_real)):
        right = decided[part] == features.labels[part]
        recalls = [_rounded(right[features.labels[part] == label].mean()) for label in range(3)]
        _log.info(
            "type.held_out", on=name, n=len(right), accuracy=_rounded(right.mean()), recalls=recalls
        )
    confidence = probs[np.arange(len(decided)), decided]
    chosen = np.ones(len(features.labels), bool)
    return type_head.train_head(features, samples, chosen, recipe.types), {
        "temperature": temperature,
        "thresholds": {
            "placeholder_floor": floor,
            "review_type": calibrate.review_threshold(confidence[real], _REVIEW_TYPE),
        },
    }


def _held_out_logits(
    features: Features, samples: list[Sample], fold_of: NDArray[np.int64], config: TypeConfig
) -> NDArray[np.float32]:
    """Return for each picture the answer of a head that has not seen its fold."""
    logits = np.zeros((len(features.labels), len(IMAGE_TYPES)), np.float32)
    for fold in range(_FOLDS):
        head = type_head.train_head(features, samples, fold_of != fold, config)
        logits[fold_of == fold] = head.logits(features.described[fold_of == fold])
    return logits


class _Describe(nn.Module):
    def __init__(self, trunk: nn.Module, type_end: TypeEnd) -> None:
        super().__init__()
        self.trunk, self.type_end = trunk, type_end

    def forward(self, pixels: Tensor) -> Tensor:
        return self.type_end.describe(pixels, self.trunk(pixels))


# ---- colour --------------------------------------------------------------------------------------


def _train_paint(
    recipe: Recipe,
    samples: list[Sample],
    squares: Rgb,
    folds: NDArray[np.int64],
    trunk: nn.Module,
    features: nn.Sequential,
) -> tuple[PaintEnd, dict[str, Any]]:
    config = recipe.paint
    run_trunk = _runner(trunk, np.ascontiguousarray)
    maps = _kept(
        recipe.runs / "maps.npz",
        lambda: {"maps": vehicle_maps(recipe.weights / _TEACHER, squares, _MAP)},
    )["maps"]
    views = paint.Views(
        **_kept(
            recipe.runs / "views.npz",
            lambda: asdict(paint.make_views(samples, squares, maps, run_trunk, config)),
        )
    )
    is_used = ~np.isnan(paint.visible_targets(samples)) & (folds < _PAINT_FOLDS)
    used = np.flatnonzero(is_used)
    plain_squares = np.stack([resize_square(squares[i], INPUT_SIZE) for i in used])
    plain = paint.plain_views(plain_squares, np.arange(len(used)), run_trunk)

    color_logits = torch.zeros(len(used), len(COLORS))
    visible_logits = torch.zeros(len(used), 1)
    for fold in range(_PAINT_FOLDS):
        chosen = np.flatnonzero(folds[views.source] != fold)
        held = np.flatnonzero(folds[used] == fold)
        end = _fit_paint(recipe, samples, views, chosen, features, f"fold-{fold}")
        part = paint.Views(plain.features[held], plain.cells[held], plain.maps[held], held)
        color_logits[held], visible_logits[held] = paint.predict_paint(end, part)
    colors = paint.color_targets(samples)[used]
    is_seen = paint.visible_targets(samples)[used] > 0.5
    labelled = colors >= 0
    logits = color_logits.numpy()[labelled]
    temperature = calibrate.fit_temperature(logits, colors[labelled])
    probs = softmax(logits / temperature)
    order = np.argsort(-probs, axis=1)
    right = order[:, :2] == colors[labelled][:, None]
    seen = sigmoid(visible_logits.numpy()[:, 0])
    threshold = calibrate.visible_threshold(seen, is_seen)
    _log.info(
        "color.held_out",
        n=len(right),
        top1=_rounded(right[:, 0].mean()),
        top2=_rounded(right.any(1).mean()),
        paint_seen=_rounded(((seen >= threshold) == is_seen).mean()),
    )
    everything = np.arange(len(views.source))
    return _fit_paint(recipe, samples, views, everything, features, "final"), {
        "temperature": temperature,
        "thresholds": {
            "paint_visible": threshold,
            "review_color": calibrate.review_threshold(probs.max(1), _REVIEW_COLOR),
        },
    }


def _fit_paint(
    recipe: Recipe,
    samples: list[Sample],
    views: paint.Views,
    chosen: NDArray[np.int64],
    features: nn.Sequential,
    name: str,
) -> PaintEnd:
    """Train a paint end, or take the one that an interrupted run had finished."""
    kept = recipe.runs / f"paint-{name}.pt"
    torch.manual_seed(recipe.paint.seed)
    end = PaintEnd(deepcopy(features))
    if kept.is_file():
        end.load_state_dict(torch.load(kept, weights_only=True))
        end.eval()
        return end

    def report(epoch: int, loss: float, _average: PaintEnd) -> None:
        _log.info("paint.epoch", run=name, epoch=epoch, loss=round(loss, 4))

    end = paint.train_paint(end, samples, views, chosen, recipe.paint, on_epoch=report)
    torch.save(end.state_dict(), kept)
    return end


# ---- shared --------------------------------------------------------------------------------------


def _runner(
    module: nn.Module, prepare: Callable[[Any], NDArray[np.float32]]
) -> Callable[[Any], NDArray[np.float32]]:
    """Return a function that runs a frozen module through ONNX Runtime: three times as fast."""
    model = to_onnx(module, "x", ("y",))
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    return lambda batch: np.asarray(session.run(None, {"x": prepare(batch)})[0])


def _kept(path: Path, make: Callable[[], Arrays]) -> Arrays:
    """Return arrays from a file, made and written (whole or not at all) if it is not there."""
    if not path.is_file():
        draft = path.with_suffix(".draft.npz")
        np.savez(draft, allow_pickle=False, **make())
        draft.replace(path)
    with np.load(path) as arrays:
        return dict(arrays)


def _rounded(share: float) -> float:
    return round(float(share), 4)


def _count_advertisers(samples: list[Sample]) -> int:
    return len({sample.advertiser for sample in samples})


def _check_parity(network: Network, model: bytes, squares: Rgb) -> None:
    batch = to_input(np.stack([resize_square(square, INPUT_SIZE) for square in squares]))
    with torch.no_grad():
        expected = network(torch.from_numpy(batch))[0].numpy()
    found = Session(model).run(batch)["image_type_logits"]
    worst = float(np.abs(found - expected).max())
    if worst > _PARITY * max(1.0, float(np.abs(expected).max())):
        raise RuntimeError(f"The exported network differs from the trained one by {worst:.4f}.")
