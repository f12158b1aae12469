"""A table of fixes (CSV or JSON Lines, ours or another system's) → its rows, with known names."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from forecourt.core.errors import FeedError
from forecourt.core.spreadsheet import undo_defuse
from forecourt.feeds.delimited import Columns, DelimitedReader
from forecourt.feeds.encoding import find_encoding, open_text
from forecourt.feeds.read import SNIFFED, refuse_other_files, refuse_other_texts
from forecourt.feeds.records import LONGEST_ROW, BrokenRow, normalize_name

_WANTED = "table of fixes"
_JSON_HINT = "Write one object a line, as `forecourt history --format jsonl` does."

# Column → what tables of fixes call it, best first (normalised: lower case, "_" for the rest).
ALIASES: dict[str, tuple[str, ...]] = {
    "event": ("event", "action", "operation"),
    "at": (
        "at", "when", "date", "time", "timestamp", "datetime", "date_time", "fixed_on",
        "created_at", "created", "changed_at", "updated_at", "updated", "modified_at", "fix_date",
    ),
    "by": (
        "by", "who", "user", "username", "user_name", "actor", "author", "email", "user_email",
        "created_by", "changed_by", "updated_by", "modified_by", "fix_by",
    ),
    "role": ("role", "user_role", "actor_role", "user_type"),
    "note": ("note", "notes", "comment", "comments", "reason"),
    "advertiser": (
        "advertiser", "advertiser_id", "advertiser_name", "dealer", "dealer_id", "dealer_name",
        "client", "client_id", "account", "account_id",
    ),
    "everywhere": ("everywhere", "global", "scope"),
    "vehicle_id": (
        "vehicle_id", "vehicle", "stock", "stock_number", "stock_no", "stock_id",
    ),
    "vin": ("vin",),
    "url": (
        "url", "image_url", "image", "image_link", "img_url", "img", "picture", "picture_url",
        "photo_url", "src",
    ),
    "image_key": ("image_key", "key", "image_hash", "hash"),
    "field": ("field", "what", "attribute", "property"),
    "from": (
        "from", "old", "old_value", "value_from", "from_value", "previous", "previous_value",
        "before",
    ),
    "to": ("to", "new", "new_value", "value", "to_value", "value_to", "after"),
    # A table may show the answer and the fix beside each other: the plain name is the answer then.
    "type_to": (
        "fixed_type", "fixed_image_type", "manual_type", "manual_image_type", "new_type",
        "new_image_type", "type_to", "to_type", "image_type_to", "to_image_type",
        "image_type_manual_fix", "type_manual_fix", "image_type", "type",
    ),
    "type_from": (
        "type_from", "from_type", "old_type", "previous_type", "image_type_from", "from_image_type",
        "old_image_type", "previous_image_type", "ml_type", "ml_image_type",
        "predicted_image_type", "model_image_type", "image_type", "type",
    ),
    "color_to": (
        "fixed_color", "fixed_colour", "manual_color", "manual_colour", "new_color", "new_colour",
        "color_to", "colour_to", "to_color", "to_colour", "color_manual_fix", "colour_manual_fix",
        "color", "colour",
    ),
    "color_from": (
        "color_from", "colour_from", "from_color", "from_colour", "old_color", "old_colour",
        "previous_color", "previous_colour", "ml_color", "ml_colour", "predicted_color",
        "predicted_colour", "model_color", "model_colour", "color", "colour",
    ),
    "model_version": ("model_version",),
    "fixed_at": ("fixed_at",),
    "fixed_by": ("fixed_by",),
    "fixed_role": ("fixed_role",),
}  # fmt: skip
_KNOWN = frozenset(alias for aliases in ALIASES.values() for alias in aliases)


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What holds for every row where the file does not say."""

    advertiser: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row under the names of `ALIASES`.

    Attributes:
        values: Cells that are not blank.
        given: All names that the row has, with a blank cell or without.
        spelled: How the file spells each name.
    """

    row: int
    line: int
    values: Mapping[str, str]
    given: frozenset[str]
    spelled: Mapping[str, str]


class FixTable:
    """An open table of fixes: iterate it once for its rows, and close it.

    Raises:
        FeedError: the file cannot be read at all; a row that cannot be is yielded as broken.
    """

    def __init__(self, path: Path, defaults: Defaults) -> None:
        self._open = ExitStack()
        encoding = find_encoding(path)
        refuse_other_files(path, _WANTED)
        try:
            with open_text(path, encoding) as text:
                start = text.read(SNIFFED).lstrip("\ufeff \t\r\n")
            refuse_other_texts(path, start, _WANTED)
            text = self._open.enter_context(open_text(path, encoding))
            is_json = start.startswith(("{", "["))
            self._rows = _read_lines(text) if is_json else _read_cells(text, defaults)
        except BaseException:
            self._open.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._open.close()

    def __iter__(self) -> Iterator[TableRow | BrokenRow]:
        return self._rows


def _read_cells(text: io.TextIOBase, defaults: Defaults) -> Iterator[TableRow | BrokenRow]:
    """Check the header at once; rows come as they are asked for."""

    def check(names: list[str], header: list[str]) -> None:
        missing = _find_missing(names, defaults)
        if missing:
            shown = ", ".join(cell.strip() for cell in header[:30])
            raise FeedError(
                f"The header has no column for {' and '.join(missing)}: {shown}. "
                "docs/fixes.md lists all names."
            )

    reader = DelimitedReader(
        text,
        Columns(
            count_known=lambda names: sum(name in _KNOWN for name in names),
            check=check,
            advice=(
                "A table of fixes starts with a header such as at,by,advertiser,url,field,from,to "
                "(docs/fixes.md lists all names)."
            ),
        ),
    )
    given = _choose(reader.names)
    return _name_cells(reader, given)


def _name_cells(reader: DelimitedReader, given: dict[str, str]) -> Iterator[TableRow | BrokenRow]:
    spelled: dict[str, str] = {}
    for row in reader.rows():
        if isinstance(row, BrokenRow):
            yield row
            continue
        spelled = spelled or {name: row.names.spell(column) for name, column in given.items()}
        values = {
            name: undo_defuse(row.fields[column][0])
            for name, column in given.items()
            if column in row.fields
        }
        yield TableRow(row.row, row.line, values, frozenset(given), spelled)


def _read_lines(text: io.TextIOBase) -> Iterator[TableRow | BrokenRow]:
    row = 0
    for number, line in enumerate(_bounded_lines(text), start=1):
        if not line.strip("\ufeff \t\r\n"):
            continue
        row += 1
        if len(line) > LONGEST_ROW:
            yield BrokenRow(row, number, f"longer than {LONGEST_ROW:,} characters", _JSON_HINT)
            continue
        try:
            value = json.loads(line.lstrip("\ufeff"), parse_int=str, parse_float=str, strict=False)
        except (ValueError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else "no JSON"
            yield BrokenRow(row, number, f"no JSON: {reason}", _JSON_HINT)
            continue
        if not isinstance(value, dict):
            yield BrokenRow(row, number, "no JSON object", _JSON_HINT)
            continue
        yield _name_members(row, number, value)


def _name_members(row: int, line: int, members: dict[str, Any]) -> TableRow:
    names = {normalize_name(name): name for name in reversed(members)}
    spelled = {name: names[column] for name, column in _choose(names).items()}
    texts = {name: _to_text(members[column]) for name, column in spelled.items()}
    values = {name: text for name, text in texts.items() if text.strip()}
    return TableRow(row, line, values, frozenset(spelled), spelled)


def _to_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _bounded_lines(text: io.TextIOBase) -> Iterator[str]:
    while line := text.readline(LONGEST_ROW + 1):
        rest = line
        while len(rest) > LONGEST_ROW and not rest.endswith(("\r", "\n")):
            rest = text.readline(LONGEST_ROW + 1)  # of a line that is refused for its length
        yield line


def _choose(names: Iterable[str]) -> dict[str, str]:
    """Return for each known column the best of the names that stand for it; none serves twice."""
    free = set(names)
    chosen: dict[str, str] = {}
    for name, aliases in ALIASES.items():
        found = next((alias for alias in aliases if alias in free), None)
        if found is not None:
            chosen[name] = found
            free.discard(found)
    return chosen


def _find_missing(names: list[str], defaults: Defaults) -> list[str]:
    given = _choose(names)
    wanted = {
        "the time (at)": "at" in given,
        "the person (by; or give --by)": "by" in given or defaults.by is not None,
        "the advertiser (advertiser; or give --advertiser)": (
            "advertiser" in given or defaults.advertiser is not None
        ),
        "the image (url)": "url" in given or "image_key" in given,
        "the new value (field and to, or image_type, or color)": (
            {"field", "to"} <= set(given) or "type_to" in given or "color_to" in given
        ),
    }
    return [name for name, is_there in wanted.items() if not is_there]
