"""Scrape JSON: our own format, or a bare list of vehicles; read as a stream."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import TextIOBase
from typing import Any

from forecourt.core.errors import FeedError
from forecourt.core.records import LONGEST_ADVERTISER
from forecourt.feeds.images import is_image_field, urls_in
from forecourt.feeds.json_stream import BrokenJsonError, JsonStream
from forecourt.feeds.records import BrokenRow, Names, RawRow, normalize_name
from forecourt.feeds.vocabulary import ALIASES
from forecourt.feeds.words import clean_text, is_nothing

_SHAPE = 'Expected {"advertiser": "...", "vehicles": [{"id": "...", "images": [...]}]}.'
_VEHICLES = "vehicles"
_ONE_LIST = (
    "It was not read. Send one document, with all vehicles in one list; those before were taken."
)
_IDS = frozenset({*ALIASES["id"], *ALIASES["vin"]})
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Head:
    """What a document says of itself."""

    advertiser: str | None = None
    scraped_at: datetime | None = None


def read_head(text: TextIOBase) -> Head:
    """Return advertiser and time of a scrape document; they may stand behind the vehicles.

    Raises:
        FeedError: the name of the advertiser is too long to be one.
    """
    found: dict[str, str] = {}
    stream = JsonStream(text)
    try:
        for name in _members(stream):
            if name == _VEHICLES and len(found) == 2:
                break
            if name in {"advertiser", "scraped_at"} and stream.peek() not in {"[", "{"}:
                value = stream.read_value()
                found[name] = clean_text(value) if isinstance(value, str) else ""
            else:
                stream.skip_value()
    except BrokenJsonError:
        pass  # vehicles are read as far as they go; `read_rows` says what is wrong
    advertiser = found.get("advertiser") or None
    if advertiser and len(advertiser) > LONGEST_ADVERTISER:
        raise FeedError(f"The advertiser's name is longer than {LONGEST_ADVERTISER} characters.")
    return Head(advertiser, _read_time(found.get("scraped_at", "")))


def read_rows(text: TextIOBase) -> Iterator[RawRow | BrokenRow]:
    """Yield the vehicles of a document.

    A vehicle that is no JSON costs itself, and what stands up to the next one that can be read; a
    document that breaks off gives all vehicles before the break. Each time there is a broken row.

    Raises:
        FeedError: the document is no JSON, or holds no list of vehicles.
    """
    stream = JsonStream(text)
    is_list = stream.peek() == "["
    _find_list(stream)
    count = yield from _read_list(stream, is_list=is_list)
    if not is_list:
        yield from _report_rest(stream, count + 1)


def _find_list(stream: JsonStream) -> None:
    """Go behind the "[" that opens the vehicles."""
    try:
        if stream.peek() != "[":
            for name in _members(stream):
                if name == _VEHICLES:
                    break
                stream.skip_value()
            else:
                raise FeedError(f'The JSON has no "vehicles". {_SHAPE}')
        if not stream.take("["):
            raise FeedError(f'"vehicles" is no list (line {stream.line}). {_SHAPE}')
    except BrokenJsonError as error:
        reason = f"The feed is no valid JSON: {error} (line {error.line})."
        raise FeedError(f"{reason} {_SHAPE}") from error


def _members(stream: JsonStream) -> Iterator[str]:
    """Yield the names of an object; each time the place is before the value, to be gone behind."""
    stream.take("{")
    while not stream.take("}"):
        name = stream.read_value()
        if not stream.take(":"):
            raise BrokenJsonError("Expecting ':' delimiter", stream.line)
        yield str(name)
        if not stream.take(",") and stream.peek() != "}":
            is_end = stream.peek() == ""
            raise BrokenJsonError("Expecting ',' delimiter", stream.line, is_end=is_end)


def _read_list(stream: JsonStream, *, is_list: bool) -> Generator[RawRow | BrokenRow, None, int]:
    """Yield the vehicles; return how many there were, broken ones included."""
    number = good = 0
    names = Names()
    while not _is_at_end(stream, is_list=is_list):
        line = stream.line
        try:
            vehicle = stream.read_value()
        except BrokenJsonError as error:
            found = stream.find_object(_is_vehicle)
            if found is None and good == 0:
                reason = f"The feed is no valid JSON: {error} (line {error.line})."
                raise FeedError(f"{reason} {_SHAPE}") from error
            yield _make_broken(number + 1, line, error, found[0] if found else None)
            number += 1
            if found is None:
                return number
            line, vehicle = found
        number += 1
        good += 1
        if isinstance(vehicle, dict):
            yield RawRow(number, line, _flatten(vehicle, names), names)
        else:
            kind = "a list" if isinstance(vehicle, list) else repr(vehicle)[:40]
            yield BrokenRow(number, line, f"{kind} in the place of a vehicle", _SHAPE)
        stream.take(",")
    return number


def _report_rest(stream: JsonStream, number: int) -> Iterator[BrokenRow]:
    """Yield a broken row where something stands behind the vehicles that may hold more of them."""
    if not stream.peek():
        return
    line = stream.line
    try:
        for name in _members(stream):
            line = stream.line
            stream.skip_value()
            if name == _VEHICLES:
                yield BrokenRow(number, line, 'another list of "vehicles"', _ONE_LIST)
    except BrokenJsonError as error:
        reason = f"behind the vehicles stands no valid JSON: {error} (line {error.line})"
        yield BrokenRow(number, line, reason, "Send the whole file again; the vehicles were taken.")
        return
    if stream.peek():
        yield BrokenRow(number, stream.line, "text behind the end of the document", _ONE_LIST)


def _is_at_end(stream: JsonStream, *, is_list: bool) -> bool:
    """Whether the vehicles end here, and are not merely damaged by a stray "]"."""
    if not stream.take("]"):
        return False
    behind = stream.peek()
    if is_list or behind in {"", "}"}:
        return behind == "" or not is_list
    return stream.take(",") and stream.peek() in {"", '"'}


def _make_broken(
    number: int, line: int, error: BrokenJsonError, next_line: int | None
) -> BrokenRow:
    if next_line is None and error.is_end:
        reason = f"the document breaks off behind vehicle {number - 1}: {error}"
        hint = "Send the whole file again; the vehicles before were taken."
    elif next_line is None:
        reason = f"no valid JSON: {error}, and no vehicle can be read behind it"
        hint = "Escape quotes inside texts; the vehicles before were taken."
    else:
        reason = f"no valid JSON: {error}"
        hint = f"Escape quotes inside texts. The next vehicle that was read is in line {next_line}."
    return BrokenRow(number, line, f"{reason} (line {error.line})", hint)


def _is_vehicle(value: dict[str, Any]) -> bool:
    names = [normalize_name(name) for name in value]
    return not _IDS.isdisjoint(names) and any(map(is_image_field, names))


def _flatten(vehicle: dict[str, Any], names: Names) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for name, value in vehicle.items():
        _add(fields, names.normalize(name), value, names)
    if not is_nothing("".join(fields.get("id", ()))):
        # In our own format `id` is the id, whatever other numbers a vehicle carries.
        for name in _IDS - {"id", *ALIASES["vin"]}:
            fields.pop(name, None)
    return fields


def _add(fields: dict[str, list[str]], path: str, value: Any, names: Names, depth: int = 0) -> None:
    if is_image_field(path):
        texts = [text for text in urls_in(value) if text.strip()]
    elif isinstance(value, dict | list) and depth < _DEEPEST:
        inside = value.items() if isinstance(value, dict) else (("", entry) for entry in value)
        for name, entry in inside:
            _add(fields, f"{path}.{names.normalize(name)}".rstrip("."), entry, names, depth + 1)
        return
    elif isinstance(value, bool):
        texts = [str(value).lower()]
    else:
        texts = [value] if isinstance(value, str) and value.strip() else []
    if texts:
        fields.setdefault(path, []).extend(texts)


def _read_time(text: str) -> datetime | None:
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
