"""A dataset version and the model to start from → what candidates are trained on and chosen by.

That model is the teacher of where vehicles are, too: no weights but its own are needed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn import functional

from forecourt.core.dataset import Item, Split, is_held_at_random
from forecourt.core.errors import UsageError
from forecourt.core.labels import Color, ImageType
from forecourt.core.samples import Sample
from forecourt.store.versions import DatasetVersion
from forecourt.train.disk import replace_json
from forecourt.train.eyes import INPUT_SIZE, Eyes
from forecourt.train.finetune import Exam
from forecourt.train.gallery import Gallery, GalleryConfig, Material, plain_views, shown_shares
from forecourt.train.pictures.stock import mask_on_white
from forecourt.train.recipe import trunk_runner
from forecourt.train.samples import load_squares
from forecourt.train.shards import Portions, build_portions
from forecourt.train.targets import Targets, read_targets
from forecourt.vision.bundle import Bundle
from forecourt.vision.decode import Rgb
from forecourt.vision.predict import sigmoid
from forecourt.vision.preprocess import resize_square, to_input
from forecourt.vision.session import Session

_SQUARE = 256  # larger than the input, so that views can move within it
_MAP = 25  # cells a side of the maps, as in the recipe
_BATCH = 16
_TYPICAL = 96
_MADE_FROM = "made_from.json"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What all candidates of a run share.

    Attributes:
        gallery: Views of the training and the validation pictures, and drawn ones.
        samples: The training pictures, then the validation pictures.
        is_validation: Of each sample.
        weight: How often each sample is shown beside others: the version's quota and the trust in
            its label; 0: never, it is held out at random.
        exam: Plain views of the validation pictures.
        is_render: Video-game renders among these.
        squares: The validation pictures, for parity and for int8.
        typical: Some training pictures, which say how far values range in int8.
    """

    gallery: Gallery
    samples: list[Sample]
    is_validation: NDArray[np.bool_]
    weight: NDArray[np.float64]
    exam: Exam
    is_render: NDArray[np.bool_]
    validation: list[Item]
    squares: Rgb
    typical: Rgb


def prepare(
    version: DatasetVersion,
    start: Bundle,
    eyes: Eyes,
    folder: Path,
    config: GalleryConfig,
    *,
    threads: int,
) -> Prepared:
    """Decode, draw, augment and run everything through the trunk, or take what was kept.

    Args:
        version: Pictures and labels.
        start: What training starts from; it says where vehicles are.
        eyes: Its network.
        folder: Where views are kept, 1 to 3 GB. Of another version, start or configuration
            they are made anew.
        config: Which views are made.
        threads: Threads of the start.

    Raises:
        UsageError: the version has nothing to train on, or nothing to choose by.
    """
    parts = {split: version.of_split(split) for split in (Split.TRAIN, Split.VALIDATION)}
    for split, items in parts.items():
        if not items:
            raise UsageError(
                f"{version.name} has no pictures for {split}. Build a version that has: "
                "`forecourt dataset build NAME --validation 0.1` (docs/dataset.md)."
            )
    _start_over_if_other(folder, version, start, config)
    run_trunk = trunk_runner(eyes.trunk)
    training = parts[Split.TRAIN]
    shown = training + parts[Split.VALIDATION]  # the last training shows both

    def read(begin: int, end: int) -> Material:
        return _read(version, shown[begin:end], start, threads=threads)

    gallery = build_portions(folder, Portions(len(shown), read), run_trunk, config)
    held = _read(version, parts[Split.VALIDATION], start, threads=threads)
    views = plain_views(folder / "plain", held, run_trunk)
    return Prepared(
        gallery=gallery,
        samples=[one.to_sample() for one in shown],
        is_validation=np.arange(len(shown)) >= len(training),
        weight=np.array([_weigh(one) for one in shown]),
        exam=Exam(views, held.targets),
        is_render=np.array([one.is_render for one in held.samples]),
        validation=parts[Split.VALIDATION],
        squares=held.squares,
        typical=_typical(version, training),
    )


def draw_shares(
    prepared: Prepared, config: GalleryConfig, *, shows_validation: bool
) -> NDArray[np.float64]:
    """Return how often each view is shown, sums to 1: by class, weight and trust.

    Args:
        prepared: The pictures.
        config: How much of which kind of view.
        shows_validation: Whether validation pictures are shown, or chosen by.
    """
    weight = prepared.weight
    if not shows_validation:
        weight = np.where(prepared.is_validation, 0.0, weight)
    return shown_shares(prepared.gallery, prepared.samples, config, weight=weight)


