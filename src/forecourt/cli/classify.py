"""`forecourt classify`: pictures → answers, without an inventory."""

from __future__ import annotations

import json
from collections import Counter
from typing import Annotated, Any

import typer

from forecourt.cli.console import err, out
from forecourt.core.settings import Settings


def run(
    sources: Annotated[
        list[str], typer.Argument(help="Files, folders, patterns or URLs.", metavar="PATH|URL")
    ],
    jsonl: Annotated[bool, typer.Option("--jsonl", help="One JSON object per image.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 where an image has no answer.")
    ] = False,
) -> None:
    """Classify images and print one line for each: an answer, or the reason why there is none."""
    from forecourt.classify import classify, find_sources, outcome_to_json
    from forecourt.fetch.client import Fetcher
    from forecourt.vision.bundle import load_bundle
    from forecourt.vision.pipeline import Pipeline, nothing

    settings = Settings()
    bundle = load_bundle(settings.vision.bundle)
    counts: Counter[str] = Counter()
    with (
        Pipeline(bundle, settings.vision, make_thumbnail=nothing) as pipeline,
        Fetcher(settings.fetch) as fetcher,
    ):
        answers = classify(
            find_sources(sources), pipeline, fetcher, max_bytes=settings.fetch.max_bytes
        )
        for answer in answers:
            line = {"source": answer.source, **outcome_to_json(answer.outcome, bundle.version)}
            counts[line["status"]] += 1
            if jsonl:
                typer.echo(json.dumps(line, ensure_ascii=False))
            else:
                out.print(_to_text(line), highlight=False, markup=False, soft_wrap=True)
    if not counts:
        raise typer.BadParameter("no files found there")
    err.print(f"{counts['tagged']} tagged, {counts['skipped']} skipped")
    if strict and counts["skipped"]:
        raise typer.Exit(1)


def _to_text(line: dict[str, Any]) -> str:
    if line["status"] == "skipped":
        return f"{line['source']}: skipped ({line['reason']})"
    probability = line["image_type_probs"][line["image_type"]]
    color = line["color"] or "no colour"
    mark = "  review" if line["review"] else ""
    return f"{line['source']}: {line['image_type']} {probability:.2f}, {color}{mark}"
