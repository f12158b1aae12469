"""Fixes and rulings as the commands print them: JSON for programs, tables for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.table import Table

from forecourt.cli.console import out
from forecourt.core.conflicts import Ruled
from forecourt.core.errors import UsageError
from forecourt.core.fixes import Actor, ActSource, Fix, NewAct
from forecourt.core.records import Role
from forecourt.core.settings import Settings

if TYPE_CHECKING:
    import sqlalchemy as sa

    from forecourt.jobs.workspace import Workspace
    from forecourt.review import Done

_SHOWN = 20  # fixes of an act that people see in the table


def make_act(by: str, role: str, advertiser: str | None, note: str) -> NewAct:
    """Return what somebody does from the shell now.

    Raises:
        UsageError: an advertiser acts, and it is not said which.
    """
    if role == "advertiser" and advertiser is None:
        raise UsageError("Say which advertiser acts: --advertiser.")
    actor = Actor(name=by, role=Role(role), advertiser=advertiser if role == "advertiser" else None)
    return NewAct(actor=actor, at=datetime.now(UTC), source=ActSource.CLI, note=note)


def do_act(do: Callable[[sa.Connection], Done], *, as_json: bool) -> None:
    """Do an act in a transaction of the workspace, and print what it did."""
    from forecourt.jobs.workspace import open_workspace
    from forecourt.store.engine import writing

    with open_workspace(Settings()) as workspace:
        with writing(workspace.engine) as connection:
            done = do(connection)
        print_done(workspace, done, as_json=as_json)


def print_done(workspace: Workspace, done: Done, *, as_json: bool) -> None:
    """Print what an act did: all of it as JSON, the beginning of it for people."""
    from forecourt import review
    from forecourt.review.forms import fix_to_json
    from forecourt.store.engine import reading

    if as_json:
        sys.stdout.write(f'{{"act_id": {done.act_id}, "count": {done.count}, "fixes": ')
        if done.count == len(done.fixes):
            write_list(map(fix_to_json, done.fixes), "}")
            return
        with reading(workspace.engine) as connection:
            write_list(map(fix_to_json, review.iter_act(connection, done.act_id)), "}")
        return
    print_table(done.fixes[:_SHOWN])
    if done.count > _SHOWN:
        out.print(f"and {done.count - _SHOWN:,} more fixes.", highlight=False)
    out.print(
        f"Act {done.act_id}. To undo: forecourt revert --act {done.act_id} --by NAME",
        highlight=False,
    )


def print_table(entries: Iterable[Fix | Ruled]) -> None:
    """Print fixes and rulings for people."""
    table = Table(box=None, pad_edge=False)
    for heading in ("fix", "when", "who", "for", "vehicle", "field", "change", "image"):
        table.add_column(heading, overflow="fold", no_wrap=heading in {"field", "change"})
    for one in entries:
        live = "" if one.is_live else " (reverted)"
        who, when = f"{one.by} ({one.role})", f"{one.at:%Y-%m-%d %H:%M}"
        if isinstance(one, Ruled):
            cells = ["everyone", "", one.field, one.ruling, f"image {one.image_id}"]
            table.add_row(f"act {one.act_id}{live}", when, who, *cells)
            continue
        table.add_row(
            f"{one.id}{live}",
            when,
            who,
            "everyone" if one.everywhere else one.advertiser,
            one.vehicle_id or "",
            one.field,
            f"{one.value_from or 'none'} → {one.value or 'none'}",
            one.url,
        )
    out.print(table)


def write_list(entries: Iterator[dict[str, Any]], end: str = "") -> None:
    """Write a JSON list, one entry a line, as it is made: a history may be very long."""
    sys.stdout.write("[")
    for number, entry in enumerate(entries):
        sys.stdout.write(",\n" if number else "\n")
        json.dump(entry, sys.stdout, ensure_ascii=False)
    sys.stdout.write(f"]{end}\n")
