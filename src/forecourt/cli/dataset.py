"""`forecourt dataset`: versions of training data are built, listed, exported."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from forecourt.cli.console import counted, err, out
from forecourt.core.dataset import Split, Summary
from forecourt.core.errors import UsageError
from forecourt.core.settings import Settings

if TYPE_CHECKING:
    from forecourt.jobs.datasets import Order
    from forecourt.jobs.workspace import Workspace
    from forecourt.store.versions import DatasetVersion

app = typer.Typer(
    help="Versions of training data: built from imports, fixes and decisions; looked through.",
    no_args_is_help=True,
)

SplitName = Literal["train", "validation", "test"]
FormatName = Literal["folders", "csv", "coco", "label-studio", "imagefolder"]
Version = Annotated[str, typer.Argument(help="The version's name.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Images = Annotated[
    Path | None,
    typer.Option("--images", help="Where paths start from; default: the folder of the file."),
]
_Advertiser = Annotated[
    str, typer.Option("--advertiser", "-a", help="Of pictures that come without one.")
]
_LeastSide = Annotated[
    int, typer.Option("--least-side", min=1, help="Smaller originals are left out (pixels).")
]
_LeastOther = Annotated[
    float,
    typer.Option(
        "--least-other",
        min=0,
        max=0.9,
        help="Least share, by weight, of vehicles in training that are no cars.",
    ),
]
_TestShare = Annotated[
    float, typer.Option("--test", min=0, max=0.9, help="Share for testing that is aimed at.")
]
_ValidationShare = Annotated[
    float, typer.Option("--validation", min=0, max=0.9, help="Share for validation, likewise.")
]


@app.command("import")
def import_pictures(
    source: Annotated[
        Path,
        typer.Argument(
            help="A folder by class, a folder with data.csv or metadata.jsonl, a CSV, or the JSON "
            "of COCO or Label Studio."
        ),
    ],
    name: Annotated[str, typer.Option("--as", help="Name of the new version.")],
    parent: Annotated[
        str | None, typer.Option("--parent", help="Go on from this version; default: none.")
    ] = None,
    images: _Images = None,
    advertiser: _Advertiser = "",
    split: Annotated[
        SplitName | None, typer.Option("--split", help="Of pictures that come without one.")
    ] = None,
    least_side: _LeastSide = 64,
    least_other: _LeastOther = 0.5,
    test: _TestShare = 0.15,
    validation: _ValidationShare = 0.1,
    as_json: Json = False,
) -> None:
    """Make a version from labelled pictures. What is given as test is never trained on."""
    with open_datasets() as workspace:
        from forecourt.jobs import datasets

        one = datasets.Import(
            source=source,
            images=images,
            advertiser=advertiser,
            split=Split(split) if split else None,
        )
        order = datasets.Order(
            name=name,
            parent=parent,
            imports=(one,),
            with_fixes=False,
            shares=_shares(test, validation),
            least_side=least_side,
            least_other=least_other,
        )
        _build(workspace, order, as_json=as_json)


@app.command()
def build(
    name: Annotated[str, typer.Argument(help="Name of the new version.")],
    parent: Annotated[
        str | None, typer.Option("--parent", help="Go on from this version; default: the newest.")
    ] = None,
    no_parent: Annotated[bool, typer.Option("--no-parent", help="Start anew.")] = False,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            help="Fixes since a date (2026-11-01), the champion's release (release), or all; "
            "default: since the parent was made.",
        ),
    ] = None,
    add: Annotated[
        list[Path] | None, typer.Option("--add", help="Also import this; repeatable.")
    ] = None,
    least_side: _LeastSide = 64,
    least_other: _LeastOther = 0.5,
    test: _TestShare = 0.15,
    validation: _ValidationShare = 0.1,
    as_json: Json = False,
) -> None:
    """Make a version: the parent, new fixes, and what people decided while looking through it."""
    with open_datasets() as workspace:
        from forecourt.jobs import datasets

        if parent is not None and no_parent:
            raise UsageError("Say --parent or --no-parent, not both.")
        if parent is None and not no_parent:
            parent = datasets.newest_version(workspace)
        order = datasets.Order(
            name=name,
            parent=parent,
            imports=tuple(datasets.Import(source=one) for one in add or ()),
            since=read_since(since, workspace),
            shares=_shares(test, validation),
            least_side=least_side,
            least_other=least_other,
        )
        _build(workspace, order, as_json=as_json)


@app.command("list")
def list_all(as_json: Json = False) -> None:
    """List the versions, oldest first."""
    with open_datasets() as workspace:
        from forecourt.jobs.datasets import datasets_root
        from forecourt.store.versions import list_versions

        versions = list_versions(datasets_root(workspace))
    if as_json:
        typer.echo(json.dumps([_summary_to_json(one) for one in versions], ensure_ascii=False))
        return
    print_rows(
        "",
        ("version", "made", "parent", "pictures", *Split, "left out"),
        [
            (
                one.name,
                f"{one.created_at:%Y-%m-%d %H:%M}",
                one.recipe.parent or "",
                one.images,
                *(one.counts[split]["images"] for split in Split),
                sum(one.left_out.values()),
            )
            for one in versions
        ],
    )


@app.command()
def stats(
    version: Version,
    verify: Annotated[
        bool, typer.Option("--verify", help="Also compare the SHA-256 of every picture.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what a version holds, what was left out, and what to collect next."""
    with open_datasets() as workspace:
        from dataclasses import asdict

        from forecourt.dataset.balance import find_shortages
        from forecourt.jobs.datasets import open_version

        found = open_version(workspace, version, verify=verify)
        shortages = find_shortages(found.items)
        if as_json:
            document = {
                **_summary_to_json(found.summary),
                "collect": [asdict(one) for one in shortages],
            }
            typer.echo(json.dumps(document, ensure_ascii=False))
            return
        print_summary(found)
        print_rows(
            "To collect next",
            ("split", "slice", "pictures", "what to do"),
            [(one.split, one.slice, one.images, one.advice) for one in shortages],
        )


