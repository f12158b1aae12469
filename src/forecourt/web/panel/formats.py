"""How numbers, times and labels are written on pages. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

_MINUTE_S = 60
_HOUR_S = 3_600
_DAY_S = 86_400


def number(value: float | None) -> str:
    """Return a whole number with thousands apart: 1,234."""
    return "-" if value is None else f"{value:,.0f}"


def percent(value: float | None, digits: int = 0) -> str:
    """Return a share as per cent: 97 %; 100 % is said of the whole only."""
    if value is None:
        return "-"
    if value < 1:
        value = min(value, 1 - 0.5 * 10 ** -(digits + 2) - 1e-9)
    return f"{100 * value:.{digits}f} %"


def rate(value: float | None) -> str:
    """Return a rate with one digit behind the point: 12.3."""
    return "-" if value is None else f"{value:,.1f}"


def decimals(value: float | None) -> str:
    """Return a number with two digits behind the point: 0.97."""
    return "-" if value is None else f"{value:.2f}"


def when(value: datetime | None) -> str:
    """Return a time in UTC, to the minute."""
    return "never" if value is None else f"{value.astimezone(UTC):%Y-%m-%d %H:%M}"


def ago(value: datetime | None) -> str:
    """Return how long ago something was, roughly; older than a month, the day."""
    if value is None:
        return "never"
    seconds = (datetime.now(UTC) - value).total_seconds()
    if seconds < _MINUTE_S:
        return "just now"
    if seconds < _HOUR_S:
        return f"{seconds // _MINUTE_S:.0f} min ago"
    if seconds < 2 * _DAY_S:
        return f"{seconds // _HOUR_S:.0f} h ago"
    if seconds < 30 * _DAY_S:
        return f"{seconds // _DAY_S:.0f} days ago"
    return f"{value.astimezone(UTC):%Y-%m-%d}"


def words(value: object) -> str:
    """Return the name of a reason or a state as words: `recheck_failed` is "recheck failed"."""
    return str(value).replace("_", " ")


def color_name(value: object) -> str:
    """Return the name of a colour; None is "no colour"."""
    return "no colour" if value is None else str(value)


def slug(value: object) -> str:
    """Return a label as the last part of a class's name."""
    return "none" if value is None else str(value).lower().replace("_", "-")


def plural(count: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun: "1 image", "2 images"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def doubled(labels: Iterable[str]) -> list[tuple[str, str]]:
    """Return labels as what is sent and what is read, for lists to choose from."""
    return [(str(one), str(one)) for one in labels]


def is_web_address(value: str | None) -> bool:
    """Whether an address that somebody sent may stand in a link: `javascript:` may not."""
    try:
        return urlsplit(value or "").scheme.lower() in {"http", "https"}
    except ValueError:
        return False


FILTERS: Mapping[str, Callable[..., Any]] = {
    "number": number,
    "percent": percent,
    "rate": rate,
    "decimals": decimals,
    "when": when,
    "ago": ago,
    "words": words,
    "color_name": color_name,
    "slug": slug,
    "plural": plural,
    "doubled": doubled,
    "is_web_address": is_web_address,
}
