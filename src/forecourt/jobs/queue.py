"""Many processes on PostgreSQL: Procrastinate claims jobs, retries them, and finds dead workers.

A job is one scrape, or one re-tag. What it is to do stands in the store, so a job that is lost,
doubled or run again does no harm: a sweep submits whatever is unfinished and has none. The
functions that run in a worker's event loop are asynchronous because Procrastinate's are; the work
itself is not.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import procrastinate
import procrastinate.worker
import sqlalchemy as sa
import structlog
from procrastinate.exceptions import AlreadyEnqueued, UniqueViolation
from procrastinate.job_context import JobContext
from procrastinate.jobs import Job, Status
from procrastinate.retry import BaseRetryStrategy, RetryDecision

from forecourt.core.trials import UNFINISHED, Retag
from forecourt.jobs.engines import Engines
from forecourt.jobs.monitoring import run_monitor
from forecourt.jobs.retagging import attempt_retag, claim_of
from forecourt.jobs.runner import attempt, pause_s
from forecourt.store import retags as stored_retags
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.engine import reading
from forecourt.store.scrapes import Scrape
from forecourt.tagging import Ending

_log = structlog.get_logger(__name__)
_SCRAPES = "scrapes"
_RETAGS = "retags"
_UPKEEP = "upkeep"
_TAG = "tag"
_RETAG = "retag"
_HEARTBEAT_S = 3.0
_STALLED_S = 12.0  # a job that was only slow to say so is run twice, which does no harm
_EVERY_FIVE_SECONDS = "* * * * * */5"
_NIGHTLY = "17 3 * * *"
_NIGHTLY_LOOK = "37 3 * * *"
_KEPT_HOURS = 72
_RECONNECT_S = 1.0
_GRACE_S = 0.5  # then the jobs are asked to stop, and waited for


class _StoppedError(Exception):
    """The worker is going down; another takes the job up."""


class _Again(BaseRetryStrategy):
    """Nothing is ever given up: it was accepted."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        if isinstance(exception, _StoppedError):
            return RetryDecision(retry_at=datetime.now(UTC))
        wait = timedelta(seconds=pause_s(job.attempts + 1, exception))
        return RetryDecision(retry_at=datetime.now(UTC) + wait)


class _Elsewhere(BaseRetryStrategy):
    """What a stopping worker ended goes on with another; a failure waits for the next night."""

    def get_retry_decision(
        self,
        *,
        exception: BaseException,
        job: Job,  # noqa: ARG002  # Procrastinate's signature
    ) -> RetryDecision | None:
        if isinstance(exception, _StoppedError):
            return RetryDecision(retry_at=datetime.now(UTC))
        return None


class Queue:
    """Submits scrapes to the workers. Safe to use from several threads.

    Args:
        url: The store's URL.
    """

    def __init__(self, url: str) -> None:
        connector = procrastinate.SyncPsycopgConnector(
            conninfo=_conninfo(url), min_size=0, max_size=4
        )
        self._app = procrastinate.App(connector=connector)
        self._app.open()

    def submit(self, scrape: Scrape) -> None:
        """Have a scrape tagged; one that is waiting already is left as it is."""
        lock = _lock_of(scrape)
        for job in self._app.job_manager.list_jobs(lock=lock, status=Status.TODO.value):
            # A newer scrape takes the place of earlier ones; their jobs would only be in its way.
            if job.queueing_lock != _name_of(scrape) and job.id is not None:
                self._app.job_manager.cancel_job_by_id(job.id)
        task = self._app.configure_task(
            name=_TAG,
            queue=_SCRAPES,
            lock=lock,
            queueing_lock=_name_of(scrape),
            priority=scrape.priority,
        )
        try:
            task.defer(scrape_id=scrape.id)
        except AlreadyEnqueued:
            return

    def sweep(self, scrapes: list[Scrape]) -> int:
        """Submit those that have no job, and return how many these were."""
        left = [scrape for scrape in scrapes if not self._has_job(_name_of(scrape))]
        for scrape in left:
            self.submit(scrape)
        return len(left)

    def sweep_retags(self, retags: list[Retag]) -> None:
        """Submit those that have no job. One at a time is carried out, on whichever machine."""
        for retag in retags:
            name = claim_of(retag.id)
            if self._has_job(name):
                continue
            task = self._app.configure_task(
                name=_RETAG, queue=_RETAGS, lock=_RETAGS, queueing_lock=name
            )
            try:
                task.defer(retag_id=retag.id)
            except AlreadyEnqueued:
                continue

    def _has_job(self, name: str) -> bool:
        jobs = self._app.job_manager.list_jobs(queueing_lock=name)
        return any(job.status in {Status.TODO.value, Status.DOING.value} for job in jobs)

    def close(self) -> None:
        """Close the connections."""
        self._app.close()


