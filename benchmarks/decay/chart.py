"""The year as two line charts, drawn as SVG by hand: nothing has to be installed to see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from xml.sax.saxutils import escape

from benchmarks.decay.measure import Estimate

_WIDTH, _HEIGHT = 440, 300  # of one panel, in pixels
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 78, 40, 44  # around the plot
# Told apart by lightness and by dashes, so that no eye depends on the hue.
_INKS = {"nothing": ("#8a8f98", "6 4"), "classic": ("#c9822b", "2 3"), "ours": ("#1f4e79", "")}


@dataclass(frozen=True, slots=True)
class Panel:
    """One question: by way, the share of right answers in each month, the first model's first."""

    title: str
    lines: Mapping[str, Sequence[Estimate]]


def draw(panels: Sequence[Panel]) -> str:
    """Return an SVG document with the panels side by side, intervals shaded."""
    width = _WIDTH * len(panels)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_HEIGHT}" '
            f'width="{width}" height="{_HEIGHT}" font-family="sans-serif" font-size="12">'
        ),
        f"<title>{escape('; '.join(one.title for one in panels))}</title>",
        f'<rect width="{width}" height="{_HEIGHT}" fill="#ffffff"/>',
    ]
    for place, panel in enumerate(panels):
        parts += [f'<g transform="translate({place * _WIDTH} 0)">', *_draw_panel(panel), "</g>"]
    return "\n".join([*parts, "</svg>", ""])


def _draw_panel(panel: Panel) -> list[str]:
    shares = [one for line in panel.lines.values() for one in line if isfinite(one.value)]
    low = max(0.0, int(20 * min(one.low for one in shares)) / 20)  # steps of 5 %
    months = max(len(line) for line in panel.lines.values()) - 1

    def x(month: int) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * month / max(months, 1)

    def y(value: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * (value - low) / (1 - low)

    parts = [_text(_LEFT, 22, panel.title, weight="bold")]
    for step in range(round(low * 20), 21, 1 if low > 0.7 else 2):
        value = step / 20
        parts.append(
            f'<path d="M{_LEFT} {y(value):.1f}H{_WIDTH - _RIGHT}" stroke="#e3e6ea" fill="none"/>'
        )
        parts.append(_text(_LEFT - 8, y(value) + 4, f"{value:.0%}", anchor="end"))
    parts += [
        _text(x(month), _HEIGHT - _BOTTOM + 18, str(month), anchor="middle")
        for month in range(0, months + 1, 2 if months > 6 else 1)
    ]
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 8, "month", anchor="middle"))
    heights: list[float] = []
    for way, line in panel.lines.items():
        ink, dashes = _INKS[way]
        known = [(month, one) for month, one in enumerate(line) if isfinite(one.value)]
        upper = [f"{x(month):.1f} {y(one.high):.1f}" for month, one in known]
        lower = [f"{x(month):.1f} {y(one.low):.1f}" for month, one in reversed(known)]
        parts.append(f'<path d="M{"L".join([*upper, *lower])}Z" fill="{ink}" fill-opacity="0.1"/>')
        middle = "L".join(f"{x(month):.1f} {y(one.value):.1f}" for month, one in known)
        parts.append(
            f'<path d="M{middle}" fill="none" stroke="{ink}" stroke-width="2.5" '
            f'stroke-dasharray="{dashes}"/>'
        )
        month, last = known[-1]
        height = _free(y(last.value) + 4, heights)
        heights.append(height)
        parts.append(_text(x(month) + 8, height, f"{way} {last.value:.0%}", fill=ink))
    return parts


def _free(height: float, taken: Sequence[float]) -> float:
    """Return a height near the wanted one at which no other word stands."""
    while any(abs(height - one) < 13 for one in taken):
        height += 1
    return height


def _text(
    x: float,
    y: float,
    words: str,
    *,
    anchor: str = "start",
    weight: str = "normal",
    fill: str = "#23272e",
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" '
        f'fill="{fill}">{escape(words)}</text>'
    )
