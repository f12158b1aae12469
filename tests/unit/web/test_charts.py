"""Charts as SVG: where things stand, what is said of them, and that all text is text."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest

from forecourt.web.panel.charts import Column, Series, line_chart, stacked_bars

AT = datetime(2026, 11, 1, tzinfo=UTC)
HOSTILE = '"><script>alert(1)</script>&'
PARTS = [("Dealer", "dealer", "Dealer"), ("Stock", "stock", "Stock"), ("", "none", "no colour")]


def day(number: int) -> datetime:
    return AT + timedelta(days=number)


def whole(value: float) -> str:
    return f"{value:g}"


def parse(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314  # our own


def texts(svg: str) -> list[str]:
    return [one.text or "" for one in parse(svg).iter("text")]


def test_line__stands_over_its_time_and_ends_in_a_point() -> None:
    series = [Series("now", "now", [(day(0), 0.0), (day(5), 10.0), (day(10), 40.0)])]
    chart = line_chart("Fixes", series, write=whole)
    path, point = parse(chart.svg).findall("*[@class]")[-2:]
    assert path.get("d") == "M60.0 192.0L303.0 149.0L546.0 20.0"
    assert (point.get("cx"), point.get("cy")) == ("546.0", "20.0")
    assert texts(chart.svg) == ["0", "10", "20", "30", "40", "01 Nov", "06 Nov", "11 Nov"]
    assert parse(chart.svg).get("aria-label") == "Fixes. Latest: now: 40."


def test_line__gaps_are_no_zeros() -> None:
    points = [(day(0), 1.0), (day(1), None), (day(2), 1.0), (day(3), None)]
    chart = line_chart("Fixes", [Series("now", "now", points)], write=whole)
    path = parse(chart.svg).find("path[@class='line line-now']")
    assert path is not None
    assert (path.get("d") or "").count("M") == 2
    assert chart.rows[0] == ("2026-11-04", "-")
    assert chart.rows[1] == ("2026-11-03", "1")


@pytest.mark.parametrize("points", [[], [(day(0), None)], [(day(0), 0.0)], [(day(0), 3.0)]])
def test_line__of_next_to_nothing_is_still_a_picture(
    points: list[tuple[datetime, float | None]],
) -> None:
    chart = line_chart("Fixes", [Series("now", "now", points)], write=whole, marks=[(day(0), "m")])
    assert "nan" not in chart.svg.lower()
    assert len(parse(chart.svg).findall("circle")) == (
        1 if points and points[0][1] is not None else 0
    )


def test_line__marks_within_its_time_only() -> None:
    series = [Series("now", "now", [(day(0), 1.0), (day(9), 1.0)])]
    marks = [(day(-3), "m0"), (day(3), "m1"), (day(12), "m2")]
    assert [
        one
        for one in texts(line_chart("x", series, write=whole, marks=marks).svg)
        if one.startswith("m")
    ] == ["m1"]


@pytest.mark.parametrize(
    ("highest", "top"), [(0.0, "1"), (0.037, "0.04"), (41.0, "60"), (1.0, "1"), (233.0, "400")]
)
def test_line__scale_ends_at_an_even_number(highest: float, top: str) -> None:
    series = [Series("now", "now", [(day(0), highest), (day(1), 0.0)])]
    assert texts(line_chart("x", series, write=whole).svg)[4] == top


def test_bars__are_shares_from_below_upwards() -> None:
    columns = [
        Column(day(0), {"Dealer": 3, "Stock": 1}),
        Column(day(1), {}),
        Column(day(2), {"Dealer": 1, "Stock": 1}),
    ]
    chart = stacked_bars("Types", columns, PARTS)
    drawn = [
        (one.get("class"), one.get("y"), one.get("height")) for one in parse(chart.svg).iter("rect")
    ]
    assert drawn == [
        ("part part-dealer", "63.0", "129.0"),
        ("part part-stock", "20.0", "43.0"),
        ("part part-dealer", "106.0", "86.0"),
        ("part part-stock", "20.0", "86.0"),
    ]
    assert chart.headings == ("Time", "Dealer", "Stock")
    assert chart.rows == (("2026-11-03", "50 %", "50 %"), ("2026-11-01", "75 %", "25 %"))
    assert chart.legend == (("part-stock", "Stock"), ("part-dealer", "Dealer"))


def test_bars__of_nothing_say_so() -> None:
    chart = stacked_bars("Types", [Column(day(0), {"Dealer": 0})], PARTS)
    assert (chart.rows, chart.legend) == ((), ())
    assert parse(chart.svg).get("aria-label") == "Types. Nothing was counted."


def test_text_is_text() -> None:
    series = [Series(HOSTILE, "now", [(day(0), 1.0), (day(1), 1.0)])]
    chart = line_chart(HOSTILE, series, write=lambda _value: HOSTILE, marks=[(day(0), HOSTILE)])
    assert not re.search("<script", chart.svg)
    assert texts(chart.svg).count(HOSTILE) == 6
    assert HOSTILE in (parse(chart.svg).get("aria-label") or "")
