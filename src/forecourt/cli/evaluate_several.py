"""`forecourt evaluate --run`, `--advertiser`: several models on the same pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from forecourt.cli.console import out
from forecourt.cli.dataset import open_datasets, print_rows, show_progress
from forecourt.core.errors import UsageError
from forecourt.core.labels import IMAGE_TYPES
from forecourt.core.runs import PAGE_FILE

if TYPE_CHECKING:
    from forecourt.core.evaluation import Evaluation
    from forecourt.core.metrics import Gap

_PLACEHOLDER = IMAGE_TYPES.index("Placeholder")


def refuse_others(options: tuple[object, ...]) -> None:
    """Refuse options that say what is judged on what.

    Raises:
        UsageError: one of them was given.
    """
    if any(one is not None for one in options):
        raise UsageError(
            "--run and --advertiser go with --json and --out only: they say all the rest."
        )


def evaluate_several(
    run: str | None, advertiser: str | None, *, as_json: bool, output: Path | None
) -> None:
    """Judge the candidates of a run, on its test set or on an advertiser's sitemap."""
    next_step = ""
    with open_datasets() as workspace:
        from forecourt.jobs.evaluation import evaluate_current, evaluate_run

        with show_progress("Judging") as on_progress:
            if advertiser is not None:
                found = evaluate_current(workspace, advertiser, run, on_progress=on_progress)
            else:
                folder, one = evaluate_run(workspace, run or "", on_progress=on_progress)
                found = [one]
                next_step = f"Report: {folder / PAGE_FILE}. Next: forecourt models gate {run}"
    told = [one.model_dump(mode="json") for one in found]
    text = json.dumps(told if advertiser is not None else told[0], indent=1, ensure_ascii=False)
    if output is not None:
        output.write_text(text + "\n", encoding="utf-8")
    if as_json:
        typer.echo(text)
        return
    for one in found:
        _show(one)
    if next_step:
        out.print(next_step, highlight=False, markup=False)


def _show(evaluation: Evaluation) -> None:
    from forecourt.evaluate.compare import compare_models

    comparisons = {one.version: one for one in compare_models(evaluation)}
    rows = []
    for one in evaluation.models:
        types, colors = one.report["image_type"], one.report["color"]
        paired = comparisons.get(one.version)
        rows.append(
            (
                one.version,
                _percent(types["accuracy"]["value"]),
                _percent(types["classes"][_PLACEHOLDER]["recall"]["value"]),
                _percent(colors["decided"]["value"]),
                _gap(paired.image_type.gap) if paired else "champion",
                _gap(paired.color.gap) if paired else "",
                f"{one.cpu_ms:.1f}",
            )
        )
    title = f"{evaluation.name}: {len(evaluation.pictures):,} pictures"
    headings = ("model", "type", "placeholders", "colour", "type, points", "colour, points", "ms")
    print_rows(title, headings, rows)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _gap(gap: Gap) -> str:
    return f"{100 * gap.value:+.1f} ({100 * gap.low:+.1f} to {100 * gap.high:+.1f})"
