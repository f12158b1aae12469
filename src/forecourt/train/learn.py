"""The training loop: all questions at once, on views behind the frozen trunk."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from forecourt.train.eyes import Answers, Eyes
from forecourt.train.targets import PLACEHOLDER, UNKNOWN, Targets
from forecourt.train.views import Views

SETTLED_ON = 6000  # views on which the last layer of a question is settled
_SETTLED_DECAY = 2e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnConfig:
    """How the ends are trained."""

    steps: int = 700
    batch: int = 64
    rate_blocks: float = 3e-4
    rate_heads: float = 2e-3
    weight_decay: float = 0.03
    warm_up: float = 0.12  # share of the steps
    average: float = 0.998  # of weights, per step: the average is what is kept
    type_weight: float = 1.0
    color_weight: float = 1.0
    visible_weight: float = 0.3
    heat_weight: float = 0.4
    kind_weight: float = 0.2
    view_weight: float = 0.15
    several_weight: float = 0.15
    teacher_weight: float = 1.0  # of what the teacher of the type says, where there is one
    smoothing: float = 0.04
    seed: int = 7


def train_eyes(
    eyes: Eyes,
    views: Views,
    targets: Targets,
    shares: NDArray[np.float64],
    config: LearnConfig,
    *,
    teacher: Eyes | None = None,
    on_progress: Callable[[int, float], None],
) -> Eyes:
    """Fine-tune everything behind the trunk and return the average of the weights.

    With a teacher, what it says of the type counts too, on every view: so new pictures for one
    question do not undo what it knew of the other (Li and Hoiem, Learning without Forgetting,
    2016).

    Args:
        eyes: The network; it is changed.
        views: What it is shown.
        targets: Their truth.
        shares: How often each view is drawn, shape (N,), sums to 1; 0: never.
        config: Numbers of the training.
        teacher: Network behind the same trunk; it is not changed.
        on_progress: Called now and then with the step and the mean loss since.
    """
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    fit_scale(eyes, views, rng.choice(len(views), min(1024, len(views)), p=shares))
    eyes.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(
        [
            {"params": list(eyes.blocks.parameters())},
            {"params": [*eyes.type_end.parameters(), *eyes.paint_end.parameters()]},
        ],
        weight_decay=config.weight_decay,
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        [config.rate_blocks, config.rate_heads],
        total_steps=config.steps,
        pct_start=config.warm_up,
    )
    average = copy.deepcopy(eyes).eval()
    eyes.train()
    losses: list[float] = []
    for step in range(1, config.steps + 1):
        index = rng.choice(len(views), config.batch, p=shares)
        batch = views.batch(index)
        # Half precision: on processors that have it, training is several times faster.
        with torch.autocast("cpu", torch.bfloat16):
            answers = Answers(*(one.float() for one in eyes.answer(*batch)))
        maps = torch.from_numpy(views.maps[index]).float()
        loss = total_loss(answers, targets.take(index), maps, config)
        if teacher is not None:
            loss = loss + config.teacher_weight * _teach_type(teacher, answers, batch)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(eyes.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        _update_average(average, eyes, min(config.average, step / (step + 9)))
        losses.append(loss.item())
        if step % 100 == 0 or step == config.steps:
            on_progress(step, float(np.mean(losses)))
            losses.clear()
    return average


def settle_visible(
    eyes: Eyes,
    views: Views,
    targets: Targets,
    shares: NDArray[np.float64],
    *,
    count: int = SETTLED_ON,
) -> None:
    """Ask once more, of the last layer only and on balanced pictures, whether paint is seen.

    Interiors and details are a hundredth of what training shows, and their answer drowns. Half of
    the pictures here show paint, a quarter are interiors and details, a quarter placeholders.

    Args:
        eyes: The trained network; its layer for this question is replaced.
        views: What it may be shown.
        targets: Their truth.
        shares: As in training: never shown are those of 0.
        count: Views to settle it on.
    """
    rng = np.random.default_rng(0)
    is_card = targets.image_type == PLACEHOLDER
    parts = (
        (targets.visible == 1, count // 2),
        ((targets.visible == 0) & ~is_card, count // 4),
        ((targets.visible == 0) & is_card, count // 4),
    )
    chosen = [
        rng.choice(members, wanted)
        for is_member, wanted in parts
        if len(members := np.flatnonzero(is_member & (shares > 0)))
    ]
    index = np.sort(np.concatenate(chosen))
    x = _before_visible(eyes, views, index)
    y = torch.from_numpy(targets.visible[index])
    mean, scale = x.mean(0), x.std(0).clamp_min(1e-3)
    x = (x - mean) / scale
    weight = torch.zeros(x.shape[1], requires_grad=True)
    bias = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=100)

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = functional.binary_cross_entropy_with_logits(x @ weight + bias, y)
        loss = loss + _SETTLED_DECAY * weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    layer = eyes.paint_end.visible
    layer.weight.data[0] = weight.detach() / scale
    layer.bias.data[:] = bias.detach() - (weight.detach() * mean / scale).sum()


@torch.no_grad()
def _before_visible(eyes: Eyes, views: Views, index: NDArray[np.int64]) -> Tensor:
    """Return what the layer that answers "is paint seen" is given, shape (N, D)."""
    caught: list[Tensor] = []
    hook = eyes.paint_end.visible.register_forward_pre_hook(
        lambda _layer, given: caught.append(given[0])
    )
    for start in range(0, len(index), 64):
        eyes.answer(*views.batch(index[start : start + 64]))
    hook.remove()
    return torch.cat(caught)


@torch.no_grad()
def fit_scale(eyes: Eyes, views: Views, index: NDArray[np.int64]) -> None:
    """Set the scale of what the type sees from some views, before training."""
    described = []
    for part in np.array_split(index, -(-len(index) // 64)):
        features, _samples, edge = views.batch(part)
        _middle, pooled = eyes.describe(features)
        described.append(torch.cat([*pooled, edge], 1))
    everything = torch.cat(described)
    eyes.type_end.mean.copy_(everything.mean(0))
    eyes.type_end.scale.copy_(everything.std(0).clamp_min(1e-3))


def total_loss(answers: Answers, truth: Targets, maps: Tensor, config: LearnConfig) -> Tensor:
    """Return the weighted sum of the losses of all questions, each over what is known.

    Args:
        answers: Of the network, for N pictures.
        truth: Of the same.
        maps: Share of vehicle in each cell, shape (N, GRID, GRID); NaN: not known.
        config: The weights.
    """
    is_mapped = ~maps.isnan()
    loss = config.heat_weight * functional.binary_cross_entropy_with_logits(
        answers.heat[:, 0][is_mapped], maps[is_mapped]
    )
    for weight, logits, labels in (
        (config.type_weight, answers.image_type, truth.image_type),
        (config.color_weight, answers.color, truth.color),
        (config.kind_weight, answers.kind, truth.kind),
        (config.view_weight, answers.view, truth.view),
    ):
        known = torch.from_numpy(labels != UNKNOWN)
        if known.any():
            loss = loss + weight * functional.cross_entropy(
                logits[known], torch.from_numpy(labels)[known], label_smoothing=config.smoothing
            )
    for weight, logits, asked in (
        (config.visible_weight, answers.color_visible, truth.visible),
        (config.several_weight, answers.several, truth.several),
    ):
        known = torch.from_numpy(~np.isnan(asked))
        if known.any():
            loss = loss + weight * functional.binary_cross_entropy_with_logits(
                logits[known, 0], torch.from_numpy(asked)[known]
            )
    return loss


def _teach_type(teacher: Eyes, answers: Answers, batch: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """Return the cross entropy between what a teacher and what the learner says of the type."""
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        told = teacher.answer(*batch).image_type.float().softmax(1)
    return functional.cross_entropy(answers.image_type, told)


@torch.no_grad()
def _update_average(average: nn.Module, current: nn.Module, keep: float) -> None:
    for kept, new in zip(average.parameters(), current.parameters(), strict=True):
        kept.mul_(keep).add_(new, alpha=1 - keep)


@torch.no_grad()
def answer_views(eyes: Eyes, views: Views) -> dict[str, NDArray[np.float32]]:
    """Return the answers for all views, by the names of `Answers`."""
    parts = [
        eyes.answer(*views.batch(np.arange(start, min(start + 128, len(views)))))
        for start in range(0, len(views), 128)
    ]
    joined = [torch.cat(one).numpy() for one in zip(*parts, strict=True)]
    return dict(zip(Answers._fields, joined, strict=True))
