"""Rows of a table of fixes → events of the history, or the reason why not.

A row says one thing ("field", "from", "to": our own form), or type and colour side by side, as
other systems keep them: then it gives up to two fixes. Spellings are read as people wrote them
("N/A", "silver", "DEALER"); what they spelled is kept beside what it means.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, NoReturn, TypeVar

from forecourt.core.errors import UnknownLabelError
from forecourt.core.fixes import FixField
from forecourt.core.history import FixedBy, HistoryEvent, HistoryRow
from forecourt.core.labels import COLORS, IMAGE_TYPES, parse_color, parse_image_type
from forecourt.core.paint import map_paint
from forecourt.core.records import ImageKey, KeySource, RefusedRow, Role
from forecourt.feeds.fix_table import Defaults, TableRow
from forecourt.feeds.records import BrokenRow
from forecourt.feeds.times import parse_time
from forecourt.feeds.urls import clean_url, explain
from forecourt.feeds.words import clean_text, is_nothing

T = TypeVar("T")

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_SLACK = timedelta(days=1)  # clocks and zones differ
_SHA256 = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)
_PICTURE = re.compile(r"\s+(image|photo|picture)s?$", re.IGNORECASE)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# As long as the columns of the store.
_LONGEST = {"advertiser": 200, "by": 200, "vehicle_id": 400, "vin": 64, "model_version": 100}
_LONGEST_KEY = 200

_EVENTS = {
    HistoryEvent.FIX: "fix update updated change changed edit manual_fix",
    HistoryEvent.REVERT: "revert reverted undo",
    HistoryEvent.RESTORE: "restore restored redo",
}
_FIELDS = {
    FixField.IMAGE_TYPE: "image_type type imagetype",
    FixField.COLOR: "color colour",
}
_ROLES = {
    Role.STAFF: "staff agent employee internal support",
    Role.ADVERTISER: "advertiser client dealer customer",
    Role.ADMIN: "admin administrator",
}
_SCOPES = {
    True: "everywhere everyone global all true yes y 1 t",
    False: "advertiser local own false no n 0 f",
}
_EVENT_OF = {word: event for event, words in _EVENTS.items() for word in words.split()}
_FIELD_OF = {word: field for field, words in _FIELDS.items() for word in words.split()}
_ROLE_OF = {word: role for role, words in _ROLES.items() for word in words.split()}
_SCOPE_OF = {word: scope for scope, words in _SCOPES.items() for word in words.split()}


class _RefusedError(Exception):
    """What is wrong with a row. It never leaves this module."""

    def __init__(self, field: str, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason
        self.hint = hint


class _Values(NamedTuple):
    field: FixField
    value_from: str | None
    value: str | None
    given_from: str | None
    given: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How rows are read.

    Attributes:
        defaults: What holds where the file does not say.
        now: Nothing was fixed later than this.
    """

    defaults: Defaults
    now: datetime


def read_rows(
    rows: Iterable[TableRow | BrokenRow], reading: Reading
) -> Iterator[HistoryRow | RefusedRow]:
    """Yield the events of a table in its order; a row that cannot be read gives a refusal."""
    for row in rows:
        if isinstance(row, BrokenRow):
            yield RefusedRow(line=row.line, row=row.row, field="", reason=row.reason, hint=row.hint)
            continue
        try:
            yield from _read_row(row, reading)
        except _RefusedError as error:
            yield RefusedRow(
                line=row.line,
                row=row.row,
                field=row.spelled.get(error.field, error.field),
                reason=error.reason,
                hint=error.hint,
            )


def _read_row(row: TableRow, reading: Reading) -> list[HistoryRow]:
    event = _word(row, "event", _EVENT_OF, HistoryEvent.FIX)
    act = FixedBy(
        by=_text(row, "by") or _needed(reading.defaults.by, "by", "Name the person: --by."),
        role=_word(row, "role", _ROLE_OF, Role.STAFF),
        at=_time(row, "at", reading),
    )
    everywhere = _word(row, "everywhere", _SCOPE_OF, default=False)
    if everywhere and act.role is Role.ADVERTISER and event is HistoryEvent.FIX:
        _refuse("everywhere", "an advertiser's fix for everyone", "Only staff may fix everywhere.")
    url, key = _image(row)
    advertiser = _text(row, "advertiser") or _needed(
        reading.defaults.advertiser, "advertiser", "Name the advertiser: --advertiser."
    )
    return [
        HistoryRow(
            line=row.line,
            row=row.row,
            event=event,
            act=act,
            note=_UNSTORABLE.sub("", row.values.get("note", "")),
            advertiser=advertiser,
            everywhere=everywhere,
            vehicle_id=_text(row, "vehicle_id"),
            vin=_text(row, "vin"),
            url=url,
            key=key,
            field=values.field,
            value_from=values.value_from,
            value=values.value,
            given_from=values.given_from,
            given=values.given,
            model_version=_text(row, "model_version"),
            of=None if event is HistoryEvent.FIX else _origin(row, reading),
        )
        for values in _values(row)
    ]


