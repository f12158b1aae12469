"""The command line. One module per command group; heavy imports stand inside the commands."""

from __future__ import annotations

import errno
import io
import logging
import os
import sys
from contextlib import suppress
from typing import Annotated

import typer

from forecourt import __version__
from forecourt.cli import (
    audit,
    classify,
    conflicts,
    dataset,
    dataset_analyze,
    dataset_review,
    demo,
    doctor,
    evaluate,
    fix,
    gate,
    history,
    inspect,
    keys,
    models,
    monitor,
    oddities,
    plan,
    retag,
    serve,
    sitemap,
    tag,
    train,
    trials,
    users,
    webhooks,
)
from forecourt.cli.console import Farewell, farewell
from forecourt.core.errors import ForecourtError
from forecourt.core.logs import configure_logs

EXIT_USAGE = 2
EXIT_STOPPED = 130  # typer's own, after Ctrl-C
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}

app = typer.Typer(
    name="forecourt",
    help="Tag vehicle-inventory images by type and colour, and remember every correction.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001  # typer's callback signature
    if wanted:
        typer.echo(f"forecourt {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log what happens to standard error.")
    ] = False,
    json_logs: Annotated[bool, typer.Option("--json-logs", help="Log as JSON lines.")] = False,
) -> None:
    configure_logs(as_json=json_logs, level=logging.INFO if verbose else logging.WARNING)


app.command("demo")(demo.run)
app.command("classify")(classify.run)
app.command("tag")(tag.run)
app.command("export")(sitemap.export)
app.command("fix")(fix.fix)
app.command("revert")(fix.revert)
app.command("refuse")(fix.refuse)
app.command("history")(history.history)
app.command("import-fixes")(history.import_fixes)
app.command("conflicts")(conflicts.conflicts)
app.command("resolve")(conflicts.resolve)
app.command("oddities")(oddities.oddities)
app.command("misclassified")(oddities.misclassified)
app.command("monitor")(monitor.monitor)
app.command("train")(train.run)
app.command("evaluate")(evaluate.run)
dataset.app.command("rank")(dataset_review.rank)
dataset.app.command("review-export")(dataset_review.review_export)
dataset.app.command("review-import")(dataset_review.review_import)
dataset.app.command("keep")(dataset_review.keep)
dataset.app.command("drop")(dataset_review.drop)
dataset.app.command("relabel")(dataset_review.relabel)
dataset.app.command("analyze")(dataset_analyze.analyze)
app.add_typer(dataset.app, name="dataset")
models.app.command("gate")(gate.gate)
models.app.command("plan")(plan.plan)
models.app.command("retag")(retag.retag)
models.app.command("retags")(retag.retags)
models.app.command("cancel-retag")(retag.cancel_retag)
models.app.command("agreement")(trials.agreement)
models.app.command("disagreements")(trials.disagreements)
models.app.add_typer(trials.shadow_app, name="shadow")
models.app.add_typer(trials.canary_app, name="canary")
app.add_typer(models.app, name="models")
app.command("hosts")(inspect.hosts)
app.add_typer(keys.app, name="keys")
app.add_typer(users.app, name="users")
app.command("audit")(audit.audit)
app.command("serve")(serve.serve)
app.command("worker")(serve.worker)
app.add_typer(webhooks.app, name="webhooks")
app.command("doctor")(doctor.doctor)
app.command("migrate")(inspect.migrate_database)


def main() -> None:
    """Run the command line; errors of the user's making end in one line and exit code 2.

    Ctrl-C ends with 130 and a word. Typer itself ends quietly where the reader of our output went
    away.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # In any locale, as in files. A file name that is no UTF-8 comes escaped, as JSON wants.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    farewell.text = Farewell().text
    try:
        _run()
    except ForecourtError as error:
        typer.echo(f"forecourt: {error}", err=True)
        sys.exit(EXIT_USAGE)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        _drop_output()
        place = error.filename or "the output"
        advice = "Make room there, or write elsewhere, and run the same command again."
        typer.echo(f"forecourt: Cannot write {place}: {error.strerror}. {advice}", err=True)
        sys.exit(EXIT_USAGE)


def _run() -> None:
    try:
        app()
    except SystemExit as end:
        if end.code == EXIT_STOPPED:
            typer.echo(farewell.text, err=True)
        raise
    finally:
        try:
            sys.stdout.flush()  # here, where a full disk can still be told
        except BrokenPipeError:
            _drop_output()


def _drop_output() -> None:
    """Let what is left to be written go nowhere: Python would fail once more at its own end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
