"""`forecourt conflicts` and `resolve`: where people disagree, and what staff make of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from forecourt.cli.console import out
from forecourt.cli.entries import do_act, make_act, print_table
from forecourt.core.conflicts import Conflict, ConflictStatus, Ruling
from forecourt.core.errors import UsageError
from forecourt.core.fixes import FixField
from forecourt.core.labels import parse_color, parse_image_type
from forecourt.core.settings import Settings

if TYPE_CHECKING:
    from forecourt.core.labels import Color, ImageType

_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def conflicts(
    with_ruled: Annotated[
        bool, typer.Option("--all", help="Also those on which staff have ruled.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """List images on which advertisers, or an advertiser and staff, disagree."""
    from forecourt import review
    from forecourt.jobs.workspace import open_workspace
    from forecourt.review.forms import conflict_to_json
    from forecourt.store.engine import reading

    with open_workspace(Settings()) as workspace, reading(workspace.engine) as connection:
        found = review.list_conflicts(connection, with_ruled=with_ruled)
    if as_json:
        typer.echo(json.dumps([conflict_to_json(one) for one in found], ensure_ascii=False))
        return
    for one in found:
        _print_conflict(one)
    count = sum(one.status is ConflictStatus.OPEN for one in found)
    ruled = f", {len(found) - count} ruled" if with_ruled else ""
    out.print(f"{count} open conflict{'' if count == 1 else 's'}{ruled}.", highlight=False)


def resolve(
    image_id: Annotated[int, typer.Option("--image", help="Its number, as `conflicts` gives it.")],
    field: Annotated[Literal["image_type", "color"], typer.Option("--field", help="Of the image.")],
    by: Annotated[str, typer.Option("--by", help="Who rules: a name.")],
    keep_both: Annotated[
        bool, typer.Option("--keep-both", help="Each goes on seeing their own.")
    ] = False,
    everyone: Annotated[
        str | None,
        typer.Option("--everyone", help="This value holds for all, instead of their fixes."),
    ] = None,
    is_ambiguous: Annotated[
        bool,
        typer.Option("--ambiguous", help="Sitemaps stay as they are; training leaves it out."),
    ] = False,
    role: Annotated[
        Literal["staff", "advertiser"], typer.Option("--role", help="Only staff may rule.")
    ] = "staff",
    advertiser: Annotated[
        str | None, typer.Option("--advertiser", "-a", help="With --role advertiser: which.")
    ] = None,
    seen: Annotated[
        str | None,
        typer.Option("--seen", help="Its `version` as you saw it; refused if it is another now."),
    ] = None,
    note: Annotated[str, typer.Option("--note", help="Why, for the history.")] = "",
    as_json: _Json = False,
) -> None:
    """Settle a disagreement in one of three ways. `revert --act` takes it back."""
    from forecourt import review

    if keep_both + (everyone is not None) + is_ambiguous != 1:
        raise UsageError("Say one of: --keep-both, --everyone VALUE, --ambiguous.")
    of_field = FixField(field)
    value: ImageType | Color | None = None
    if everyone is not None:
        is_type = of_field is FixField.IMAGE_TYPE
        value = parse_image_type(everyone) if is_type else parse_color(everyone)
    settled = Ruling.EVERYONE if everyone is not None else Ruling.AMBIGUOUS
    act = make_act(by, role, advertiser, note)
    do_act(
        lambda connection: review.resolve_conflict(
            connection,
            act,
            image_id=image_id,
            field=of_field,
            ruling=Ruling.KEEP_BOTH if keep_both else settled,
            value=value,
            version=seen,
        ),
        as_json=as_json,
    )


def _print_conflict(conflict: Conflict) -> None:
    fixes = len(conflict.history)
    out.print(
        f"Image {conflict.image_id}, {conflict.field}: {conflict.status}, "
        f"{fixes} {'fix' if fixes == 1 else 'fixes'} in all",
        highlight=False,
    )
    print_table([*conflict.positions, *([conflict.standing] if conflict.standing else [])])
