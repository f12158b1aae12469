"""A server on a free port, in a thread of this process."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import uvicorn

from forecourt import access
from forecourt.core.records import Role
from forecourt.core.settings import Settings
from forecourt.jobs.embedded import EmbeddedRunner
from forecourt.jobs.engines import open_engines
from forecourt.jobs.workspace import open_workspace
from forecourt.store.engine import writing
from forecourt.web.app import create_app
from forecourt.web.serve import open_service
from forecourt.web.service import Service
from tests.support.gate import make_admin


@contextmanager
def listening(service: Service) -> Iterator[str]:
    """Answer requests; yield the address."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        config = uvicorn.Config(create_app(service), log_config=None, lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([one],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{one.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def serving(settings: Settings) -> Iterator[tuple[str, str]]:
    """Serve on SQLite, and tag; yield the address and the token of an admin's key."""
    with open_workspace(settings) as workspace, open_engines(workspace) as engines:
        new = access.NewKey(name="docs", role=Role.ADMIN)
        with writing(workspace.engine) as connection:
            _key, token = access.create_key(connection, make_admin(), new, now=datetime.now(UTC))
        runner = EmbeddedRunner(engines, scrapes_at_once=1)
        with open_service(engines, runner) as service:
            try:
                with listening(service) as address:
                    runner.start()
                    yield address, token
            finally:
                runner.stop()
