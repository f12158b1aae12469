"""Response → ImageFacts: the headers that identity and freshness rest on, and no others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from forecourt.core.records import ImageFacts

_KEPT = (
    "age",
    "cache-control",
    "content-digest",
    "content-encoding",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "etag",
    "expires",
    "last-modified",
    "repr-digest",
    "x-goog-hash",
    "x-goog-stored-content-encoding",
)
_LONGEST_VALUE = 1_000  # an honest validator is far shorter; longer ones are noise or an attack


def make_facts(url: str, final_url: str, status: int, headers: Mapping[str, str]) -> ImageFacts:
    """Return what a response says of its image.

    Args:
        url: Asked for.
        final_url: Answered, after redirects.
        status: 200 or 304.
        headers: Of the response; names in any letter case.
    """
    kept = {}
    for name in _KEPT:
        value = headers.get(name)
        if value is not None and len(value) <= _LONGEST_VALUE:
            kept[name] = value
    return ImageFacts(
        url=url, final_url=final_url, status=status, headers=kept, received_at=datetime.now(UTC)
    )
