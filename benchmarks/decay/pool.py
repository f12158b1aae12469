"""All pictures of the year, looked at once: what every way is trained and judged on.

The first model is trained here as the recipe trains (`train_eyes`, from ImageNet's weights), on the
training side of the starting sources alone: it knows nothing of who arrives. Everything is kept in
a folder of the disk, and made again if that is deleted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.decay.calendar import Dated, Plan, Role, arrange, date_hard
from benchmarks.decay.ends import Ends, describe_views
from benchmarks.hard_set.dialect import CHOOSING, TEST, Dialect
from benchmarks.hard_set.draw import draw_set
from forecourt.core.dataset import Item, ItemSource, Split
from forecourt.core.records import VisualKey
from forecourt.core.samples import Sample, read_manifest
from forecourt.dataset.compose import Composed, Knowledge, compose
from forecourt.dataset.features import Features
from forecourt.dataset.offers import Offer, make_label
from forecourt.dataset.sift import Picture
from forecourt.identity.visual import make_visual_key
from forecourt.train import recipe as steps
from forecourt.train.eyes import Eyes
from forecourt.train.gallery import (
    Gallery,
    GalleryConfig,
    Material,
    build_gallery,
    plain_views,
    shown_shares,
)
from forecourt.train.learn import LearnConfig, answer_views, settle_visible, train_eyes
from forecourt.train.material import grow_maps, mend_maps
from forecourt.train.pictures.draw import DrawConfig
from forecourt.train.recipe import Recipe
from forecourt.train.samples import load_squares
from forecourt.train.targets import Targets, read_targets
from forecourt.train.views import Views
from forecourt.vision.decode import Rgb, decode_image

SIDE = 256
_MAP = 25
_SIDES = list(Split)
BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
# Near the search space's `pictures`, with fewer views.
SHOWN = GalleryConfig(
    views=2,
    most_views=4,
    plain_views=1,
    card_views=2,
    drawing=DrawConfig(cards=0.6, painted=0.15, touched=1, worn_stock=2, sketches=0.06),
)
# Each picture that arrives has a card that shows nothing else: not all are fixed.
LATER = replace(
    SHOWN,
    drawing=replace(SHOWN.drawing, cards=1.0, sketches=0.0, painted_others=2),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The pictures, what the first network says of them, and that network.

    Attributes:
        dated: Starting ones first, then those that arrive, then those that judge.
        pictures: The same as datasets take them, with the true labels.
        targets: The truth of each picture.
        views: Of starting and arriving pictures, behind the backbone or (`is_whole`) the trunk.
        drawn: The truth of each view as it was made.
        source: The picture behind each view.
        origin: Of each view, as galleries have it.
        plain: Every picture as serving sees it, likewise.
        features: What labels are checked by.
        eyes: The first network: its ends, or (`is_whole`) the whole.
        start: The first dataset version's items.
    """

    dated: list[Dated]
    pictures: list[Picture]
    targets: Targets
    views: Views
    drawn: Targets
    source: NDArray[np.int64]
    origin: NDArray[np.int64]
    plain: Views
    features: Features
    eyes: Eyes
    start: Composed

    def role(self, *roles: Role) -> NDArray[np.int64]:
        """Return the places of the pictures of some roles."""
        return np.flatnonzero([one.role in roles for one in self.dated])


