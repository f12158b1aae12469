"""XML catalogues (RSS, Atom, listings): one element per vehicle, read as a stream.

Expat is driven directly, because it says on which line an element starts and where exactly a
document breaks: a vehicle that is no XML costs only itself. A document type, without which no
entity can be declared, is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import TextIOBase
from xml.parsers import expat

from forecourt.core.errors import FeedError
from forecourt.feeds.images import is_image_field
from forecourt.feeds.records import LONGEST_ROW, BrokenRow, Names, RawRow, count_lines
from forecourt.feeds.vocabulary import ALIASES

VEHICLE_ELEMENTS = (
    "item", "entry", "listing", "vehicle", "car", "ad", "offer", "unit", "product", "record", "row",
)  # fmt: skip
_ANY_VEHICLE = re.compile(
    rb"<(?:[\w.-]+:)?(?:%s)(?=[\s>/])" % "|".join(VEHICLE_ELEMENTS).encode(), re.IGNORECASE
)
_CHUNK = 1 << 14
_LONGEST_TAG = 300  # bytes of a start tag's name
_DEEPEST = 100
_DEEPEST_FIELD = 4
_NOT_IN_XML = bytes({*range(32)} - {*b"\t\n\r"})  # control characters (XML 1.0 section 2.2)
_CUT_OFF = frozenset(
    expat.errors.codes[message]
    for message in (
        expat.errors.XML_ERROR_NO_ELEMENTS, expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR, expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
)  # fmt: skip
_IDS = frozenset({*ALIASES["id"], *ALIASES["vin"]})
_LINKS = ("href", "url", "src")
_HINT = "Close every element, and write & as &amp; and < as &lt;. The vehicles around it were read."


class _Stop(Exception):  # noqa: N818  # a way out of the parser's callbacks, never out of this module
    """Well-formed so far, and yet not to be read on like this.

    Attributes:
        at: Index of the byte where the markup stands that made us stop.
        line: Its line, as the parser counts.
        is_start: A vehicle starts there.
    """

    def __init__(self, reason: str, parser: expat.XMLParserType, *, is_start: bool = False) -> None:
        super().__init__(reason)
        # Behind a callback that raised, expat still reads to the end of what it was given.
        self.at, self.line = parser.CurrentByteIndex, parser.CurrentLineNumber
        self.is_start = is_start


@dataclass(slots=True)
class _Open:
    """The vehicle that is being read."""

    tag: str
    line: int
    depth: int
    fields: dict[str, list[str]]
    length: int = 0
    paths: list[str] = field(default_factory=list)
    texts: list[list[str]] = field(default_factory=list)
    inner: _Stop | None = None  # an element of the same name inside, which may be a vehicle too


class XmlReader:
    """Reads the vehicles of a document as they are asked for."""

    def __init__(self, source: TextIOBase) -> None:
        self._source = source
        self._names = Names()
        self._ready: list[RawRow | BrokenRow] = []
        self._count = 0
        self._start_tag = _ANY_VEHICLE
        self._above: tuple[str, ...] = ()  # the elements around the vehicles
        self._problem = ""  # the first one
        self._has_vehicles = False
        self._is_resumed = self._is_seeking = False
        self._kept, self._line = b"", 1  # bytes that may be read again, and where they start
        self._start(())

    def rows(self) -> Iterator[RawRow | BrokenRow]:
        """Yield the vehicles, and one broken row for each place where the document breaks.

        Raises:
            FeedError: it has no vehicles, or is not safe to read.
        """
        is_end = False
        while not is_end:
            text = self._source.read(_CHUNK)
            is_end = not text
            data = text.encode("utf-8", "replace").translate(None, _NOT_IN_XML)
            self._feed(data, is_end=is_end)
            yield from self._ready
            self._ready.clear()
        if not self._has_vehicles:
            raise FeedError(
                self._problem
                or "The feed holds no vehicles: no element <"
                + ">, <".join(VEHICLE_ELEMENTS)
                + "> with fields inside."
            )

    def _start(self, above: tuple[str, ...]) -> None:
        """Start a parser at the kept bytes, below the elements that are open there."""
        parser = expat.ParserCreate("utf-8")  # whatever the declaration says: it is UTF-8 by now
        parser.buffer_text = True
        opening = "".join(f"<{tag}>" for tag in above).encode()
        if opening:
            parser.Parse(opening)
        parser.StartElementHandler = self._open
        parser.EndElementHandler = self._close
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = _refuse_document_type
        self._parser = parser
        self._stack = list(above)
        self._vehicle: _Open | None = None
        self._kept_at = len(opening)
        self._first_line = self._line

    def _feed(self, data: bytes, *, is_end: bool) -> None:
        self._kept += data
        while True:
            if self._is_seeking:
                data = self._seek()
                if not data:
                    return
            try:
                self._parser.Parse(data)
                self._check_length()
                if is_end:
                    self._parser.Parse(b"", True)
            except expat.ExpatError as error:
                reason = expat.ErrorString(error.code)
                is_cut_off = error.code in _CUT_OFF
                self._recover(
                    reason, self._parser.ErrorByteIndex, error.lineno, is_cut_off=is_cut_off
                )
            except _Stop as stop:
                self._recover(str(stop), stop.at, stop.line, is_start=stop.is_start)
            else:
                self._drop(self._parser.CurrentByteIndex - self._kept_at)
                return

    def _drop(self, count: int) -> None:
        """Forget kept bytes that will not be read again."""
        if count > 0:
            self._line += count_lines(self._kept[:count].decode("latin-1"))
            self._kept, self._kept_at = self._kept[count:], self._kept_at + count

    def _check_length(self) -> None:
        """Refuse markup that does not end: expat holds all of it until it does."""
        if len(self._kept) - (self._parser.CurrentByteIndex - self._kept_at) > LONGEST_ROW:
            raise _Stop(f"markup longer than {LONGEST_ROW:,} characters", self._parser)

    # ---- where the document breaks ---------------------------------------------------------------

    def _recover(
        self, reason: str, at: int, line: int, *, is_cut_off: bool = False, is_start: bool = False
    ) -> None:
        """Report what is broken, and go on with the next vehicle that starts behind it."""
        line += self._first_line - 1
        at = max(at - self._kept_at, 0)
        vehicle = self._vehicle
        markup = max(self._kept.rfind(b"<", 0, at + 1), 0)
        self._problem = self._problem or f"The feed is no valid XML: {reason} (line {line})."
        if vehicle is not None or self._start_tag.match(self._kept, markup):
            self._report(reason, vehicle.line if vehicle else line, line, is_cut_off=is_cut_off)
        elif self._has_vehicles and (is_cut_off or not self._is_resumed):
            # Ahead of all vehicles nothing is lost; behind a broken one its rest makes no sense.
            self._report(reason, line, line, is_cut_off=is_cut_off)
        self._drop(at if is_start else at + 1)
        self._is_seeking = self._is_resumed = True

    def _report(self, reason: str, started: int, line: int, *, is_cut_off: bool) -> None:
        before, hint = self._count, _HINT
        self._count += 1
        if is_cut_off:
            reason = f"the document breaks off behind vehicle {before}: {reason}"
            hint = "Send the whole file again; the vehicles before were taken."
        self._ready.append(BrokenRow(self._count, started, f"{reason} (line {line})", hint))

    def _seek(self) -> bytes:
        """Return the kept bytes from the next vehicle on; b"" where none starts in them."""
        found = self._start_tag.search(self._kept)
        if found is None:
            self._drop(len(self._kept) - _LONGEST_TAG)
            return b""
        self._drop(found.start())
        self._is_seeking = False
        self._start(self._above or ("feed",))
        return self._kept

    # ---- what the parser says --------------------------------------------------------------------

    def _open(self, tag: str, attributes: dict[str, str]) -> None:
        self._stack.append(tag)
        vehicle = self._vehicle
        if vehicle is not None:
            self._open_field(vehicle, tag, attributes)
        elif len(self._stack) > _DEEPEST:
            raise _Stop(f"more than {_DEEPEST} elements inside each other", self._parser)
        elif len(self._stack) > 1 and self._names.normalize(tag) in VEHICLE_ELEMENTS:
            line = self._first_line + self._parser.CurrentLineNumber - 1
            fields = {
                self._names.normalize(name): [value]
                for name, value in attributes.items()
                if value.strip() and not name.startswith("xmlns")
            }
            self._above = tuple(self._stack[:-1])
            self._start_tag = re.compile(rb"<%s(?=[\s>/])" % re.escape(tag.encode()))
            self._vehicle = _Open(tag, line, len(self._stack), fields)

    def _open_field(self, vehicle: _Open, tag: str, attributes: dict[str, str]) -> None:
        self._check_nesting(vehicle, tag)
        if len(self._stack) > vehicle.depth + _DEEPEST:
            raise _Stop(f"more than {_DEEPEST} elements inside each other", self._parser)
        above = vehicle.paths[-1] + "." if vehicle.paths else ""
        vehicle.paths.append(above + self._names.normalize(tag))
        given = {name.lower(): value for name, value in attributes.items()} if attributes else {}
        link = next((given[name] for name in _LINKS if name in given), "")
        vehicle.texts.append([])
        if link.strip():
            vehicle.length += len(link)
            self._add(vehicle, link)

    def _check_nesting(self, vehicle: _Open, tag: str) -> None:
        """Refuse a vehicle inside a vehicle: its end was forgotten. A list of images is none."""
        is_in_inner = len(vehicle.paths) > 0 and self._stack[-2] == vehicle.tag
        if is_in_inner and vehicle.inner and self._names.normalize(tag) in _IDS:
            raise vehicle.inner
        if tag != vehicle.tag:
            return
        reason = f"<{tag}> starts before the one above it was closed"
        vehicle.inner = _Stop(reason, self._parser, is_start=True)
        if not vehicle.paths:
            raise vehicle.inner
        if is_image_field(vehicle.paths[-1]):
            vehicle.inner = None

    def _text(self, text: str) -> None:
        vehicle = self._vehicle
        if vehicle is not None and vehicle.texts:
            vehicle.length += len(text)
            if vehicle.length > LONGEST_ROW:
                raise _Stop(f"longer than {LONGEST_ROW:,} characters", self._parser)
            vehicle.texts[-1].append(text)

    def _close(self, _tag: str) -> None:
        self._stack.pop()
        vehicle = self._vehicle
        if vehicle is None:
            return
        if vehicle.texts:
            self._add(vehicle, "".join(vehicle.texts.pop()))
            vehicle.paths.pop()
            return
        self._vehicle = None
        if vehicle.fields:
            self._has_vehicles = True
            self._count += 1
            self._ready.append(RawRow(self._count, vehicle.line, vehicle.fields, self._names))

    def _add(self, vehicle: _Open, text: str) -> None:
        text = text.strip()
        if text and len(vehicle.paths) <= _DEEPEST_FIELD:
            vehicle.fields.setdefault(vehicle.paths[-1], []).append(text)


def _refuse_document_type(*_declaration: object) -> None:
    raise FeedError(
        "The XML declares a document type, with which entities can attack the reader. "
        "Export it without a DOCTYPE."
    )