def _origin(row: TableRow, reading: Reading) -> FixedBy:
    """Return who made the fix that a revert or a restore is of."""
    return FixedBy(
        by=_needed(
            _text(row, "fixed_by"), "fixed_by", "Name who made the fix, as our export does."
        ),
        role=_word(row, "fixed_role", _ROLE_OF, Role.STAFF),
        at=_time(row, "fixed_at", reading),
    )


def _image(row: TableRow) -> tuple[str, ImageKey | None]:
    text = row.values.get("url", "")
    key = _key(row.values.get("image_key", "").strip())
    url = clean_url(text) if text else None
    if url is None and text and key is None:
        key = _key(text.strip())
    if url is None and text and key is None:
        _refuse("url", *explain(text))
    if url is None and key is None:
        unknown = "image_key" in row.values
        reason = "the key is none of Forecourt's, and there is no URL" if unknown else "no image"
        _refuse("image_key" if unknown else "url", reason, "Give the URL of the image.")
    return url or "", key


def _key(text: str) -> ImageKey | None:
    """Return an image key of ours; another system's tells us nothing."""
    if _SHA256.fullmatch(text):
        return ImageKey(KeySource.BYTES, text.lower())
    source, _, value = text.partition(":")
    if source not in set(KeySource) or not 0 < len(value) <= _LONGEST_KEY:
        return None
    return ImageKey(KeySource(source), value)


def _values(row: TableRow) -> list[_Values]:
    if "field" in row.values:
        if "to" not in row.given:
            _refuse("to", "no new value", 'Give it; an empty one is "no colour".')
        field = _word(row, "field", _FIELD_OF, FixField.IMAGE_TYPE)
        return [_read_values(row, field, "from", "to")]
    found = [
        _read_values(row, field, name_from, name_to)
        for field, name_from, name_to in (
            (FixField.IMAGE_TYPE, "type_from", "type_to"),
            (FixField.COLOR, "color_from", "color_to"),
        )
        if name_to in row.values
    ]
    # Side by side, what stayed as it was stands there too.
    changed = [
        one
        for one in found
        if one.value != one.value_from or (one.value is None and one.given_from is None)
    ]
    if not changed:
        reason = "nothing was changed" if found else "no type and no colour"
        _refuse("type_to", reason, "Give the new image_type, or color, or both.")
    return changed


def _read_values(row: TableRow, field: FixField, name_from: str, name_to: str) -> _Values:
    read = _read_type if field is FixField.IMAGE_TYPE else _read_color
    given_from, given = row.values.get(name_from), row.values.get(name_to)
    value_from = read(name_from, given_from)
    value = read(name_to, given)
    if field is FixField.IMAGE_TYPE and value is None:
        _refuse(name_to, "no image type", f"Give one of: {', '.join(IMAGE_TYPES)}.")
    return _Values(
        field=field,
        value_from=value_from,
        value=value,
        given_from=_foreign(given_from, value_from),
        given=_foreign(given, value),
    )


def _read_type(name: str, text: str | None) -> str | None:
    if text is None or is_nothing(text):
        return None
    try:
        return parse_image_type(_PICTURE.sub("", clean_text(text)))
    except UnknownLabelError:
        _refuse(name, f"{_shown(text)} is no image type", f"Use one of: {', '.join(IMAGE_TYPES)}.")


def _read_color(name: str, text: str | None) -> str | None:
    if text is None or is_nothing(text):
        return None
    try:
        return parse_color(clean_text(text))
    except UnknownLabelError:
        mapped = map_paint(text)
    if mapped is None:
        _refuse(name, f"{_shown(text)} is no colour", f"Use none, or: {', '.join(COLORS)}.")
    return mapped


def _foreign(given: str | None, value: str | None) -> str | None:
    """Return a spelling that is not ours; letter case tells nothing."""
    text = clean_text(given or "")
    return text[:100] if text and text.lower() != (value or "").lower() else None


def _time(row: TableRow, name: str, reading: Reading) -> datetime:
    text = row.values.get(name, "")
    at = parse_time(text)
    if at is None:
        reason = f"{_shown(text)} is no time" if text else "no time"
        _refuse(name, reason, "Write ISO 8601 (2026-11-24T08:00:00Z) or seconds since 1970.")
    if not _EARLIEST <= at <= reading.now + _SLACK:
        when = "before the year 2000" if at < _EARLIEST else "in the future"
        _refuse(name, f"{_shown(text)} is {when}", "Check the column and its unit.")
    return at


def _word(row: TableRow, name: str, words: dict[str, T], default: T) -> T:
    text = row.values.get(name)
    if text is None:
        return default
    word = re.sub(r"[\s_-]+", "_", clean_text(text).lower())
    if word not in words:
        _refuse(name, f"{_shown(text)} is not known", f"Use one of: {', '.join(words)}.")
    return words[word]


def _text(row: TableRow, name: str) -> str | None:
    text = clean_text(row.values.get(name, ""))
    if len(text) > _LONGEST.get(name, 200):
        _refuse(name, f"{len(text)} characters", f"Use {_LONGEST.get(name, 200)} at most.")
    return text or None


def _needed(value: str | None, name: str, hint: str) -> str:
    if not value:
        _refuse(name, "nothing there", hint)
    return value


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}...")


def _refuse(field: str, reason: str, hint: str) -> NoReturn:
    raise _RefusedError(field, reason, hint)
