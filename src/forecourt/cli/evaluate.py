"""`forecourt evaluate`: a model against labelled pictures."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from forecourt.cli.console import out
from forecourt.cli.evaluate_several import evaluate_several, refuse_others
from forecourt.core.errors import UsageError
from forecourt.core.settings import Settings


def run(
    source: Annotated[
        Path | None,
        typer.Argument(
            metavar="MANIFEST|FOLDER",
            help="A CSV with file and image_type, a folder with one, or folders named by type.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="The same, as an option (default: FORECOURT_DATA)."),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option("--split", help="Rows to use: default test, or all where none is called so."),
    ] = None,
    bundle: Annotated[
        Path | None,
        typer.Option("--bundle", help="The model (default: FORECOURT_VISION__BUNDLE, or ours)."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    output: Annotated[
        Path | None, typer.Option("--out", help="Write the report here, as JSON.")
    ] = None,
    card: Annotated[
        Path | None, typer.Option("--card", help="Put the figures into this model card.")
    ] = None,
    run_name: Annotated[
        str | None,
        typer.Option("--run", help="Judge the champion and all candidates of this run instead."),
    ] = None,
    advertiser: Annotated[
        str | None,
        typer.Option("--advertiser", "-a", help="Judge on what this sitemap shows and its fixes."),
    ] = None,
) -> None:
    """Judge a model on labelled pictures: overall, per class, per advertiser, with intervals."""
    if run_name is not None or advertiser is not None:
        refuse_others((source, data, split, bundle, card))
        evaluate_several(run_name, advertiser, as_json=as_json, output=output)
        return
    from forecourt.core.samples import find_labelled
    from forecourt.evaluate.card import read_card, render_figures, update_card
    from forecourt.evaluate.judge import judge
    from forecourt.evaluate.report import make_report
    from forecourt.vision.bundle import load_bundle
    from forecourt.vision.pipeline import Pipeline, nothing

    given = source or data or Path(os.environ.get("FORECOURT_DATA", ""))
    if not (source or data or os.environ.get("FORECOURT_DATA")):
        raise UsageError("Say where the labelled pictures are: a folder, a CSV, or FORECOURT_DATA.")
    folder, labelled = find_labelled(given)
    if split is None:
        split = "test" if any(one.split == "test" for one in labelled) else ""
    samples = [one for one in labelled if not split or one.split == split]
    if not samples:
        raise UsageError(f"{given} has no pictures of the split {split!r}.")
    if card is not None:
        read_card(card)  # before any work is done
    if output is not None and not output.parent.is_dir():
        raise UsageError(f"Cannot write {output}: there is no folder {output.parent}.")
    settings = Settings()
    model = load_bundle(bundle or settings.vision.bundle)
    with Pipeline(model, settings.vision, make_thumbnail=nothing) as pipeline:
        verdicts = list(judge(folder, samples, pipeline))
    report = make_report(verdicts, model_version=model.version, split=split or "all").to_json()
    text = json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False)
    if output is not None:
        output.write_text(text + "\n", encoding="utf-8")
    if card is not None:
        update_card(card, report)
    if as_json:
        typer.echo(text)
    else:
        out.print(render_figures(report), markup=False, highlight=False, soft_wrap=True)
