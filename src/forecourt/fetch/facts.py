"""Response → ImageFacts: the headers that identity and freshness rest on, and no others."""

from __future__ import annotations

from datetime import UTC, datetime

from multidict import CIMultiDict, CIMultiDictProxy

from forecourt.core.records import ImageFacts

# Lists: may come in several lines, which mean the same as one line with commas
# (RFC 9110 section 5.3). Google Cloud Storage sends its two hashes so.
_LISTS = frozenset(
    {"cache-control", "content-digest", "content-encoding", "repr-digest", "vary", "x-goog-hash"}
)
_SINGLES = frozenset(
    {
        "age",
        "content-length",
        "content-md5",
        "content-type",
        "date",
        "etag",
        "expires",
        "last-modified",
        "x-goog-stored-content-encoding",
    }
)
_LONGEST_VALUE = 1_000  # an honest validator is far shorter; longer ones are noise or an attack


def make_facts(
    url: str, final_url: str, status: int, headers: CIMultiDict[str] | CIMultiDictProxy[str]
) -> ImageFacts:
    """Return what a response says of its image.

    A value that is not printable ASCII is left out: it can be neither stored nor sent back as it
    came. So is a header that says two things where only one is allowed.

    Args:
        url: Asked for.
        final_url: Answered, after redirects.
        status: 200 or 304.
        headers: Of the response.
    """
    kept = {}
    for name in sorted(_LISTS | _SINGLES):
        values = headers.getall(name, [])
        if name in _SINGLES:
            values = list(dict.fromkeys(values))
        value = ", ".join(values)
        is_single = name in _LISTS or len(values) == 1
        if values and is_single and _is_sound(value):
            kept[name] = value
    return ImageFacts(
        url=url, final_url=final_url, status=status, headers=kept, received_at=datetime.now(UTC)
    )


def _is_sound(value: str) -> bool:
    return len(value) <= _LONGEST_VALUE and value.isascii() and value.isprintable()
