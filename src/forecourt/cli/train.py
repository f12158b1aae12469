"""`forecourt train`: a dataset version becomes candidates."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from forecourt.cli.console import err, farewell, out
from forecourt.cli.dataset import print_rows
from forecourt.core.errors import UsageError
from forecourt.core.runs import CandidateRecord, RunRecord
from forecourt.core.settings import Settings

_NEEDED = ("torch", "onnx", "optuna", "pyarrow")


def run(
    dataset: Annotated[str, typer.Option("--dataset", help="Name of the dataset version.")],
    candidates: Annotated[
        int, typer.Option("--candidates", min=1, max=32, help="How many; 4 to 8 are sensible.")
    ] = 4,
    name: Annotated[
        str,
        typer.Option("--run", help="Name of the run; default: goes on with one, or makes one up."),
    ] = "",
    space: Annotated[
        Path | None, typer.Option("--space", help="The search space (TOML); default: ours.")
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(
            "--start", help="Bundle to start from; default: what the champion was trained from."
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of all randomness.")] = 7,
    threads: Annotated[int, typer.Option("--threads", min=0, help="0: all cores.")] = 0,
    niceness: Annotated[
        int, typer.Option("--nice", min=0, max=19, help="How far others go first; 0: not at all.")
    ] = 15,
    int8: Annotated[
        bool, typer.Option(help="Try int8, and keep it where it costs under 0.3 points.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the run's record.")] = False,
) -> None:
    """Train candidates from a dataset version and a model. Run again, it goes on."""
    missing = [one for one in _NEEDED if find_spec(one) is None]
    if missing:
        raise UsageError(
            f"This needs {', '.join(missing)}: pip install 'forecourt[train]' (docs/training.md)."
        )
    from forecourt.jobs.training import TrainOrder, runs_root, train
    from forecourt.jobs.workspace import open_workspace

    farewell.text = "Stopped. The same command goes on where this one stopped."
    order = TrainOrder(
        dataset=dataset,
        candidates=candidates,
        run=name,
        space=space,
        start=start,
        seed=seed,
        threads=threads,
        niceness=niceness,
        tries_int8=int8,
    )
    with open_workspace(Settings()) as workspace, _progress() as on_record:
        record = train(workspace, order, on_record=on_record)
        folder = runs_root(workspace) / record.name
    if as_json:
        typer.echo(json.dumps(record.model_dump(mode="json"), ensure_ascii=False))
        return
    best = record.best()
    print_rows(
        f"Run {record.name}: {record.wanted} candidates from {record.start}",
        ("candidate", "score", "placeholders", "epochs", "best", "weights", "minutes"),
        [_row(one, is_best=one is best) for one in record.candidates],
    )
    out.print(f"In {folder}. Next: forecourt evaluate --run {record.name}", highlight=False)


def _row(candidate: CandidateRecord, *, is_best: bool) -> tuple[str | int, ...]:
    outcome = candidate.outcome
    if outcome is None:
        return (candidate.version, "", "", len(candidate.epochs), "", "", "")
    found = outcome.placeholders
    name = candidate.version + (" (blend)" if candidate.blend_of else "")
    return (
        name + (" *" if is_best else ""),
        f"{outcome.score:.4f}",
        "-" if found is None else f"{100 * found:.1f} %",
        len(candidate.epochs),
        outcome.best_epoch,
        outcome.precision,
        f"{candidate.seconds / 60:.1f}",
    )


@contextmanager
def _progress() -> Iterator[Callable[[RunRecord], None]]:
    """Show the epochs of the candidate in training, on a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, TimeElapsedColumn(), console=err, disable=not err.is_terminal
    ) as progress:
        task = progress.add_task("Preparing pictures", total=None)

        def show(record: RunRecord) -> None:
            begun = record.candidates[-1] if record.candidates else None
            if begun is None:
                return
            score = f"  best {max(one.score for one in begun.epochs):.4f}" if begun.epochs else ""
            progress.update(
                task,
                description="Blend"
                if begun.blend_of
                else f"Candidate {begun.number} of {record.wanted}{score}",
                completed=len(begun.epochs),
                total=record.space["training"]["epochs"],
            )

        yield show
