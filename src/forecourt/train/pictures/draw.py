"""Which pictures are drawn for training: placeholders, and touched copies of real ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from forecourt.core.labels import COLORS, IMAGE_TYPES, ImageType
from forecourt.core.samples import Sample
from forecourt.train.pictures.cards import placeholder
from forecourt.train.pictures.marks import mark_photo
from forecourt.train.pictures.recolor import PAINTS, SOURCES, recolor
from forecourt.train.pictures.shade import relight
from forecourt.train.pictures.stock import compose_stock
from forecourt.train.pictures.wear import press
from forecourt.vision.decode import Rgb
from forecourt.vision.preprocess import resize_square

_SHOWN = 6  # vehicles that a card may show
_LEAST_VEHICLE = 0.08  # of the picture, for painting it anew


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawConfig:
    """How much is drawn, as shares of the real pictures."""

    cards: float = 1.4
    touched: int = 1  # copies of every picture that shows a vehicle
    painted: float = 0.3
    painted_others: int = 0  # copies of each vehicle that is no car, where its paint has a hue
    worn_stock: int = 3  # worn copies of every stock picture; of others one, of photos a third
    sketches: float = 0.12
    relit: int = 0  # copies of every photo of a colour (docs/training.md: what they bring and cost)
    side: int = 225
    seed: int = 12


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawn picture: `source` is the sample that it belongs to, for the folds."""

    square: Rgb
    source: int
    image_type: int
    color: int | None = None  # of a vehicle that was painted anew


def draw_cards(
    samples: list[Sample], squares: Rgb, folds: NDArray[np.int64], config: DrawConfig
) -> Iterator[Drawn]:
    """Yield placeholders. Each shows vehicles of one fold only and belongs to a sample of it.

    So nothing of a held-out advertiser is ever seen in training.
    """
    rng = np.random.default_rng([config.seed, 0])
    label = IMAGE_TYPES.index(ImageType.PLACEHOLDER)
    for fold in np.unique(folds):
        members = np.flatnonzero(folds == fold)
        shows = [i for i in members if samples[i].image_type is not ImageType.PLACEHOLDER]
        for _card in range(int(len(members) * config.cards) if shows else 0):
            chosen = rng.choice(shows, _SHOWN)
            card = placeholder(rng, [squares[i] for i in chosen])
            yield Drawn(resize_square(card, config.side), int(chosen[0]), label)


def draw_touched(samples: list[Sample], squares: Rgb, config: DrawConfig) -> Iterator[Drawn]:
    """Yield copies of real pictures with marks, composed anew, cropped, coarse: labels stay."""
    rng = np.random.default_rng([config.seed, 1])
    for index, sample in enumerate(samples):
        label = IMAGE_TYPES.index(sample.image_type)
        for _copy in range(config.touched):
            yield Drawn(_touch(rng, squares[index], sample, config.side), index, label)


def draw_worn(
    samples: list[Sample], squares: Rgb, folds: NDArray[np.int64], config: DrawConfig
) -> Iterator[Drawn]:
    """Yield copies from tiny, hard-pressed originals, mostly of stock pictures; and sketches.

    Photos on the web are coarse and pressed, stock pictures in a collection hardly ever: without
    these, a coarse picture is taken for a photo whatever it shows.
    """
    rng = np.random.default_rng([config.seed, 3])
    for index, sample in enumerate(samples):
        is_stock = sample.image_type is ImageType.STOCK
        is_photo = sample.image_type is ImageType.DEALER
        for _copy in range(config.worn_stock if is_stock else int(not is_photo or index % 3 == 0)):
            picture = squares[index]
            if is_stock and not sample.is_render and rng.random() < 0.4:
                picture = compose_stock(rng, picture)
            if sample.image_type is not ImageType.PLACEHOLDER and rng.random() < 0.5:
                picture = mark_photo(rng, picture, is_stock=is_stock)
            square = resize_square(press(rng, picture), config.side)
            yield Drawn(square, index, IMAGE_TYPES.index(sample.image_type))
    stocks = np.array([one.image_type is ImageType.STOCK for one in samples])
    label = IMAGE_TYPES.index(ImageType.PLACEHOLDER)
    for fold in np.unique(folds):
        members = np.flatnonzero((folds == fold) & stocks)
        sketched = int((folds == fold).sum() * config.sketches)
        for index in rng.choice(members, sketched) if len(members) else ():
            card = placeholder(rng, [squares[index]], "sketched")
            yield Drawn(resize_square(card, config.side), int(index), label)


