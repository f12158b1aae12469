"""`forecourt serve` and `forecourt worker`: what runs in production."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from typing import Annotated

import typer

from forecourt.cli.console import err
from forecourt.core.errors import UsageError
from forecourt.core.logs import configure_logs
from forecourt.core.settings import Settings

_Database = Annotated[
    str | None, typer.Option("--database", help="Database URL; default: FORECOURT_DATABASE.")
]


def serve(
    ctx: typer.Context,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on.")] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65_535, help="Port to listen on.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            min=0,
            max=256,
            help="Scrapes tagged at once in this process; on PostgreSQL 0, for `worker` does it.",
        ),
    ] = None,
    database: _Database = None,
) -> None:
    """Serve the API; on SQLite the same process tags what comes in."""
    from forecourt.web.serve import serve as serve_until_told

    settings = _settings(database)
    changes = {"host": host, "port": port}
    given = {name: value for name, value in changes.items() if value is not None}
    settings = settings.model_copy(update={"serve": settings.serve.model_copy(update=given)})
    _log_at_info(ctx)
    err.print(
        f"Serving on http://{settings.serve.host}:{settings.serve.port}; Ctrl-C ends it.",
        highlight=False,
    )
    serve_until_told(settings, scrapes_at_once=workers)


def worker(
    ctx: typer.Context,
    concurrency: Annotated[
        int | None,
        typer.Option("--concurrency", min=1, max=256, help="Scrapes tagged at once."),
    ] = None,
    metrics_port: Annotated[
        int | None,
        typer.Option("--metrics-port", min=0, max=65_535, help="Serve /metrics here; 0: any port."),
    ] = None,
    metrics_host: Annotated[
        str, typer.Option("--metrics-host", help="Address that metrics are served on.")
    ] = "127.0.0.1",
    database: _Database = None,
) -> None:
    """Tag what servers accept; any number of these on one PostgreSQL, on any machine."""
    from forecourt.jobs.ending import end_when_told
    from forecourt.jobs.engines import open_engines
    from forecourt.jobs.hooks import sending_webhooks
    from forecourt.jobs.workspace import open_workspace, wait_for_store

    settings = _settings(database)
    if not settings.database_url.startswith("postgresql"):
        raise UsageError(
            "Workers need PostgreSQL: give --database or set FORECOURT_DATABASE. On SQLite, "
            "`forecourt serve` does all of it in one process."
        )
    from forecourt.jobs.runners import open_worker
    from forecourt.jobs.watch import following_registry

    _log_at_info(ctx)
    wait_for_store(settings)
    with ExitStack() as stack:
        workspace = stack.enter_context(open_workspace(settings))
        engines = stack.enter_context(open_engines(workspace))
        if metrics_port is not None:
            served = stack.enter_context(engines.metrics.served(metrics_host, metrics_port))
            err.print(f"Metrics on http://{metrics_host}:{served}/metrics.", highlight=False)
        taking = open_worker(engines, scrapes_at_once=concurrency)
        end_when_told(taking.stop)
        err.print("Taking jobs; Ctrl-C ends after the batch at hand.", highlight=False)
        with following_registry(engines), sending_webhooks(workspace):
            taking.run()


def _settings(database: str | None) -> Settings:
    settings = Settings()
    return settings if database is None else settings.model_copy(update={"database": database})


def _log_at_info(ctx: typer.Context) -> None:
    """What runs for days says what it does, also where nobody asked for it."""
    root = ctx.find_root().params
    configure_logs(as_json=bool(root.get("json_logs")), level=logging.INFO)
