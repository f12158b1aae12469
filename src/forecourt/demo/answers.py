"""The model's answers against the truth of the sample inventory: counted, never adjusted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from forecourt.core.labels import Color, ImageType
from forecourt.core.resolve import Status
from forecourt.demo.inventory import Truth
from forecourt.demo.run import path_of
from forecourt.sitemap import SitemapImage, SitemapVehicle


class Verdict(StrEnum):
    """How one answer of the model compares to the truth."""

    RIGHT = "right"
    WRONG_TYPE = "wrong type"
    WRONG_COLOR = "wrong colour"
    NO_ANSWER = "no answer"


@dataclass(frozen=True, slots=True)
class Judged:
    """One image of the sitemap, its file and how the model did. `truth` is None without a file."""

    image: SitemapImage
    file: str | None
    truth: Truth | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Score:
    """`right` of `total` different pictures."""

    name: str
    right: int
    total: int


def judge_image(
    image: SitemapImage, files: dict[str, str], truths: dict[str, Truth], last_seen: dict[str, str]
) -> Judged:
    """Compare the model's own answer with the truth.

    What the advertiser configured does not help the model here: its colour is judged also where the
    sitemap shows the scrape's.

    Args:
        image: Of the sitemap.
        files: Path → file that the host serves today.
        truths: File → truth.
        last_seen: Path → file on the day before, for pictures that have gone from the host.
    """
    path = path_of(image.url)
    file = files.get(path) or last_seen.get(path)
    truth = truths.get(file) if file else None
    if image.resolved.status is Status.SKIPPED or image.predicted is None or truth is None:
        return Judged(image, file, truth, Verdict.NO_ANSWER)
    if image.predicted.image_type is not truth.image_type:
        return Judged(image, file, truth, Verdict.WRONG_TYPE)
    is_color_wrong = image.predicted.color is not truth.color
    return Judged(image, file, truth, Verdict.WRONG_COLOR if is_color_wrong else Verdict.RIGHT)


def judge_sitemap(
    entries: Iterable[SitemapVehicle],
    *,
    files: dict[str, str],
    truths: dict[str, Truth],
    last_seen: dict[str, str],
) -> list[tuple[SitemapVehicle, list[Judged]]]:
    """Return the vehicles with their judged images."""
    return [
        (entry, [judge_image(image, files, truths, last_seen) for image in entry.images])
        for entry in entries
    ]


def score(judged: Iterable[Judged]) -> list[Score]:
    """Return scores by type, for the colour, and for both; a picture counts once."""
    by_file = {one.file: one for one in judged if one.verdict is not Verdict.NO_ANSWER}
    answered = list(by_file.values())
    scores = [_score_type(image_type, answered) for image_type in ImageType]
    colored = [one for one in answered if _truth_color(one) is not None]
    right = sum(_predicted_color(one) is _truth_color(one) for one in colored)
    scores.append(Score("Colour", right, len(colored)))
    both = sum(one.verdict is Verdict.RIGHT for one in answered)
    scores.append(Score("Type and colour", both, len(answered)))
    return scores


def _score_type(image_type: ImageType, answered: list[Judged]) -> Score:
    of_type = [one for one in answered if one.truth and one.truth.image_type is image_type]
    right = sum(one.verdict is not Verdict.WRONG_TYPE for one in of_type)
    return Score(str(image_type), right, len(of_type))


def _truth_color(one: Judged) -> Color | None:
    return one.truth.color if one.truth else None


def _predicted_color(one: Judged) -> Color | None:
    return one.image.predicted.color if one.image.predicted else None


def to_json(scores: list[Score], judged: Iterable[Judged]) -> dict[str, Any]:
    """Return the comparison for machines, with every wrong answer."""
    wrong = {
        one.file: {
            "verdict": one.verdict,
            "truth": {"image_type": one.truth.image_type, "color": one.truth.color},
            "predicted": {
                "image_type": one.image.predicted.image_type,
                "color": one.image.predicted.color,
            },
        }
        for one in judged
        if one.verdict in {Verdict.WRONG_TYPE, Verdict.WRONG_COLOR}
        and one.truth
        and one.image.predicted
    }
    return {
        "scores": {one.name: {"right": one.right, "total": one.total} for one in scores},
        "wrong": wrong,
    }
