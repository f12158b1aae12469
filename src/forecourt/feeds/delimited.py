"""Delimited text: comma, semicolon, bar or tab; quoted or not."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from forecourt.core.errors import FeedError
from forecourt.feeds.aliases import ALIASES, recognized_fields
from forecourt.feeds.images import is_image_field
from forecourt.feeds.records import LONGEST_ROW, BrokenRow, Names, RawRow, normalize_name
from forecourt.feeds.words import clean_text

_DELIMITERS = (",", "\t", ";", "|")
_HEADER_WITHIN = 10  # lines: reports start with a title, Excel with "sep=;"
_MOST_LINES = 500  # of one record; a quote that is never closed must not eat the file
_TOO_LONG = f"longer than {LONGEST_ROW:,} characters"
_QUOTES = "Quote fields that hold the separator or a line break, and double the quotes inside."


@dataclass(frozen=True, slots=True)
class Columns:
    """What the header of one kind of file must say.

    Attributes:
        count_known: How many of some normalised names are known there; two make a header.
        check: Given the normalised names and the header as it stands, raises FeedError where a
            needed field is missing.
        advice: What a header looks like, for whoever has none.
    """

    count_known: Callable[[set[str]], int]
    check: Callable[[list[str], list[str]], None]
    advice: str


class DelimitedReader:
    """Reads the header at once, the rows as they are asked for.

    A record that makes no sense costs its first line only: reading goes on with the next line.

    Args:
        text: The file, opened with newline="".
        columns: What the header must say; by default that of a feed of vehicles.

    Raises:
        FeedError: no line at the start can be a header, or it names no id or no image field.
    """

    def __init__(self, text: io.TextIOBase, columns: Columns | None = None) -> None:
        csv.field_size_limit(LONGEST_ROW)
        columns = columns or VEHICLE_COLUMNS
        self._lines = _Lines(text)
        self._spelling = Names()
        self._delimiter, header = _find_header(self._lines, columns)
        self.names = [self._spelling.normalize(cell) for cell in header]
        columns.check(self.names, header)

    def rows(self) -> Iterator[RawRow | BrokenRow]:
        """Yield each record with the line where it starts."""
        reader = csv.reader(
            self._lines, delimiter=self._delimiter, strict=True, skipinitialspace=True
        )
        number = 0
        while True:
            line = self._lines.start_record()
            try:
                cells = next(reader, None)
            except csv.Error as error:
                cells = self._read_alone(self._lines.give_back_all_but_first())
                problem = str(error)
            else:
                problem = ""
            if cells is None and not problem:
                return
            if cells is not None and not any(cell.strip() for cell in cells):
                continue
            number += 1
            if self._lines.is_too_long:
                yield BrokenRow(number, line, _TOO_LONG, _QUOTES)
            elif cells is None:
                yield BrokenRow(number, line, _explain(problem), _QUOTES)
            else:
                yield self._make_row(number, line, cells)

    def _read_alone(self, line: str) -> list[str] | None:
        """Read one line with stray quotes in its fields ('27" wheels'); None: it makes no sense."""
        reader = csv.reader([line, ""], delimiter=self._delimiter, skipinitialspace=True)
        cells = next(reader, [])
        is_closed = reader.line_num == 1
        return cells if is_closed and len(cells) == len(self.names) else None

    def _make_row(self, number: int, line: int, cells: list[str]) -> RawRow | BrokenRow:
        problem = self._find_problem(cells)
        if problem is not None:
            return BrokenRow(number, line, *problem)
        fields: dict[str, list[str]] = {}
        for name, cell in zip(self.names, cells, strict=False):
            if name and cell.strip():
                fields.setdefault(name, []).append(cell)
        return RawRow(number, line, fields, self._spelling)

    def _find_problem(self, cells: list[str]) -> tuple[str, str] | None:
        """A row may be short of fields at its end, which some exporters leave out if empty."""
        width = len(self.names)
        counted = f"{_fields(len(cells))} under a header of {width}"
        if any(map(str.strip, cells[width:])):
            return counted, _QUOTES
        if len(cells) == 1 < width:
            return counted, f"Separate the fields by {self._delimiter!r} as in the header."
        if len(cells) < width and self._lines.is_cut_off:
            return f"the file breaks off here: {counted}", "Send the whole file again."
        if (
            normalize_name(cells[0]) == self.names[0]
            and list(map(normalize_name, cells)) == self.names
        ):
            return "the header once more", "Send one header only; the rows below it were read."
        return None


class _Lines:
    """Lines of a file: counted, bounded, and given back where a record made no sense.

    Zero bytes, which the parser refuses, are taken out.
    """

    def __init__(self, text: io.TextIOBase) -> None:
        self._text = text
        self._again: deque[str] = deque()
        self._record: list[str] = []
        self._length = 0
        self._count = 0

    @property
    def is_cut_off(self) -> bool:
        """Whether the record's last line has no end, as only the last of a file can."""
        return bool(self._record) and not self._record[-1].endswith(("\r", "\n"))

    @property
    def is_too_long(self) -> bool:
        """Whether the first line of the record is longer than any row may be."""
        return bool(self._record) and len(self._record[0]) > LONGEST_ROW

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._length > LONGEST_ROW or len(self._record) >= _MOST_LINES:
            raise StopIteration  # asked for only inside quotes: to the parser they stay open
        line = self._again.popleft() if self._again else self._read()
        if not line:
            raise StopIteration
        self._count += 1
        self._record.append(line)
        self._length += len(line)
        return line

    def start_record(self) -> int:
        """Forget the lines of the last record; return the number of the next line."""
        self._record.clear()
        self._length = 0
        return self._count + 1

    def give_back_all_but_first(self) -> str:
        """Return the first line of this record; the others will come again."""
        first, *others = self._record
        self._again.extendleft(reversed(others))
        self._count -= len(others)
        return first

    def _read(self) -> str:
        line = self._text.readline(LONGEST_ROW + 1)
        while line and len(line) > LONGEST_ROW and not line.endswith(("\r", "\n")):
            rest = self._text.readline(LONGEST_ROW)
            if not rest or rest.endswith(("\r", "\n")):
                break  # what is left of a line that is too long is of no use
        if "\0" in line:
            line = line.replace("\0", "") or "\n"
        return line