def build_pool(
    data: Path,
    weights: Path,
    folder: Path,
    plan: Plan,
    *,
    learn: LearnConfig,
    each: int,
    is_whole: bool = False,
    say: Callable[[str], None] = print,
) -> Pool:
    """Draw, decode, train the first network and look at everything, or take what was kept.

    Args:
        data: Labelled pictures; only `train` rows are used, video-game renders apart.
        weights: Of ImageNet and of the teachers.
        folder: Where all of this is kept, some 5 GB.
        plan: The year.
        learn: How the first network is trained.
        each: Hard pictures of each family.
        is_whole: Whether later trainings change the backbone too.
    """
    dated = _gather(data, folder, plan, each)
    samples = [one.sample for one in dated]
    say(f"{len(dated)} pictures, {sum(one.is_hard for one in dated)} of them drawn to be hard")
    pictures = read_pictures(dated, folder / "visual.npz")
    first = sum(one.role is Role.START for one in dated)
    later = sum(one.role is Role.ARRIVES for one in dated)
    start = compose("start", [], pictures[:first], Knowledge())
    recipe = Recipe(
        data=data, weights=weights, out=folder / "none", runs=folder, version="first", learn=learn
    )
    opening = _open(recipe, samples[:first], start.items)
    run_trunk = steps.trunk_runner(steps.start(recipe).trunk)
    shown = build_gallery(folder / "start", opening, run_trunk, SHOWN)
    eyes = _train_first(recipe, opening, shown)
    say("the first network is there")

    is_kept = all((folder / name).is_dir() for name in ("arriving", "plain"))
    none = np.zeros((len(samples), 1, 1, 3), np.uint8)  # views that are kept need no pixels
    rest = _unmapped(samples, none if is_kept else load_squares(Path(), samples, SIDE))
    trunk_plain = plain_views(folder / "plain", rest, run_trunk)
    plain = describe_views(folder / "plain-ends", eyes, [trunk_plain])
    ends: Eyes = Ends(eyes).eval()
    found = _cut(rest, slice(first, first + later))
    if not is_kept:
        found = _map(found, ends, plain.take(np.arange(first, first + later)))
    alone = replace(found, folds=np.arange(later))
    arriving = build_gallery(folder / "arriving", alone, run_trunk, LATER)
    if is_whole:
        views, seen, network = _join([shown.views, arriving.views]), trunk_plain, eyes
    else:
        parts = [shown.views, arriving.views]
        views, seen, network = describe_views(folder / "views-ends", eyes, parts), plain, ends
    say(f"{len(views)} views")
    return Pool(
        dated=dated,
        pictures=pictures,
        targets=rest.targets,
        views=views,
        drawn=Targets.join([shown.targets, arriving.targets]),
        source=np.concatenate([shown.source, arriving.source + first]),
        origin=np.concatenate([shown.origin, arriving.origin]),
        plain=seen,
        features=penultimate(ends, plain),
        eyes=network,
        start=start,
    )


def read_pictures(dated: Sequence[Dated], kept: Path) -> list[Picture]:
    """Return the pictures as `sift` would, with their visual keys from a file if it is there."""
    files = [Path(one.sample.file).read_bytes() for one in dated]
    digests = [hashlib.sha256(data).hexdigest() for data in files]
    if not kept.is_file():
        keys = [make_visual_key(decode_image(data).rgb) for data in files]
        pdq = np.array([one.pdq.hex() for one in keys])
        np.savez(kept, pdq=pdq, grid=np.array([one.grid.hex() for one in keys]))
    with np.load(kept) as arrays:
        visual = [
            VisualKey(bytes.fromhex(str(pdq)), bytes.fromhex(str(grid)))
            for pdq, grid in zip(arrays["pdq"], arrays["grid"], strict=True)
        ]
    return [
        make_picture(one.sample, key, looks)
        for one, key, looks in zip(dated, digests, visual, strict=True)
    ]


def make_picture(sample: Sample, key: str, looks: VisualKey) -> Picture:
    """Return a picture as `sift` makes it of an import of truly labelled ones.

    Args:
        sample: With the true labels.
        key: SHA-256 of its file.
        looks: Its visual key.
    """
    return Picture(offer=_offer(sample), key=key, sha256=key, suffix=".jpg", visual_key=looks)


@torch.no_grad()
def penultimate(ends: Eyes, views: Views) -> Features:
    """Return what type and colour are judged by, as `vision.features` reads it from a bundle."""
    caught: dict[str, list[NDArray[np.float32]]] = {"type": [], "color": []}

    def catch(name: str) -> Callable[..., None]:
        return lambda _layer, given: caught[name].append(given[0].numpy().copy())

    hooks = [
        ends.type_end.image_type.register_forward_pre_hook(catch("type")),
        ends.paint_end.color[-1].register_forward_pre_hook(catch("color")),
    ]
    answer_views(ends, views)
    for hook in hooks:
        hook.remove()
    return Features(*(np.concatenate(caught[name]) for name in ("type", "color")))


