"""One retraining: labels → candidates by the product's `finetune`, on views that are there."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import optuna
from numpy.typing import NDArray

from benchmarks.decay.calendar import Role
from benchmarks.decay.people import Told
from benchmarks.decay.pool import Pool
from forecourt.core.dataset import Item
from forecourt.core.labels import COLORS, IMAGE_TYPES
from forecourt.core.runs import rank
from forecourt.train.blend import blend
from forecourt.train.eyes import KINDS, Eyes
from forecourt.train.finetune import (
    Course,
    Epoch,
    Exam,
    Lesson,
    Trained,
    answer_on,
    examine,
    finetune,
    refit,
)
from forecourt.train.gallery import DRAWN, PAINTED, Gallery, GalleryConfig, shown_shares
from forecourt.train.material import mend_paint
from forecourt.train.space import Space
from forecourt.train.targets import PLACEHOLDER, UNKNOWN, Targets, drawn_targets, read_targets
from forecourt.vision.predict import softmax

_SURE = 0.8  # a model's word on the kind is taken from this probability on, as datasets take it


@dataclass(frozen=True, slots=True, kw_only=True)
class Schooling:
    """How much is trained in a month, and what is tried."""

    space: Space
    candidates: int
    seed: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A trained network, and what it was trained with.

    Attributes:
        number: From 1; of the blend one more than there are others.
        numbers: From the search space; empty for the blend.
    """

    trained: Trained
    number: int
    numbers: dict[str, float]

    @property
    def eyes(self) -> Eyes:
        """The network of the best epoch."""
        return self.trained.eyes


@dataclass(frozen=True, slots=True)
class Said:
    """What a model says of some pictures: types, most probable colours, kinds where it is sure."""

    told: list[Told]
    kinds: list[str]


def ask(eyes: Eyes, pool: Pool, index: NDArray[np.int64]) -> Said:
    """Return what a model says of pictures of the pool."""
    if not len(index):
        return Said([], [])
    answers = answer_on(eyes, pool.plain.take(index))
    types, colors = answers["image_type"].argmax(1), answers["color"].argmax(1)
    kinds = softmax(answers["kind"])
    return Said(
        [
            Told(image_type=IMAGE_TYPES[one], color=COLORS[other])
            for one, other in zip(types, colors, strict=True)
        ],
        [KINDS[one.argmax()] if one.max() >= _SURE else "" for one in kinds],
    )


def label_pool(pool: Pool, items: Mapping[int, Item]) -> Targets:
    """Return the truth of every picture as labels have it; of unlabelled ones the real truth.

    Args:
        pool: The pictures.
        items: The labelled ones, by their places in the pool.
    """
    found = pool.targets.take(np.arange(len(pool.dated)))
    index = np.array(sorted(items), np.int64)
    held = [items[number] for number in index]
    samples = [one.to_sample() for one in held]
    said = mend_paint(read_targets(samples, np.ones(len(held), np.int64)), held)
    for one in fields(Targets):
        getattr(found, one.name)[index] = getattr(said, one.name)
    found.several[:] = np.nan
    return found


def teach(
    pool: Pool,
    labels: Targets,
    weight: NDArray[np.float64],
    exam: Sequence[int],
    schooling: Schooling,
    *,
    balances: bool,
) -> list[Candidate]:
    """Train candidates from the first network.

    Args:
        pool: The pictures.
        labels: Of every picture of the pool.
        weight: How often each picture of the pool is shown beside others; 0: never.
        exam: Pictures by which epochs are chosen.
        schooling: How much, and what is tried.
        balances: Whether classes and colours are balanced as `train` does, instead of showing every
            picture as often.
    """
    judged = _exam(pool, labels, exam)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=schooling.seed))
    study.enqueue_trial(dict(schooling.space.first()))
    found = []
    for number in range(1, schooling.candidates + 1):
        numbers = schooling.space.draw(study.ask())
        lesson = _lesson(pool, labels, weight, schooling, numbers if balances else None)
        course = _course(schooling, numbers, number)
        with tempfile.TemporaryDirectory() as folder:
            trained = finetune(pool.eyes, lesson, judged, course, Path(folder) / "state.pt")
        found.append(Candidate(trained, number, numbers))
    return found