@app.command()
def export(
    version: Version,
    to: Annotated[FormatName, typer.Option("--format", help="How the pictures are to lie.")],
    output: Annotated[Path, typer.Option("--out", help="A folder that is not there yet.")],
    split: Annotated[
        SplitName | None, typer.Option("--split", help="Only this one; default: all.")
    ] = None,
) -> None:
    """Write a version for other tools."""
    with open_datasets() as workspace:
        from forecourt.dataset.formats.read import Format
        from forecourt.dataset.formats.write import export as write
        from forecourt.jobs.datasets import open_version

        found = open_version(workspace, version)
        items = found.of_split(Split(split)) if split else list(found.items)
        write(found, items, output, Format(to))
    out.print(f"{counted(len(items), 'picture')} in {output}.", highlight=False, markup=False)


@contextmanager
def open_datasets(*, ranks_labels: bool = False) -> Iterator[Workspace]:
    """Open what dataset commands work with.

    Args:
        ranks_labels: Whether labels will be ranked: that needs more packages.

    Raises:
        UsageError: a package is missing.
    """
    needed = ("pyarrow", *(("onnx", "sklearn", "cleanlab") if ranks_labels else ()))
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"This needs {', '.join(missing)}: pip install 'forecourt[train,curate]' "
            "(docs/dataset.md)."
        )
    from forecourt.jobs.workspace import open_workspace

    with open_workspace(Settings()) as workspace:
        yield workspace


@contextmanager
def show_progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on a terminal; yields what is to be called with the numbers done and in all."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err, disable=not err.is_terminal) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def print_summary(version: DatasetVersion) -> None:
    """Print counts of a version for people."""
    summary = version.summary
    rows = [
        (name, *(summary.counts[split][field].get(name, 0) for split in Split))
        for field in ("image_type", "color", "kind", "source")
        for name in dict.fromkeys(n for split in Split for n in summary.counts[split][field])
    ]
    rows.append(("advertisers", *(summary.counts[split]["advertisers"] for split in Split)))
    size = f"{summary.size_bytes / 1e6:,.0f} MB"
    print_rows(f"{version.name}: {summary.images:,} pictures, {size}", ("", *Split), rows)
    if summary.left_out:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in summary.left_out.items())
        out.print(f"Left out: {reasons} (left_out.csv).", highlight=False)
    out.print(f"In {version.folder}", highlight=False, markup=False)


def print_rows(title: str, headings: Sequence[str], rows: Sequence[tuple[str | int, ...]]) -> None:
    """Print a table for people, under a title; what others wrote is shown as it is."""
    if title:
        out.print(title, highlight=False, markup=False, style="bold")
    table = Table(box=None, pad_edge=False)
    for place, heading in enumerate(headings):
        is_number = any(isinstance(row[place], int) for row in rows)
        table.add_column(heading, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(f"{one:,}" if isinstance(one, int) else escape(one) for one in row))
    out.print(table)


def _build(workspace: Workspace, order: Order, *, as_json: bool) -> None:
    from forecourt.jobs import datasets

    with show_progress("Looking at pictures") as on_progress:
        found = datasets.build(workspace, order, on_progress=on_progress)
    if as_json:
        typer.echo(json.dumps(_summary_to_json(found.summary), ensure_ascii=False))
    else:
        print_summary(found)


def _shares(test: float, validation: float) -> dict[Split, float]:
    if test + validation > 0.9:
        raise UsageError("--test and --validation leave too little for training.")
    return {Split.TRAIN: 1 - test - validation, Split.VALIDATION: validation, Split.TEST: test}


def read_since(text: str | None, workspace: Workspace) -> datetime | None:
    """Return from when on fixes count; None leaves that to the parent."""
    if text is None:
        return None
    if text == "all":
        return datetime.min.replace(tzinfo=UTC) + timedelta(days=1)
    if text == "release":
        return _released_at(workspace)
    try:
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--since is {text!r}; write a date, as 2026-11-01.") from error
    return given if given.tzinfo else given.replace(tzinfo=UTC)


def _released_at(workspace: Workspace) -> datetime:
    """Return when the champion was promoted; one that was never, when it was made."""
    from forecourt.store.engine import reading
    from forecourt.store.registry import last_promotion

    with reading(workspace.engine) as connection:
        promotion = last_promotion(connection)
    if promotion is not None:
        return promotion.at
    return datetime.fromisoformat(workspace.champion.manifest.created).replace(tzinfo=UTC)


def _summary_to_json(summary: Summary) -> dict[str, Any]:
    from dataclasses import asdict

    return json.loads(json.dumps(asdict(summary), default=str))  # type: ignore[no-any-return]
