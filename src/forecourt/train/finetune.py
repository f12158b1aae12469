"""Training from a bundle's weights, in epochs: after each, everything is on disk.

A killed process loses the epoch that it was in. What goes on afterwards takes the very steps that
it would have taken: weights, moments, the schedule and the state of all randomness are kept.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from forecourt.core.metrics import confusion, macro_recall, recalls
from forecourt.train.disk import replace_file
from forecourt.train.eyes import Answers, Eyes
from forecourt.train.learn import LearnConfig, total_loss
from forecourt.train.targets import PLACEHOLDER, UNKNOWN, Targets
from forecourt.train.views import Views

_BATCH = 128


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is shown: views, their truth, and how often each is drawn (sums to 1)."""

    views: Views
    targets: Targets
    shares: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Exam:
    """What a network is judged on between epochs: advertisers that it does not train on."""

    views: Views
    targets: Targets


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How a network does in an exam.

    Attributes:
        value: What is maximised: the mean of both macro accuracies; less than 0 where the floor on
            placeholder recall is missed, so that every network that keeps it ranks before.
        image_type: Macro accuracy of the type, 0-1; NaN where nothing is asked.
        color: Macro accuracy of the most probable colour, likewise.
        placeholders: Recall of placeholders, likewise.
    """

    value: float
    image_type: float
    color: float
    placeholders: float


_NOT_ASKED = Score(value=0.0, image_type=math.nan, color=math.nan, placeholders=math.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """One finished epoch, counted from 1."""

    number: int
    loss: float
    score: Score


@dataclass(frozen=True, slots=True)
class Trained:
    """The network of the best epoch, and all epochs."""

    eyes: Eyes
    epochs: tuple[Epoch, ...]

    @property
    def best(self) -> Epoch:
        """The epoch that the network is of."""
        return max(self.epochs, key=lambda one: one.score.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How training goes.

    Attributes:
        learn: Rates and weights; its `steps` are those of all epochs.
        epochs: At most.
        patience: Epochs without a better score, after which it ends.
        floor: Least recall of placeholders.
    """

    learn: LearnConfig
    epochs: int
    patience: int
    floor: float


def finetune(
    start: Eyes,
    lesson: Lesson,
    exam: Exam,
    course: Course,
    state: Path,
    *,
    on_epoch: Callable[[Epoch], None] = lambda _epoch: None,
) -> Trained:
    """Train everything behind the trunk; goes on from `state`, where that file is there.

    Args:
        start: Weights to start from; it is not changed.
        lesson: What is shown.
        exam: What decides which epoch is the best, and when it is over.
        course: How training goes.
        state: File that holds everything after each epoch.
        on_epoch: Called with every epoch that is finished here.
    """
    run = _Run(start, course, state)
    while not run.is_over():
        loss = run.train_epoch(lesson)
        on_epoch(run.finish(loss, examine(run.average, exam, floor=course.floor)))
    return Trained(run.read_best(start), tuple(run.epochs))


def refit(
    start: Eyes,
    lesson: Lesson,
    course: Course,
    state: Path,
    *,
    epochs: int,
    on_epoch: Callable[[Epoch], None] = lambda _epoch: None,
) -> Eyes:
    """Take a candidate's course again, with more pictures and no exam; resumes likewise.

    Args:
        start: Weights to start from; it is not changed.
        lesson: What is shown: that of the candidate, and the pictures that it was chosen by.
        course: The candidate's.
        state: File that holds everything after each epoch.
        epochs: After how many it ends: the candidate's best one.
        on_epoch: Called with every epoch that is finished here; their scores say nothing.
    """
    run = _Run(start, course, state)
    while len(run.epochs) < epochs:
        on_epoch(run.finish(run.train_epoch(lesson), _NOT_ASKED))
    return run.read_best(start)


def examine(eyes: Eyes, exam: Exam, *, floor: float) -> Score:
    """Return how a network does in an exam."""
    truth, answers = exam.targets, answer_on(eyes, exam.views)
    type_recalls = _recalls(truth.image_type, answers["image_type"])
    image_type, color = (
        macro_recall(_confused(asked, answers[name]))
        for name, asked in (("image_type", truth.image_type), ("color", truth.color))
    )
    found = [one for one in (image_type, color) if not math.isnan(one)]
    placeholders = type_recalls[PLACEHOLDER]
    value = sum(found) / len(found) if found else 0.0
    if placeholders < floor:  # false where there is none
        value = placeholders - 1.0
    return Score(value=value, image_type=image_type, color=color, placeholders=placeholders)


@torch.no_grad()
def answer_on(eyes: Eyes, views: Views) -> dict[str, NDArray[np.float32]]:
    """Return the answers for all views, by the names of `Answers`, wherever the network lies."""
    place = next(eyes.parameters()).device
    parts = []
    for start in range(0, len(views), _BATCH):
        batch = views.batch(np.arange(start, min(start + _BATCH, len(views))))
        parts.append([one.float().cpu() for one in eyes.answer(*(x.to(place) for x in batch))])
    joined = [torch.cat(one).numpy() for one in zip(*parts, strict=True)]
    return dict(zip(Answers._fields, joined, strict=True))


