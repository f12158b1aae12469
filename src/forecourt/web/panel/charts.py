"""Charts as SVG, drawn on the server. Pure: numbers in, markup out.

Colours come from classes (`charts.css`), so that they follow the light and the dark scheme; lines
also differ in their strokes, and every chart carries its numbers as a table. All text is escaped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup

_WIDTH, _HEIGHT = 560, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 14, 20, 28
_INNER_WIDTH, _INNER_HEIGHT = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
_TICKS = 4
_STEPS = (1, 2, 4, 6, 8, 10)  # each is four even steps
_WIDEST_BAR = 40.0

Write = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Series:
    """A line: what it is called, its class (`line-NAME`), and its points; None leaves a gap."""

    label: str
    name: str
    points: Sequence[tuple[datetime, float | None]]


@dataclass(frozen=True, slots=True)
class Column:
    """A stacked bar: when, and how many of each part."""

    at: datetime
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart and all that stands around it.

    Attributes:
        title: What it shows.
        svg: The drawing; its own description says the latest numbers.
        legend: Class and label of each line or part.
        headings: Of the table; the first is the time.
        rows: Of the table, the latest first.
    """

    title: str
    svg: Markup
    legend: tuple[tuple[str, str], ...]
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def line_chart(
    title: str,
    series: Sequence[Series],
    *,
    write: Write,
    marks: Sequence[tuple[datetime, str]] = (),
    top: float | None = None,
) -> Chart:
    """Draw lines over time, from zero up.

    Args:
        title: What it shows.
        series: One or two lines of the same times.
        write: How a value is written.
        marks: Times that get an upright line, with its name.
        top: Where the scale ends; None: by the largest value.
    """
    values = [value for one in series for _at, value in one.points if value is not None]
    times = [at for one in series for at, _value in one.points]
    highest = top if top is not None else _nice_top(max(values, default=0.0))
    place = _over_time(times)
    parts = [_grid(highest, write), _dates(times, place)]
    for at, name in marks:
        if times and min(times) <= at <= max(times):
            parts.append(_mark(place(at), name))
    parts += [_line(one, place, highest) for one in series]
    rows = tuple(
        (_day(at), *(_written(_value_at(one, index), write) for one in series))
        for index, (at, _value) in reversed(list(enumerate(series[0].points)))
    )
    latest = "; ".join(f"{one.label}: {_written(_last(one), write)}" for one in series)
    return Chart(
        title=title,
        svg=_frame(title, f"Latest: {latest}.", parts),
        legend=tuple((f"line-{one.name}", one.label) for one in series),
        headings=("Time", *(one.label for one in series)),
        rows=rows,
    )


def stacked_bars(
    title: str, columns: Sequence[Column], parts: Sequence[tuple[str, str, str]]
) -> Chart:
    """Draw shares of a whole over time, one bar for each time, the oldest on the left.

    Args:
        title: What it shows.
        columns: At most some 60; those in which nothing is counted are left out.
        parts: From below upwards: key, class (`part-NAME`) and label.
    """
    shown = [one for one in columns if sum(one.values.values()) > 0]
    drawn = [_grid(1.0, _percent)]
    step = _INNER_WIDTH / max(1, len(shown))
    width = min(_WIDEST_BAR, step * 0.8)
    for index, column in enumerate(shown):
        x = _LEFT + step * index + (step - width) / 2
        drawn.append(_bar(column, parts, x, width))
    if shown:
        drawn.append(_dates([one.at for one in shown], lambda at: _bar_place(shown, step, at)))
    present = [one for one in parts if any(column.values.get(one[0]) for column in shown)]
    latest = ", ".join(
        f"{label} {_percent(_share(shown[-1], key))}" for key, _name, label in present if shown
    )
    return Chart(
        title=title,
        svg=_frame(title, f"Latest: {latest}." if latest else "Nothing was counted.", drawn),
        legend=tuple((f"part-{name}", label) for _key, name, label in reversed(present)),
        headings=("Time", *(label for _key, _name, label in present)),
        rows=tuple(
            (_day(one.at), *(_percent(_share(one, key)) for key, _name, _label in present))
            for one in reversed(shown)
        ),
    )


# ---- parts of a drawing --------------------------------------------------------------------------


def _frame(title: str, description: str, parts: Sequence[Markup]) -> Markup:
    return Markup(
        '<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-label="{label}">'
        "{parts}</svg>"
    ).format(
        width=_WIDTH,
        height=_HEIGHT,
        label=f"{title}. {description}",
        parts=Markup("").join(parts),
    )