class Worker:
    """Takes jobs from the queue until it is stopped, through failures of the database.

    Args:
        engines: What to do them with.
        scrapes_at_once: Threads.
    """

    def __init__(
        self,
        engines: Engines,
        *,
        scrapes_at_once: int,
    ) -> None:
        self._engines = engines
        self._scrapes_at_once = scrapes_at_once
        self._url = engines.workspace.settings.database_url
        self._is_stopping = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._taking: list[procrastinate.worker.Worker] = []

    def run(self) -> None:
        """Work until `stop` is called; returns when nothing runs any more."""
        while not self._is_stopping.is_set():
            try:
                asyncio.run(self._work())
            except Exception as error:  # noqa: BLE001  # whatever it is, accepted work goes on
                _log.error("worker.broke_off", error=f"{type(error).__name__}: {error}")
                self._is_stopping.wait(_RECONNECT_S)

    def stop(self) -> None:
        """End after the batches at hand; may be called from any thread or signal handler."""
        self._is_stopping.set()
        if (loop := self._loop) is not None:
            loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        for one in self._taking:
            one.stop()  # type: ignore[no-untyped-call]

    async def _work(self) -> None:
        # Nothing here is cancelled: with Python 3.11, what talks to the database just then can
        # swallow that, and would take jobs for ever. Those that take jobs are told to stop, and a
        # database that does not answer is given up after the half minute that its pool waits.
        app = _make_app(self._url, self._engines, self._is_stopping.is_set)
        self._loop = asyncio.get_running_loop()
        try:
            async with app.open_async():
                if not self._is_stopping.is_set():
                    await self._take(app)
        finally:
            self._loop = None

    async def _take(self, app: procrastinate.App) -> None:
        # Each has a worker of its own: upkeep must not wait for a scrape to end, nor scrapes for a
        # re-tag, nor the sweep for the monitor.
        taking = [
            procrastinate.worker.Worker(
                app,
                queues=[queue],
                name=queue,
                concurrency=concurrency,
                install_signal_handlers=False,
                update_heartbeat_interval=_HEARTBEAT_S,
                stalled_worker_timeout=_STALLED_S,
                fetch_job_polling_interval=2.0,
                shutdown_graceful_timeout=_GRACE_S,
            )
            for queue, concurrency in (
                (_SCRAPES, self._scrapes_at_once),
                (_RETAGS, 1),
                (_UPKEEP, 2),
            )
        ]
        tasks = [asyncio.create_task(one.run()) for one in taking]  # type: ignore[no-untyped-call]
        await asyncio.sleep(0)  # each has begun: none forgets any more that it was told
        self._taking = taking
        try:
            if not self._is_stopping.is_set():
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._end()
            endings = await asyncio.gather(*tasks, return_exceptions=True)
            self._taking = []
        for error in endings:
            if isinstance(error, BaseException):
                raise error


class QueueRunner:
    """Submits to the queue; with `scrapes_at_once` above 0 it works in this process too."""

    def __init__(
        self,
        engines: Engines,
        *,
        scrapes_at_once: int,
    ) -> None:
        self._queue = Queue(engines.workspace.settings.database_url)
        self._worker = Worker(engines, scrapes_at_once=scrapes_at_once)
        self._thread = threading.Thread(target=self._worker.run, name="queue")
        self._has_worker = scrapes_at_once > 0

    def submit(self, scrape: Scrape) -> None:
        """Put a scrape into the queue."""
        self._queue.submit(scrape)

    def start(self) -> None:
        """Begin to work, where this process is to work at all."""
        if self._has_worker:
            self._thread.start()

    def ask_to_stop(self) -> None:
        """Begin to end the work in this process; scrapes can still be submitted."""
        self._worker.stop()

    def stop(self) -> None:
        """End after the batches at hand, and close the queue."""
        self.ask_to_stop()
        if self._thread.ident is not None:
            self._thread.join()
        self._queue.close()


