"""Processes die at random while scrapes run; `python -m benchmarks.kills` does it 200 times."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks.kills.__main__ import run


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="watches processes through /proc: NOT run")
@pytest.mark.parametrize(("database", "kills"), [("sqlite", 5), ("postgresql", 8)])
def test_what_was_accepted_is_finished_whatever_dies(
    database: str, kills: int, tiny_bundle: Path
) -> None:
    outcome = run(
        database,
        kills=kills,
        images=300,
        seed=os.getpid(),  # other moments in every run
        settings={"FORECOURT_VISION__BUNDLE": str(tiny_bundle)},
        pause_s=(0.3, 2.0),
    )
    assert outcome.wrong == []
    assert outcome.kills.total() == kills
    assert outcome.scrapes
    assert outcome.images == 300 * outcome.scrapes
    assert outcome.fixes
