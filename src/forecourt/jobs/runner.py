"""What sees to it that every accepted scrape is finished, whatever dies meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import structlog

from forecourt.core.errors import StoreError
from forecourt.core.logs import redacted
from forecourt.jobs.alarms import raise_on_failure
from forecourt.jobs.engines import Engines
from forecourt.jobs.tasks import find_scrape, run_scrape
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.engine import writing
from forecourt.store.scrapes import Scrape
from forecourt.tagging import Ending

_log = structlog.get_logger(__name__)
_LONGEST_PAUSE_S = 30
_STORE_PAUSE_S = 2


class Runner(Protocol):
    """Has scrapes tagged: in this process, or by the workers of a queue."""

    def submit(self, scrape: Scrape) -> None:
        """Have a scrape tagged that stands in the store. Safe to repeat.

        Where this fails or is never reached, a sweep over the store finds the scrape all the same.
        """

    def start(self) -> None:
        """Begin to work; returns at once."""

    def ask_to_stop(self) -> None:
        """Begin to end after the batches at hand; returns at once. Safe in a signal handler."""

    def stop(self) -> None:
        """End after the batches at hand; what is left is kept. Returns when nothing runs."""


def attempt(engines: Engines, scrape_id: int, *, is_stopping: Callable[[], bool]) -> Ending:
    """Run a scrape once; where that breaks off, keep why with the scrape."""
    log = _log.bind(scrape_id=scrape_id)
    log.info("scrape.started")
    try:
        tally, ending = run_scrape(
            engines,
            scrape_id,
            is_stopping=is_stopping,
            on_progress=engines.metrics.tallied(),
        )
    except Exception as error:
        log.exception("scrape.broke_off")
        with writing(engines.workspace.engine) as connection:
            text = redacted(f"{type(error).__name__}: {error}")
            stored_scrapes.note_failure(connection, scrape_id, text)
            raise_on_failure(connection, find_scrape(connection, scrape_id))
        raise
    log.info("scrape.ended", ending=str(ending), done=tally.done, skipped=tally.skipped.total())
    return ending


def pause_s(failures: int, error: BaseException) -> int:
    """Return how long to wait before a scrape is tried again.

    Args:
        failures: How often it has broken off.
        error: What it broke off with the last time. A database that is away is no fault of the
            scrape, and is mostly back soon.
    """
    if isinstance(error, StoreError):
        return _STORE_PAUSE_S
    return min(1 << min(failures, 10), _LONGEST_PAUSE_S)
