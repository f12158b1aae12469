"""How long an answer may be used without asking again (RFC 9111 section 4.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from forecourt.core.records import ImageFacts

_DELTA = re.compile(r'"?([0-9]+)"?')  # any length: too great a number is a long time (1.2.2)


def fresh_until(facts: ImageFacts, *, cap_s: float) -> datetime:
    """Return the time until which the answer is fresh; `received_at` where it never is.

    Directives count as for a private cache: `max-age` before `Expires` (sections 5.2.2.1, 5.3),
    less the `Age` that the answer already had (section 4.2.3). `immutable` adds nothing: CDNs send
    it for URLs whose picture changes. There is no heuristic freshness (section 4.2.2): an answer
    that says nothing of its lifetime is asked about at every scrape. So is one with `Vary: *`, for
    which no stored answer may stand in (section 4.1).

    Args:
        facts: Of a 200 or a 304; a 304 updates the stored lifetime (section 4.3.4).
        cap_s: No answer is believed for longer than this.
    """
    lifetime = _lifetime_s(facts) - _age_s(facts.headers)
    return facts.received_at + timedelta(seconds=min(max(lifetime, 0.0), cap_s))


def _lifetime_s(facts: ImageFacts) -> float:
    if facts.headers.get("vary", "").strip() == "*":
        return 0.0
    directives = _directives(facts.headers.get("cache-control", ""))
    if directives.keys() & {"no-store", "no-cache"}:
        return 0.0
    if "max-age" in directives:
        match = _DELTA.fullmatch(directives["max-age"])
        return float(match[1]) if match else 0.0  # section 4.2.1: an invalid one counts as stale
    expires = _date(facts.headers.get("expires"))
    if expires is None:
        return 0.0
    sent = _date(facts.headers.get("date")) or facts.received_at
    return (expires - sent).total_seconds()


def _directives(text: str) -> dict[str, str]:
    """Return directive → argument; the first of a repeated one counts (section 4.2.1)."""
    found: dict[str, str] = {}
    for part in text.split(","):
        name, _, argument = part.strip().partition("=")
        found.setdefault(name.strip().lower(), argument.strip())
    return found


def _age_s(headers: Mapping[str, str]) -> float:
    """Section 5.1: the first of a list counts, and an invalid one is none."""
    match = _DELTA.fullmatch(headers.get("age", "").partition(",")[0].strip())
    return float(match[1]) if match else 0.0


def _date(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        parsed = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
