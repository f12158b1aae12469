from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'train'")

from forecourt.train import finetune as module  # noqa: E402
from forecourt.train.finetune import (  # noqa: E402
    Course,
    Epoch,
    Exam,
    Score,
    examine,
    finetune,
    refit,
)
from forecourt.train.learn import LearnConfig  # noqa: E402
from forecourt.train.targets import PLACEHOLDER  # noqa: E402
from tests.support.lessons import (  # noqa: E402
    every_answer,
    noisy_lesson,
    noisy_network,
    noisy_views,
)

pytestmark = pytest.mark.torch


class KilledError(Exception):
    """The process died here."""


def course(epochs: int = 3, patience: int = 9) -> Course:
    learn = LearnConfig(steps=2 * epochs, batch=4, average=0.5)
    return Course(learn=learn, epochs=epochs, patience=patience, floor=0.0)


def test_what_was_killed_goes_on_with_the_very_same_steps(tmp_path: Path) -> None:
    lesson, exam = noisy_lesson()
    start = noisy_network()
    whole = finetune(start, lesson, exam, course(), tmp_path / "whole.pt")

    def kill(epoch: Epoch) -> None:
        if epoch.number == 2:
            raise KilledError

    state = tmp_path / "state.pt"
    with pytest.raises(KilledError):
        finetune(start, lesson, exam, course(), state, on_epoch=kill)
    done_again: list[int] = []
    resumed = finetune(
        start, lesson, exam, course(), state, on_epoch=lambda one: done_again.append(one.number)
    )
    assert done_again == [3]
    assert resumed.epochs == whole.epochs
    for one, other in zip(
        resumed.eyes.state_dict().values(), whole.eyes.state_dict().values(), strict=True
    ):
        assert torch.equal(one, other)


def test_a_kill_while_the_state_is_written_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lesson, exam = noisy_lesson()
    state = tmp_path / "state.pt"
    save, calls = torch.save, []

    def die_half_way(document: object, path: Path) -> None:
        calls.append(path)
        if len(calls) == 2:
            path.write_bytes(b"half")
            raise KilledError
        save(document, path)

    monkeypatch.setattr(module.torch, "save", die_half_way)
    with pytest.raises(KilledError):
        finetune(noisy_network(), lesson, exam, course(), state)
    monkeypatch.undo()
    seen: list[int] = []
    finetune(
        noisy_network(), lesson, exam, course(), state, on_epoch=lambda one: seen.append(one.number)
    )
    assert seen == [2, 3]


def test_training_changes_the_ends_and_leaves_the_trunk(tmp_path: Path) -> None:
    lesson, exam = noisy_lesson()
    start = noisy_network()
    before = {name: one.clone() for name, one in start.state_dict().items()}
    trained = finetune(start, lesson, exam, course(), tmp_path / "state.pt").eyes.state_dict()
    assert all(torch.equal(one, before[name]) for name, one in start.state_dict().items())
    changed = {
        name.split(".")[0] for name in before if not torch.equal(before[name], trained[name])
    }
    assert changed == {"blocks", "type_end", "paint_end"}


def test_it_ends_when_nothing_gets_better_and_keeps_the_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = iter([0.5, 0.7, 0.6, 0.65, 0.9])

    def score(*_given: object, **_named: object) -> Score:
        return Score(value=next(values), image_type=0.5, color=0.5, placeholders=1.0)

    monkeypatch.setattr(module, "examine", score)
    lesson, exam = noisy_lesson()
    trained = finetune(noisy_network(), lesson, exam, course(9, patience=2), tmp_path / "state.pt")
    assert [one.score.value for one in trained.epochs] == [0.5, 0.7, 0.6, 0.65]
    assert trained.best.number == 2


def test_refit_goes_the_way_of_its_candidate_and_ends_at_the_best_epoch(tmp_path: Path) -> None:
    lesson, exam = noisy_lesson()
    start = noisy_network()
    trained = finetune(start, lesson, exam, course(1), tmp_path / "state.pt")
    again = refit(start, lesson, course(1), tmp_path / "again.pt", epochs=1)
    same, other = trained.eyes.state_dict(), again.state_dict()
    assert all(torch.equal(one, other[name]) for name, one in same.items())
    seen: list[Epoch] = []
    refit(start, lesson, course(3), tmp_path / "two.pt", epochs=2, on_epoch=seen.append)
    assert [one.number for one in seen] == [1, 2]
    assert all(math.isnan(one.score.color) for one in seen)


def test_refit_that_was_killed_goes_on_with_the_very_same_steps(tmp_path: Path) -> None:
    lesson, _exam = noisy_lesson()
    start = noisy_network()
    whole = refit(start, lesson, course(), tmp_path / "whole.pt", epochs=3).state_dict()

    def kill(epoch: Epoch) -> None:
        if epoch.number == 2:
            raise KilledError

    state = tmp_path / "state.pt"
    with pytest.raises(KilledError):
        refit(start, lesson, course(), state, epochs=3, on_epoch=kill)
    done_again: list[int] = []
    resumed = refit(
        start, lesson, course(), state, epochs=3, on_epoch=lambda one: done_again.append(one.number)
    )
    assert done_again == [3]
    assert all(torch.equal(one, whole[name]) for name, one in resumed.state_dict().items())


@pytest.mark.parametrize(("floor", "is_below"), [(0.0, False), (1.01, True)])
def test_below_the_floor_on_placeholders_every_score_is_below_zero(
    floor: float, *, is_below: bool
) -> None:
    _lesson, exam = noisy_lesson()
    score = examine(noisy_network(), exam, floor=floor)
    assert (score.value < 0) is is_below
    if is_below:
        assert score.value == pytest.approx(score.placeholders - 1)
    else:
        assert score.value == pytest.approx((score.image_type + score.color) / 2)


def test_without_placeholders_there_is_no_floor() -> None:
    truth = every_answer(6)
    kept = np.flatnonzero(truth.image_type != PLACEHOLDER)
    exam = Exam(noisy_views(6).take(kept), truth.take(kept))
    assert examine(noisy_network(), exam, floor=1.0).value >= 0
