"""In which order the gate is asked about candidates."""

from __future__ import annotations

from datetime import UTC, datetime

from forecourt.core.runs import CandidateRecord, Outcome, Precision, RunRecord

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def candidate(number: int, score: float | None, *, of: tuple[int, ...] = ()) -> CandidateRecord:
    outcome = None
    if score is not None:
        outcome = Outcome(
            best_epoch=1, score=score, placeholders=1.0, precision=Precision.FLOAT16,
            parity=0.0, int8_cost=None, size_bytes=1, finished_at=NOW,
        )  # fmt: skip
    return CandidateRecord(
        number=number, version=f"run.{number}", numbers={}, blend_of=of, outcome=outcome
    )


def ranked(*candidates: CandidateRecord) -> list[int]:
    record = RunRecord(
        name="run", dataset="v1", dataset_sha256="", start="m", start_sha256="", wanted=3,
        seed=1, space={}, started_at=NOW, candidates=candidates,
    )  # fmt: skip
    assert record.best() == next(iter(record.ranked()), None)
    return [one.number for one in record.ranked()]


def test_the_blend_comes_first_and_then_the_highest_score() -> None:
    trained = candidate(1, 0.8), candidate(2, 0.9), candidate(3, 0.8)
    assert ranked(*trained, candidate(4, 0.7, of=(1, 2, 3))) == [4, 2, 1, 3]


def test_a_blend_that_misses_the_floor_ranks_by_its_score() -> None:
    assert ranked(candidate(1, -0.2), candidate(2, 0.6), candidate(3, -0.1, of=(1, 2))) == [2, 3, 1]


def test_what_is_not_finished_is_not_asked_about() -> None:
    assert ranked(candidate(1, None)) == []
    assert ranked(candidate(1, None), candidate(2, 0.1)) == [2]