class _Run:
    """Everything that changes while a candidate is trained; begins as `state` has it, if at all."""

    def __init__(self, start: Eyes, course: Course, state: Path) -> None:
        learn = course.learn
        torch.manual_seed(learn.seed)
        self.course, self.state = course, state
        self.place = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.rng = np.random.default_rng(learn.seed)
        self.eyes = copy.deepcopy(start).to(self.place)
        self.eyes.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.eyes).eval()
        self.best: dict[str, Tensor] = {}
        self.epochs: list[Epoch] = []
        self.optimizer = torch.optim.AdamW(
            [
                {"params": list(self.eyes.blocks.parameters())},
                {
                    "params": [
                        *self.eyes.type_end.parameters(),
                        *self.eyes.paint_end.parameters(),
                    ]
                },
            ],
            weight_decay=learn.weight_decay,
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer,
            [learn.rate_blocks, learn.rate_heads],
            total_steps=learn.steps,
            pct_start=learn.warm_up,
        )
        if state.is_file():
            self._load()

    def is_over(self) -> bool:
        scores = [one.score.value for one in self.epochs]
        if len(scores) >= self.course.epochs:
            return True
        return bool(scores) and len(scores) - 1 - int(np.argmax(scores)) >= self.course.patience

    def train_epoch(self, lesson: Lesson) -> float:
        """Take the steps of one epoch and return their mean loss."""
        steps = self.course.learn.steps // self.course.epochs
        done = len(self.epochs) * steps
        self.eyes.train()
        return sum(self._step(lesson, done + one + 1) for one in range(steps)) / steps

    def _step(self, lesson: Lesson, number: int) -> float:
        learn = self.course.learn
        index = self.rng.choice(len(lesson.shares), learn.batch, p=lesson.shares)
        batch = (one.to(self.place) for one in lesson.views.batch(index))
        with torch.autocast(self.place.type, torch.bfloat16):
            answers = self.eyes.answer(*batch)
        loss = total_loss(
            Answers(*(one.float().cpu() for one in answers)),
            lesson.targets.take(index),
            torch.from_numpy(lesson.views.maps[index]).float(),
            learn,
        )
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.eyes.parameters(), 5.0)
        self.optimizer.step()
        self.schedule.step()
        self._follow(min(learn.average, number / (number + 9)))
        return loss.item()

    @torch.no_grad()
    def _follow(self, keep: float) -> None:
        """Move the average of the weights, which is what is kept, a step on."""
        for kept, new in zip(self.average.parameters(), self.eyes.parameters(), strict=True):
            if not new.requires_grad:  # the trunk: rounding alone would move it
                continue
            kept.mul_(keep).add_(new, alpha=1 - keep)

    def finish(self, loss: float, score: Score) -> Epoch:
        """Put everything onto the disk; return the epoch."""
        epoch = Epoch(number=len(self.epochs) + 1, loss=loss, score=score)
        self.epochs.append(epoch)
        if score.value >= max(one.score.value for one in self.epochs):
            kept = self.average.state_dict()
            self.best = {name: one.detach().cpu().clone() for name, one in kept.items()}
        replace_file(self.state, self._save)
        return epoch

    def read_best(self, start: Eyes) -> Eyes:
        """Return the network of the best epoch; of equals, the last."""
        eyes = copy.deepcopy(start)
        eyes.load_state_dict(self.best)
        return eyes.eval()

    def _save(self, path: Path) -> None:
        torch.save(
            {
                "eyes": self.eyes.state_dict(),
                "average": self.average.state_dict(),
                "best": self.best,
                "optimizer": self.optimizer.state_dict(),
                "schedule": self.schedule.state_dict(),
                "drawing": self.rng.bit_generator.state,
                "chance": torch.get_rng_state(),
                "chance_gpu": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
                "epochs": [asdict(one) for one in self.epochs],
            },
            path,
        )

    def _load(self) -> None:
        kept: dict[str, Any] = torch.load(self.state, weights_only=True, map_location="cpu")
        self.eyes.load_state_dict(kept["eyes"])
        self.average.load_state_dict(kept["average"])
        self.best = kept["best"]
        self.optimizer.load_state_dict(kept["optimizer"])
        self.schedule.load_state_dict(kept["schedule"])
        self.rng.bit_generator.state = kept["drawing"]
        torch.set_rng_state(kept["chance"])
        if kept["chance_gpu"] and torch.cuda.is_available():
            torch.cuda.set_rng_state_all(kept["chance_gpu"])
        self.epochs = [
            Epoch(number=one["number"], loss=one["loss"], score=Score(**one["score"]))
            for one in kept["epochs"]
        ]


def _confused(asked: NDArray[np.int64], logits: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the confusion of the most probable classes, over what is known."""
    known = asked != UNKNOWN
    names = [str(one) for one in range(logits.shape[1])]
    return confusion(
        [names[one] for one in asked[known]],
        [names[one] for one in logits[known].argmax(1)],
        names,
    )


def _recalls(asked: NDArray[np.int64], logits: NDArray[np.float32]) -> list[float]:
    return [one.value for one in recalls(_confused(asked, logits))]
