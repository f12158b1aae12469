"""`forecourt evaluate`: a model against labelled pictures."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from forecourt.cli.console import out
from forecourt.core.errors import UsageError
from forecourt.core.settings import Settings


def run(
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Folder with data.csv and pictures (or FORECOURT_DATA)."),
    ] = None,
    split: Annotated[str, typer.Option("--split", help="Rows of data.csv to use.")] = "test",
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    output: Annotated[
        Path | None, typer.Option("--out", help="Write the report here, as JSON.")
    ] = None,
    card: Annotated[
        Path | None, typer.Option("--card", help="Put the figures into this model card.")
    ] = None,
) -> None:
    """Judge the model on labelled pictures: overall, per class and per advertiser, with intervals.

    The model is the shipped one, or the bundle that FORECOURT_VISION__BUNDLE names.
    """
    from forecourt.core.samples import read_manifest
    from forecourt.evaluate.card import read_card, render_figures, update_card
    from forecourt.evaluate.judge import judge
    from forecourt.evaluate.report import make_report
    from forecourt.vision.bundle import load_bundle
    from forecourt.vision.pipeline import Pipeline

    folder = data or Path(os.environ.get("FORECOURT_DATA", ""))
    if not (data or os.environ.get("FORECOURT_DATA")):
        raise UsageError("Say where the labelled pictures are: --data FOLDER or FORECOURT_DATA.")
    samples = [one for one in read_manifest(folder) if one.split == split]
    if not samples:
        raise UsageError(f"{folder / 'data.csv'} has no rows of the split {split!r}.")
    if card is not None:
        read_card(card)  # before any work is done
    if output is not None and not output.parent.is_dir():
        raise UsageError(f"Cannot write {output}: there is no folder {output.parent}.")
    settings = Settings()
    bundle = load_bundle(settings.vision.bundle)
    with Pipeline(bundle, settings.vision) as pipeline:
        verdicts = list(judge(folder, samples, pipeline))
    report = make_report(verdicts, model_version=bundle.version, split=split).to_json()
    text = json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False)
    if output is not None:
        output.write_text(text + "\n", encoding="utf-8")
    if card is not None:
        update_card(card, report)
    if as_json:
        typer.echo(text)
    else:
        out.print(render_figures(report), markup=False, highlight=False, soft_wrap=True)
