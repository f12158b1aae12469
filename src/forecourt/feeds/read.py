"""A feed file → vehicles: sniff what it is, by its content and never by its name alone."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import Self

from forecourt.core.errors import FeedError
from forecourt.core.records import RefusedRow, Vehicle
from forecourt.feeds import scrape_json, xml
from forecourt.feeds.delimited import DelimitedReader
from forecourt.feeds.encoding import Utf8Reader, find_encoding, open_bytes, open_text
from forecourt.feeds.records import BrokenRow, FeedFormat, RawRow, recognize
from forecourt.feeds.vehicles import make_vehicles

_SNIFFED = 4096
_SAMPLE = 20  # vehicles of an XML feed looked at to name its format


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
        self.advertiser: str | None = None
        self.scraped_at: datetime | None = None
        try:
            self.format, self._rows = self._read(path)
        except BaseException:
            self._open.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def __iter__(self) -> Iterator[Vehicle | RefusedRow]:
        return make_vehicles(self._rows)

    def _read(self, path: Path) -> tuple[FeedFormat, Iterator[RawRow | BrokenRow]]:
        start = self._text(path).read(_SNIFFED).lstrip("\ufeff \t\r\n")
        if not start:
            raise FeedError(f"{path} is empty.")
        if start.startswith(("{", "[")):
            is_list = start.startswith("[")
            if not is_list:
                head = scrape_json.read_head(Utf8Reader(self._text(path)))
                self.advertiser, self.scraped_at = head
            source = Utf8Reader(self._text(path))
            return FeedFormat.SCRAPE, scrape_json.read_rows(source, is_list=is_list)
        if start.startswith("<"):
            rows = xml.read_rows(self._open.enter_context(open_bytes(path)))
            sample = list(islice(rows, _SAMPLE))
            if not sample:
                raise FeedError(
                    f"{path} holds no vehicles: no <item>, <entry>, <listing> or <vehicle> with "
                    "elements inside."
                )
            names = (row.fields for row in sample if isinstance(row, RawRow))
            return recognize(frozenset(chain.from_iterable(names))), chain(sample, rows)
        reader = DelimitedReader(self._text(path))
        return recognize(frozenset(reader.names)), reader.rows()

    def _text(self, path: Path) -> io.TextIOWrapper:
        return self._open.enter_context(open_text(path, self.encoding))


def read_feed(path: Path) -> Feed:
    """Open a feed in any of the formats of docs/feeds.md.

    Raises:
        FeedError: it cannot be read at all; a row that cannot be used is yielded instead.
    """
    return Feed(path)
