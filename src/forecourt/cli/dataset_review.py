"""`forecourt dataset`: a version is looked through, and people decide."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forecourt.cli.console import counted, out
from forecourt.cli.dataset import Version, open_datasets, show_progress
from forecourt.core.dataset import Opinion, Verdict
from forecourt.core.errors import UsageError
from forecourt.core.labels import parse_color, parse_image_type

if TYPE_CHECKING:
    from forecourt.core.dataset import Decision
    from forecourt.dataset.review import Choice
    from forecourt.jobs.workspace import Workspace

_HANDFUL = 10  # pictures that may be decided on at once without being asked about

_By = Annotated[str, typer.Option("--by", help="Who decides: a name.")]
_Note = Annotated[str, typer.Option("--note", help="Why.")]
_Image = Annotated[
    list[str] | None,
    typer.Option("--image", help="Key of a picture, or its first 8 digits or more; repeatable."),
]
_From = Annotated[
    Path | None, typer.Option("--from", help="A CSV with a column `key`: these pictures.")
]
_Advertiser = Annotated[
    str | None, typer.Option("--advertiser", "-a", help="Select: of this advertiser.")
]
_Kind = Annotated[str | None, typer.Option("--kind", help="Select: of this vehicle kind.")]
_ShownType = Annotated[
    str | None, typer.Option("--of-type", help="Select: labelled with this type.")
]
_ShownColor = Annotated[
    str | None, typer.Option("--of-color", help="Select: labelled with this colour, or none.")
]
_Yes = Annotated[bool, typer.Option("--yes", "-y", help="Also where many are selected.")]


def review_export(
    version: Version,
    output: Annotated[Path, typer.Option("--out", help="A folder that is not there yet.")],
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 200,
    again: Annotated[
        bool, typer.Option("--again", help="Also pictures that were decided on.")
    ] = False,
) -> None:
    """Write out the labels that are most likely wrong: a table to fill in, a page to look at."""
    with open_datasets(ranks_labels=True) as workspace:
        from forecourt.dataset import review
        from forecourt.dataset.doubts import find_doubts
        from forecourt.jobs.datasets import open_version, rank_labels
        from forecourt.store.datasets import load_decisions
        from forecourt.store.engine import reading

        found = open_version(workspace, version)
        with show_progress("Asking the champion") as on_progress:
            suspects = rank_labels(workspace, found, on_progress=on_progress)
        with reading(workspace.engine) as connection:
            decided = {} if again else load_decisions(connection)
        doubts = find_doubts(suspects, decided, limit=limit)
        review.export_doubts(found, doubts, output)
    out.print(
        f"{counted(len(doubts), 'doubtful picture')} in {output}. Fill in {review.TABLE}, then: "
        f"forecourt dataset review-import {version} {output / review.TABLE} --by NAME",
        highlight=False,
        markup=False,
    )


def rank(version: Version) -> None:
    """Rank the labels of a version, so that the panel shows those that are likely wrong first."""
    with open_datasets(ranks_labels=True) as workspace:
        from forecourt.dataset.doubts import find_doubts
        from forecourt.jobs.datasets import open_version, rank_labels

        found = open_version(workspace, version)
        with show_progress("Asking the champion") as on_progress:
            suspects = rank_labels(workspace, found, on_progress=on_progress)
    count = counted(len(find_doubts(suspects)), "doubtful picture")
    out.print(f"{count} of {found.summary.images:,}; the panel shows them.", highlight=False)


def review_import(
    version: Version,
    table: Annotated[Path, typer.Argument(help="The table of review-export, filled in.")],
    by: _By,
) -> None:
    """Keep the verdicts of a table. Rows without one are left for later."""
    with open_datasets() as workspace:
        from forecourt.dataset.review import read_decisions
        from forecourt.jobs.datasets import open_version

        if not table.is_file():
            raise UsageError(f"{table} does not exist.")
        found = open_version(workspace, version)
        decisions = read_decisions(table, found, by=by, at=datetime.now(UTC))
        _store(workspace, decisions)


def _make_command(verdict: Verdict, doc: str) -> Callable[..., None]:
    """Return a command that says the same of all pictures that are chosen."""

    def decide(
        version: Version,
        by: _By,
        image: _Image = None,
        from_: _From = None,
        advertiser: _Advertiser = None,
        kind: _Kind = None,
        of_type: _ShownType = None,
        of_color: _ShownColor = None,
        note: _Note = "",
        yes: _Yes = False,
    ) -> None:
        choice = (image, from_, advertiser, kind, of_type, of_color)
        _decide(version, Opinion(verdict=verdict, note=note), choice, yes=yes, by=by)

    decide.__doc__ = doc
    return decide


keep = _make_command(
    Verdict.KEEP, "Say that labels are right. Takes an earlier drop or relabelling back, too."
)
drop = _make_command(Verdict.DROP, "Leave pictures out of later versions. `keep` takes it back.")


def relabel(
    version: Version,
    by: _By,
    image_type: Annotated[
        str | None, typer.Option("--type", help="The right type: Dealer, Stock or Placeholder.")
    ] = None,
    color: Annotated[
        str | None, typer.Option("--color", help="The right colour: one of the twelve, or none.")
    ] = None,
    image: _Image = None,
    from_: _From = None,
    advertiser: _Advertiser = None,
    kind: _Kind = None,
    of_type: _ShownType = None,
    of_color: _ShownColor = None,
    note: _Note = "",
    yes: _Yes = False,
) -> None:
    """Give pictures another label in later versions."""
    opinion = Opinion(
        verdict=Verdict.RELABEL,
        image_type=parse_image_type(image_type) if image_type else None,
        color=parse_color(color),
        sets_color=color is not None,
        note=note,
    )
    choice = (image, from_, advertiser, kind, of_type, of_color)
    _decide(version, opinion, choice, yes=yes, by=by)


def _decide(name: str, opinion: Opinion, chosen: tuple[Any, ...], *, yes: bool, by: str) -> None:
    with open_datasets() as workspace:
        from forecourt.dataset.review import choose, make_decision
        from forecourt.jobs.datasets import open_version

        found = open_version(workspace, name)
        choice = _read_choice(*chosen)
        items = choose(found.items, choice)
        if len(items) > _HANDFUL and not choice.keys and not yes:
            raise UsageError(f"This is {len(items):,} pictures. Say --yes if they are all meant.")
        at = datetime.now(UTC)
        decisions = [make_decision(item, opinion, version=name, by=by, at=at) for item in items]
        _store(workspace, decisions)


def _read_choice(
    image: list[str] | None,
    from_: Path | None,
    advertiser: str | None,
    kind: str | None,
    of_type: str | None,
    of_color: str | None,
) -> Choice:
    from forecourt.dataset.review import Choice

    keys = [*(image or ())]
    if from_ is not None:
        keys += _read_keys(from_)
    return Choice(
        keys=tuple(keys),
        advertiser=advertiser,
        kind=kind,
        image_type=parse_image_type(of_type) if of_type else None,
        color=parse_color(of_color),
        sets_color=of_color is not None,
    )


def _read_keys(path: Path) -> list[str]:
    if not path.is_file():
        raise UsageError(f"{path} does not exist.")
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        if "key" not in (reader.fieldnames or ()):
            raise UsageError(f"{path} lacks the column key.")
        keys = [row["key"] for row in reader if row["key"]]
    if not keys:
        raise UsageError(f"{path} names no pictures.")
    return keys


def _store(workspace: Workspace, decisions: list[Decision]) -> None:
    from forecourt.store.datasets import add_decisions
    from forecourt.store.engine import writing

    with writing(workspace.engine) as connection:
        add_decisions(connection, decisions)
    out.print(
        f"{counted(len(decisions), 'decision')} kept; the next build applies them.",
        highlight=False,
    )
