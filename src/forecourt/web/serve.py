"""The process: opens everything, serves until it is told to end, and drains."""

from __future__ import annotations

import gc
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import structlog
import uvicorn
from fastapi import FastAPI

from forecourt.core.rate_limit import RateLimiter
from forecourt.core.settings import Settings
from forecourt.jobs.asking import Asker
from forecourt.jobs.ending import end_when_told
from forecourt.jobs.engines import Engines, open_engines
from forecourt.jobs.hooks import sending_webhooks
from forecourt.jobs.pictures import Pictures
from forecourt.jobs.runner import Runner
from forecourt.jobs.runners import make_runner
from forecourt.jobs.watch import following_registry
from forecourt.jobs.workspace import open_workspace, wait_for_store
from forecourt.web.app import create_app
from forecourt.web.service import Service

_log = structlog.get_logger(__name__)
_DRAIN_S = 30  # for requests in flight


class _Server(uvicorn.Server):
    """Leaves signals to us: by itself it would let SIGTERM end the process before jobs end."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say where: port 0 is any that is free."""
        await super().startup(sockets)
        for server in self.servers:
            for one in server.sockets:
                address, port, *_ = one.getsockname()
                _log.info("server.listening", host=address, port=port)

    def ask_to_end(self) -> None:
        """Answer the requests in flight, and take no more."""
        self.should_exit = True


@contextmanager
def open_service(engines: Engines, runner: Runner) -> Iterator[Service]:
    """Return what the server answers with; the runner is the caller's to start and stop."""
    limits = engines.workspace.settings.access
    limiter = RateLimiter(per_minute=limits.rate_per_minute, burst=limits.rate_burst)
    with ThreadPoolExecutor(1, thread_name_prefix="chores") as chores:
        yield Service(
            engines=engines,
            runner=runner,
            limiter=limiter,
            asker=Asker(engines),
            pictures=Pictures(
                engines.fetcher, max_pixels=engines.workspace.settings.vision.max_pixels
            ),
            chores=chores,
        )


def serve(settings: Settings, *, scrapes_at_once: int | None) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        settings: All of them.
        scrapes_at_once: Scrapes that this process tags at once; None: as many as the settings say
            on SQLite, none on PostgreSQL, where workers do it.

    Raises:
        UsageError: another server runs on this home folder (SQLite).
        StoreError: the database cannot be used.
    """
    wait_for_store(settings)
    with open_workspace(settings) as workspace, open_engines(workspace) as engines:
        engines.metrics.watch_queue(workspace.engine)
        runner = make_runner(engines, scrapes_at_once=scrapes_at_once)
        try:
            with open_service(engines, runner) as service:
                server = _make_server(settings, create_app(service))

                def ask_to_end() -> None:
                    server.ask_to_end()
                    runner.ask_to_stop()  # requests in flight may wait for what a scrape holds

                end_when_told(ask_to_end)
                runner.start()
                with following_registry(engines), sending_webhooks(workspace):
                    spare_what_stays()
                    server.run()
        finally:
            runner.stop()


def spare_what_stays() -> None:
    """Let the garbage collector leave alone what was made at the start: it stays to the end.

    A full pass over it holds up every request for a tenth of a second, some times a minute.
    """
    gc.collect()
    gc.freeze()


def _make_server(settings: Settings, app: FastAPI) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            host=settings.serve.host,
            port=settings.serve.port,
            log_config=None,
            access_log=False,  # `web.requests` writes its own, without query strings
            server_header=False,
            timeout_graceful_shutdown=_DRAIN_S,
        )
    )
