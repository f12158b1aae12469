"""Where the command line writes: results to standard output, everything else to standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

if TYPE_CHECKING:
    from forecourt.tagging.tally import Tally

out = Console()
err = Console(stderr=True)


def tagging_progress() -> Progress:
    """Return a bar with rate, cache hits, skips and time left; silent without a terminal."""
    return Progress(
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:>6.0f}/s"),
        TextColumn("cached {task.fields[cached]}  skipped {task.fields[skipped]}"),
        TimeRemainingColumn(),
        console=err,
        disable=not err.is_terminal,
    )


def summary_table(tally: Tally, *, title: str, seconds: float) -> Table:
    """Return what a run did, for people."""
    table = Table(title=title, title_justify="left", show_header=False, min_width=52)
    table.add_column()
    table.add_column(justify="right")
    rows: list[tuple[str, int]] = [
        ("Images", tally.total),
        ("settled by an earlier run", tally.earlier),
        ("known, no request needed", tally.fresh),
        ("known by headers", tally.by_headers),
        ("known by bytes", tally.by_bytes),
        ("known, could not be re-checked", tally.recheck_failed),
        ("classified", tally.classified),
        *((f"skipped: {reason}", count) for reason, count in sorted(tally.skipped.items())),
        ("Requests", tally.requests),
        ("Bodies read", tally.bodies),
        ("of these to verify headers", tally.verified),
        ("fixes carried from another encoding", tally.carried),
    ]
    for name, count in rows:
        if count or name[0].isupper():
            table.add_row(name, f"{count:,}")
    table.add_row("Time", f"{seconds:.1f} s")
    for host in tally.distrusted:
        table.add_row("Headers not trusted any more", escape(host))
    return table
