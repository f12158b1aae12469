"""`forecourt models plan`: what a registered model would change in the sitemaps."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections import Counter
from dataclasses import astuple, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecourt.cli.console import counted, out
from forecourt.cli.dataset import print_rows, show_progress
from forecourt.core.settings import Settings
from forecourt.core.spreadsheet import defuse

if TYPE_CHECKING:
    from forecourt.release.plan import Change


def plan(
    version: Annotated[str, typer.Argument(help="Of a registered model.")],
    advertiser: Annotated[
        list[str] | None, typer.Option("--advertiser", "-a", help="Only theirs; repeatable.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--out", help="Write every change, as CSV.")
    ] = None,
    niceness: Annotated[
        int, typer.Option("--nice", min=0, max=19, help="How far others go first.")
    ] = 15,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say which images a model would tag otherwise. Nothing is stored, and fixes stay."""
    from forecourt import release
    from forecourt.jobs.workspace import open_workspace
    from forecourt.release.plan import find_changes, find_shown
    from forecourt.store.engine import reading
    from forecourt.store.scrapes import list_advertisers
    from forecourt.vision.pipeline import Pipeline

    if niceness and sys.platform != "win32":
        os.nice(niceness)
    settings = Settings()
    changes: list[Change] = []
    looked_at = 0
    with open_workspace(settings) as workspace:
        with reading(workspace.engine) as connection:
            bundle = release.load_model(connection, settings.home, version)
            names = advertiser or list_advertisers(connection)
        with Pipeline(bundle, settings.vision) as pipeline, show_progress("Judging") as tell:
            for place, name in enumerate(names):
                with reading(workspace.engine) as connection:
                    shown = find_shown(connection, name, model_version=workspace.version_for(name))
                changes += find_changes(shown, workspace.media, pipeline)
                looked_at += len(shown)
                tell(place + 1, len(names))
    if output is not None:
        _write(output, changes)
    counts = Counter(_describe(one) for one in changes)
    by_advertiser = Counter(one.advertiser for one in changes)
    if as_json:
        document = {
            "model_version": version,
            "images": looked_at,
            "changes": len(changes),
            "by_change": dict(counts.most_common()),
            "by_advertiser": dict(by_advertiser.most_common()),
        }
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    out.print(
        f"{version} would change {counted(len(changes), 'image')} of {looked_at:,}.",
        highlight=False,
        markup=False,
    )
    print_rows("", ("change", "images"), list(counts.most_common()))
    print_rows("", ("advertiser", "images"), list(by_advertiser.most_common()))


def _describe(change: Change) -> str:
    before = f"{change.type_before}, {change.color_before or 'no colour'}"
    return f"{before} → {change.type_after}, {change.color_after or 'no colour'}"


def _write(path: Path, changes: list[Change]) -> None:
    from forecourt.release.plan import Change

    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([one.name for one in fields(Change)])
        writer.writerows([defuse(str(one or "")) for one in astuple(change)] for change in changes)
