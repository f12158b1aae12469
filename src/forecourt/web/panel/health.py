"""Health: how the champion does, all together and advertiser by advertiser, worst first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response

from forecourt import monitor
from forecourt.core.errors import NotFoundError
from forecourt.core.fixes import FixField
from forecourt.core.labels import COLORS, IMAGE_TYPES
from forecourt.core.monitor import Answers, Figures
from forecourt.core.monitor_rules import ADVICE, shift_of
from forecourt.store.engine import reading
from forecourt.store.scrapes import has_advertiser
from forecourt.web.api.paging import Cursor, make_name_cursor, read_name_cursor
from forecourt.web.panel.charts import Chart, Column, Series, line_chart, stacked_bars
from forecourt.web.panel.formats import color_name, slug
from forecourt.web.panel.pages import StaffReader, render, url_to
from forecourt.web.problems import ProblemError
from forecourt.web.service import Served

router = APIRouter()
_PAGE = 50
_RUNS = 90  # nights of a trend
_SCRAPES = 60  # bars
_ALARMS = 50
_WAITING = 100

Trend = Sequence[tuple[monitor.Run, monitor.Measured]]
_TYPES = [(str(one), slug(one), str(one)) for one in IMAGE_TYPES]
_PAINTS = [*((str(one), slug(one), str(one)) for one in COLORS), ("", slug(None), color_name(None))]


@router.get("/health")
def show_health(
    service: Served, request: Request, reader: StaffReader, cursor: Cursor = None
) -> Response:
    """Show all advertisers together, then each, worst first."""
    after = _read_place(cursor)
    with reading(service.engine) as connection:
        run = monitor.latest_run(connection)
        found = (
            []
            if run is None
            else monitor.list_worst(connection, run.id, after=after, limit=_PAGE + 1)
        )
        trend = monitor.load_trend(connection, monitor.ALL, limit=_RUNS)
        alarms = monitor.list_standing(connection, limit=_ALARMS + 1)
    shown = found[:_PAGE]
    behind = f"{shown[-1].badness!r} {shown[-1].advertiser}" if len(found) > _PAGE else None
    return render(
        request,
        reader,
        "health.html",
        run=run,
        total=trend[-1][1] if trend else None,
        rows=[(one, _figures(one.figures)) for one in shown],
        overall=_figures(trend[-1][1].figures) if trend else None,
        charts=_charts(trend) if trend else [],
        alarms=alarms[:_ALARMS],
        has_more_alarms=len(alarms) > _ALARMS,
        advice=ADVICE,
        is_first=after is None,
        first=url_to("health") if after is not None else None,
        following=url_to("health", cursor=make_name_cursor(behind)) if behind else None,
    )


@router.get("/health/{advertiser:path}")
def show_advertiser(
    service: Served, request: Request, reader: StaffReader, advertiser: str
) -> Response:
    """Show how the champion does with one advertiser's images.

    Raises:
        NotFoundError: there is none of that name.
    """
    with reading(service.engine) as connection:
        if "\x00" in advertiser or not has_advertiser(connection, advertiser):
            raise NotFoundError(f"There is no advertiser {advertiser!r}.")
        trend = monitor.load_trend(connection, advertiser, limit=_RUNS)
        counted = monitor.load_counted(connection, advertiser, limit=_SCRAPES)
        alarms = monitor.list_alarms(connection, advertiser, limit=_ALARMS)
        waiting = monitor.list_longest(connection, advertiser, limit=_WAITING)
    now = datetime.now(UTC)
    return render(
        request,
        reader,
        "health_of.html",
        advertiser=advertiser,
        run=trend[-1][0] if trend else None,
        measured=trend[-1][1] if trend else None,
        overall=_figures(trend[-1][1].figures) if trend else None,
        charts=[*(_charts(trend, with_classes=False) if trend else []), *_class_charts(counted)],
        alarms=alarms,
        waiting=[(one, max(0, (now - one.since).days)) for one in waiting],
        advice=ADVICE,
    )


def _read_place(cursor: str | None) -> tuple[float, str] | None:
    text = read_name_cursor(cursor)
    if text is None:
        return None
    badness, _space, name = text.partition(" ")
    try:
        place = float(badness)
    except ValueError:
        place = math.nan
    if not math.isfinite(place):
        raise ProblemError(422, "invalid", "The cursor is none of ours; begin at the first page.")
    return place, name


# ---- figures -------------------------------------------------------------------------------------


def _figures(figures: Figures) -> dict[str, float | int | None]:
    """Return the figures that pages show; None where there is nothing to say."""
    shifts = [shift for name in FixField if (shift := shift_of(figures, name)) is not None]
    return {
        "images": figures.images,
        "fixed": figures.fixed.images,
        "fix_rate": _known(figures.fix_rate),
        "fix_rate_before": _known(figures.fix_rate_before),
        "unsure": _share(figures.now.reviews, figures.now.images),
        "unsure_before": _unsure(figures.before),
        "confidence": _known(figures.now.confidence(FixField.IMAGE_TYPE).value),
        "confidence_before": _confidence(figures.before),
        "flipped": _share(figures.flips.images, figures.compared),
        "compared": figures.compared,
        "psi": max((one.psi for one in shifts), default=None),
        "strange": _share(figures.strange, figures.looked_at),
        "waiting": figures.waiting.vehicles,
        "vehicles": figures.waiting.of,
        "longest": figures.waiting.longest if figures.waiting.vehicles else None,
    }


def _unsure(answers: Answers | None) -> float | None:
    return None if answers is None else _share(answers.reviews, answers.images)


def _confidence(answers: Answers | None) -> float | None:
    return None if answers is None else _known(answers.confidence(FixField.IMAGE_TYPE).value)


def _share(count: int, of: int) -> float | None:
    return count / of if of else None


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


# ---- charts --------------------------------------------------------------------------------------


def _charts(trend: Trend, *, with_classes: bool = True) -> list[Chart]:
    """Draw what runs measured over time, with the releases among them."""
    figures = [(run.at, one.figures) for run, one in trend]
    releases = {run.period.released_at: run.period.model_version for run, _one in trend}
    marks = [(at, version) for at, version in releases.items() if at is not None]
    drawn = [
        line_chart(
            "Fixed images for each 1,000 images and week",
            [
                Series("in the period", "now", [(at, _known(one.fix_rate)) for at, one in figures]),
                Series(
                    "before it", "other", [(at, _known(one.fix_rate_before)) for at, one in figures]
                ),
            ],
            write=lambda value: f"{value:.3g}",
            marks=marks,
        ),
        line_chart(
            "Images that the model is not sure of",
            [
                Series(
                    "not sure",
                    "now",
                    [(at, _share(one.now.reviews, one.now.images)) for at, one in figures],
                ),
            ],
            write=lambda value: f"{100 * value:.3g} %",
            marks=marks,
        ),
    ]
    if with_classes:
        kept = figures[-_SCRAPES:]
        for name, title, parts in _FIELDS:
            columns = [Column(at, one.classes.get(name, {})) for at, one in kept]
            drawn.append(stacked_bars(title, columns, parts))
    return drawn


_FIELDS = (
    (FixField.IMAGE_TYPE, "Image types, by the model", _TYPES),
    (FixField.COLOR, "Colours, by the model", _PAINTS),
)


def _class_charts(
    counted: Sequence[tuple[datetime, dict[str, dict[str, float]]]],
) -> list[Chart]:
    """Draw the shares of classes of finished scrapes."""
    if not counted:
        return []
    return [
        stacked_bars(
            f"{title}, scrape by scrape",
            [Column(at, by_field.get(name, {})) for at, by_field in reversed(counted)],
            parts,
        )
        for name, title, parts in _FIELDS
    ]
