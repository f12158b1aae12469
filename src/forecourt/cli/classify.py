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
    from forecourt.classify import classify, find_sources
    from forecourt.fetch.client import Fetcher
    from forecourt.vision.bundle import load_bundle
    from forecourt.vision.pipeline import Pipeline

    settings = Settings()
    bundle = load_bundle(settings.vision.bundle)
    counts: Counter[str] = Counter()
    with Pipeline(bundle, settings.vision) as pipeline, Fetcher(settings.fetch) as fetcher:
        answers = classify(
            find_sources(sources), pipeline, fetcher, max_bytes=settings.fetch.max_bytes
        )
        for answer in answers:
            line = _to_json(answer, bundle.version)
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


def _to_json(answer: Any, model_version: str) -> dict[str, Any]:
    from forecourt.vision.decide import is_between, second_color
    from forecourt.vision.pipeline import Seen

    outcome = answer.outcome
    if not isinstance(outcome, Seen):
        return {
            "source": answer.source,
            "status": "skipped",
            "reason": outcome.reason,
            "image_type": None,
            "image_type_probs": None,
            "color": None,
            "color_probs": None,
            "color_visible": None,
            "color_second": None,
            "color_between": None,
            "view_probs": None,
            "kind_probs": None,
            "several_vehicles": None,
            "review": False,
            "box": None,
            "model_version": model_version,
        }
    prediction, decision = outcome.prediction, outcome.decision
    box, several = prediction.box, prediction.several_vehicles
    return {
        "source": answer.source,
        "status": "tagged",
        "reason": decision.image_type_reason,
        "image_type": decision.image_type,
        "image_type_probs": _rounded(prediction.image_type_probs),
        "color": decision.color,
        "color_probs": _rounded(prediction.color_probs),
        "color_visible": round(prediction.color_visible, 4),
        "color_second": second_color(prediction),
        "color_between": decision.color is not None and is_between(prediction),
        "view_probs": _rounded(prediction.view_probs),
        "kind_probs": _rounded(prediction.kind_probs),
        "several_vehicles": None if several is None else round(several, 4),
        "review": decision.review,
        "box": None if box is None else [round(e, 4) for e in (box.x0, box.y0, box.x1, box.y1)],
        "model_version": decision.model_version,
    }


def _rounded(probs: Any) -> dict[str, float]:
    return {str(name): round(prob, 4) for name, prob in probs.items()}


def _to_text(line: dict[str, Any]) -> str:
    if line["status"] == "skipped":
        return f"{line['source']}: skipped ({line['reason']})"
    probability = line["image_type_probs"][line["image_type"]]
    color = line["color"] or "no colour"
    mark = "  review" if line["review"] else ""
    return f"{line['source']}: {line['image_type']} {probability:.2f}, {color}{mark}"
