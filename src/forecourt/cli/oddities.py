"""`forecourt oddities` and `misclassified`: what is weird, and what the model gets wrong most."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.markup import escape
from rich.table import Table

from forecourt.cli.console import out
from forecourt.core.settings import Settings

if TYPE_CHECKING:
    from forecourt.core.oddities import Oddity
    from forecourt.review.misclassified import Misclassified

_SHOWN_ROWS = 40
_Advertiser = Annotated[
    str | None, typer.Option("--advertiser", "-a", help="Only this one's; default: all.")
]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def oddities(advertiser: _Advertiser = None, as_json: _Json = False) -> None:
    """List known weird results: what was seen, why it matters, and what to do."""
    from forecourt import review
    from forecourt.jobs.workspace import open_workspace
    from forecourt.review.forms import oddity_to_json
    from forecourt.store.engine import reading

    with open_workspace(Settings()) as workspace, reading(workspace.engine) as connection:
        found = review.list_oddities(
            connection,
            model_version=workspace.champion.version,
            canaries=workspace.canaries,
            advertiser=advertiser,
        )
    if as_json:
        typer.echo(json.dumps([oddity_to_json(one) for one in found], ensure_ascii=False))
        return
    for one in found:
        _print_oddity(one)
    out.print("1 oddity." if len(found) == 1 else f"{len(found)} oddities.", highlight=False)


def misclassified(
    by: Annotated[
        Literal["kind", "host", "advertiser", "model"] | None,
        typer.Option("--by", help="What is told apart; kind is the vehicle's."),
    ] = None,
    since: Annotated[
        datetime | None, typer.Option("--since", help="Only what was put right since then (UTC).")
    ] = None,
    advertiser: _Advertiser = None,
    as_json: _Json = False,
) -> None:
    """Count what people correct most: the model's wrong answers, each once."""
    from forecourt import review
    from forecourt.jobs.workspace import open_workspace
    from forecourt.review.forms import misclassified_to_json
    from forecourt.store.engine import reading

    with open_workspace(Settings()) as workspace, reading(workspace.engine) as connection:
        found = review.count_misclassified(
            connection,
            model_version=workspace.champion.version,
            by=review.By(by) if by else None,
            since=None if since is None else since.replace(tzinfo=UTC),
            advertiser=advertiser,
        )
    if as_json:
        typer.echo(json.dumps([misclassified_to_json(one) for one in found], ensure_ascii=False))
    else:
        _print_misclassified(found, by)


def _print_oddity(oddity: Oddity) -> None:
    from forecourt.core.oddities import ADVICE, WHY

    name = oddity.kind.replace("_", " ").replace("color", "colour").capitalize()
    where = ", ".join(one for one in (oddity.advertiser, oddity.host) if one)
    out.print(f"[bold]{name}[/bold]: {escape(where)}", highlight=False)
    for text in (oddity.seen, WHY[oddity.kind], f"What to do: {ADVICE[oddity.kind]}"):
        out.print(f"  {text}", highlight=False, markup=False)
    for one in oddity.examples:
        vehicle = f" {one.vehicle_id}" if one.vehicle_id else ""
        out.print(
            f"  e.g. {one.advertiser}{vehicle}: {one.url}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    out.print()


def _print_misclassified(found: list[Misclassified], by: str | None) -> None:
    table = Table(box=None, pad_edge=False)
    headings = [*([by] if by else []), "field", "from", "to", "wrong", "images", "share"]
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for one in found[:_SHOWN_ROWS]:
        table.add_row(
            *([escape(one.group or "")] if by else []),
            one.field,
            one.value_from or "none",
            one.value or "none",
            f"{one.wrong:,}",
            "" if one.images is None else f"{one.images:,}",
            "" if one.share is None else f"{one.share:.1%}",
        )
    out.print(table)
    total = sum(one.wrong for one in found)
    more = f", of which the first {_SHOWN_ROWS} kinds" if len(found) > _SHOWN_ROWS else ""
    answers = "1 wrong answer" if total == 1 else f"{total:,} wrong answers"
    out.print(f"{answers}{more}.", highlight=False)
