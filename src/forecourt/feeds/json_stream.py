"""JSON from a text that need not fit into memory: one value at a time, with its line.

The standard library's decoder does the work. Unlike a parser of events it can go on behind a value
that is no JSON. Numbers stay as they are written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from io import TextIOBase
from typing import Any

from forecourt.feeds.records import LONGEST_ROW, count_lines

_CHUNK = 1 << 16
_LONGEST_LITERAL = 12  # of "-Infinity", "\uffff", and some more
_MOST_FAILURES = 500  # to read on behind a value that is broken
_SPACE = re.compile("[ \t\r\n\ufeff]*")
_STRUCTURE = re.compile(r'["\[\]{}]')
_IN_STRING = re.compile(r'["\\]')
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str, strict=False)


class BrokenJsonError(Exception):
    """What stands here is no JSON. It never leaves the reader of scrape JSON.

    Attributes:
        line: Where it stops making sense.
        is_end: The document ends there.
    """

    def __init__(self, reason: str, line: int, *, is_end: bool = False) -> None:
        super().__init__(reason)
        self.line = line
        self.is_end = is_end


class JsonStream:
    """A place in a JSON text.

    Attributes:
        line: 1-based line of the place.
    """

    def __init__(self, text: TextIOBase) -> None:
        self._text = text
        self._held = ""
        self._at = 0
        self.line = 1

    def peek(self) -> str:
        """Go to the next character that is no space, and return it; "" at the end."""
        while True:
            space = _SPACE.match(self._held, self._at)
            self._go(space.end() if space else self._at)
            if self._at < len(self._held):
                return self._held[self._at]
            if not self._read_more():
                return ""

    def take(self, char: str) -> bool:
        """Go behind a character if it stands next."""
        if self.peek() != char:
            return False
        self._go(self._at + 1)
        return True

    def read_value(self) -> Any:
        """Return the next value and go behind it.

        Raises:
            BrokenJsonError: it is no JSON, or too long; the place stays before it.
        """
        if not self.peek():
            raise BrokenJsonError("the document ends", self.line, is_end=True)
        while True:
            try:
                value, end = _DECODER.raw_decode(self._held, self._at)
            except json.JSONDecodeError as error:
                is_cut = error.msg.startswith("Unterminated") or (
                    error.pos >= len(self._held) - _LONGEST_LITERAL
                )
                if is_cut and self._read_on():
                    continue
                line = self.line + count_lines(self._held[self._at : error.pos])
                raise BrokenJsonError(error.msg, line, is_end=is_cut) from error
            except RecursionError as error:
                raise BrokenJsonError("too many values inside each other", self.line) from error
            if end < len(self._held) or not self._read_on():  # else a number may go on
                self._go(end)
                return value

    def skip_value(self) -> None:
        """Go behind the next value, however long it is."""
        if self.peek() not in {"[", "{"}:
            self.read_value()
            return
        depth, is_string = 0, False
        while True:
            found = (_IN_STRING if is_string else _STRUCTURE).search(self._held, self._at)
            if found is None:
                self._go(len(self._held))
                if not self._read_more():
                    raise BrokenJsonError("the document ends", self.line, is_end=True)
                continue
            char = found[0]
            if char == "\\" and found.end() == len(self._held) and self._read_more():
                continue  # what it escapes was not read yet
            self._go(found.end() + (char == "\\"))
            is_string ^= char == '"'
            depth += (char in "[{") - (char in "]}")
            if depth == 0 and not is_string:
                return

    def find_object(self, is_wanted: Callable[[dict[str, Any]], bool]) -> tuple[int, Any] | None:
        """Go behind the next object that can be read and is wanted; return its line and itself."""
        self._go(min(self._at + 1, len(self._held)))
        failures = 0
        while failures < _MOST_FAILURES:
            while (found := self._held.find("{", self._at)) < 0:
                self._go(len(self._held))
                if not self._read_more():
                    return None
            self._go(found)
            line = self.line
            try:
                value = self.read_value()
            except BrokenJsonError:
                failures += 1
                self._go(self._at + 1)
                continue
            if is_wanted(value):
                return line, value
        return None

    def _go(self, place: int) -> None:
        self.line += count_lines(self._held[self._at : place])
        self._at = place

    def _read_on(self) -> bool:
        """Read more of the value that starts here."""
        if len(self._held) - self._at > LONGEST_ROW:
            raise BrokenJsonError(f"longer than {LONGEST_ROW:,} characters", self.line)
        return self._read_more()

    def _read_more(self) -> bool:
        """Read more, twice as much as is held, so that no value is looked at too often."""
        rest = self._held[self._at :]
        more = self._text.read(max(_CHUNK, len(rest)))
        if more.endswith("\r"):
            more += self._text.read(1)  # one line end must not be counted as two
        self._held, self._at = rest + more, 0
        return bool(more)
