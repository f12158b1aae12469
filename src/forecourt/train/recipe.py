"""The recipe of the shipped model, step by step."""

from __future__ import annotations

import os
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import structlog
import torch
from numpy.typing import NDArray
from torch import nn

from forecourt.core.errors import UsageError
from forecourt.core.labels import COLORS, IMAGE_TYPES
from forecourt.core.looks import Looks, summarize
from forecourt.core.samples import Sample, read_manifest
from forecourt.identity.visual import make_visual_key
from forecourt.train.backbone import build_backbone, load_imagenet
from forecourt.train.blend import blend
from forecourt.train.export import export_onnx, to_onnx, write_bundle
from forecourt.train.eyes import INPUT_SIZE, KINDS, VIEWS, Answers, Eyes
from forecourt.train.gallery import (
    RELIT,
    Gallery,
    GalleryConfig,
    Material,
    build_gallery,
    plain_views,
    shown_shares,
)
from forecourt.train.held_out import Numbers, find_numbers
from forecourt.train.learn import SETTLED_ON, LearnConfig, answer_views, settle_visible, train_eyes
from forecourt.train.parity import check_parity
from forecourt.train.samples import assign_folds, load_squares
from forecourt.train.targets import PLACEHOLDER, read_targets
from forecourt.train.teachers import attend, compete, vehicle_boxes, vehicle_maps
from forecourt.train.views import RunTrunk, Views
from forecourt.vision.bundle import FIGURES_BEGIN, FIGURES_END, FORMAT
from forecourt.vision.decode import Rgb

_log = structlog.get_logger(__name__)

