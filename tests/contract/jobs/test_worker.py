"""A worker ends when it is told to, however early that is."""

from __future__ import annotations

import threading

import pytest

from forecourt.jobs.engines import Engines
from forecourt.jobs.queue import Worker
from tests.contract.jobs.conftest import PATIENCE_S


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_worker_that_is_told_to_end_as_it_begins_ends(engines: Engines) -> None:
    for place in range(40):  # cancelled in place of told, one of some thirty went on for ever
        worker = Worker(engines, scrapes_at_once=2)
        thread = threading.Thread(target=worker.run, daemon=True)
        thread.start()
        thread.join(0.004 * place)
        worker.stop()
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), f"told after {0.004 * place:.3f} s, it goes on"


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_worker_that_was_told_before_it_begins_never_does(engines: Engines) -> None:
    worker = Worker(engines, scrapes_at_once=2)
    worker.stop()
    worker.run()
