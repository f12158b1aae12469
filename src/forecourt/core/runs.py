"""Runs of training: what was asked for, and what became of each candidate (`run.json`). Pure."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

FORMAT = 1
RUN_FILE = "run.json"
PAGE_FILE = "report.html"
GATE_FILE = "gate.json"


class Precision(StrEnum):
    """How the large weights of a bundle are kept."""

    FLOAT16 = "float16"
    INT8 = "int8"  # and computed with


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EpochRecord(_Record):
    """One epoch of a candidate; macro accuracies and recall on the validation split, 0-1.

    Attributes:
        score: What candidates are chosen by; less than 0 where the floor on placeholder recall is
            missed.
        placeholders: Recall of placeholders; None where there are none.
    """

    number: int
    loss: float
    score: float
    image_type: float | None
    color: float | None
    placeholders: float | None


class Outcome(_Record):
    """A finished candidate.

    Attributes:
        best_epoch: The epoch whose weights it has.
        score: Of that epoch.
        parity: Largest difference between the trained and the exported network.
        int8_cost: Accuracy, 0-1, that int8 would cost on the validation split, of type or colour,
            whichever loses more; None where it was not tried.
    """

    best_epoch: int
    score: float
    placeholders: float | None
    precision: Precision
    parity: float
    int8_cost: float | None
    size_bytes: int
    finished_at: datetime


class CandidateRecord(_Record):
    """One candidate: its numbers, its epochs so far, and its outcome once it is finished.

    Attributes:
        number: From 1; the blend's is one more than there are others.
        blend_of: Numbers of the candidates whose mean it is. Nothing is trained then: it has no
            numbers of its own, and the one epoch says how the mean did.
        seconds: In which it was trained, waiting and other sittings apart.
    """

    number: int
    version: str
    numbers: dict[str, float]
    blend_of: tuple[int, ...] = ()
    epochs: tuple[EpochRecord, ...] = ()
    seconds: float = 0.0
    outcome: Outcome | None = None


class RunRecord(_Record):
    """A run.

    Attributes:
        name: Of its folder below `runs/`.
        dataset: Name of the dataset version.
        dataset_sha256: Of that version's manifest.
        start: Version of the bundle whose weights training started from.
        start_sha256: Of that bundle's network.
        wanted: How many candidates are trained; two or more are blended into one more.
        space: The search space, as it was read.
        tries_int8: Whether int8 is tried; it is kept where it costs less than 0.3 points.
        finished_at: None as long as candidates are missing.
    """

    format: int = FORMAT
    name: str
    dataset: str
    dataset_sha256: str
    start: str
    start_sha256: str
    wanted: int
    seed: int
    space: dict[str, Any]
    tries_int8: bool = True
    started_at: datetime
    finished_at: datetime | None = None
    candidates: tuple[CandidateRecord, ...] = ()

    def find(self, number: int) -> CandidateRecord | None:
        """Return a candidate that was begun, or None."""
        return next((one for one in self.candidates if one.number == number), None)

    def put(self, candidate: CandidateRecord) -> RunRecord:
        """Return the run with a candidate added, or in place of its earlier state."""
        others = [one for one in self.candidates if one.number != candidate.number]
        ordered = sorted([*others, candidate], key=lambda one: one.number)
        return self.model_copy(update={"candidates": tuple(ordered)})

    def ranked(self) -> list[CandidateRecord]:
        """Return the finished candidates in the order in which the gate is asked (`rank`)."""
        done = [(one, one.outcome.score) for one in self.candidates if one.outcome]
        ordered = sorted(done, key=lambda pair: rank(pair[1], is_blend=bool(pair[0].blend_of)))
        return [one for one, _score in ordered]

    def best(self) -> CandidateRecord | None:
        """Return the first of them, if any is finished."""
        return next(iter(self.ranked()), None)


def rank(score: float, *, is_blend: bool) -> tuple[bool, float]:
    """Return what candidates are sorted by, the best first.

    The blend comes first, unless it misses the floor: among trained networks, a small validation
    split chooses by luck. Then the highest score, the first of equals.
    """
    return not (is_blend and score >= 0), -score
