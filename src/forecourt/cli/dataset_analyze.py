"""`forecourt dataset analyze`: what is behind mistakes."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forecourt.cli.console import counted, out
from forecourt.cli.dataset import (
    Json,
    Version,
    open_datasets,
    print_rows,
    read_since,
    show_progress,
)
from forecourt.cli.files import open_output
from forecourt.core.errors import UsageError
from forecourt.core.fixes import FixField
from forecourt.core.spreadsheet import defuse

if TYPE_CHECKING:
    from forecourt.core.dataset import Item
    from forecourt.dataset.analyze import Analysis
    from forecourt.dataset.doubts import Suspect
    from forecourt.dataset.mistakes import Mistake
    from forecourt.jobs.workspace import Workspace
    from forecourt.store.versions import DatasetVersion

_SHOWN = 10


def analyze(
    version: Version,
    advertiser: Annotated[
        str | None, typer.Option("--advertiser", "-a", help="Fixes in this one's sitemap.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Fixes since a date, or the release.")
    ] = None,
    act_id: Annotated[int | None, typer.Option("--act", help="Fixes of one act.")] = None,
    of_slice: Annotated[
        str | None,
        typer.Option(
            "--slice",
            help="Instead of fixes: misfits of the version itself, as kind=boat, color=Pink, "
            "image_type=Stock or advertiser=acme.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--out", help="Write the pictures that mislead to this CSV, for `drop`."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Explain mistakes: what training shows that is like them, and what it lacks."""
    with open_datasets(ranks_labels=True) as workspace:
        from forecourt.jobs.datasets import explain, find_label_suspects, open_version

        found = open_version(workspace, version)
        after = read_since(since, workspace)
        if of_slice is not None and (advertiser, since, act_id) != (None, None, None):
            raise UsageError("Say --slice, or which fixes; not both.")
        wanted = None if of_slice is None else _read_slice(of_slice)
        mistakes = [] if wanted else _overruled(workspace, advertiser, after, act_id)
        if not mistakes and not wanted:
            raise UsageError("There are no such mistakes: nothing to explain.")
        fields = {one.field for one in mistakes} or _fields_of(wanted)
        with show_progress("Asking the champion") as on_progress:
            features, suspects = find_label_suspects(
                workspace, found, fields=fields, on_progress=on_progress
            )
        if wanted:
            mistakes = _misfits(found, suspects, *wanted)
            if not mistakes:
                raise UsageError(f"No label of {of_slice} is a misfit: nothing to explain.")
        analysis = explain(workspace, found, mistakes, features, suspects)
    if output is not None:
        with open_output(output) as file:
            writer = csv.writer(file)
            writer.writerow(["key", "near_mistakes", "image_type", "color", "url"])
            for item, number in analysis.pullers:
                writer.writerow(
                    [item.key, number, item.image_type, item.color or "", defuse(item.url)]
                )
    if as_json:
        typer.echo(json.dumps(_to_json(analysis), ensure_ascii=False))
    else:
        _print_analysis(analysis)


def _overruled(
    workspace: Workspace, advertiser: str | None, since: datetime | None, act_id: int | None
) -> list[Mistake]:
    from forecourt.dataset.mistakes import find_overruled
    from forecourt.store.engine import reading

    with reading(workspace.engine) as connection:
        return find_overruled(
            connection, workspace.media, advertiser=advertiser, since=since, act_id=act_id
        )


def _read_slice(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    if name not in {"kind", "color", "image_type", "advertiser"} or not value:
        raise UsageError(f"{text!r} is no slice; write kind=, color=, image_type= or advertiser=.")
    return name, value


def _fields_of(of_slice: tuple[str, str] | None) -> set[FixField]:
    """Return the fields whose misfits a slice is asked for."""
    named = {field for field in FixField if of_slice and field == of_slice[0]}
    return named or set(FixField)


def _misfits(
    version: DatasetVersion, suspects: list[Suspect], name: str, value: str
) -> list[Mistake]:
    from forecourt.dataset.mistakes import find_misfits

    chosen = [one for one in suspects if (getattr(one.item, name) or "") == value]
    return find_misfits(version, chosen)


def _print_analysis(analysis: Analysis) -> None:
    print_rows(
        "Mistakes", ("field", "the model said", "people say", "pictures"), analysis.confusions
    )
    print_rows(
        "Training pictures that mislead: near mistakes, labelled as the model said",
        ("near", "picture", "type", "color", "advertiser", "url"),
        [
            (number, one.key[:12], one.image_type, one.color or "", one.advertiser, one.url)
            for one, number in analysis.pullers[:_SHOWN]
        ],
    )
    out.print(
        f"{counted(len(analysis.pullers), 'picture')} in all, "
        f"{len({one.item.key for one in analysis.suspects}):,} of them with a suspect label.",
        highlight=False,
    )
    print_rows(
        "Among mistakes and in training",
        ("slice", "mistakes", "training", "what to do"),
        [
            (
                one.slice,
                f"{one.mistakes:,} ({one.mistake_share:.0%})",
                f"{one.training:,} ({one.training_share:.1%})",
                one.advice,
            )
            for one in analysis.imbalances[: 2 * _SHOWN]
        ],
    )


def _to_json(analysis: Analysis) -> dict[str, Any]:
    return {
        "confusions": [
            {"field": field, "said": said, "right": right, "images": number}
            for field, said, right, number in analysis.confusions
        ],
        "mistakes": [
            {
                "name": one.mistake.name,
                "field": one.mistake.field,
                "said": one.mistake.said,
                "right": one.mistake.right,
                "kind": one.mistake.kind,
                "advertiser": one.mistake.advertiser,
                "nearest": [
                    {**_item_to_json(near.item), "cosine": round(near.cosine, 4)}
                    for near in one.neighbours
                ],
            }
            for one in analysis.explained
        ],
        "misleading": [
            {**_item_to_json(item), "near_mistakes": number} for item, number in analysis.pullers
        ],
        "suspects": [
            {
                **_item_to_json(one.item),
                "field": one.field,
                "likely": one.likely,
                "score": round(one.score, 4),
            }
            for one in analysis.suspects
        ],
        "imbalances": [
            {
                "slice": one.slice,
                "mistakes": one.mistakes,
                "mistake_share": round(one.mistake_share, 4),
                "training": one.training,
                "training_share": round(one.training_share, 4),
                "advice": one.advice,
            }
            for one in analysis.imbalances
        ],
    }


def _item_to_json(item: Item) -> dict[str, Any]:
    return {
        "key": item.key,
        "url": item.url,
        "image_type": item.image_type,
        "color": item.color,
        "advertiser": item.advertiser,
    }
