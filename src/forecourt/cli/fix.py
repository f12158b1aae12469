"""`forecourt fix`, `revert` and `refuse`: manual fixes from the shell."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.table import Table

from forecourt.cli.console import counted, err, out
from forecourt.cli.entries import do_act, make_act, print_done
from forecourt.core.errors import UsageError
from forecourt.core.fixes import FixField, NewAct
from forecourt.core.labels import parse_color, parse_image_type
from forecourt.core.records import Source
from forecourt.core.resolve import Status
from forecourt.core.settings import Settings

if TYPE_CHECKING:
    from forecourt.jobs.workspace import Workspace
    from forecourt.review import Change, Done, Preview, Selection

_HANDFUL = 10  # images that a filter may fix without being asked about

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
    by: _By,
    url: Annotated[
        list[str] | None, typer.Option("--url", help="The image; repeat it for several.")
    ] = None,
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
    vehicle: Annotated[
        list[str] | None,
        typer.Option("--vehicle", help="Select: images of this vehicle, by its id; repeatable."),
    ] = None,
    whole_sitemap: Annotated[
        bool, typer.Option("--all", help="Select: every image of the sitemap.")
    ] = False,
    shown_type: Annotated[
        list[str] | None, typer.Option("--shown-type", help="Select: of this type; repeatable.")
    ] = None,
    shown_color: Annotated[
        list[str] | None,
        typer.Option("--shown-color", help="Select: of this colour, or none; repeatable."),
    ] = None,
    status: Annotated[
        Literal["tagged", "skipped"] | None, typer.Option("--status", help="Select: so tagged.")
    ] = None,
    type_source: Annotated[
        list[Source] | None,
        typer.Option("--type-source", help="Select: where the type comes from; repeatable."),
    ] = None,
    color_source: Annotated[
        list[Source] | None,
        typer.Option("--color-source", help="Select: where the colour comes from; repeatable."),
    ] = None,
    condition: Annotated[
        list[str] | None,
        typer.Option("--condition", help="Select: New, Used or Certified; repeatable."),
    ] = None,
    is_review: Annotated[
        bool | None, typer.Option("--review/--no-review", help="Select: the model is not sure.")
    ] = None,
    type_confidence_below: Annotated[
        float | None, typer.Option(min=0, max=1, help="Select: the model's, in the type.")
    ] = None,
    color_confidence_below: Annotated[
        float | None, typer.Option(min=0, max=1, help="Select: the model's, in the colour.")
    ] = None,
    against_scrape_color: Annotated[
        bool,
        typer.Option(
            "--against-scrape-color",
            help="Select: the model sees, or a fix shows, another colour than the feed gives.",
        ),
    ] = False,
    text: Annotated[
        str | None, typer.Option("--text", help="Select: in the vehicle's title, VIN or id.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Fix nothing; show how many images it would be.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: _Json = False,
) -> None:
    """Correct the type or colour of images. The fix holds from now on, whatever the model says.

    Name images by --url, or select them: what is given has to hold together, and of a repeated
    option one. All that one command fixes is undone by one `revert --act`.
    """
    from forecourt import review
    from forecourt.jobs.workspace import open_workspace

    change = review.Change(
        image_type=None if image_type is None else parse_image_type(image_type),
        color=None if color is None else parse_color(color),
        sets_color=color is not None,
    )
    selection = review.Selection(
        urls=tuple(url or ()),
        vehicle_ids=tuple(vehicle or ()),
        whole_sitemap=whole_sitemap,
        image_types=tuple(parse_image_type(one) for one in shown_type or ()),
        colors=tuple(parse_color(one) for one in shown_color or ()),
        statuses=(Status(status),) if status else (),
        type_sources=tuple(type_source or ()),
        color_sources=tuple(color_source or ()),
        conditions=tuple(one.capitalize() for one in condition or ()),
        review=is_review,
        type_confidence_below=type_confidence_below,
        color_confidence_below=color_confidence_below,
        against_scrape_color=against_scrape_color,
        text=text,
    )
    act = make_act(by, role, advertiser, note)
    with open_workspace(Settings()) as workspace:
        if dry_run:
            _print_preview(_preview(workspace, advertiser, selection), as_json=as_json)
            return
        confirmed = None
        if selection.is_filter and not yes:
            confirmed = _confirm(_preview(workspace, advertiser, selection))
        done = _fix(workspace, act, advertiser, selection, change, everywhere, confirmed)
        print_done(workspace, done, as_json=as_json)
        _print_notes(workspace, advertiser, done)


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

    act = make_act(by, role, advertiser, note)
    do_act(
        lambda connection: review.revert(connection, act, act_id=act_id, fix_id=fix_id),
        as_json=as_json,
    )


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

    act = make_act(by, role, advertiser, note)
    do_act(
        lambda connection: review.refuse_carried(connection, act, advertiser=advertiser, urls=url),
        as_json=as_json,
    )


def _fix(
    workspace: Workspace,
    act: NewAct,
    advertiser: str,
    selection: Selection,
    change: Change,
    everywhere: bool,  # noqa: FBT001
    confirmed: int | None,
) -> Done:
    from forecourt import review
    from forecourt.store.engine import writing

    with writing(workspace.engine) as connection:
        return review.fix_selection(
            connection,
            act,
            advertiser=advertiser,
            selection=selection,
            change=change,
            model_version=workspace.version_for(advertiser),
            everywhere=everywhere,
            at_most=confirmed,
        )


def _print_notes(workspace: Workspace, advertiser: str, done: Done) -> None:
    """Tell people, not programs, where the sitemap goes on showing something else."""
    from forecourt import review
    from forecourt.store.engine import reading

    with reading(workspace.engine) as connection:
        unshown = review.find_unshown(
            connection, advertiser, done.fixes, model_version=workspace.version_for(advertiser)
        )
    for one in unshown[:_HANDFUL]:
        name = "type" if one.fix.field is FixField.IMAGE_TYPE else "colour"
        err.print(
            f"Note: The {name} of {one.fix.url} is kept, and the sitemap still shows "
            f"{one.shown or 'none'}: {one.reason}.",
            markup=False,
            highlight=False,
        )
    if len(unshown) > _HANDFUL:
        err.print(f"Note: and {len(unshown) - _HANDFUL:,} more are kept like that.")


def _preview(workspace: Workspace, advertiser: str, selection: Selection) -> Preview:
    from forecourt import review
    from forecourt.store.engine import reading

    with reading(workspace.engine) as connection:
        return review.preview(
            connection, advertiser, selection, model_version=workspace.version_for(advertiser)
        )


def _confirm(preview: Preview) -> int:
    """Ask before a filter fixes more than a handful; return how many images were agreed to."""
    if preview.images > _HANDFUL:
        if not _is_terminal():
            raise UsageError(
                f"This would fix {preview.images:,} images. Look at them with --dry-run, then say "
                "--yes."
            )
        _print_preview(preview, as_json=False)
        typer.confirm("Fix them?", abort=True, err=True)
    return max(preview.images, _HANDFUL)


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _print_preview(preview: Preview, *, as_json: bool) -> None:
    from forecourt.review.forms import preview_to_json

    if as_json:
        typer.echo(json.dumps(preview_to_json(preview), ensure_ascii=False))
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("vehicle", "title", "type", "color", "image"):
        table.add_column(heading, overflow="fold")
    for one in preview.examples:
        tags = one.resolved
        table.add_row(
            one.vehicle.id,
            one.vehicle.title or "",
            tags.image_type.value,
            tags.color.value or "none",
            one.image.url,
        )
    out.print(table)
    if preview.images > len(preview.examples):
        out.print(f"and {preview.images - len(preview.examples):,} more.", highlight=False)
    out.print(f"{counted(preview.images, 'image')}.", highlight=False)
