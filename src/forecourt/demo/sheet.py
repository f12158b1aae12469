"""The contact sheet: the sitemap as one HTML file that needs nothing else, not even a script."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jinja2

from forecourt.core.errors import ImageSkippedError
from forecourt.core.records import Source, Tag
from forecourt.core.resolve import Status
from forecourt.demo.answers import Judged, Score, Verdict
from forecourt.demo.run import DayReport, path_of
from forecourt.sitemap import SitemapVehicle
from forecourt.vision.decode import decode_image
from forecourt.vision.thumbnail import make_thumbnail

_TEMPLATE = "contact_sheet.html.jinja"


@dataclass(frozen=True, slots=True)
class _Shown:
    """One picture as the template shows it."""

    name: str
    picture: str | None
    width: int
    height: int
    alt: str
    judged: Judged
    is_tagged: bool
    is_wrong: bool
    type_source: str
    color_source: str
    truth: str


def render_sheet(
    entries: Sequence[tuple[SitemapVehicle, Sequence[Judged]]],
    reports: Sequence[DayReport],
    scores: Sequence[Score],
    *,
    advertiser: str,
    model_version: str,
    read_picture: Callable[[str], bytes],
) -> str:
    """Return the sheet.

    Args:
        entries: Vehicles with their judged images.
        reports: What each day took.
        scores: Answers against the truth.
        advertiser: Whose inventory it is.
        model_version: Of the model that answered.
        read_picture: File → its bytes.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("forecourt.demo", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    vehicles = [
        (entry.vehicle, [_show(one, read_picture) for one in judged]) for entry, judged in entries
    ]
    shown = [one for _vehicle, pictures in vehicles for one in pictures]
    template = environment.get_template(_TEMPLATE)
    return template.render(
        advertiser=advertiser,
        model_version=model_version,
        vehicles=vehicles,
        reports=reports,
        reasons=sorted({reason for report in reports for reason in report.tally.skipped}),
        scores=scores,
        counts={
            "all": len(shown),
            "wrong": sum(one.is_wrong for one in shown),
            "review": sum(one.judged.image.resolved.review for one in shown),
            "skipped": sum(not one.is_tagged for one in shown),
        },
    )


def _show(judged: Judged, read_picture: Callable[[str], bytes]) -> _Shown:
    image = judged.image
    resolved = image.resolved
    is_tagged = resolved.status is Status.TAGGED
    thumbnail = _thumbnail(judged.file, read_picture) if is_tagged else None
    about = judged.truth.about if judged.truth else "picture without an answer"
    return _Shown(
        name=path_of(image.url).rsplit("/", 1)[-1],
        picture=thumbnail[0] if thumbnail else None,
        width=thumbnail[1] if thumbnail else 0,
        height=thumbnail[2] if thumbnail else 0,
        alt=about,
        judged=judged,
        is_tagged=is_tagged,
        is_wrong=judged.verdict in {Verdict.WRONG_TYPE, Verdict.WRONG_COLOR},
        type_source=_source(resolved.image_type),
        color_source=_source(resolved.color),
        truth=_truth(judged),
    )


def _thumbnail(
    file: str | None, read_picture: Callable[[str], bytes]
) -> tuple[str, int, int] | None:
    if file is None:
        return None
    try:
        decoded = decode_image(read_picture(file))
    except ImageSkippedError:
        return None
    data = make_thumbnail(decoded.rgb)
    text = base64.b64encode(data).decode()
    return f"data:image/jpeg;base64,{text}", decoded.info.width, decoded.info.height


def _source(tag: Tag[Any]) -> str:
    words = [str(tag.source)]
    if tag.source is Source.MODEL and tag.confidence is not None:
        words.append(f"{tag.confidence:.0%}")
    if tag.reason not in {"", "most_probable", f"{tag.source}_color"}:
        words.append(tag.reason.replace("_", " "))
    return ", ".join(words)


def _truth(judged: Judged) -> str:
    truth, predicted = judged.truth, judged.image.predicted
    if truth is None or predicted is None:
        return ""
    is_color_alone = judged.verdict is Verdict.WRONG_COLOR
    said = predicted.color or "no colour" if is_color_alone else predicted.image_type
    true = truth.color or "no colour" if is_color_alone else truth.image_type
    return f"the model said {said}, it is {true}"