def _gather(data: Path, folder: Path, plan: Plan, each: int) -> list[Dated]:
    samples = [
        replace(one, file=str(data / one.file))
        for one in read_manifest(data)
        if one.split == "train" and not one.is_render
    ]
    dated = arrange(samples, plan)
    of = {role: [one for one in dated if one.role is role] for role in Role}
    return [
        *of[Role.START],
        *of[Role.ARRIVES],
        *_draw_hard(folder / "hard-arriving", of[Role.ARRIVES], CHOOSING, plan, each),
        *of[Role.JUDGES],
        *_draw_hard(folder / "hard-judging", of[Role.JUDGES], TEST, plan, each),
        *of[Role.STRANGE],
    ]


def _draw_hard(
    folder: Path, made_of: list[Dated], dialect: Dialect, plan: Plan, each: int
) -> list[Dated]:
    """Draw a hard set of one side's pictures: no words, fonts or colours are the other side's."""
    if not (folder / "data.csv").is_file():
        draw_set(Path(), [one.sample for one in made_of], dialect, folder, each=each)
    drawn = [replace(one, file=str(folder / one.file)) for one in read_manifest(folder)]
    return date_hard(drawn, made_of, plan)


def _offer(sample: Sample) -> Offer:
    return Offer(
        url=sample.file,
        file=Path(sample.file),
        label=make_label(
            sample.image_type, sample.color, type_trust=1.0, color_trust=1.0, view=sample.view
        ),
        source=ItemSource.IMPORT,
        at=BEFORE,
        kind=sample.kind.replace("none", ""),
        view=sample.view.replace("none", ""),
        advertiser=sample.advertiser,
        group=sample.group,
    )


def _open(recipe: Recipe, samples: list[Sample], items: Sequence[Item]) -> Material:
    """Return the starting pictures with the teachers' word; folds are the sides of the split."""
    material = steps.gather(recipe, samples)
    side = {item.url: _SIDES.index(item.split) for item in items}
    return replace(material, folds=np.array([side.get(one.file, -1) for one in samples]))


def _train_first(recipe: Recipe, material: Material, gallery: Gallery) -> Eyes:
    kept = recipe.runs / "first.pt"
    eyes = steps.start(recipe)
    if kept.is_file():
        eyes.load_state_dict(torch.load(kept, weights_only=True))
        return eyes.eval()
    everything = np.ones(len(material.samples))
    shares = shown_shares(gallery, material.samples, SHOWN, weight=everything)
    shares = shares * (material.folds[gallery.source] == _SIDES.index(Split.TRAIN))
    shares /= shares.sum()

    def report(step: int, loss: float) -> None:
        print(f"first network: step {step}, loss {loss:.3f}", flush=True)

    average = train_eyes(
        eyes, gallery.views, gallery.targets, shares, recipe.learn, on_progress=report
    )
    settle_visible(average, gallery.views, gallery.targets, shares)
    torch.save(average.state_dict(), kept)
    return average


def _unmapped(samples: list[Sample], squares: Rgb) -> Material:
    """Return pictures of which nobody says where the vehicle is."""
    targets = read_targets(samples, np.ones(len(samples), np.int64))
    maps = np.full((len(samples), _MAP, _MAP), np.nan, np.float16)
    return Material(samples, squares, maps, maps, targets, np.zeros(len(samples), np.int64))


def _cut(material: Material, part: slice) -> Material:
    index = np.arange(len(material.samples))[part]
    return Material(
        material.samples[part],
        material.squares[part],
        material.masks[part],
        material.maps[part],
        material.targets.take(index),
        material.folds[part],
    )


def _map(material: Material, ends: Eyes, plain: Views) -> Material:
    """Return pictures with the vehicles where the first network sees them, as `train` does."""
    maps = grow_maps(answer_views(ends, plain)["heat"])
    mend_maps(maps, material.samples, material.squares)
    return replace(material, masks=maps, maps=maps)


def _join(parts: list[Views]) -> Views:
    names = ("features", "samples", "border", "maps")
    return Views(*(np.concatenate([getattr(one, name) for one in parts]) for name in names))
