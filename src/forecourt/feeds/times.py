"""Times as tables write them: ISO 8601 with or without a zone, or seconds since 1970."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_EPOCH = re.compile(r"\d{9,17}(\.\d+)?")
_BEFORE_ZONE = re.compile(r"\s+(?=[+-]\d\d:?\d\d$)")
_UTC = re.compile(r"\s*(UTC|GMT)$", re.IGNORECASE)
# Seconds reach 1e11 in the year 5138, milliseconds were there in 1973; so with microseconds.
_MILLISECONDS, _MICROSECONDS = 1e11, 1e14


def parse_time(text: str) -> datetime | None:
    """Return a time in UTC, or None where it is none. Without a zone it is taken as UTC."""
    text = text.strip()
    try:
        if _EPOCH.fullmatch(text):
            return _from_epoch(text)
        found = datetime.fromisoformat(_BEFORE_ZONE.sub("", _UTC.sub("+00:00", text)))
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _from_epoch(text: str) -> datetime:
    number = float(text)
    if number >= _MICROSECONDS:
        number /= 1e6
    elif number >= _MILLISECONDS:
        number /= 1e3
    return datetime.fromtimestamp(number, UTC)
