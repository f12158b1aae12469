"""`forecourt fix`, `revert`, `refuse` and `conflicts`: manual fixes from the shell."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.table import Table

from forecourt.cli.console import counted, err, out
from forecourt.cli.fix_notes import find_notes
from forecourt.core.errors import UsageError
from forecourt.core.fixes import Actor, ActSource, Fix, NewAct
from forecourt.core.labels import parse_color, parse_image_type
from forecourt.core.records import Role
from forecourt.core.settings import Settings

if TYPE_CHECKING:
    from forecourt.review import Done

_Advertiser = Annotated[str, typer.Option("--advertiser", "-a", help="In whose sitemap.")]
_By = Annotated[str, typer.Option("--by", help="Who does it: a name.")]
_RoleOption = Annotated[
    Literal["staff", "advertiser"],
    typer.Option("--role", help="In which role; an advertiser may change their own only."),
]
_Note = Annotated[str, typer.Option("--note", help="Why, for the history.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def fix(
    advertiser: _Advertiser,
    url: Annotated[list[str], typer.Option("--url", help="The image; repeat it for several.")],
    by: _By,
    image_type: Annotated[
        str | None, typer.Option("--type", help="Dealer, Stock or Placeholder.")
    ] = None,
    color: Annotated[
        str | None, typer.Option("--color", help="One of the twelve, or none.")
    ] = None,
    role: _RoleOption = "staff",
    everywhere: Annotated[
        bool, typer.Option("--everywhere", help="For every advertiser that shows it (staff only).")
    ] = False,
    note: _Note = "",
    as_json: _Json = False,
) -> None:
    """Correct the type or colour of images. The fix holds from now on, whatever the model says."""
    from forecourt import review
    from forecourt.jobs.workspace import open_workspace
    from forecourt.store.engine import writing

    change = review.Change(
        image_type=None if image_type is None else parse_image_type(image_type),
        color=None if color is None else parse_color(color),
        sets_color=color is not None,
    )
    with open_workspace(Settings()) as workspace, writing(workspace.engine) as connection:
        done = review.fix_images(
            connection,
            _act(by, role, advertiser, note),
            advertiser=advertiser,
            urls=url,
            change=change,
            model_version=workspace.champion.version,
            everywhere=everywhere,
        )
        version = workspace.champion.version
        notes = list(find_notes(connection, advertiser, done.fixes, model_version=version))
    _print_done(done, as_json=as_json)
    for note_of_fix in notes:
        err.print(f"Note: {note_of_fix}", markup=False, highlight=False)


def revert(
    by: _By,
    fix_id: Annotated[int | None, typer.Option("--fix", help="One fix, by its id.")] = None,
    act_id: Annotated[int | None, typer.Option("--act", help="A whole act, by its id.")] = None,
    role: _RoleOption = "staff",
    advertiser: Annotated[
        str | None, typer.Option("--advertiser", "-a", help="With --role advertiser: which.")
    ] = None,
    note: _Note = "",
    as_json: _Json = False,
) -> None:
    """Undo a fix, or all fixes of one act. Revert the revert to have them back."""
    from forecourt import review
    from forecourt.jobs.workspace import open_workspace
    from forecourt.store.engine import writing

    with open_workspace(Settings()) as workspace, writing(workspace.engine) as connection:
        done = review.revert(
            connection, _act(by, role, advertiser, note), act_id=act_id, fix_id=fix_id
        )
    _print_done(done, as_json=as_json)


def refuse(
    advertiser: _Advertiser,
    url: Annotated[list[str], typer.Option("--url", help="The image; repeat it for several.")],
    by: _By,
    role: _RoleOption = "staff",
    note: _Note = "",
    as_json: _Json = False,
) -> None:
    """Refuse fixes that were carried to images from other encodings of what looked the same."""
    from forecourt import review
    from forecourt.jobs.workspace import open_workspace
    from forecourt.store.engine import writing

    with open_workspace(Settings()) as workspace, writing(workspace.engine) as connection:
        done = review.refuse_carried(
            connection, _act(by, role, advertiser, note), advertiser=advertiser, urls=url
        )
    _print_done(done, as_json=as_json)


def conflicts(as_json: _Json = False) -> None:
    """List images on which advertisers, or an advertiser and staff, disagree."""
    from forecourt import review
    from forecourt.jobs.workspace import open_workspace
    from forecourt.store.engine import reading

    with open_workspace(Settings()) as workspace, reading(workspace.engine) as connection:
        found = review.list_conflicts(connection)
    if as_json:
        listed = [
            {
                "image_id": one.image_id,
                "field": one.field,
                "positions": [fix_to_json(position) for position in one.positions],
                "history": [fix_to_json(earlier) for earlier in one.history],
            }
            for one in found
        ]
        typer.echo(json.dumps(listed, ensure_ascii=False))
    else:
        for one in found:
            out.print(f"Image {one.image_id}, {one.field}:", highlight=False)
            print_fixes(one.positions)
        out.print(f"{counted(len(found), 'conflict')}.", highlight=False)


def fix_to_json(fix: Fix) -> dict[str, Any]:
    """Return the JSON form of a fix; its shape is a contract (docs/api.md)."""
    return {
        "id": fix.id,
        "act_id": fix.act_id,
        "at": fix.at.isoformat(),
        "by": fix.by,
        "role": fix.role,
        "source": fix.source,
        "note": fix.note,
        "advertiser": fix.advertiser,
        "everywhere": fix.everywhere,
        "vehicle_id": fix.vehicle_id,
        "vin": fix.vin,
        "url": fix.url,
        "field": fix.field,
        "from": fix.value_from,
        "to": fix.value,
        "model_version": fix.model_version,
        "live": fix.is_live,
    }


def _act(by: str, role: str, advertiser: str | None, note: str) -> NewAct:
    if role == "advertiser" and advertiser is None:
        raise UsageError("Say which advertiser acts: --advertiser.")
    actor = Actor(name=by, role=Role(role), advertiser=advertiser if role == "advertiser" else None)
    return NewAct(actor=actor, at=datetime.now(UTC), source=ActSource.CLI, note=note)


def _print_done(done: Done, *, as_json: bool) -> None:
    if as_json:
        fixes = [fix_to_json(one) for one in done.fixes]
        typer.echo(json.dumps({"act_id": done.act_id, "fixes": fixes}, ensure_ascii=False))
        return
    print_fixes(done.fixes)
    out.print(f"Act {done.act_id}. To undo: forecourt revert --act {done.act_id} --by NAME")


def print_fixes(fixes: Any) -> None:
    """Print fixes for people, a line each."""
    table = Table(box=None, pad_edge=False)
    for heading in ("fix", "when", "who", "for", "vehicle", "field", "from", "to", "image"):
        table.add_column(heading, overflow="fold")
    for one in fixes:
        table.add_row(
            f"{one.id}" if one.is_live else f"{one.id} (reverted)",
            f"{one.at:%Y-%m-%d %H:%M}",
            f"{one.by} ({one.role})",
            "everyone" if one.everywhere else one.advertiser,
            one.vehicle_id or "",
            one.field,
            one.value_from or "none",
            one.value or "none",
            one.url,
        )
    out.print(table)