def _grid(highest: float, write: Write) -> Markup:
    lines = []
    for tick in range(_TICKS + 1):
        value = highest * tick / _TICKS
        lines.append(
            Markup(
                '<path class="grid" d="M{left} {y:.1f}H{right}"/>'
                '<text x="{x}" y="{middle:.1f}" text-anchor="end">{label}</text>'
            ).format(
                left=_LEFT,
                right=_WIDTH - _RIGHT,
                x=_LEFT - 6,
                y=_height_of(value, highest),
                middle=_height_of(value, highest) + 4,
                label=write(value),
            )
        )
    return Markup("").join(lines)


def _dates(times: Sequence[datetime], place: Callable[[datetime], float]) -> Markup:
    """Write the first and the last day, and one between where there is room."""
    if not times:
        return Markup("")
    first, last = min(times), max(times)
    shown = [(first, "start"), (last, "end")] if first.date() != last.date() else [(last, "middle")]
    if (last - first).days >= 4:
        nearest = min(times, key=lambda at: abs((at - first) - (last - first) / 2))
        shown.insert(1, (nearest, "middle"))
    return Markup("").join(
        Markup('<text x="{x:.1f}" y="{y}" text-anchor="{anchor}">{day}</text>').format(
            x=place(at), y=_HEIGHT - 8, anchor=anchor, day=f"{at.astimezone(UTC):%d %b}"
        )
        for at, anchor in shown
    )


def _mark(x: float, name: str) -> Markup:
    is_right = x > _WIDTH / 2
    return Markup(
        '<path class="mark" d="M{x:.1f} {top}V{bottom}"/>'
        '<text class="mark" x="{at:.1f}" y="{above}" text-anchor="{anchor}">{name}</text>'
    ).format(
        x=x,
        top=_TOP,
        bottom=_HEIGHT - _BOTTOM,
        at=x,
        above=_TOP - 5,
        anchor="end" if is_right else "start",
        name=name,
    )


def _line(one: Series, place: Callable[[datetime], float], highest: float) -> Markup:
    pieces: list[list[str]] = [[]]
    end: tuple[float, float] | None = None
    for at, value in one.points:
        if value is None:
            pieces.append([])
            continue
        end = place(at), _height_of(value, highest)
        pieces[-1].append(f"{end[0]:.1f} {end[1]:.1f}")
    path = "".join(f"M{'L'.join(piece)}" for piece in pieces if piece)
    if end is None:
        return Markup("")
    return Markup(
        '<path class="line line-{name}" d="{path}"/>'
        '<circle class="point line-{name}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'
    ).format(name=one.name, path=path, x=end[0], y=end[1])


def _bar(column: Column, parts: Sequence[tuple[str, str, str]], x: float, width: float) -> Markup:
    drawn, below = [], 0.0
    for key, name, _label in parts:
        share = _share(column, key)
        if share > 0:
            drawn.append(
                Markup(
                    '<rect class="part part-{name}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
                    'height="{height:.1f}"/>'
                ).format(
                    name=name,
                    x=x,
                    y=_height_of(below + share, 1.0),
                    width=width,
                    height=_INNER_HEIGHT * share,
                )
            )
        below += share
    return Markup("").join(drawn)


# ---- scales --------------------------------------------------------------------------------------


def _over_time(times: Sequence[datetime]) -> Callable[[datetime], float]:
    first, last = min(times, default=None), max(times, default=None)
    if first is None or last is None or first == last:
        return lambda _at: _LEFT + _INNER_WIDTH / 2
    span = (last - first).total_seconds()
    return lambda at: _LEFT + _INNER_WIDTH * (at - first).total_seconds() / span


def _bar_place(shown: Sequence[Column], step: float, at: datetime) -> float:
    index = next(place for place, one in enumerate(shown) if one.at == at)
    if index == 0 and len(shown) > 1:
        return _LEFT
    return _WIDTH - _RIGHT if index == len(shown) - 1 and index else _LEFT + step * (index + 0.5)


def _height_of(value: float, highest: float) -> float:
    return _TOP + _INNER_HEIGHT * (1 - min(value, highest) / highest)


def _nice_top(highest: float) -> float:
    """Return the end of a scale that holds a value, with even numbers at its ticks."""
    if not highest > 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(highest))
    return power * next(step for step in _STEPS if highest <= step * power * (1 + 1e-9))


def _share(column: Column, key: str) -> float:
    return column.values.get(key, 0) / sum(column.values.values())


def _value_at(one: Series, index: int) -> float | None:
    return one.points[index][1]


def _last(one: Series) -> float | None:
    return next((value for _at, value in reversed(one.points) if value is not None), None)


def _written(value: float | None, write: Write) -> str:
    return "-" if value is None else write(value)


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %"


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d}"
