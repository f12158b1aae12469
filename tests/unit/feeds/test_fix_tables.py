"""Tables of fixes: which files are read, and what times and cells mean."""

from __future__ import annotations

import csv
import gzip
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecourt.core.errors import FeedError
from forecourt.core.history import HistoryRow
from forecourt.core.records import RefusedRow
from forecourt.core.spreadsheet import defuse, undo_defuse
from forecourt.feeds.fix_rows import Reading, read_rows
from forecourt.feeds.fix_table import Defaults, FixTable
from forecourt.feeds.times import parse_time

NOW = datetime(2026, 11, 24, tzinfo=UTC)
HEADER = "at,by,advertiser,url,image_type,color\n"
URL = "https://img.example.com/1.jpg"


def read(path: Path, defaults: Defaults | None = None) -> list[HistoryRow | RefusedRow]:
    defaults = defaults or Defaults()
    with FixTable(path, defaults) as table:
        return list(read_rows(table, Reading(defaults=defaults, now=NOW)))


def read_text(tmp_path: Path, text: str) -> list[HistoryRow | RefusedRow]:
    (tmp_path / "t").write_text(text, encoding="utf-8")
    return read(tmp_path / "t")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021-11-03T10:15:00Z", "2021-11-03T10:15:00+00:00"),
        ("2021-11-03 10:15", "2021-11-03T10:15:00+00:00"),
        ("2021-11-03", "2021-11-03T00:00:00+00:00"),
        ("2021-11-03T10:15:00+02:00", "2021-11-03T08:15:00+00:00"),
        ("2021-11-03 10:15:00 +0200", "2021-11-03T08:15:00+00:00"),
        ("2021-11-03 10:15:00 UTC", "2021-11-03T10:15:00+00:00"),
        ("1635934500", "2021-11-03T10:15:00+00:00"),
        ("1635934500.5", "2021-11-03T10:15:00.500000+00:00"),
        ("1635934500000", "2021-11-03T10:15:00+00:00"),
        ("1635934500000000", "2021-11-03T10:15:00+00:00"),
    ],
)
def test_time_is_read(text: str, expected: str) -> None:
    found = parse_time(text)
    assert found is not None
    assert found.isoformat() == expected


@pytest.mark.parametrize(
    "text", ["", "yesterday", "44501.5", "03/11/2021", "9" * 40, "0001-01-01T00:00+14"]
)
def test_text_that_is_no_time(text: str) -> None:
    assert parse_time(text) is None


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_defused_cell_is_read_back_and_runs_nowhere(text: str) -> None:
    defused = defuse(text)
    assert undo_defuse(defused) == text
    stream = io.StringIO(newline="")
    csv.writer(stream).writerow([defused])
    assert not stream.getvalue().startswith(("=", "@"))


@pytest.mark.parametrize("cell", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "'=1", "''=1"])
def test_formula_is_defused_and_a_number_is_not(cell: str) -> None:
    assert defuse(cell) == f"'{cell}"
    assert [defuse(one) for one in ("-12", "+3.5", "'tis", "a=b", 7, None)] == [
        "-12", "+3.5", "'tis", "a=b", 7, None,
    ]  # fmt: skip


# ---- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"<!doctype html><title>Login</title>", "is a web page .'Login'. and no table"),
        ("a.csv", b"PK\x03\x04rest", "a ZIP archive or an Excel file and no table of fixes"),
        ("a.csv", bytes(range(256)) * 8, "binary file"),
        ("a.csv", b"one,two\n1,2\n", "names no known fields.*docs/fixes.md"),
        ("a.csv", b"at,url,type\n", "no column for the person .*the advertiser"),
        ("a.csv", b"at,by,advertiser,url\n", "no column for the new value"),
    ],
)
def test_file_that_cannot_be_a_table_says_why(
    tmp_path: Path, name: str, body: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(body)
    with pytest.raises(FeedError, match=message):
        read(tmp_path / name)


def test_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="Cannot read"):
        read(tmp_path / "none.csv")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings_are_found(tmp_path: Path, encoding: str) -> None:
    text = HEADER.replace("at,", "when,") + f"2025-01-01,Zoë,acme,{URL},Stock,\n"
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    (row,) = read(tmp_path / "t.csv")
    assert isinstance(row, HistoryRow)
    assert (row.act.by, row.value) == ("Zoë", "Stock")