def blend_all(
    pool: Pool,
    found: Sequence[Candidate],
    labels: Targets,
    weight: NDArray[np.float64],
    exam: Sequence[int],
    schooling: Schooling,
) -> list[Candidate]:
    """Return candidates and the blend of those that keep the floor, in the gate's order.

    The blend is judged before its members are trained again, with the pictures of the exam.

    Args:
        pool: The pictures.
        found: The candidates.
        labels: Of every picture of the pool.
        weight: As `teach` has it, but with the pictures of the exam.
        exam: Pictures by which epochs were chosen.
        schooling: How much, and what is tried.
    """
    whole = list(found)
    members = [one for one in found if one.trained.best.score.value >= 0]
    if len(members) > 1:
        judged, floor = _exam(pool, labels, exam), schooling.space.choice.placeholder_recall
        score = examine(blend([one.eyes for one in members]), judged, floor=floor)
        again = []
        for one in members:
            lesson = _lesson(pool, labels, weight, schooling, one.numbers)
            course = _course(schooling, one.numbers, one.number)
            with tempfile.TemporaryDirectory() as folder:
                state = Path(folder) / "state.pt"
                again.append(
                    refit(pool.eyes, lesson, course, state, epochs=one.trained.best.number)
                )
        epoch = Epoch(number=1, loss=0.0, score=score)
        whole.append(Candidate(Trained(blend(again), (epoch,)), len(found) + 1, {}))
    return sorted(
        whole, key=lambda one: rank(one.trained.best.score.value, is_blend=not one.numbers)
    )


def _exam(pool: Pool, labels: Targets, exam: Sequence[int]) -> Exam:
    asked = np.array(sorted(exam), np.int64)
    return Exam(pool.plain.take(asked), labels.take(asked))


def _course(schooling: Schooling, numbers: dict[str, float], number: int) -> Course:
    training = schooling.space.training
    return Course(
        learn=schooling.space.learning(numbers, seed=schooling.seed + number),
        epochs=training.epochs,
        patience=training.patience,
        floor=schooling.space.choice.placeholder_recall,
    )


def _lesson(
    pool: Pool,
    labels: Targets,
    weight: NDArray[np.float64],
    schooling: Schooling,
    numbers: dict[str, float] | None,
) -> Lesson:
    """Return all views of the pool, and how often each is shown: balanced, if numbers say how."""
    index = np.flatnonzero((weight[pool.source] > 0) & find_made(pool, labels))
    told = label_views(pool, index, labels)
    gallery = Gallery(pool.views, told, pool.source[index], pool.origin[index])
    config = None
    if numbers is not None:
        config = schooling.space.gallery(seed=schooling.seed, numbers=numbers)
    shares = np.zeros(len(pool.source))
    shares[index] = _shares(pool, gallery, weight, config)
    return Lesson(pool.views, _spread(pool, index, told), shares)


def find_made(pool: Pool, labels: Targets) -> NDArray[np.bool_]:
    """Return which views there are, by what labels say, shape (N,).

    A vehicle is painted anew in another colour than its own, if somebody has said its own.

    Args:
        pool: The pictures.
        labels: Of every picture of the pool.
    """
    is_painted = pool.origin == PAINTED
    color = labels.color[pool.source]
    return np.asarray(~is_painted | ((color != UNKNOWN) & (color != pool.drawn.color)))


def label_views(pool: Pool, index: NDArray[np.int64], labels: Targets) -> Targets:
    """Return the truth of views: of those that arrived, what their label says; cards are cards.

    Args:
        pool: The pictures.
        index: Of N views, shape (N,).
        labels: Of every picture of the pool.
    """
    found = pool.drawn.take(index)
    source, origin = pool.source[index], pool.origin[index]
    arrived = np.isin(source, pool.role(Role.ARRIVES))
    said, copied = labels.take(source), drawn_targets(labels.image_type[source])
    is_card = (found.image_type == PLACEHOLDER) & (pool.targets.image_type[source] != PLACEHOLDER)
    is_drawn = origin == DRAWN
    arrived &= ~(is_drawn & is_card)
    for one in fields(Targets):
        for told, chosen in ((said, arrived & ~is_drawn), (copied, arrived & is_drawn)):
            getattr(found, one.name)[chosen] = getattr(told, one.name)[chosen]
    is_painted = origin == PAINTED
    found.color[is_painted] = pool.drawn.color[index][is_painted]
    return found


def _shares(
    pool: Pool, gallery: Gallery, weight: NDArray[np.float64], config: GalleryConfig | None
) -> NDArray[np.float64]:
    """Return how often each of the gallery's views is shown, sums to 1."""
    views = np.bincount(gallery.source, minlength=len(weight)).clip(1)
    if config is None:
        shares = weight[gallery.source] / views[gallery.source]
        return np.asarray(shares / shares.sum())
    samples = [one.sample for one in pool.dated]
    return shown_shares(gallery, samples, config, weight=weight)


def _spread(pool: Pool, index: NDArray[np.int64], labels: Targets) -> Targets:
    """Return the truth of all views of the pool; of those that are not shown it does not matter."""
    whole = pool.drawn.take(np.arange(len(pool.source)))
    for one in fields(Targets):
        getattr(whole, one.name)[index] = getattr(labels, one.name)
    return whole