def _make_app(
    url: str,
    engines: Engines,
    is_stopping: Callable[[], bool],
) -> procrastinate.App:
    connector = procrastinate.PsycopgConnector(conninfo=_conninfo(url), min_size=1, max_size=8)
    app = procrastinate.App(connector=connector)

    @app.task(name=_TAG, queue=_SCRAPES, retry=_Again(), pass_context=True)
    def tag(context: JobContext, scrape_id: int) -> str:
        # A worker that has lost its database ends too, and must not hold its jobs to their end:
        # it sends no sign of life any more, and others take them up.
        ending = attempt(
            engines, scrape_id, is_stopping=lambda: is_stopping() or context.should_abort()
        )
        if ending is Ending.STOPPED:
            raise _StoppedError
        return ending

    @app.task(name=_RETAG, queue=_RETAGS, retry=_Again(), pass_context=True)
    def retag(context: JobContext, retag_id: int) -> str:
        status = attempt_retag(
            engines.workspace,
            engines.claims,
            retag_id,
            is_stopping=lambda: is_stopping() or context.should_abort(),
        )
        if status in UNFINISHED:
            raise _StoppedError
        return status or "somebody else is at it"

    _add_upkeep(app, url, engines, is_stopping)
    return app


def _add_upkeep(
    app: procrastinate.App, url: str, engines: Engines, is_stopping: Callable[[], bool]
) -> None:
    @app.periodic(cron=_EVERY_FIVE_SECONDS)
    @app.task(name="sweep", queue=_UPKEEP, queueing_lock="sweep")
    async def sweep(timestamp: int) -> None:  # noqa: ARG001  # Procrastinate's signature
        manager = app.job_manager
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=_STALLED_S):
            _log.warning("job.taken_up_again", job_id=job.id, task=job.task_name)
            try:
                await manager.retry_job(job)
            except UniqueViolation:
                # The scrape was submitted again meanwhile: that job waits for this one's lock.
                await manager.finish_job(job, status=Status.FAILED, delete_job=False)
        await asyncio.to_thread(_sweep, url, engines)

    @app.periodic(cron=_NIGHTLY)
    @app.task(name="forget", queue=_UPKEEP, queueing_lock="forget")
    async def forget(timestamp: int) -> None:  # noqa: ARG001  # Procrastinate's signature
        await app.job_manager.delete_old_jobs(
            nb_hours=_KEPT_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
        )

    def end_if_stopping(_done: int, _total: int) -> None:
        if is_stopping():
            raise _StoppedError

    @app.periodic(cron=_NIGHTLY_LOOK)
    @app.task(name="monitor", queue=_UPKEEP, queueing_lock="monitor", retry=_Elsewhere())
    async def monitor(timestamp: int) -> None:  # noqa: ARG001  # Procrastinate's signature
        workspace = engines.workspace
        await asyncio.to_thread(
            run_monitor, workspace.engine, workspace.settings, on_progress=end_if_stopping
        )


def _sweep(url: str, engines: Engines) -> None:
    with reading(engines.workspace.engine) as connection:
        unfinished = stored_scrapes.list_unfinished(connection)
        retags = stored_retags.list_unfinished(connection)
    queue = Queue(url)
    try:
        count = queue.sweep(unfinished)
        queue.sweep_retags(retags)
    finally:
        queue.close()
    if count:
        _log.warning("scrapes.submitted_again", count=count)


def _lock_of(scrape: Scrape) -> str:
    return f"advertiser:{scrape.advertiser}"


def _name_of(scrape: Scrape) -> str:
    return f"scrape:{scrape.id}"


def _conninfo(url: str) -> str:
    return sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
