"""One pass against the two classic chains, with the same backbone, data and training budget.

    type → crop → colour    type on the whole picture, then the detector's crop to a colour network
    crop → type → colour    the detector's crop to both networks
    one pass                one network answers both on the whole picture

Networks are trained without the first fold of `train`, and judged on it: advertisers that none has
seen. A chain has two networks, one for each question, so half of the steps go to each of them, and
all to the one network of the one pass; it is shown with half of them too. The detector is
YOLOX-nano; pictures without a box are not cropped. Drawn cards are shown whole in training; a crop
would hide what makes them placeholders, as it does in the hard set here, which is drawn from the
held-out pictures. Cost is CPU time of one thread for the networks alone, in batches of eight.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.hard_set.dialect import CHOOSING
from benchmarks.hard_set.draw import draw_set
from forecourt.core.labels import IMAGE_TYPES
from forecourt.core.paired import compare as compare_pairs
from forecourt.core.samples import Sample, read_manifest
from forecourt.train import recipe as steps
from forecourt.train.export import export_onnx
from forecourt.train.eyes import INPUT_SIZE
from forecourt.train.gallery import (
    GalleryConfig,
    Material,
    build_gallery,
    keep_views,
    plain_views,
)
from forecourt.train.learn import LearnConfig, answer_views
from forecourt.train.pictures.draw import DrawConfig
from forecourt.train.recipe import Recipe
from forecourt.train.samples import load_squares
from forecourt.train.targets import PLACEHOLDER, UNKNOWN, Targets
from forecourt.train.teachers import Boxes, vehicle_boxes
from forecourt.train.views import show_plain
from forecourt.vision.decode import Rgb
from forecourt.vision.preprocess import resize_square
from forecourt.vision.session import Session

Changes = Mapping[str, Any]  # of `LearnConfig`

HELD = 0
_MARGIN = 0.06  # of the picture, around a box
_SURE = 0.4  # a box with a lower score is no crop
_TYPE_ONLY = {"color_weight": 0.0, "visible_weight": 0.0, "kind_weight": 0.0, "heat_weight": 0.0}
_COLOR_ONLY = {"type_weight": 0.0, "view_weight": 0.0, "kind_weight": 0.0, "heat_weight": 0.0}


def crop(square: Rgb, boxes: Boxes) -> Rgb:
    """Return the main vehicle with a margin, as a square; the whole where there is no sure box."""
    if not len(boxes) or boxes[0, 4] < _SURE:
        return square
    side = square.shape[0]
    x0, y0 = ((boxes[0, :2] - _MARGIN).clip(0, 1) * side).astype(int)
    x1, y1 = ((boxes[0, 2:4] + _MARGIN).clip(0, 1) * side).astype(int)
    return resize_square(square[y0 : max(y1, y0 + 8), x0 : max(x1, x0 + 8)], side)


def crop_all(detector: Path, squares: Rgb) -> Rgb:
    """Return the crops of all pictures, as large as these."""
    boxes = vehicle_boxes(detector, squares)
    return np.stack([crop(*pair) for pair in zip(squares, boxes, strict=True)])


@dataclass(frozen=True)
class Told:
    """What a network says of the held-out pictures, and of the hard ones made of them."""

    held: dict[str, NDArray[np.float32]]
    hard: dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Way:
    """One way to answer: whose types, whose colours, and milliseconds a picture."""

    name: str
    types: Told
    colors: Told
    cost_ms: float


def ask(recipe: Recipe, material: Material, hard: Rgb, views: Path, changes: Changes) -> Told:
    """Train a network without the held-out fold and ask it.

    Args:
        recipe: Its `runs` keep the network.
        material: Whole pictures, or crops.
        hard: The hard set's pictures, whole or cropped likewise.
        views: Folder of the views, shared by the networks that see the same pictures.
        changes: Of the training.
    """
    recipe.runs.mkdir(parents=True, exist_ok=True)
    recipe = replace(recipe, learn=replace(recipe.learn, **changes))
    run_trunk = steps.trunk_runner(steps.start(recipe).trunk)
    gallery = build_gallery(views / "gallery", material, run_trunk, recipe.gallery)
    plain = plain_views(views / "plain", material, run_trunk)
    eyes = steps.train(recipe, material, gallery, held=HELD)
    held = plain.take(np.flatnonzero(material.folds == HELD))
    shown = keep_views(views / "hard", show_plain(hard, run_trunk))
    return Told(answer_views(eyes, held), answer_views(eyes, shown))


def milliseconds(run: Callable[[], object], pictures: int) -> float:
    """Return the CPU time of one picture, the best of three."""
    run()
    taken = []
    for _round in range(3):
        start = time.process_time()
        run()
        taken.append(time.process_time() - start)
    return 1000 * min(taken) / pictures


def compare(recipe: Recipe, material: Material, hard: Rgb) -> list[Way]:
    """Train everything and return the ways."""
    detector = recipe.weights / steps.BOX_TEACHER
    close = replace(material, squares=crop_all(detector, material.squares))
    close_hard = crop_all(detector, hard)
    runs = recipe.runs

    def part(name: str, changes: Changes, *, is_close: bool) -> Told:
        pictures = (close, close_hard) if is_close else (material, hard)
        views = runs / ("crops" if is_close else "whole")
        return ask(replace(recipe, runs=runs / name), *pictures, views, changes)

    half = {"steps": recipe.learn.steps // 2}
    both = part("one-pass", {}, is_close=False)
    both_half = part("one-pass-half", half, is_close=False)
    whole = part("type-whole", half | _TYPE_ONLY, is_close=False)
    near = part("type-crop", half | _TYPE_ONLY, is_close=True)
    paint = part("color-crop", half | _COLOR_ONLY, is_close=True)

    session = Session(export_onnx(steps.start(recipe)), threads=1)
    batch = np.zeros((8, 3, INPUT_SIZE, INPUT_SIZE), np.float32)
    network = milliseconds(lambda: session.run(batch), 8)
    eight = material.squares[:8]
    detection = milliseconds(lambda: vehicle_boxes(detector, eight, threads=1), 8)

    def seen(told: Told) -> float:
        """Return the share of pictures that go on to the colour."""
        return float((told.held["image_type"].argmax(1) != PLACEHOLDER).mean())

    return [
        Way("one pass", both, both, network),
        Way("one pass, half of the steps", both_half, both_half, network),
        Way("type → crop → colour", whole, paint, network + seen(whole) * (detection + network)),
        Way("crop → type → colour", near, paint, detection + network + seen(near) * network),
    ]


def main() -> int:
    torch.set_num_threads(os.cpu_count() or 1)
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chains", description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("FORECOURT_DATA"))
    parser.add_argument("--weights", type=Path, default=os.environ.get("FORECOURT_WEIGHTS"))
    parser.add_argument("--runs", type=Path, default=Path("runs-chains"))
    parser.add_argument("--steps", type=int, default=700, help="of each way in all")
    arguments = parser.parse_args()
    if arguments.data is None or arguments.weights is None:
        parser.error("give --data and --weights, or set FORECOURT_DATA and FORECOURT_WEIGHTS")
    recipe = Recipe(
        data=arguments.data,
        weights=arguments.weights,
        out=arguments.runs / "none",
        runs=arguments.runs,
        version="comparison",
        gallery=GalleryConfig(
            views=2,
            most_views=4,
            plain_views=1,
            card_views=2,
            drawing=DrawConfig(cards=0.4, painted=0.1, worn_stock=1, sketches=0.05),
        ),
        learn=LearnConfig(steps=arguments.steps),
    )
    arguments.runs.mkdir(parents=True, exist_ok=True)
    samples = [one for one in read_manifest(recipe.data) if one.split == "train"]
    material = steps.gather(recipe, samples)
    folder = arguments.runs / "hard"
    held = [one for one, fold in zip(samples, material.folds, strict=True) if fold == HELD]
    draw_set(recipe.data, held, CHOOSING, folder, each=24)
    drawn = read_manifest(folder)
    hard = load_squares(folder, drawn, material.squares.shape[1])
    report(compare(recipe, material, hard), material, drawn)
    return 0


@dataclass(frozen=True)
class Right:
    """Which pictures a way has right: types, types of hard pictures, colours, and both at once."""

    types: NDArray[np.bool_]
    hard: NDArray[np.bool_]
    colors: NDArray[np.bool_]
    tags: NDArray[np.bool_]


def judge(way: Way, truth: Targets, is_render: NDArray[np.bool_], hard: NDArray[np.int64]) -> Right:
    """Return what is right on the held-out pictures (renders have no say in the type), and hard."""
    types = way.types.held["image_type"].argmax(1) == truth.image_type
    colors = way.colors.held["color"].argmax(1) == truth.color
    has_color = truth.color != UNKNOWN
    return Right(
        types[~is_render],
        way.types.hard["image_type"].argmax(1) == hard,
        colors[has_color],
        (types & colors)[has_color & ~is_render],
    )


def report(ways: list[Way], material: Material, drawn: list[Sample]) -> None:
    """Print the table, and the one pass beside each chain, picture by picture."""
    index = np.flatnonzero(material.folds == HELD)
    truth = material.targets.take(index)
    is_render = np.array([material.samples[i].is_render for i in index])
    labels = np.array([IMAGE_TYPES.index(one.image_type) for one in drawn])
    right = [judge(way, truth, is_render, labels) for way in ways]
    print("| way | type | hard: type | hard: placeholders | colour | both | ms a picture |")
    print("|---|---|---|---|---|---|---|")
    for way, one in zip(ways, right, strict=True):
        cells = [
            f"{each.mean():.1%} of {len(each)}"
            for each in (one.types, one.hard, one.hard[labels == PLACEHOLDER], one.colors, one.tags)
        ]
        print(f"| {way.name} | {' | '.join(cells)} | {way.cost_ms:.1f} |")
    chains = [number for number, way in enumerate(ways) if way.types is not way.colors]
    for number in chains:
        for name in ("types", "hard", "colors", "tags"):
            pair = compare_pairs(
                getattr(right[number], name).tolist(), getattr(right[0], name).tolist()
            )
            points = [100 * one for one in (pair.gap.value, pair.gap.low, pair.gap.high)]
            print(
                f"one pass minus {ways[number].name}, {name}: "
                "{:+.1f} points ({:+.1f} to {:+.1f})".format(*points)
            )
    cheapest = min(ways[number].cost_ms for number in chains)
    print(f"one pass costs {ways[0].cost_ms / cheapest:.2f} of the cheaper chain")


if __name__ == "__main__":
    sys.exit(main())
