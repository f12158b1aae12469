"""Scrape JSON: our own format, or a bare list of vehicles; read as a stream."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import ijson

from forecourt.core.errors import FeedError
from forecourt.feeds.encoding import Utf8Reader
from forecourt.feeds.records import BrokenRow, RawRow, normalize_name

_SHAPE = 'Expected {"advertiser": "...", "vehicles": [{"id": "...", "images": [...]}]}.'


def read_head(source: Utf8Reader) -> tuple[str | None, datetime | None]:
    """Return advertiser and time of a scrape document; they may stand behind the vehicles.

    Raises:
        FeedError: the document does not start like JSON.
    """
    found: dict[str, str] = {}
    try:
        for prefix, event, value in ijson.parse(source):
            if event == "string" and prefix in {"advertiser", "scraped_at"}:
                found[prefix] = value
                if len(found) == 2:
                    break
    except ijson.JSONError as error:
        if not found and "line" not in str(error) and "parse" not in str(error).lower():
            raise FeedError(f"The feed is no valid JSON: {error}. {_SHAPE}") from error
    return found.get("advertiser"), _read_time(found.get("scraped_at"))


def read_rows(source: Utf8Reader, *, is_list: bool) -> Iterator[RawRow | BrokenRow]:
    """Yield the vehicles of a document.

    A document that breaks off gives all vehicles before the break, and one broken row.

    Args:
        source: The document.
        is_list: It is a bare list of vehicles.

    Raises:
        FeedError: there is no vehicle at all because the document is broken.
    """
    number = 0
    vehicles = ijson.items(source, "item" if is_list else "vehicles.item", use_float=True)
    while True:
        try:
            vehicle = next(vehicles, None)
        except ijson.JSONError as error:
            if number == 0:
                raise FeedError(f"The feed is no valid JSON: {error}. {_SHAPE}") from error
            yield BrokenRow(
                number + 1,
                None,
                f"the document breaks off behind vehicle {number}: {error}",
                "Send the file again; the vehicles before were taken.",
            )
            return
        if vehicle is None:
            return
        number += 1
        if isinstance(vehicle, dict):
            yield RawRow(number, None, _flatten(vehicle))
        else:
            yield BrokenRow(number, None, f"a vehicle is {type(vehicle).__name__}", _SHAPE)


def _flatten(vehicle: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    fields: dict[str, tuple[str, ...]] = {}
    for name, value in vehicle.items():
        texts = tuple(_texts(value))
        if texts:
            fields[normalize_name(name)] = texts
    if "id" in fields:
        # In our own format `id` is the id, whatever other numbers a vehicle carries.
        fields["stock"] = fields["id"]
    return fields


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if value.strip():
            yield value
    elif isinstance(value, bool):
        yield str(value).lower()
    elif isinstance(value, int | float):
        yield str(value)
    elif isinstance(value, list):
        for entry in value:
            yield from _texts(entry)
    elif isinstance(value, dict):
        yield from _texts(value.get("url"))


def _read_time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