def test_gzip_is_unpacked(tmp_path: Path) -> None:
    (tmp_path / "t.csv.gz").write_bytes(
        gzip.compress((HEADER + f"2025-01-01,bob,acme,{URL},Stock,\n").encode())
    )
    assert len(read(tmp_path / "t.csv.gz")) == 1


def test_defaults_stand_in_for_columns(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"date,image,color\n2025-01-01,{URL},BLUE\n")
    (row,) = read(tmp_path / "t.csv", Defaults(advertiser="acme", by="old panel"))
    assert isinstance(row, HistoryRow)
    assert (row.advertiser, row.act.by, row.act.role, row.value) == (
        "acme", "old panel", "staff", "Blue",
    )  # fmt: skip


def test_broken_json_lines_cost_themselves_only(tmp_path: Path) -> None:
    good = f'{{"at": 1635934500, "by": "b", "advertiser": "a", "url": "{URL}", "type": "stock"}}'
    rows = read_text(tmp_path, f'{{"at":\n[1]\n\n{"[" * 5000}\n{good}\n{{"at": "\n{good}')
    kinds = [(type(row).__name__, row.line, row.row) for row in rows]
    assert kinds == [
        ("RefusedRow", 1, 1), ("RefusedRow", 2, 2), ("RefusedRow", 4, 3), ("HistoryRow", 5, 4),
        ("RefusedRow", 6, 5), ("HistoryRow", 7, 6),
    ]  # fmt: skip


def test_line_without_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    text = f'{{"note": "{"x" * (3 << 20)}"}}\n{{"at": 1}}\n'
    first, second = read_text(tmp_path, text)
    assert isinstance(first, RefusedRow)
    assert isinstance(second, RefusedRow)
    assert "longer than" in first.reason
    assert second.line == 2


# ---- side by side --------------------------------------------------------------------------------


def said(rows: list[HistoryRow | RefusedRow]) -> list[tuple[str, str | None, str | None]]:
    return [
        (row.field, row.value, row.given)
        if isinstance(row, HistoryRow)
        else (row.field, None, row.reason)
        for row in rows
    ]


def test_placeholder_with_a_color_keeps_both(tmp_path: Path) -> None:
    rows = read_text(tmp_path, HEADER + f"2025-01-01,bob,acme,{URL},placeholder,Red\n")
    assert said(rows) == [("image_type", "Placeholder", None), ("color", "Red", None)]


def test_not_available_is_no_color_and_its_spelling_is_kept(tmp_path: Path) -> None:
    rows = read_text(tmp_path, HEADER + f"2025-01-01,bob,acme,{URL},Placeholder,N/A\n")
    assert said(rows) == [("image_type", "Placeholder", None), ("color", None, "N/A")]


def test_what_stayed_as_it_was_is_no_fix(tmp_path: Path) -> None:
    header = "at,by,advertiser,url,old_type,new_type,old_color,new_color\n"
    rows = read_text(
        tmp_path,
        header
        + f"2025-01-01,bob,acme,{URL},Dealer,dealer,Red,Blue\n"
        + f"2025-01-01,bob,acme,{URL},Dealer,Dealer,N/A,None\n"
        + f"2025-01-01,bob,acme,{URL},,,,\n",
    )
    assert said(rows) == [
        ("color", "Blue", None),
        ("new_type", None, "nothing was changed"),
        ("new_type", None, "no type and no colour"),
    ]


def test_roles_and_scopes_are_read_in_other_words(tmp_path: Path) -> None:
    header = "at,by,advertiser,url,type,user_role,scope\n"
    rows = read_text(
        tmp_path,
        header
        + f"2025-01-01,bob,acme,{URL},Stock,Client,\n"
        + f"2025-01-01,bob,acme,{URL},Stock,agent,Global\n"
        + f"2025-01-01,bob,acme,{URL},Stock,Client,everywhere\n"
        + f"2025-01-01,bob,acme,{URL},Stock,robot,\n",
    )
    first, second, *refused = rows
    assert isinstance(first, HistoryRow)
    assert isinstance(second, HistoryRow)
    assert (first.act.role, first.everywhere) == ("advertiser", False)
    assert (second.act.role, second.everywhere) == ("staff", True)
    assert [row.field for row in refused] == ["scope", "user_role"]
