"""A dataset version → candidates: drawn from the search space, trained, exported, recorded.

A run's folder holds run.json (what was asked for, and what became of each candidate), study.db
(Optuna's record), candidates/<n>/ (bundles; each is there whole or not at all) and, until it is
finished, work/ (views, the state of what is in training, the networks that will be blended).
"""

from __future__ import annotations

import copy
import math
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import structlog
import torch
from numpy.typing import NDArray

from forecourt.core.looks import summarize
from forecourt.core.runs import (
    RUN_FILE,
    CandidateRecord,
    EpochRecord,
    Outcome,
    Precision,
    RunRecord,
)
from forecourt.store.versions import DatasetVersion
from forecourt.train.blend import blend
from forecourt.train.cards import bundle_manifest, trained_on, write_card
from forecourt.train.disk import replace_file, replace_json
from forecourt.train.export import export_onnx, write_bundle
from forecourt.train.eyes import Eyes
from forecourt.train.finetune import (
    Course,
    Epoch,
    Lesson,
    Trained,
    answer_on,
    examine,
    finetune,
    refit,
)
from forecourt.train.held_out import Numbers, find_numbers
from forecourt.train.learn import settle_visible
from forecourt.train.material import Prepared, draw_shares, prepare
from forecourt.train.parity import check_parity
from forecourt.train.quantize import try_int8
from forecourt.train.space import Space
from forecourt.train.start import read_network
from forecourt.train.study import Study
from forecourt.vision.bundle import Bundle

_log = structlog.get_logger(__name__)

_PARITY_PICTURES = 32
_ENOUGH = 300  # validation pictures: with fewer, 0.3 points are less than one picture
_REVIEWS = ("review_type", "review_color")
_MOST_SURE = 0.99  # of a review threshold: rounding must not mark what is as good as certain
_SETTLED_ON = 1600  # views; the start's own answer was settled on more

