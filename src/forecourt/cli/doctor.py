"""`forecourt doctor`: is all well, and if not, what to do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from forecourt.cli.console import out

if TYPE_CHECKING:
    from collections.abc import Iterable

    from forecourt.core.findings import Finding

_COLORS = {"ok": "green", "warning": "yellow", "failed": "red"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    egress: Annotated[
        str | None,
        typer.Option("--egress", metavar="URL", help="Ask for this URL too, as for an image."),
    ] = None,
) -> None:
    """Look at settings, disk, database, queue, thumbnails, model and egress; change nothing.

    Ends with 1 where something does not work.
    """
    from forecourt.core.findings import Finding, Level, findings_to_json, worst
    from forecourt.jobs.doctor import examine, read_settings

    found: list[Finding] = []
    settings = read_settings()
    looked: Iterable[Finding] = (
        [settings] if isinstance(settings, Finding) else examine(settings, egress=egress)
    )
    for one in looked:
        found.append(one)
        if not as_json:
            _print(one)
    if as_json:
        typer.echo(json.dumps(findings_to_json(found), ensure_ascii=False))
    if worst(found) is Level.FAILED:
        raise typer.Exit(1)


def _print(one: Finding) -> None:
    color = _COLORS[one.level]
    out.print(f"[{color}]{one.level:<8}[/] {one.check:<9} {escape(one.found)}", highlight=False)
    if one.mend:
        out.print(f"{'':<19}{escape(one.mend)}", highlight=False)
