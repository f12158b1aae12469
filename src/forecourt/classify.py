"""Stage: pictures without an inventory → answers. Keeps nothing.

Local files, folders and URLs go through the same decoding, network and rules as a scrape.
"""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from forecourt.core.records import Decision, Fetched, ImageRequest, Prediction
from forecourt.core.skips import SkipReason
from forecourt.fetch.client import Fetcher
from forecourt.vision.decide import is_between, second_color
from forecourt.vision.pipeline import Pipeline, Seen, Unseen

_CHUNK = 64


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one source: a path or URL as it was given."""

    source: str
    outcome: Seen | Unseen


def find_sources(sources: Iterable[str]) -> Iterator[str]:
    """Yield every URL as it is, and every file that a path, folder or glob pattern names.

    Files of a folder come in sorted order, hidden ones and those in hidden folders are left out. A
    path that names nothing is yielded as it is: it will be answered with a reason.
    """
    for source in sources:
        try:
            yield from [source] if is_url(source) else _find_files(source)
        except OSError:  # such as a name too long to look up
            yield source


def is_url(source: str) -> bool:
    """Whether a source is to be fetched rather than opened."""
    return source.lower().startswith(("http://", "https://"))


def classify(
    sources: Iterable[str], pipeline: Pipeline, fetcher: Fetcher, *, max_bytes: int
) -> Iterator[Answer]:
    """Yield exactly one answer per source, in their order, a bounded number in memory.

    Args:
        sources: Paths and URLs.
        pipeline: The model.
        fetcher: Asks for the URLs.
        max_bytes: Longer files are skipped, as longer bodies are.
    """
    remaining = iter(sources)
    while chunk := list(islice(remaining, _CHUNK)):
        data: list[bytes | Unseen] = [_read(source, max_bytes) for source in chunk]
        urls = [index for index, source in enumerate(chunk) if is_url(source)]
        requests = (ImageRequest(ref=index, url=chunk[index]) for index in urls)
        for outcome in fetcher.fetch(requests, want_body=lambda _request, _facts: True):
            index = outcome.request.ref
            if isinstance(outcome, Fetched) and outcome.body is not None:
                data[index] = outcome.body
            elif not isinstance(outcome, Fetched):
                data[index] = Unseen(outcome.reason, outcome.detail)
        seen = iter(pipeline.run([one for one in data if isinstance(one, bytes)]))
        for source, one in zip(chunk, data, strict=True):
            yield Answer(source, one if isinstance(one, Unseen) else next(seen))


def outcome_to_json(outcome: Seen | Unseen, model_version: str) -> dict[str, Any]:
    """Return the JSON form of one answer; its shape is a contract (docs/api.md)."""
    if isinstance(outcome, Unseen):
        return skipped_to_json(outcome.reason, model_version)
    return answer_to_json(outcome.prediction, outcome.decision)


def skipped_to_json(reason: SkipReason, model_version: str) -> dict[str, Any]:
    """Return the JSON form of a picture that has no answer."""
    return {
        "status": "skipped",
        "reason": reason,
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


def answer_to_json(prediction: Prediction, decision: Decision) -> dict[str, Any]:
    """Return the JSON form of what a model says of a picture."""
    box, several = prediction.box, prediction.several_vehicles
    return {
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


def _rounded(probs: Mapping[Any, float]) -> dict[str, float]:
    return {str(name): round(prob, 4) for name, prob in probs.items()}


def _find_files(source: str) -> Iterator[str]:
    path = Path(source)
    if source and path.is_dir():
        for found in sorted(path.rglob("*")):
            is_hidden = any(part.startswith(".") for part in found.relative_to(path).parts)
            if not is_hidden and found.is_file():
                yield str(found)
        return
    # Shells expand patterns, but not all of them do. `Path.glob` takes no absolute ones.
    matches = [] if path.exists() else sorted(glob.glob(source, recursive=True))  # noqa: PTH207
    for match in matches:
        yield from _find_files(match)
    if not matches:
        yield source


def _read(source: str, max_bytes: int) -> bytes | Unseen:
    if is_url(source):
        return Unseen(SkipReason.PENDING, "")
    try:
        with Path(source).open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        return Unseen(SkipReason.UNREADABLE_FILE, error.strerror or type(error).__name__)
    if len(data) > max_bytes:
        return Unseen(SkipReason.TOO_LARGE, f"more than {max_bytes} bytes")
    return data
