"""Everything in one process, on SQLite: threads that do what the store says is unfinished."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack

import structlog

from forecourt.core.errors import ForecourtError, UsageError
from forecourt.jobs.engines import Engines
from forecourt.jobs.locks import only_run, only_server
from forecourt.jobs.retagging import EmbeddedRetagger
from forecourt.jobs.runner import attempt, pause_s
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.engine import reading
from forecourt.store.scrapes import Scrape
from forecourt.tagging import Ending

_log = structlog.get_logger(__name__)
_SWEEP_S = 5.0  # the command line stores scrapes too
_BUSY_PAUSE_S = 5.0  # another process is at this scrape


class EmbeddedRunner:
    """Tags unfinished scrapes, one at a time per advertiser, and carries out re-tags behind them.

    Nothing is remembered but the store.

    Args:
        engines: What to do it with.
        scrapes_at_once: Threads.

    Raises:
        UsageError: another server runs on this home folder (at `start`).
    """

    def __init__(self, engines: Engines, *, scrapes_at_once: int) -> None:
        self._engines = engines
        self._threads = [
            threading.Thread(target=self._work, name=f"tagging-{number}")
            for number in range(scrapes_at_once)
        ]
        self._lock = threading.Lock()
        self._wake = threading.Condition(self._lock)
        self._is_stopping = threading.Event()
        self._advertisers_at_work: set[str] = set()
        self._not_before: dict[int, float] = {}
        self._held = ExitStack()
        self._retagger = EmbeddedRetagger(engines)

    def submit(self, scrape: Scrape) -> None:
        """Wake a thread: the scrape stands in the store."""
        with self._wake:
            self._not_before.pop(scrape.id, None)
            self._wake.notify()

    def start(self) -> None:
        """Begin to work, with what an earlier process left unfinished."""
        self._held.enter_context(only_server(self._engines.workspace))
        for thread in self._threads:
            thread.start()
        self._retagger.start()

    def ask_to_stop(self) -> None:
        """Begin to end; threads that wait see it when they wake."""
        self._is_stopping.set()
        self._retagger.ask_to_stop()

    def stop(self) -> None:
        """End after the batches at hand."""
        self.ask_to_stop()
        with self._wake:
            self._wake.notify_all()
        for thread in self._threads:
            if thread.ident is not None:  # none has begun where another server holds the home
                thread.join()
        self._retagger.stop()
        self._held.close()

    def _work(self) -> None:
        while not self._is_stopping.is_set():
            scrape = self._take()
            if scrape is None:
                with self._wake:
                    if not self._is_stopping.is_set():
                        self._wake.wait(_SWEEP_S)
                continue
            pause = self._run(scrape)
            with self._wake:
                self._advertisers_at_work.discard(scrape.advertiser)
                if pause:
                    self._not_before[scrape.id] = time.monotonic() + pause
                self._wake.notify()  # a newer scrape of the advertiser may have waited

    def _take(self) -> Scrape | None:
        with self._lock:
            try:
                with reading(self._engines.workspace.engine) as connection:
                    unfinished = stored_scrapes.list_unfinished(connection)
            except ForecourtError as error:
                _log.error("scrapes.not_read", error=str(error))
                return None
            now = time.monotonic()
            for scrape in unfinished:
                is_due = self._not_before.get(scrape.id, now) <= now
                if is_due and scrape.advertiser not in self._advertisers_at_work:
                    self._advertisers_at_work.add(scrape.advertiser)
                    return scrape
            return None

    def _run(self, scrape: Scrape) -> float:
        """Run a scrape once; return how long to leave it alone before the next attempt."""
        workspace = self._engines.workspace
        try:
            with only_run(workspace, scrape.id):
                ending = attempt(self._engines, scrape.id, is_stopping=self._is_stopping.is_set)
        except UsageError as error:  # the command line is tagging it
            _log.info("scrape.busy", scrape_id=scrape.id, error=str(error))
            return _BUSY_PAUSE_S
        except Exception as error:  # noqa: BLE001  # `attempt` has logged it, and keeps it
            return pause_s(scrape.failures + 1, error)
        return 0.0 if ending is not Ending.STOPPED else _BUSY_PAUSE_S
