"""Which runner goes with which database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecourt.core.errors import UsageError
from forecourt.jobs.embedded import EmbeddedRunner
from forecourt.jobs.engines import Engines
from forecourt.jobs.runner import Runner

if TYPE_CHECKING:
    from forecourt.jobs.queue import Worker


def make_runner(engines: Engines, *, scrapes_at_once: int | None) -> Runner:
    """Return the runner of a server.

    Args:
        engines: What to tag with.
        scrapes_at_once: In this process; None: as the settings say on SQLite, none on PostgreSQL.

    Raises:
        UsageError: nobody would ever tag anything, or the extra `postgres` is not installed.
    """
    workspace = engines.workspace
    if workspace.engine.dialect.name == "postgresql":
        _check_queue()
        from forecourt.jobs.queue import QueueRunner  # noqa: PLC0415  # Procrastinate is an extra
        from forecourt.jobs.queue_schema import install_queue  # noqa: PLC0415

        install_queue(workspace.engine)
        return QueueRunner(engines, scrapes_at_once=scrapes_at_once or 0)
    if scrapes_at_once == 0:
        raise UsageError(
            "On SQLite the server itself has to tag: give --workers 1 or more, or use PostgreSQL "
            "with `forecourt worker`."
        )
    return EmbeddedRunner(
        engines, scrapes_at_once=scrapes_at_once or workspace.settings.serve.scrapes_at_once
    )


def open_worker(engines: Engines, *, scrapes_at_once: int | None) -> Worker:
    """Return a worker for the queue on PostgreSQL, whose tables are made where they are not there.

    Raises:
        UsageError: the extra `postgres` is not installed.
        StoreError: the database cannot be used.
    """
    _check_queue()
    from forecourt.jobs.queue import Worker  # noqa: PLC0415
    from forecourt.jobs.queue_schema import install_queue  # noqa: PLC0415

    workspace = engines.workspace
    install_queue(workspace.engine)
    return Worker(
        engines, scrapes_at_once=scrapes_at_once or workspace.settings.serve.scrapes_at_once
    )


def _check_queue() -> None:
    try:
        import procrastinate  # noqa: F401, PLC0415
    except ImportError as error:
        raise UsageError(
            'A queue on PostgreSQL needs the extra `postgres`: pip install "forecourt[postgres]".'
        ) from error
