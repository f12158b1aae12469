"""Training of the type end: a small head on frozen features of real, marked and drawn pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from forecourt.core.labels import IMAGE_TYPES, ImageType
from forecourt.core.samples import Sample
from forecourt.train.cards import compose_stock, mark_photo, placeholder
from forecourt.train.network import INPUT_SIZE, TYPE_FEATURES
from forecourt.vision.decode import Rgb
from forecourt.vision.preprocess import resize_square

_PLACEHOLDER = IMAGE_TYPES.index(ImageType.PLACEHOLDER)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeConfig:
    """What the type head is trained on and how."""

    views: int = 2  # marked or composed copies of every real picture
    drawn_share: float = 1.0  # drawn placeholders per real picture
    hidden: int = 192
    dropout: float = 0.3
    epochs: int = 30
    batch: int = 256
    rate: float = 1e-3
    weight_decay: float = 0.05
    smoothing: float = 0.03
    render_weight: float = 0.4  # of video-game renders: they are no stock pictures of the field
    seed: int = 11


@dataclass(frozen=True, slots=True)
class Features:
    """Described pictures: `source` is the sample behind each, `is_real` the untouched ones."""

    described: NDArray[np.float16]
    labels: NDArray[np.int64]
    source: NDArray[np.int64]
    is_real: NDArray[np.bool_]


def draw_pictures(
    samples: list[Sample],
    squares: Rgb,
    folds: NDArray[np.int64],
    config: TypeConfig,
) -> Iterator[tuple[Rgb, int, int, bool]]:
    """Yield (square, label, sample index, is real) of every picture to learn from.

    Drawn placeholders show vehicles of one fold only and belong to a sample of that fold, so that
    nothing of a held-out advertiser is ever seen in training.
    """
    rng = np.random.default_rng(config.seed)
    labels = [IMAGE_TYPES.index(sample.image_type) for sample in samples]
    for index, label in enumerate(labels):
        yield resize_square(squares[index], INPUT_SIZE), label, index, True
        for _view in range(config.views):
            yield _touch(rng, squares[index], samples[index]), label, index, False
    for fold in np.unique(folds):
        members = np.flatnonzero(folds == fold)
        vehicles = [i for i in members if labels[i] != _PLACEHOLDER]
        for _drawn in range(int(len(members) * config.drawn_share)):
            chosen = rng.choice(vehicles, 6)
            card = placeholder(rng, [squares[i] for i in chosen])
            yield resize_square(card, INPUT_SIZE), _PLACEHOLDER, int(chosen[0]), False


def _touch(rng: np.random.Generator, square: Rgb, sample: Sample) -> Rgb:
    """Return a picture with marks, cropped, mirrored, lit otherwise; the label stays."""
    picture = square
    if sample.image_type is ImageType.STOCK and rng.random() < 0.5 and not sample.is_render:
        picture = compose_stock(rng, picture)
    if sample.image_type is not ImageType.PLACEHOLDER and rng.random() < 0.6:
        picture = mark_photo(rng, picture, is_stock=sample.image_type is ImageType.STOCK)
    elif sample.image_type is ImageType.DEALER:
        height, width = picture.shape[:2]
        share = rng.uniform(0.55, 1.0)
        top, left = (int(rng.uniform(0, 1 - share) * side) for side in (height, width))
        picture = picture[top : top + int(height * share), left : left + int(width * share)]
    if rng.random() < 0.5 and sample.image_type is not ImageType.PLACEHOLDER:
        picture = picture[:, ::-1]
    side = int(rng.integers(70, 200)) if rng.random() < 0.25 else INPUT_SIZE
    coarse = resize_square(np.ascontiguousarray(picture), side)
    lit = resize_square(coarse, INPUT_SIZE).astype(np.float32)
    if sample.image_type is ImageType.DEALER or rng.random() < 0.3:
        lit = (lit / 255) ** np.exp(rng.uniform(-0.35, 0.35)) * 255
        lit *= np.exp(rng.uniform(-0.06, 0.06, 3))
    return np.clip(lit, 0, 255).astype(np.uint8)


def describe(
    pictures: Iterator[tuple[Rgb, int, int, bool]],
    describe_batch: Callable[[Rgb], NDArray[np.float32]],
    *,
    batch: int = 64,
) -> Features:
    """Run pictures through the frozen network."""
    described, labels, source, is_real = [], [], [], []
    waiting: list[Rgb] = []
    for square, label, index, real in pictures:
        waiting.append(square)
        labels.append(label)
        source.append(index)
        is_real.append(real)
        if len(waiting) == batch:
            described.append(describe_batch(np.stack(waiting)).astype(np.float16))
            waiting.clear()
    if waiting:
        described.append(describe_batch(np.stack(waiting)).astype(np.float16))
    return Features(
        np.concatenate(described), np.array(labels), np.array(source), np.array(is_real)
    )


@dataclass(frozen=True, slots=True)
class TypeHead:
    """A trained head with the statistics that its input is scaled by."""

    mean: torch.Tensor
    scale: torch.Tensor
    layers: nn.Sequential

    @torch.no_grad()
    def logits(self, described: NDArray[np.float16]) -> NDArray[np.float32]:
        """Return logits over the types, shape (N, 3)."""
        self.layers.eval()
        x = (torch.from_numpy(described).float() - self.mean) / self.scale
        return np.asarray(self.layers(x).numpy())


def build_head(config: TypeConfig) -> nn.Sequential:
    """Return an untrained head."""
    return nn.Sequential(
        nn.Dropout(config.dropout),
        nn.Linear(TYPE_FEATURES, config.hidden),
        nn.ReLU(),
        nn.Dropout(config.dropout),
        nn.Linear(config.hidden, len(IMAGE_TYPES)),
    )


def train_head(
    features: Features, samples: list[Sample], chosen: NDArray[np.bool_], config: TypeConfig
) -> TypeHead:
    """Train a head on the chosen pictures, every class with the same total weight."""
    torch.manual_seed(config.seed)
    x = torch.from_numpy(features.described[chosen]).float()
    mean, scale = x.mean(0), x.std(0).clamp_min(1e-3)
    x = (x - mean) / scale
    y = torch.from_numpy(features.labels[chosen])
    weights = torch.from_numpy(_weights(features, samples, chosen, config)).float()
    layers = build_head(config)
    optimizer = torch.optim.AdamW(
        layers.parameters(), config.rate, weight_decay=config.weight_decay
    )
    steps = -(-len(x) // config.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, config.rate, total_steps=steps * config.epochs
    )
    for _epoch in range(config.epochs):
        layers.train()
        for part in torch.randperm(len(x)).split(config.batch):
            losses = functional.cross_entropy(
                layers(x[part]), y[part], reduction="none", label_smoothing=config.smoothing
            )
            loss = (losses * weights[part]).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return TypeHead(mean, scale, layers.eval())


def _weights(
    features: Features, samples: list[Sample], chosen: NDArray[np.bool_], config: TypeConfig
) -> NDArray[np.float64]:
    labels, source = features.labels[chosen], features.source[chosen]
    weights = np.ones(len(labels))
    weights[
        [samples[i].is_render and y != _PLACEHOLDER for i, y in zip(source, labels, strict=True)]
    ] = config.render_weight
    for label in range(len(IMAGE_TYPES)):
        weights[labels == label] *= len(labels) / 3 / weights[labels == label].sum()
    return weights