def _typical(version: DatasetVersion, items: Sequence[Item]) -> Rgb:
    step = max(1, len(items) // _TYPICAL)
    samples = [one.to_sample() for one in items[::step][:_TYPICAL]]
    return load_squares(version.folder, samples, _SQUARE)


def _weigh(item: Item) -> float:
    return 0.0 if is_held_at_random(item) else item.weight * item.type_trust


def _start_over_if_other(
    folder: Path, version: DatasetVersion, start: Bundle, config: GalleryConfig
) -> None:
    made_from = {
        "manifest": version.summary.manifest_sha256,
        "network": start.manifest.sha256,
        "config": repr(config),
    }
    path = folder / _MADE_FROM
    if path.is_file() and json.loads(path.read_text(encoding="utf-8")) == made_from:
        return
    shutil.rmtree(folder, ignore_errors=True)
    replace_json(path, made_from)


def _read(
    version: DatasetVersion, items: Sequence[Item], start: Bundle, *, threads: int
) -> Material:
    samples = [one.to_sample() for one in items]
    squares = load_squares(version.folder, samples, _SQUARE)
    maps, competing = ask_start(start, squares, threads=threads)
    targets = mend_paint(read_targets(samples, competing), items)
    mend_maps(maps, samples, squares)
    # Nothing is drawn of pictures from both sides.
    folds = np.array([one.split is Split.VALIDATION for one in items], np.int64)
    return Material(samples, squares, maps, maps, targets, folds)


def mend_maps(maps: NDArray[np.float16], samples: Sequence[Sample], squares: Rgb) -> None:
    """Take out of maps what is no vehicle by the label: placeholders, and the ground of cut-outs.

    A model that has not seen a kind of vehicle takes the white around a motorcycle for paint.
    Where the paint itself is white, or may be, the map stays.

    Args:
        maps: Share of vehicle in each cell, shape (N, 25, 25); they are changed.
        samples: The pictures' labels.
        squares: The pictures, shape (N, S, S, 3).
    """
    for index, (sample, square) in enumerate(zip(samples, squares, strict=True)):
        if sample.image_type is ImageType.PLACEHOLDER:
            maps[index] = 0
        elif sample.image_type is ImageType.STOCK and sample.color not in {None, Color.WHITE}:
            mask = mask_on_white(square)
            if mask is not None:
                cells = mask.resize((_MAP, _MAP), Image.Resampling.BOX)
                maps[index] = np.minimum(maps[index], np.asarray(cells, np.float16) / 255)


def mend_paint(targets: Targets, items: Sequence[Item]) -> Targets:
    """Say whether paint is seen where the version knows it, and else what type and view imply."""
    for index, item in enumerate(items):
        if item.paint is not None:
            targets.visible[index] = float(item.paint)
    return targets


def ask_start(
    start: Bundle, squares: Rgb, *, threads: int
) -> tuple[NDArray[np.float16], NDArray[np.int64]]:
    """Return where the start sees the vehicle, shape (N, 25, 25), and how many compete."""
    session = Session(start.model, threads=threads)
    maps = np.empty((len(squares), _MAP, _MAP), np.float16)
    competing = np.empty(len(squares), np.int64)
    for begin in range(0, len(squares), _BATCH):
        part = squares[begin : begin + _BATCH]
        batch = to_input(np.stack([resize_square(one, INPUT_SIZE) for one in part]))
        told = session.run(batch)
        maps[begin : begin + len(part)] = grow_maps(told["heat"])
        several = told["several_logit"][:, 0] > 0
        competing[begin : begin + len(part)] = np.where(several, 2, 1)
    return maps, competing


def grow_maps(heat: NDArray[np.floating]) -> NDArray[np.float16]:
    """Return what a network says of where vehicles are, as maps.

    Args:
        heat: Logits, shape (N, 1, GRID, GRID).

    Returns:
        Share of vehicle in each cell, shape (N, 25, 25).
    """
    shares = torch.from_numpy(sigmoid(heat).astype(np.float32))
    grown = functional.interpolate(shares, size=(_MAP, _MAP), mode="bilinear")[:, 0]
    return grown.numpy().astype(np.float16)
