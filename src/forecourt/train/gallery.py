"""Everything that is shown in training: views of real and of drawn pictures, with their truth."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from forecourt.core.samples import Sample
from forecourt.train.pictures import draw
from forecourt.train.targets import DEALER, PLACEHOLDER, STOCK, UNKNOWN, Targets, drawn_targets
from forecourt.train.views import (
    BATCH,
    Pictures,
    RunTrunk,
    Views,
    augment,
    open_views,
    show_plain,
    store_views,
)
from forecourt.vision.decode import Rgb

_LABELS = "labels.npz"
REAL, DRAWN, PAINTED, RELIT = 0, 1, 2, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryConfig:
    """How many views of what, and how often each is shown.

    Attributes:
        views: Of a picture whose colour is known; rarer colours get more, up to `most_views`.
        plain_views: Of a picture whose colour is not known.
        card_views: Of a real placeholder.
        color_share: Of what is shown, pictures whose colour is known; class sizes count by their
            square root.
        drawn_share: Of what is shown, drawn pictures; the rest are real ones for the type.
        render_weight: Of video-game renders: they are no stock pictures of the field.
    """

    views: int = 4
    most_views: int = 10
    plain_views: int = 2
    card_views: int = 4
    color_share: float = 0.5
    drawn_share: float = 0.3
    render_weight: float = 0.4
    seed: int = 5
    drawing: draw.DrawConfig = field(default_factory=draw.DrawConfig)


@dataclass(frozen=True, slots=True)
class Gallery:
    """N views: `source` is the sample behind each, `origin` REAL, DRAWN, PAINTED or RELIT."""

    views: Views
    targets: Targets
    source: NDArray[np.int64]
    origin: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Material:
    """Real pictures, decoded, and what is known of them.

    Attributes:
        squares: Shape (N, S, S, 3), larger than the input, so that views can move within it.
        masks: Share of vehicle in each cell, as the mask teacher sees it, shape (N, g, g).
        maps: The same, mended by the box teacher and empty for placeholders.
        folds: Fold of each sample.
    """

    samples: list[Sample]
    squares: Rgb
    masks: NDArray[np.float16]
    maps: NDArray[np.float16]
    targets: Targets
    folds: NDArray[np.int64]


def keep_views(folder: Path, batches: Iterable[Views]) -> Views:
    """Return the views of a folder; those of `batches`, written whole or not at all, if new."""
    if not folder.is_dir():
        draft = folder.with_name(f"{folder.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        store_views(draft, batches)
        draft.rename(folder)
    return open_views(folder)


def build_gallery(
    folder: Path, material: Material, run_trunk: RunTrunk, config: GalleryConfig
) -> Gallery:
    """Draw, augment and keep everything, or take what an earlier run has kept."""
    labels: list[tuple[int, int, int, int]] = []  # source, origin, type, colour

    def batches() -> Iterator[Views]:
        for place, shown in enumerate((_all_pictures, _worn_pictures, _relit_pictures)):
            generator = torch.Generator().manual_seed(config.seed + place)
            for pictures, told in shown(material, config):
                labels.extend(told)
                yield augment(pictures, run_trunk, generator)
        np.savez(folder.with_name(f"{folder.name}.draft") / _LABELS, labels=np.array(labels))

    views = keep_views(folder, batches())
    with np.load(folder / _LABELS) as arrays:
        source, origin, image_type, color = arrays["labels"].T
    return Gallery(views, _truth(material, source, origin, image_type, color), source, origin)


def plain_views(folder: Path, material: Material, run_trunk: RunTrunk) -> Views:
    """Return the real pictures as serving sees them, kept."""
    return keep_views(folder, show_plain(material.squares, run_trunk))


def count_views(targets: Targets, config: GalleryConfig) -> NDArray[np.int64]:
    """Return how many views of each real picture are made."""
    views = np.where(targets.image_type == PLACEHOLDER, config.card_views, config.plain_views)
    counts = np.bincount(targets.color[targets.color >= 0], minlength=1).clip(1)
    typical = np.median(counts)
    for color, count in enumerate(counts):
        wanted = round(float(config.views * np.sqrt(typical / count)))
        views[targets.color == color] = int(np.clip(wanted, 3, config.most_views))
    return views


def shown_shares(
    gallery: Gallery,
    samples: Sequence[Sample],
    config: GalleryConfig,
    *,
    weight: NDArray[np.float64],
    shows_relit: bool = True,
) -> NDArray[np.float64]:
    """Return how often each view is shown, sums to 1.

    Args:
        gallery: N views of M samples.
        samples: The samples.
        config: How much of what.
        weight: How often each sample is shown beside others of its part, shape (M,); 0: never. What
            vehicles that are no cars have more, cars have less, and placeholders keep their share.
        shows_relit: Whether photos in another light are shown.
    """
    truth, source = gallery.targets, gallery.source
    weighed = weight[source]
    is_usable = weighed > 0
    if not shows_relit:
        is_usable &= gallery.origin != RELIT
    is_render = np.array([one.is_render for one in samples])[source]
    shares = np.zeros(len(source))
    has_color = truth.color != UNKNOWN
    counts = np.bincount(truth.color[has_color & is_usable], minlength=12).clip(1)
    parts = (
        (has_color, 1 / np.sqrt(counts[truth.color]), config.color_share, None),
        (
            ~has_color & (gallery.origin == REAL),
            np.where(is_render, config.render_weight, 1.0),
            1 - config.color_share - config.drawn_share,
            {DEALER: 1.0, STOCK: 1.0, PLACEHOLDER: 1.0},
        ),
        (
            gallery.origin == DRAWN,
            np.where(is_render, config.render_weight, 1.0),
            config.drawn_share,
            {DEALER: 0.2, STOCK: 0.25, PLACEHOLDER: 0.55},
        ),
    )
    for is_member, weights, total, by_type in parts:
        chosen = np.where(is_member & is_usable, weights * weighed, 0.0)
        for image_type, share in (by_type or {}).items():
            of_type = truth.image_type == image_type
            chosen[of_type] *= share / max(chosen[of_type].sum(), 1e-9)
        shares += total * chosen / max(chosen.sum(), 1e-9)
    return np.asarray(shares / shares.sum())


def _all_pictures(
    material: Material, config: GalleryConfig
) -> Iterator[tuple[Pictures, list[tuple[int, int, int, int]]]]:
    """Yield batches of pictures with source, origin, type and colour of each."""
    truth, drawing = material.targets, config.drawing
    source = np.repeat(np.arange(len(material.samples)), count_views(truth, config))
    for start in range(0, len(source), BATCH):
        chosen = source[start : start + BATCH]
        types = truth.image_type[chosen]
        yield (
            Pictures(
                material.squares[chosen],
                material.maps[chosen],
                np.where(types == DEALER, 1, 0.45).astype(np.float32),
                np.where(types == STOCK, 0.35, 1).astype(np.float32),
            ),
            [(i, REAL, t, c) for i, t, c in zip(chosen, types, truth.color[chosen], strict=True)],
        )
    args = (material.samples, material.squares)
    for drawn, origin in (
        (draw.draw_cards(*args, material.folds, drawing), DRAWN),
        (draw.draw_touched(*args, drawing), DRAWN),
        (draw.draw_painted(*args, material.masks, drawing), PAINTED),
    ):
        while batch := list(islice(drawn, BATCH)):
            yield _drawn_batch(batch, material, origin)


def _worn_pictures(
    material: Material, config: GalleryConfig
) -> Iterator[tuple[Pictures, list[tuple[int, int, int, int]]]]:
    """Yield batches of worn copies and sketches, likewise."""
    args = (material.samples, material.squares, material.folds)
    drawn = draw.draw_worn(*args, config.drawing)
    while batch := list(islice(drawn, BATCH)):
        yield _drawn_batch(batch, material, DRAWN)


def _relit_pictures(
    material: Material, config: GalleryConfig
) -> Iterator[tuple[Pictures, list[tuple[int, int, int, int]]]]:
    """Yield batches of photos in another light, likewise; the place of the vehicle is known."""
    args = (material.samples, material.squares, material.maps)
    drawn = draw.draw_relit(*args, config.drawing)
    while batch := list(islice(drawn, BATCH)):
        yield _drawn_batch(batch, material, RELIT)


def _drawn_batch(
    batch: list[draw.Drawn], material: Material, origin: int
) -> tuple[Pictures, list[tuple[int, int, int, int]]]:
    count = len(batch)
    is_in_place = origin in {PAINTED, RELIT}  # the vehicle is where it was
    maps = material.maps[[one.source for one in batch]].copy()
    if not is_in_place:  # cards show no vehicle; where a touched one went, nobody knows
        is_card = np.array([one.image_type == PLACEHOLDER for one in batch])
        maps[:] = np.where(is_card, 0, np.nan)[:, None, None]
    return (
        Pictures(
            np.stack([one.square for one in batch]),
            maps,
            np.full(count, 1.0 if is_in_place else 0.25, np.float32),
            np.full(count, 0.6 if is_in_place else 0.4, np.float32),
        ),
        [
            (one.source, origin, one.image_type, UNKNOWN if one.color is None else one.color)
            for one in batch
        ],
    )


def _truth(
    material: Material,
    source: NDArray[np.int64],
    origin: NDArray[np.int64],
    image_type: NDArray[np.int64],
    color: NDArray[np.int64],
) -> Targets:
    """Return the truth of all views: drawn ones have their type, painted ones their own colour.

    Relit ones are there for the colour. Their type does not count: photos would outweigh the rest.
    """
    truth, drawn = material.targets.take(source), drawn_targets(image_type)
    is_drawn = origin == DRAWN
    for one in fields(Targets):
        getattr(truth, one.name)[is_drawn] = getattr(drawn, one.name)[is_drawn]
    truth.color[origin == PAINTED] = color[origin == PAINTED]
    truth.image_type[origin == RELIT] = UNKNOWN
    return truth
