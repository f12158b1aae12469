"""Delimited text: comma, semicolon, pipe or tab; quoted or not."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from forecourt.core.errors import FeedError
from forecourt.feeds.records import BrokenRow, RawRow, normalize_name
from forecourt.feeds.vehicles import recognized_fields

_DELIMITERS = (",", "\t", ";", "|")
_LONGEST_FIELD = 1 << 20
_HINT = "Quote fields that hold the separator or a line break."


class DelimitedReader:
    """Reads the header at once, the rows as they are asked for.

    Args:
        text: The file, opened with newline="".

    Raises:
        FeedError: no line at the start can be a header.
    """

    def __init__(self, text: io.TextIOBase) -> None:
        csv.field_size_limit(_LONGEST_FIELD)
        self._lines = _Lines(text)
        header = next((line for line in self._lines if line.strip()), "")
        self._delimiter, self.names = _read_header(header)

    def rows(self) -> Iterator[RawRow | BrokenRow]:
        """Yield each record with the line where it starts."""
        reader = csv.reader(self._lines, delimiter=self._delimiter)
        number = 0
        while True:
            start = self._lines.count + 1
            try:
                cells = next(reader, None)
            except csv.Error as error:
                number += 1
                yield BrokenRow(number, start, str(error), _HINT)
                continue
            if cells is None:
                return
            if not any(cell.strip() for cell in cells):
                continue
            number += 1
            yield self._row(number, start, cells)

    def _row(self, number: int, line: int, cells: list[str]) -> RawRow | BrokenRow:
        extra = [cell for cell in cells[len(self.names) :] if cell.strip()]
        if extra:
            reason = f"{len(cells)} fields under a header of {len(self.names)}"
            return BrokenRow(number, line, reason, _HINT)
        fields: dict[str, tuple[str, ...]] = {}
        for name, cell in zip(self.names, cells, strict=False):
            if name and cell.strip():
                fields[name] = (*fields.get(name, ()), cell)
        return RawRow(number, line, fields)


class _Lines:
    """Lines of a file, counted, without the zero bytes that the parser refuses."""

    def __init__(self, text: Iterable[str]) -> None:
        self._text = iter(text)
        self.count = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._text)
        self.count += 1
        return line.replace("\0", "")


def _read_header(header: str) -> tuple[str, list[str]]:
    best: tuple[int, str, list[str]] = (0, ",", [])
    for delimiter in _DELIMITERS:
        try:
            cells = next(csv.reader([header], delimiter=delimiter), [])
        except csv.Error:
            continue
        names = [normalize_name(cell) for cell in cells]
        score = recognized_fields(set(names))
        if score > best[0]:
            best = (score, delimiter, names)
    if best[0] < 2:  # one known word can stand in any text
        shown = header.strip()[:80]
        raise FeedError(
            f"The first line names no known fields: {shown!r}. A delimited feed starts with a "
            "header such as id,vin,title,color,image_link (docs/feeds.md lists all names)."
        )
    return best[1], best[2]