OnRecord = Callable[[RunRecord], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a run is carried out.

    Attributes:
        space: What is tried.
        threads: Threads of torch and of ONNX Runtime.
    """

    space: Space
    threads: int


def train_candidates(
    folder: Path,
    record: RunRecord,
    version: DatasetVersion,
    start: Bundle,
    plan: Plan,
    *,
    on_record: OnRecord = lambda _record: None,
) -> RunRecord:
    """Train the candidates that a run still lacks.

    Whatever kills the process, the same call goes on where it stopped: at most one epoch of one
    candidate is done again.

    Args:
        folder: The run's own.
        record: What was asked for, and what is done; `folder` holds the same.
        version: Pictures and labels.
        start: Bundle whose weights training starts from.
        plan: How it is carried out.
        on_record: Called whenever something is finished, an epoch at the least.

    Raises:
        BundleError: `start` holds no network that this release trains.
        UsageError: the version lacks training or validation pictures.
        RuntimeError: an exported network does not answer as the trained one does.
    """
    torch.set_num_threads(plan.threads)
    run = _Run(folder, record, version, start, plan, on_record)
    eyes = read_network(start)
    config = plan.space.gallery(seed=record.seed)
    missing = run.missing()
    if missing:
        prepared = prepare(
            version, start, eyes, folder / "work" / "views", config, threads=plan.threads
        )
        for number in missing:
            if number <= record.wanted:
                run.train(number, eyes, prepared)
            else:
                run.blend(number, eyes, prepared)
    run.end()
    return run.record


class _Run:
    """A run in progress: its record, on disk at every step, and its study."""

    def __init__(
        self,
        folder: Path,
        record: RunRecord,
        version: DatasetVersion,
        start: Bundle,
        plan: Plan,
        on_record: OnRecord,
    ) -> None:
        self.folder, self.record, self.version = folder, record, version
        self.start, self.plan, self.on_record = start, plan, on_record
        folder.mkdir(parents=True, exist_ok=True)
        for draft in folder.glob("candidates/.*"):  # of a process that was killed
            shutil.rmtree(draft)

    def missing(self) -> list[int]:
        """Return the numbers of the candidates that are not finished, the blend's last."""
        if self.record.finished_at is not None:
            return []
        wanted = self.record.wanted
        count = wanted + 1 if wanted > 1 else wanted
        found = [self.record.find(one) for one in range(1, count + 1)]
        return [
            number
            for number, one in enumerate(found, start=1)
            if one is None or one.outcome is None
        ]

    def keep(self, record: RunRecord) -> None:
        self.record = record
        replace_json(self.folder / RUN_FILE, record.model_dump(mode="json"))
        self.on_record(record)

    def train(self, number: int, eyes: Eyes, prepared: Prepared) -> None:
        """Draw numbers, train, export, write, record; in this order, so that none is half done."""
        with Study(self.folder / "study.db", self.record, self.plan.space) as study:
            numbers = study.ask(number)
        known = self.record.find(number)
        candidate = known or CandidateRecord(
            number=number, version=f"{self.record.name}.{number}", numbers=numbers
        )
        self.keep(self.record.put(candidate))
        state = self.folder / "work" / f"{number}.pt"
        lesson, course = self._lesson(numbers, prepared), self._course(numbers)
        watch = _Watch(self, candidate)
        trained = finetune(eyes, lesson, prepared.exam, course, state, on_epoch=watch.see)
        watch.candidate = watch.with_epochs(trained.epochs)
        _settle(trained.eyes, lesson)
        found = self._calibrate(trained.eyes, prepared)
        outcome = self._write(watch.candidate, trained, prepared, found)
        replace_file(self._network(number), partial(torch.save, trained.eyes.state_dict()))
        self.keep(self.record.put(watch.finish(outcome)))
        state.unlink(missing_ok=True)
        _log.info("candidate.finished", number=number, score=round(outcome.score, 4))

    def blend(self, number: int, eyes: Eyes, prepared: Prepared) -> None:
        """Blend what was trained into one more candidate, where two or more keep the floor.

        The blend is judged and calibrated as it is; then its members are trained once more, with
        the validation pictures, and the blend of these is what is written.
        """
        members = [
            one
            for one in self.record.candidates
            if one.number < number and one.outcome and one.outcome.score >= 0
        ]
        if len(members) < 2:
            return
        candidate = self.record.find(number) or CandidateRecord(
            number=number,
            version=f"{self.record.name}.{number}",
            numbers={},
            blend_of=tuple(one.number for one in members),
        )
        self.keep(self.record.put(candidate))
        watch = _Watch(self, candidate)
        judged = blend([self._read(eyes, one.number) for one in members])
        _settle(judged, self._lesson(members[0].numbers, prepared))
        score = examine(judged, prepared.exam, floor=self.plan.space.choice.placeholder_recall)
        found = self._calibrate(judged, prepared)
        mean = blend([self._refit(one, eyes, prepared, watch) for one in members])
        _settle(mean, self._lesson(members[0].numbers, prepared, shows_validation=True))
        loss = sum(_best(one).loss for one in members) / len(members)
        epoch = Epoch(number=1, loss=loss, score=score)
        watch.see(epoch)
        outcome = self._write(watch.candidate, Trained(mean, (epoch,)), prepared, found)
        self.keep(self.record.put(watch.finish(outcome)))
        _log.info("blend.finished", of=candidate.blend_of, score=round(outcome.score, 4))

    def _refit(
        self, member: CandidateRecord, eyes: Eyes, prepared: Prepared, watch: _Watch
    ) -> Eyes:
        """Train a candidate once more, with the validation pictures, up to its best epoch."""
        return refit(
            eyes,
            self._lesson(member.numbers, prepared, shows_validation=True),
            self._course(member.numbers),
            self.folder / "work" / f"{member.number}.again.pt",
            epochs=_best(member).number,
            on_epoch=watch.go_on,
        )

    def _read(self, eyes: Eyes, number: int) -> Eyes:
        network = copy.deepcopy(eyes)
        network.load_state_dict(torch.load(self._network(number), weights_only=True))
        return network

    def _network(self, number: int) -> Path:
        return self.folder / "work" / f"{number}.network.pt"

    def _lesson(
        self, numbers: dict[str, float], prepared: Prepared, *, shows_validation: bool = False
    ) -> Lesson:
        config = self.plan.space.gallery(seed=self.record.seed, numbers=numbers)
        shares = draw_shares(prepared, config, shows_validation=shows_validation)
        return Lesson(prepared.gallery.views, prepared.gallery.targets, shares)

    def _course(self, numbers: dict[str, float]) -> Course:
        space = self.plan.space
        return Course(
            learn=space.learning(numbers, seed=self.record.seed),
            epochs=space.training.epochs,
            patience=space.training.patience,
            floor=space.choice.placeholder_recall,
        )

    def _write(
        self, candidate: CandidateRecord, trained: Trained, prepared: Prepared, found: Numbers
    ) -> Outcome:
        """Export, compare, and put the bundle into its place."""
        eyes, truth, threads = trained.eyes, prepared.exam.targets, self.plan.threads
        model = export_onnx(eyes)
        parity = check_parity(eyes, model, prepared.squares[:_PARITY_PICTURES])
        precision, cost = Precision.FLOAT16, None
        if self.record.tries_int8 and len(prepared.squares) >= _ENOUGH:
            tried = try_int8(
                eyes,
                model,
                prepared.squares,
                truth,
                threads=threads,
                calibrate_on=prepared.typical,
            )
            cost = tried.cost
            if tried.is_worth_it:
                model, precision = tried.model, Precision.INT8
        best = trained.best
        outcome = Outcome(
            best_epoch=best.number,
            score=best.score.value,
            placeholders=_known(best.score.placeholders),
            precision=precision,
            parity=parity,
            int8_cost=cost,
            size_bytes=len(model),
            finished_at=datetime.now(UTC),
        )
        place = self.folder / "candidates" / str(candidate.number)
        manifest = bundle_manifest(self.record, candidate, self.version, found)
        card = write_card(self.record, candidate, outcome, self.version)
        items = trained_on(candidate, self.version)
        looks = summarize(b"".join(one.visual_key.grid for one in items))
        write_bundle(place, model, manifest, card, looks=looks)
        return outcome

    def _calibrate(self, eyes: Eyes, prepared: Prepared) -> Numbers:
        """Return temperatures and thresholds; where few pictures would tell, those of the start."""
        if len(prepared.squares) < _ENOUGH:
            told = self.start.manifest
            return Numbers(told.temperatures.model_dump(), told.thresholds.model_dump())
        answers = answer_on(eyes, prepared.exam.views)
        found = find_numbers(answers, prepared.exam.targets, prepared.is_render)
        highest = {name: min(found.thresholds[name], _MOST_SURE) for name in _REVIEWS}
        return Numbers(found.temperatures, found.thresholds | highest)

    def end(self) -> None:
        """Tell Optuna of the last, clear up, and say that the run is finished."""
        with Study(self.folder / "study.db", self.record, self.plan.space) as study:
            study.tell()
        shutil.rmtree(self.folder / "work", ignore_errors=True)
        if self.record.finished_at is None:
            self.keep(self.record.model_copy(update={"finished_at": datetime.now(UTC)}))


class _Watch:
    """Records the epochs of a candidate, and how long they took."""

    def __init__(self, run: _Run, candidate: CandidateRecord) -> None:
        self.run, self.candidate = run, candidate
        self.since = time.monotonic()

    def see(self, epoch: Epoch) -> None:
        earlier = [one for one in self.candidate.epochs if one.number < epoch.number]
        self.candidate = self._timed({"epochs": (*earlier, _record_epoch(epoch))})
        self.run.keep(self.run.record.put(self.candidate))

    def with_epochs(self, epochs: tuple[Epoch, ...]) -> CandidateRecord:
        """Return the candidate with all epochs: a kill may have come between state and record."""
        told = tuple(_record_epoch(one) for one in epochs)
        return self.candidate.model_copy(update={"epochs": told})

    def go_on(self, _epoch: Epoch) -> None:
        """Say that it goes on: an epoch of a member that is trained once more is nobody's own."""
        self.candidate = self._timed({})
        self.run.keep(self.run.record.put(self.candidate))

    def finish(self, outcome: Outcome) -> CandidateRecord:
        return self._timed({"outcome": outcome})

    def _timed(self, update: dict[str, object]) -> CandidateRecord:
        now = time.monotonic()
        spent, self.since = now - self.since, now
        seconds = round(self.candidate.seconds + spent, 1)
        return self.candidate.model_copy(update={**update, "seconds": seconds})


def _settle(eyes: Eyes, lesson: Lesson) -> None:
    """Settle whether paint is seen, where there are pictures of both."""
    shown: NDArray[np.float32] = lesson.targets.visible[lesson.shares > 0]
    if (shown == 1).any() and (shown == 0).any():
        settle_visible(eyes, lesson.views, lesson.targets, lesson.shares, count=_SETTLED_ON)


def _best(candidate: CandidateRecord) -> EpochRecord:
    """Return the epoch that a finished candidate is of."""
    number = candidate.outcome.best_epoch if candidate.outcome else 0
    return next(one for one in candidate.epochs if one.number == number)


def _record_epoch(epoch: Epoch) -> EpochRecord:
    score = epoch.score
    return EpochRecord(
        number=epoch.number,
        loss=round(epoch.loss, 5),
        score=score.value,
        image_type=_known(score.image_type),
        color=_known(score.color),
        placeholders=_known(score.placeholders),
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