def _find_header(lines: _Lines, columns: Columns) -> tuple[str, list[str]]:
    """Return separator and cells of the first line that names two known fields or more."""
    first = ""
    for line in islice(lines, _HEADER_WITHIN):
        first = first or line.strip()
        known, delimiter, cells = max(
            (_read_header(line, delimiter, columns) for delimiter in _DELIMITERS),
            key=lambda found: found[0],
        )
        if known >= 2:  # one known word can stand in any text
            return delimiter, cells
    raise FeedError(f"The first line names no known fields: {first[:80]!r}. {columns.advice}")


def _read_header(line: str, delimiter: str, columns: Columns) -> tuple[int, str, list[str]]:
    try:
        cells = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return 0, delimiter, []
    return columns.count_known(set(map(normalize_name, cells))), delimiter, cells


def _check_header(names: list[str], header: list[str]) -> None:
    shown = ", ".join(clean_text(cell) for cell in header[:30])
    if not any(name in ALIASES["id"] or name in ALIASES["vin"] for name in names):
        raise FeedError(
            f"The header has no field for an id: {shown}. Call one of them id, stock or vin "
            "(docs/feeds.md lists all names)."
        )
    if not any(map(is_image_field, names)):
        raise FeedError(
            f"The header has no field for images: {shown}. Call one of them image_link "
            "(docs/feeds.md lists all names)."
        )


VEHICLE_COLUMNS = Columns(
    count_known=recognized_fields,
    check=_check_header,
    advice=(
        "A delimited feed starts with a header such as id,vin,title,color,image_link "
        "(docs/feeds.md lists all names)."
    ),
)


def _explain(problem: str) -> str:
    """Say what the parser means."""
    if "unexpected end of data" in problem:
        return "a quote is opened and never closed"
    if "expected after" in problem:
        return "text stands behind a closing quote, or a quote is never closed"
    if "field limit" in problem:
        return _TOO_LONG
    return problem


def _fields(count: int) -> str:
    return "1 field" if count == 1 else f"{count} fields"
