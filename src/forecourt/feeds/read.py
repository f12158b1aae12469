"""A feed file → vehicles: sniff what it is, by its content and never by its name alone."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import Self

from forecourt.core.errors import FeedError
from forecourt.core.records import RefusedRow, Vehicle
from forecourt.feeds import scrape_json
from forecourt.feeds.delimited import DelimitedReader
from forecourt.feeds.encoding import find_encoding, open_bytes, open_text
from forecourt.feeds.records import BrokenRow, FeedFormat, RawRow, recognize
from forecourt.feeds.vehicles import make_vehicles
from forecourt.feeds.words import clean_text
from forecourt.feeds.xml import XmlReader

SNIFFED = 4096
_SAMPLE = 20  # vehicles of an XML feed looked at to name its format
_WEB_PAGE = re.compile(
    r"(?:(?><!--.*?-->|<\?.*?\?>)\s*+)*+<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_TITLE = re.compile(r"<title[^>]*>\s*([^<]{1,80})", re.IGNORECASE)
_OTHER_FILES = (
    (b"PK\x03\x04", "a ZIP archive or an Excel file", "Unpack it, or save it as CSV."),
    (b"\xd0\xcf\x11\xe0", "an old Excel file", "Save it as CSV."),
    (b"%PDF", "a PDF", "Ask for it as CSV or JSON."),
)
_BINARY = re.compile("[\x00-\x08\x0e-\x1f\ufffd]")
_FEW, _MOST_BINARY = 16, 0.1  # characters, and share of all; damaged text has fewer


class Feed:
    """An open feed: iterate it once for its vehicles and refused rows, and close it.

    Attributes:
        format: What it was recognised as.
        encoding: Of the text.
        advertiser: Whose inventory it is, where the feed says so.
        scraped_at: When it was collected, where the feed says so.
    """

    def __init__(self, path: Path) -> None:
        self._open = ExitStack()
        self.encoding = find_encoding(path)
        refuse_other_files(path)
        self.advertiser: str | None = None
        self.scraped_at: datetime | None = None
        try:
            self.format, self._rows = self._read(path)
        except BaseException:
            self._open.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._open.close()

    def __iter__(self) -> Iterator[Vehicle | RefusedRow]:
        return make_vehicles(self._rows)

    def _read(self, path: Path) -> tuple[FeedFormat, Iterator[RawRow | BrokenRow]]:
        start = self._text(path).read(SNIFFED).lstrip("\ufeff \t\r\n")
        refuse_other_texts(path, start)
        if start.startswith(("{", "[")):
            head = scrape_json.read_head(self._text(path))
            self.advertiser, self.scraped_at = head.advertiser, head.scraped_at
            rows = scrape_json.read_rows(self._text(path))
            first = list(islice(rows, 1))  # what is no feed at all shows before the first vehicle
            return FeedFormat.SCRAPE, chain(first, rows)
        if start.startswith("<"):
            rows = XmlReader(self._text(path)).rows()
            sample = list(islice(rows, _SAMPLE))
            names = (row.fields for row in sample if isinstance(row, RawRow))
            return recognize(frozenset(chain.from_iterable(names))), chain(sample, rows)
        reader = DelimitedReader(self._text(path))
        return recognize(frozenset(reader.names)), reader.rows()

    def _text(self, path: Path) -> io.TextIOWrapper:
        return self._open.enter_context(open_text(path, self.encoding))


def refuse_other_files(path: Path, wanted: str = "feed") -> None:
    """Say what a file is that people take for a feed, or for what is wanted.

    Raises:
        FeedError: the first bytes are those of an archive, a workbook or a PDF.
    """
    with open_bytes(path) as file:
        start = file.read(8)
    for mark, name, advice in _OTHER_FILES:
        if start.startswith(mark):
            raise FeedError(f"{path} is {name} and no {wanted}. {advice}")


def refuse_other_texts(path: Path, start: str, wanted: str = "feed") -> None:
    """Say what a text is that is no feed, by its start.

    Raises:
        FeedError: it is empty, a web page, or no text at all.
    """
    if not start:
        raise FeedError(f"{path} is empty.")
    if _WEB_PAGE.match(start):
        title = _TITLE.search(start)
        called = f" ({clean_text(title[1])!r})" if title else ""
        raise FeedError(
            f"{path} is a web page{called} and no {wanted}: its server sent a login or an error. "
            "Open its address in a browser to see."
        )
    if len(_BINARY.findall(start)) > max(_FEW, len(start) * _MOST_BINARY):
        raise FeedError(
            f"{path} is a binary file and no {wanted}. Export it as text, as CSV or JSON."
        )


def read_feed(path: Path) -> Feed:
    """Open a feed in any of the formats of docs/feeds.md.

    Raises:
        FeedError: it cannot be read at all; a row that cannot be used is yielded instead.
    """
    return Feed(path)
