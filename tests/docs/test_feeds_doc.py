"""docs/feeds.md against the code."""

from __future__ import annotations

import re
from pathlib import Path

from forecourt.core.records import RefusedRow, Vehicle
from forecourt.feeds.images import is_image_field
from forecourt.feeds.read import read_feed
from forecourt.feeds.records import LONGEST_ROW, FeedFormat
from forecourt.feeds.seen import SeenIds
from forecourt.feeds.urls import _LONGEST_URL
from forecourt.feeds.vehicles import _LONGEST_ID
from forecourt.feeds.vocabulary import ABBREVIATIONS, ALIASES, FIRST_IMAGES, MORE_IMAGES
from forecourt.feeds.xml import VEHICLE_ELEMENTS

PAGE = (Path(__file__).parents[2] / "docs" / "feeds.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    _before, _heading, rest = PAGE.partition(f"\n## {heading}\n")
    return rest.partition("\n## ")[0]


def words(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def test_every_format_is_documented() -> None:
    rows = re.findall(r"^\| `([^`]+)` \|", section("Formats"), flags=re.MULTILINE)
    assert rows == list(FeedFormat)


def test_the_alias_table_is_the_codes() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section("Fields"), flags=re.MULTILINE)
    assert {field: tuple(words(names)) for field, names in rows} == ALIASES
    assert [field for field, _names in rows] == list(ALIASES)


def test_the_short_forms_are_the_codes() -> None:
    paragraph = section("Fields").partition("short\nforms are known (")[2].partition(")")[0]
    assert set(words(paragraph)) == {short for _word, short in ABBREVIATIONS} | {"#"}


def test_the_image_fields_are_the_codes() -> None:
    points = re.findall(r"^\d\. ((?:.|\n  )+)", section("Images"), flags=re.MULTILINE)
    first, numbered, more, nested = (words(point) for point in points)
    assert tuple(first) == FIRST_IMAGES
    assert tuple(more) == MORE_IMAGES
    assert all(map(is_image_field, [*numbered, *nested]))


def test_the_xml_elements_are_the_codes() -> None:
    paragraph = PAGE.partition("**XML.**")[2].partition(", the outermost")[0]
    assert tuple(words(paragraph)) == VEHICLE_ELEMENTS


def test_the_limits_are_the_codes() -> None:
    table = section("The report")
    assert f"an id of more than {_LONGEST_ID} characters" in table
    assert f"a vehicle of more than {LONGEST_ROW:,} characters" in table
    assert f"more than {_LONGEST_URL:,} characters" in table


def test_the_table_of_ids_is_as_small_as_documented() -> None:
    seen = SeenIds()
    most = 0.0
    for number in range(1, 50_000):
        seen.add(f"S{number}", number)
        size = sum(table.itemsize * len(table) for table in (seen._digests, seen._places))
        if number > 1000:  # below, the first table is larger than its ids
            most = max(most, size / number)
    (documented,) = re.findall(r"at most (\d+) bytes a vehicle", section("Limits"))
    assert most <= int(documented)


def test_the_example_gives_the_report(tmp_path: Path) -> None:
    feed, report = re.findall(r"(?ms)^```(?:csv)?\n(.*?)^```$", section("The report"))
    path = tmp_path / "feed.csv"
    path.write_text(feed, encoding="utf-8")
    with read_feed(path) as rows:
        found = list(rows)
    assert [row.id for row in found if isinstance(row, Vehicle)] == ["S1", "S3", "S7"]
    lines = [
        f"line {row.line}{', ' + row.field if row.field else ''}: {row.reason}. {row.hint}"
        for row in found
        if isinstance(row, RefusedRow)
    ]
    assert lines == report.splitlines()