_FOLDS = 4
_SQUARE = 256  # larger than the input, so that views can move within it
_MAP = 25
_BACKBONE = "mobilenet_v2_imagenet/mobilenet_v2_int8_lossless.npz"
_MASK_TEACHER = "deeplabv3_mnv2_voc/deeplabv3_mnv2_voc_257.onnx"
BOX_TEACHER = "yolox_nano_coco/yolox_nano.onnx"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Where things are and how training goes.

    Attributes:
        held_out: Folds that are left out in turn. Temperatures and thresholds come from what the
            networks say of them; all four are best, and cost four trainings.
        settled_on: Views on which the layer that says whether paint is seen is settled.
        threads: Of torch.
    """

    data: Path
    weights: Path
    out: Path
    runs: Path
    version: str
    held_out: tuple[int, ...] = (0,)
    gallery: GalleryConfig = field(default_factory=GalleryConfig)
    learn: LearnConfig = field(default_factory=LearnConfig)
    settled_on: int = SETTLED_ON
    threads: int = field(default_factory=lambda: os.cpu_count() or 1)


def train_bundle(recipe: Recipe) -> None:
    """Train, calibrate on held-out advertisers, export and write the bundle.

    Raises:
        UsageError: the data or the weights are not where they should be.
        RuntimeError: the exported network does not answer as the trained one does.
    """
    torch.set_num_threads(recipe.threads)
    samples = [one for one in read_manifest(recipe.data) if one.split == "train"]
    for name in (_BACKBONE, _MASK_TEACHER, BOX_TEACHER):
        if not (recipe.weights / name).is_file():
            raise UsageError(f"{recipe.weights / name} does not exist (docs/training.md).")
    recipe.runs.mkdir(parents=True, exist_ok=True)
    material = gather(recipe, samples)
    run_trunk = trunk_runner(start(recipe).trunk)
    gallery = build_gallery(recipe.runs / "gallery", material, run_trunk, recipe.gallery)
    plain = plain_views(recipe.runs / "plain", material, run_trunk)

    numbers = _hold_out(recipe, material, gallery, plain)
    eyes = train(recipe, material, gallery, held=None)
    model = export_onnx(eyes)
    check_parity(eyes, model, material.squares[:64])
    manifest = _manifest(recipe, samples, numbers)
    card = (
        f"# Model card: {recipe.version}\n\nTrained on {manifest['trained_on']}.\n\n"
        f"{FIGURES_BEGIN}\n{FIGURES_END}\n"
    )
    write_bundle(recipe.out, model, manifest, card, looks=look_at(material.squares))
    _log.info("bundle.written", folder=str(recipe.out), size_bytes=len(model))


def look_at(squares: Rgb) -> Looks | None:
    """Return what pictures look like, or None where they are too few.

    Args:
        squares: Shape (N, S, S, 3), as `load_squares` returns them.
    """
    return summarize(b"".join(make_visual_key(square).grid for square in squares))


def gather(recipe: Recipe, samples: list[Sample]) -> Material:
    """Decode the pictures as serving does and ask the teachers about them."""
    squares = load_squares(recipe.data, samples, _SQUARE)

    def ask() -> dict[str, NDArray[Any]]:
        masks = vehicle_maps(recipe.weights / _MASK_TEACHER, squares, _MAP)
        boxes = vehicle_boxes(recipe.weights / BOX_TEACHER, squares)
        return {"masks": masks, "maps": attend(masks, boxes), "competing": compete(boxes)}

    told = _kept(recipe.runs / "teachers.npz", ask)
    targets = read_targets(samples, told["competing"])
    told["maps"][targets.image_type == PLACEHOLDER] = 0
    folds = assign_folds(samples, _FOLDS)
    return Material(samples, squares, told["masks"], told["maps"], targets, folds)


def start(recipe: Recipe) -> Eyes:
    """Return the network as training starts with it."""
    torch.manual_seed(recipe.learn.seed)
    backbone = build_backbone()
    load_imagenet(backbone, recipe.weights / _BACKBONE)
    return Eyes(backbone)


def train(recipe: Recipe, material: Material, gallery: Gallery, *, held: int | None) -> Eyes:
    """Train a network without a fold, or take the one that an interrupted run had finished.

    Where photos are relit, two are trained, and their mean is taken. The first sees none of them,
    and what it says of the type is taught to the second: relit photos teach the colour, and cost
    the type where nobody minds it. The mean keeps most of what either is better at.
    """
    name = "final" if held is None else f"without-{held}"
    if not (gallery.origin == RELIT).any():
        return _train_one(recipe, material, gallery, f"eyes-{name}", held=held)
    first = _train_one(recipe, material, gallery, f"first-{name}", held=held, shows_relit=False)
    second = _train_one(recipe, material, gallery, f"eyes-{name}", held=held, teacher=first)
    mean = blend([first, second])
    shares = _shares(recipe, material, gallery, held=held)
    settle_visible(mean, gallery.views, gallery.targets, shares, count=recipe.settled_on)
    return mean


def _train_one(
    recipe: Recipe,
    material: Material,
    gallery: Gallery,
    name: str,
    *,
    held: int | None,
    shows_relit: bool = True,
    teacher: Eyes | None = None,
) -> Eyes:
    kept = recipe.runs / f"{name}.pt"
    eyes = start(recipe)
    if kept.is_file():
        eyes.load_state_dict(torch.load(kept, weights_only=True))
        return eyes.eval()
    shares = _shares(recipe, material, gallery, held=held, shows_relit=shows_relit)

    def report(step: int, loss: float) -> None:
        _log.info("eyes.trained", run=name, step=step, loss=round(loss, 4))

    average = train_eyes(
        eyes,
        gallery.views,
        gallery.targets,
        shares,
        recipe.learn,
        teacher=teacher,
        on_progress=report,
    )
    settle_visible(average, gallery.views, gallery.targets, shares, count=recipe.settled_on)
    torch.save(average.state_dict(), kept)
    return average


def _shares(
    recipe: Recipe,
    material: Material,
    gallery: Gallery,
    *,
    held: int | None,
    shows_relit: bool = True,
) -> NDArray[np.float64]:
    """Return how often each view is shown: never, of the fold that is held out."""
    weight = np.ones(len(material.samples))
    if held is not None:
        weight[material.folds == held] = 0.0
    return shown_shares(
        gallery, material.samples, recipe.gallery, weight=weight, shows_relit=shows_relit
    )


def _hold_out(recipe: Recipe, material: Material, gallery: Gallery, plain: Views) -> Numbers:
    """Return temperatures and thresholds, from answers of networks that had not seen the fold."""
    answers: dict[str, list[NDArray[np.float32]]] = {name: [] for name in Answers._fields}
    members = []
    for fold in recipe.held_out:
        eyes = train(recipe, material, gallery, held=fold)
        held = np.flatnonzero(material.folds == fold)
        members.append(held)
        for name, values in answer_views(eyes, plain.take(held)).items():
            answers[name].append(values)
    index = np.concatenate(members)
    joined = {name: np.concatenate(parts) for name, parts in answers.items()}
    is_render = np.array([material.samples[i].is_render for i in index])
    return find_numbers(joined, material.targets.take(index), is_render)


def _manifest(recipe: Recipe, samples: list[Sample], numbers: Numbers) -> dict[str, Any]:
    advertisers = len({sample.advertiser for sample in samples})
    return {
        "format": FORMAT,
        "version": recipe.version,
        "input_size": INPUT_SIZE,
        "image_types": list(IMAGE_TYPES),
        "colors": list(COLORS),
        "kinds": list(KINDS),
        "views": list(VIEWS),
        "temperatures": numbers.temperatures,
        "thresholds": numbers.thresholds,
        "created": datetime.now(UTC).date().isoformat(),
        "trained_on": f"{len(samples)} pictures of {advertisers} advertisers",
    }


def trunk_runner(trunk: nn.Module) -> RunTrunk:
    """Return a function that runs the frozen trunk through ONNX Runtime: three times as fast."""
    session = ort.InferenceSession(
        to_onnx(deepcopy(trunk), "x", ("y",)), providers=["CPUExecutionProvider"]
    )
    return lambda batch: np.asarray(session.run(None, {"x": np.ascontiguousarray(batch)})[0])


def _kept(path: Path, make: Callable[[], dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    """Return arrays from a file, made and written (whole or not at all) if it is not there."""
    if not path.is_file():
        draft = path.with_suffix(".draft.npz")
        np.savez(draft, allow_pickle=False, **make())
        draft.replace(path)
    with np.load(path) as arrays:
        return dict(arrays)
