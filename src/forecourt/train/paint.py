"""Training of the paint end: colour, whether paint is seen, and where the vehicle is.

The trunk is frozen, so pictures go through it once, in several augmented views, and the end is
trained on what came out.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from forecourt.core.labels import COLORS, ImageType
from forecourt.core.samples import Sample
from forecourt.train.augment import coarsen, light, warp
from forecourt.train.network import GRID, INPUT_SIZE, PaintEnd, mean_cells
from forecourt.vision.decode import Rgb

NO_LABEL = -1
RunTrunk = Callable[[NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaintConfig:
    """What the paint end is trained on and how."""

    views: int = 5  # of a picture whose colour is known; rarer colours get more
    most_views: int = 12
    epochs: int = 4
    batch: int = 64
    rate_blocks: float = 5e-4
    rate_heads: float = 2e-3
    weight_decay: float = 0.03
    smoothing: float = 0.05
    heat_weight: float = 0.4
    visible_weight: float = 0.3
    average: float = 0.995  # of weights, per step: the average is what is kept
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Views:
    """Pictures behind the trunk: `source` is the sample of each."""

    features: NDArray[np.float16]
    cells: NDArray[np.float16]
    maps: NDArray[np.float16]
    source: NDArray[np.int64]


def color_targets(samples: list[Sample]) -> NDArray[np.int64]:
    """Return the index of each sample's colour, or NO_LABEL."""
    return np.array([COLORS.index(s.color) if s.color else NO_LABEL for s in samples])


def visible_targets(samples: list[Sample]) -> NDArray[np.float32]:
    """Return 1 where paint is seen, 0 where it is not, NaN where nobody said."""

    def target(sample: Sample) -> float:
        if sample.color is not None:
            return 1.0
        return math.nan if sample.shows_paint else 0.0

    return np.array([target(sample) for sample in samples], np.float32)


def to_tensor(squares: Rgb) -> Tensor:
    """Return squares (N, S, S, 3) as (N, 3, S, S) float32 in -1 to 1."""
    return torch.from_numpy(squares).permute(0, 3, 1, 2).float() / 127.5 - 1


def count_views(samples: list[Sample], config: PaintConfig) -> NDArray[np.int64]:
    """Return how many views of each sample are made; none where it teaches nothing."""
    colors, visible = color_targets(samples), visible_targets(samples)
    counts = np.bincount(colors[colors >= 0], minlength=len(COLORS)).clip(1)
    typical = np.median(counts)
    views = np.where(visible == 0, 2, 0)
    for color, count in enumerate(counts):
        share = config.views * np.sqrt(typical / count)
        views[colors == color] = int(np.clip(round(float(share)), 2, config.most_views))
    return views


def make_views(
    samples: list[Sample],
    squares: Rgb,
    maps: NDArray[np.float16],
    run_trunk: RunTrunk,
    config: PaintConfig,
) -> Views:
    """Augment pictures and run them through the trunk.

    Args:
        samples: Pictures.
        squares: Their pixels, shape (N, S, S, 3), S > INPUT_SIZE.
        maps: Where the teacher sees a vehicle, shape (N, g, g), 0-1.
        run_trunk: (N, 3, INPUT_SIZE, INPUT_SIZE) → features.
        config: Numbers of views and the seed.
    """
    generator = torch.Generator().manual_seed(config.seed)
    source = np.repeat(np.arange(len(samples)), count_views(samples, config))
    is_placeholder = np.array([s.image_type is ImageType.PLACEHOLDER for s in samples])
    targets = np.where(is_placeholder[:, None, None], 0, maps).astype(np.float32)
    features, cells, grids = [], [], []
    for start in range(0, len(source), 64):
        chosen = source[start : start + 64]
        pixels, warped = warp(
            to_tensor(squares[chosen]),
            torch.from_numpy(targets[chosen])[:, None],
            INPUT_SIZE,
            generator,
        )
        pixels = coarsen(light(pixels, generator), generator)
        features.append(run_trunk(pixels.numpy()).astype(np.float16))
        cells.append(mean_cells(pixels).numpy().astype(np.float16))
        grids.append(_to_grid(warped).numpy().astype(np.float16))
    return Views(np.concatenate(features), np.concatenate(cells), np.concatenate(grids), source)