def draw_painted(
    samples: list[Sample], squares: Rgb, maps: NDArray[np.float16], config: DrawConfig
) -> Iterator[Drawn]:
    """Yield photos whose vehicle has a rarer colour than it had, each colour as often.

    Vehicles that are no cars have copies of their own: there are few of them in any colour.
    """
    rng = np.random.default_rng([config.seed, 2])
    sizes = maps.astype(np.float32).mean((1, 2))
    sources = [
        index
        for index, sample in enumerate(samples)
        if sample.color in SOURCES and sizes[index] > _LEAST_VEHICLE
    ]
    wanted = int(len(samples) * config.painted)
    some = (int(rng.choice(sources)) for _copy in range(wanted if sources else 0))
    others = (
        index  # one after the other: never twice in one colour
        for index in sources
        if samples[index].is_other_vehicle
        for _copy in range(config.painted_others)
    )
    for place, index in chain(enumerate(some), enumerate(others)):
        color = tuple(PAINTS)[place % len(PAINTS)]
        painted = recolor(rng, squares[index], maps[index], color)
        if painted is not None and samples[index].color is not color:
            label = IMAGE_TYPES.index(samples[index].image_type)
            yield Drawn(painted, index, label, COLORS.index(color))


def draw_relit(
    samples: list[Sample], squares: Rgb, maps: NDArray[np.float16], config: DrawConfig
) -> Iterator[Drawn]:
    """Yield photos whose vehicle lies in the shade, or in glaring light: colours stay."""
    rng = np.random.default_rng([config.seed, 5])
    sizes = maps.astype(np.float32).mean((1, 2))
    for index, sample in enumerate(samples):
        is_photo = sample.image_type is ImageType.DEALER
        if sample.color is None or not is_photo or sizes[index] <= _LEAST_VEHICLE:
            continue
        label, color = IMAGE_TYPES.index(sample.image_type), COLORS.index(sample.color)
        for _copy in range(config.relit):
            relit = relight(rng, squares[index], maps[index], sample.color)
            yield Drawn(relit, index, label, color)


def _touch(rng: np.random.Generator, square: Rgb, sample: Sample, side: int) -> Rgb:
    picture = square
    is_stock = sample.image_type is ImageType.STOCK
    if is_stock and rng.random() < 0.5 and not sample.is_render:
        picture = compose_stock(rng, picture)
    if sample.image_type is not ImageType.PLACEHOLDER and rng.random() < 0.6:
        picture = mark_photo(rng, picture, is_stock=is_stock)
    elif sample.image_type is ImageType.DEALER:
        height, width = picture.shape[:2]
        share = rng.uniform(0.55, 1.0)
        top, left = (int(rng.uniform(0, 1 - share) * one) for one in (height, width))
        picture = picture[top : top + int(height * share), left : left + int(width * share)]
    if rng.random() < 0.5 and sample.image_type is not ImageType.PLACEHOLDER:
        picture = picture[:, ::-1]
    coarse = int(rng.integers(70, 200)) if rng.random() < 0.25 else side
    lit = resize_square(resize_square(np.ascontiguousarray(picture), coarse), side)
    pixels = lit.astype(np.float32)
    if sample.image_type is ImageType.DEALER or rng.random() < 0.3:
        pixels = (pixels / 255) ** np.exp(rng.uniform(-0.35, 0.35)) * 255
        pixels *= np.exp(rng.uniform(-0.06, 0.06, 3))
    return np.clip(pixels, 0, 255).astype(np.uint8)
