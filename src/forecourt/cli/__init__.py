"""The command line. One module per command group; heavy imports stand inside the commands."""

from __future__ import annotations

import io
import logging
import sys
from typing import Annotated

import typer

from forecourt import __version__
from forecourt.cli import (
    classify,
    conflicts,
    demo,
    evaluate,
    fix,
    history,
    inspect,
    oddities,
    sitemap,
    tag,
)
from forecourt.core.errors import ForecourtError
from forecourt.core.logs import configure_logs

EXIT_USAGE = 2

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
app.command("evaluate")(evaluate.run)
app.command("hosts")(inspect.hosts)
app.command("migrate")(inspect.migrate_database)


def main() -> None:
    """Run the command line; errors of the user's making end in one line and exit code 2.

    Typer itself ends with 130 after Ctrl-C, and quietly where the reader of our output went away.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # In any locale, as in files. A file name that is no UTF-8 comes escaped, as JSON wants.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        app()
    except ForecourtError as error:
        typer.echo(f"forecourt: {error}", err=True)
        sys.exit(EXIT_USAGE)
