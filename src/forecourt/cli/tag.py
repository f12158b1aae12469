"""`forecourt tag`: a feed in, a sitemap out."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from forecourt.cli.console import counted, err, farewell, out, summary_table, tagging_progress
from forecourt.cli.sitemap import write_sitemap
from forecourt.core.errors import UsageError
from forecourt.core.exports import ExportFormat
from forecourt.core.logs import without_query
from forecourt.core.records import RefusedRow
from forecourt.core.settings import Settings

if TYPE_CHECKING:
    from forecourt.jobs.workspace import Workspace
    from forecourt.store.scrapes import Scrape
    from forecourt.tagging import Tally

_SHOWN_REFUSALS = 20
_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


def run(
    feed: Annotated[str, typer.Argument(help="Scrape JSON, Google, Meta or dealer feed: a file.")],
    advertiser: Annotated[
        str | None, typer.Option("--advertiser", "-a", help="Whose inventory it is.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Write the sitemap here (.json, .csv, .google.tsv or .meta.csv)."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 where an image was skipped.")
    ] = False,
    allow_empty: Annotated[
        bool,
        typer.Option("--allow-empty", help="A feed without vehicles means an empty inventory."),
    ] = False,
) -> None:
    """Tag an inventory: identify every image, fetch and classify the unknown ones.

    Interrupted, the same command goes on where it stopped.
    """
    from forecourt.jobs.locks import only_run
    from forecourt.jobs.tasks import accept_feed
    from forecourt.jobs.workspace import open_workspace

    path = _find_file(feed)
    export_format = ExportFormat.of(output) if output else None  # before any work is done
    refused: list[RefusedRow] = []
    with open_workspace(Settings()) as workspace:
        try:
            accepted = accept_feed(
                workspace,
                path,
                advertiser=advertiser,
                on_refused=refused.append,
                allow_empty=allow_empty,
            )
        finally:
            _report_refused(refused)  # also of a feed that turns out to be unreadable further on
        scrape = accepted.scrape
        with only_run(workspace, scrape.id):
            if accepted.is_resumed:
                err.print("Going on with the interrupted run of this feed.")
            started = time.monotonic()
            tally = _tag(workspace, scrape, started)
        seconds = time.monotonic() - started
        if output is not None and export_format is not None:
            write_sitemap(workspace, scrape.advertiser, output, export_format)
    for warning in accepted.warnings:
        err.print(f"Warning: {warning}", markup=False, highlight=False)
    if as_json:
        summary = {
            "advertiser": scrape.advertiser,
            "scrape_id": scrape.id,
            "resumed": accepted.is_resumed,
            "vehicles": scrape.vehicles,
            "refused_rows": [_refusal_to_json(row) for row in refused],
            "warnings": list(accepted.warnings),
            "seconds": round(seconds, 3),
            **tally.to_json(),
        }
        typer.echo(json.dumps(summary, ensure_ascii=False))
    else:
        title = f"{escape(scrape.advertiser)}: {counted(scrape.vehicles, 'vehicle')}"
        out.print(summary_table(tally, title=title, seconds=seconds))
    if strict and tally.skipped:
        raise typer.Exit(1)


def _tag(workspace: Workspace, scrape: Scrape, started: float) -> Tally:
    from forecourt.jobs.tasks import tag

    with tagging_progress() as bar:
        task = bar.add_task(
            escape(scrape.advertiser), total=scrape.images, rate=0.0, cached=0, skipped=0
        )

        def show(tally: Tally) -> None:
            elapsed = max(time.monotonic() - started, 1e-3)
            bar.update(
                task,
                completed=tally.done,
                rate=(tally.done - tally.earlier) / elapsed,
                cached=tally.cached,
                skipped=tally.skipped.total(),
            )

        before, farewell.text = farewell.text, "Stopped. Run the same command again to go on."
        tally = tag(workspace, scrape.id, on_progress=show)
        farewell.text = before
    return tally


def _find_file(feed: str) -> Path:
    if _URL.match(feed):
        raise UsageError(
            f"{without_query(feed)} is an address, and feeds are files: download it first, then "
            "tag the file."
        )
    return Path(feed)


def _report_refused(refused: list[RefusedRow]) -> None:
    for row in refused[:_SHOWN_REFUSALS]:
        where = f"line {row.line}" if row.line else f"vehicle {row.row}"
        field = f", {row.field}" if row.field else ""
        err.print(f"{where}{field}: {row.reason}. {row.hint}", markup=False, highlight=False)
    if len(refused) > _SHOWN_REFUSALS:
        err.print(f"... and {len(refused) - _SHOWN_REFUSALS} more; --json lists all.")


def _refusal_to_json(row: RefusedRow) -> dict[str, Any]:
    return {
        "line": row.line,
        "row": row.row,
        "field": row.field,
        "reason": row.reason,
        "hint": row.hint,
    }