def plain_views(squares: Rgb, chosen: NDArray[np.int64], run_trunk: RunTrunk) -> Views:
    """Run untouched pictures (already INPUT_SIZE) through the trunk, for evaluation."""
    features, cells = [], []
    for start in range(0, len(chosen), 64):
        pixels = to_tensor(squares[chosen[start : start + 64]])
        features.append(run_trunk(pixels.numpy()).astype(np.float16))
        cells.append(mean_cells(pixels).numpy().astype(np.float16))
    empty = np.zeros((len(chosen), 1, GRID, GRID), np.float16)
    return Views(np.concatenate(features), np.concatenate(cells), empty, chosen)


def train_paint(
    end: PaintEnd,
    samples: list[Sample],
    views: Views,
    chosen: NDArray[np.int64],
    config: PaintConfig,
    *,
    on_epoch: Callable[[int, float, PaintEnd], None],
) -> PaintEnd:
    """Fine-tune the paint end on the chosen views and return the average of its weights."""
    generator = torch.Generator().manual_seed(config.seed)
    torch.manual_seed(config.seed)
    colors = torch.from_numpy(color_targets(samples)[views.source])
    visible = torch.from_numpy(visible_targets(samples)[views.source])
    steps = -(-len(chosen) // config.batch)
    heads = [p for name, p in end.named_parameters() if not name.startswith("blocks")]
    optimizer = torch.optim.AdamW(
        [{"params": list(end.blocks.parameters())}, {"params": heads}],
        weight_decay=config.weight_decay,
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        [config.rate_blocks, config.rate_heads],
        total_steps=steps * config.epochs,
        pct_start=0.15,
    )
    average = copy.deepcopy(end).eval()
    for epoch in range(config.epochs):
        end.train()
        losses = []
        order = torch.from_numpy(chosen)[torch.randperm(len(chosen), generator=generator)]
        for part in order.split(config.batch):
            index = part.numpy()
            outputs = end(
                torch.from_numpy(views.cells[index]).float(),
                torch.from_numpy(views.features[index])
                .float()
                .contiguous(memory_format=torch.channels_last),
            )
            grids = torch.from_numpy(views.maps[index]).float()
            loss = _loss(outputs, colors[part], visible[part], grids, config)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(end.parameters(), 5.0)
            optimizer.step()
            schedule.step()
            _update_average(average, end, config.average)
            losses.append(loss.item())
        on_epoch(epoch, float(np.mean(losses)), average)
    return average


def _loss(
    outputs: tuple[Tensor, Tensor, Tensor],
    colors: Tensor,
    visible: Tensor,
    grids: Tensor,
    config: PaintConfig,
) -> Tensor:
    color_logits, visible_logits, heat = outputs
    loss = config.heat_weight * functional.binary_cross_entropy_with_logits(heat, grids)
    if (colors != NO_LABEL).any():
        loss = loss + functional.cross_entropy(
            color_logits, colors, ignore_index=NO_LABEL, label_smoothing=config.smoothing
        )
    is_known = ~visible.isnan()
    return loss + config.visible_weight * functional.binary_cross_entropy_with_logits(
        visible_logits[is_known, 0], visible[is_known]
    )


def _to_grid(maps: Tensor) -> Tensor:
    return functional.interpolate(maps, size=(GRID, GRID), mode="area")


@torch.no_grad()
def _update_average(average: nn.Module, current: nn.Module, keep: float) -> None:
    for kept, new in zip(average.state_dict().values(), current.state_dict().values(), strict=True):
        if kept.dtype.is_floating_point:
            kept.mul_(keep).add_(new, alpha=1 - keep)
        else:
            kept.copy_(new)


@torch.no_grad()
def predict_paint(end: PaintEnd, views: Views) -> tuple[Tensor, Tensor]:
    """Return colour logits (N, 12) and paint logits (N, 1)."""
    end.eval()
    outputs = [
        end(
            torch.from_numpy(views.cells[start : start + 256]).float(),
            torch.from_numpy(views.features[start : start + 256]).float(),
        )
        for start in range(0, len(views.source), 256)
    ]
    color, visible, _heat = zip(*outputs, strict=True)
    return torch.cat(color), torch.cat(visible)
