"""`forecourt history` and `import-fixes`: who changed what; as a file, and from one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from forecourt.cli.console import err, out
from forecourt.cli.entries import print_table, write_list
from forecourt.cli.files import open_output
from forecourt.core.conflicts import Ruled
from forecourt.core.errors import UsageError
from forecourt.core.fixes import Fix
from forecourt.core.settings import Settings

if TYPE_CHECKING:
    from forecourt.review.importing import Imported, ImportNote

_SHOWN_NOTES = 20
_LISTED_NOTES = 1_000


def history(
    advertiser: Annotated[
        str | None, typer.Option("--advertiser", "-a", help="In whose sitemap.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Of every advertiser; with --format.")
    ] = False,
    url: Annotated[str | None, typer.Option("--url", help="Only this image.")] = None,
    until: Annotated[
        datetime | None, typer.Option("--until", help="As it stood then (UTC).")
    ] = None,
    file_format: Annotated[
        Literal["csv", "jsonl"] | None,
        typer.Option("--format", help="Write a file that import-fixes reads."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--out", help="File to write with --format; default: standard output."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show who changed what, and when; reverted fixes too."""
    from forecourt import review
    from forecourt.jobs.workspace import open_workspace
    from forecourt.review.forms import entry_to_json
    from forecourt.store.engine import reading

    if (advertiser is None) is not every:
        raise UsageError("Say whose history: --advertiser, or --all with --format.")
    at = None if until is None else until.replace(tzinfo=UTC)
    if file_format is not None:
        if as_json:
            raise UsageError("Choose --json or --format; --format jsonl has an event a line.")
        _write_history(file_format, output, advertiser, url, at)
        return
    if advertiser is None or output is not None:
        raise UsageError("--all and --out write a file: give --format csv or jsonl too.")
    with open_workspace(Settings()) as workspace, reading(workspace.engine) as connection:
        entries: list[Fix | Ruled] = [
            *review.history(connection, advertiser=advertiser, url=url, until=at),
            *review.rulings(connection, advertiser=advertiser, url=url, until=at),
        ]
    # Imported ones are older than their ids say. A ruling comes before the fix that it made.
    entries.sort(key=lambda one: (one.at, one.act_id, isinstance(one, Fix), one.id))
    if as_json:
        write_list(map(entry_to_json, entries))
    else:
        print_table(entries)


def import_fixes(
    file: Annotated[Path, typer.Argument(help="CSV or JSON Lines; docs/fixes.md lists the names.")],
    advertiser: Annotated[
        str | None, typer.Option("--advertiser", "-a", help="Where the file does not say.")
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", help="Who made the fixes, where the file does not say.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", help="Write every row not read or not matched here (JSON Lines)."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Bring an existing table of fixes into the history. Safe to repeat: nothing is added twice."""
    from forecourt import review
    from forecourt.feeds.fix_rows import Reading, read_rows
    from forecourt.feeds.fix_table import Defaults, FixTable
    from forecourt.jobs.workspace import open_workspace
    from forecourt.store.engine import writing

    now = datetime.now(UTC)
    notes = _Notes()
    defaults = Defaults(advertiser=advertiser, by=by)
    with (
        open_workspace(Settings()) as workspace,
        FixTable(file, defaults) as table,
        _reporting(report, notes) as on_note,
    ):
        try:
            with writing(workspace.engine) as connection:
                done = review.import_history(
                    connection,
                    read_rows(table, Reading(defaults=defaults, now=now)),
                    now=now,
                    on_note=on_note,
                )
        finally:
            notes.show()  # also of a file of which nothing could be used
    if as_json:
        typer.echo(json.dumps(summary_to_json(done, notes.listed), ensure_ascii=False))
    else:
        _print_summary(done)


def summary_to_json(done: Imported, notes: list[ImportNote]) -> dict[str, Any]:
    """Return what an import did; its shape is a contract (docs/fixes.md)."""
    return {
        "rows": done.rows,
        "acts": done.acts,
        "fixes": done.fixes,
        "events": done.events,
        "known": done.known,
        "refused": done.refused,
        "unmatched": done.unmatched,
        "matched": {how: done.matched[how] for how in ("key", "sitemap", "url")},
        "unknown_advertisers": sorted(done.unknown_advertisers),
        "notes": [asdict(one) for one in notes],
    }


class _Notes:
    """The first notes; a file may give a million of them."""

    def __init__(self) -> None:
        self.listed: list[ImportNote] = []
        self._refused: list[ImportNote] = []
        self._count = 0

    def add(self, note: ImportNote) -> None:
        if len(self.listed) < _LISTED_NOTES:
            self.listed.append(note)
        if not note.is_kept:
            self._count += 1
            if len(self._refused) < _SHOWN_NOTES:
                self._refused.append(note)

    def show(self) -> None:
        for note in self._refused:
            name = f", {note.field}" if note.field else ""
            err.print(
                f"line {note.line}{name}: {note.reason}. {note.hint}",
                markup=False,
                highlight=False,
            )
        if self._count > _SHOWN_NOTES:
            err.print(f"... and {self._count - _SHOWN_NOTES} more; --report FILE lists all.")


@contextmanager
def _reporting(report: Path | None, notes: _Notes) -> Iterator[Callable[[ImportNote], None]]:
    if report is None:
        yield notes.add
        return
    with open_output(report) as stream:

        def add(note: ImportNote) -> None:
            notes.add(note)
            stream.write(json.dumps(asdict(note), ensure_ascii=False) + "\n")

        yield add


def _write_history(
    file_format: str,
    output: Path | None,
    advertiser: str | None,
    url: str | None,
    until: datetime | None,
) -> None:
    from forecourt import review
    from forecourt.jobs.workspace import open_workspace
    from forecourt.store.engine import reading

    write = review.write_csv if file_format == "csv" else review.write_jsonl
    with (
        open_workspace(Settings()) as workspace,
        reading(workspace.engine) as connection,
        open_output(output) as stream,
    ):
        write(stream, review.events(connection, advertiser=advertiser, url=url, until=until))


def _print_summary(done: Imported) -> None:
    lines = [f"{done.rows:,} rows: {done.fixes:,} fixes and {done.events:,} reverts are new"]
    lines += [f"{done.known:,} were known"] if done.known else []
    lines += [f"{done.refused:,} refused"] if done.refused else []
    out.print(", ".join(lines) + ".", highlight=False)
    if done.unmatched:
        out.print(
            f"Kept for their URLs, since no image was ever seen there: {done.unmatched:,} fixes "
            "(--report FILE lists them).",
            highlight=False,
        )
    if done.unknown_advertisers:
        names = sorted(done.unknown_advertisers)
        shown = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
        out.print(
            f"Unknown advertisers until now: {len(names):,} ({shown}).",
            highlight=False,
            markup=False,
        )
