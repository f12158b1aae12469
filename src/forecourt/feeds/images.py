"""Image URLs out of a feed's fields: lists, numbered fields, JSON, repeated elements."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote, urlsplit

# A separator counts only before the start of another URL: commas, semicolons and spaces stand
# inside URLs too.
_BETWEEN_URLS = re.compile(r"[\s,|;]+(?=(?:https?:)?//)", re.IGNORECASE)
_BETWEEN_NAMES = re.compile(r"[\s,|;]+")
_INDEXED = re.compile(r"(?:image|images|photo|photos|picture)\[(\d+)\](?:\.url)?")
_NUMBERED = re.compile(r"(?:image|photo|picture|img)(?:_?(?:url|link))?_?(\d{1,3})")
_FIRST = ("image_link", "image_url", "image", "image.url", "main_image", "photo", "photo_url")
_MORE = (
    "additional_image_link",
    "additional_image_links",
    "additional_images",
    "images",
    "images.image",
    "images.image.url",
    "images.url",
    "image_urls",
    "imageurls",
    "image_list",
    "imagelist",
    "photos",
    "photo_urls",
    "photourls",
    "photo_url_list",
    "pictures",
    "picture_urls",
)
_SAFE = "/:?#[]@!$&'()*+,;=-._~%"

IMAGE_FIELDS = frozenset({*_FIRST, *_MORE})


def is_image_field(name: str) -> bool:
    """Whether a normalised field name holds image URLs."""
    return (
        name in IMAGE_FIELDS
        or _INDEXED.fullmatch(name) is not None
        or bool(_NUMBERED.fullmatch(name))
    )


def read_images(fields: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str | None]]:
    """Yield (text, URL) of every image of a row in the order of the feed; None: not usable."""
    seen = set()
    for name in _ordered(fields):
        for value in fields[name]:
            for text in _split(value):
                url = clean_url(text)
                if url is None:
                    yield text, None
                elif url not in seen:
                    seen.add(url)
                    yield text, url


def clean_url(text: str) -> str | None:
    """Return an absolute http(s) URL, or None.

    HTML entities are undone, "//host" becomes https, and what may not stand in a URL (spaces,
    letters outside ASCII) is percent-encoded.
    """
    url = text.strip().strip("\"'<>").strip()
    if "&" in url and ";" in url:
        url = html.unescape(url)
    if url.startswith("//"):
        url = "https:" + url
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme.lower() in {"http", "https"} and bool(parts.hostname)
        _port = parts.port
    except ValueError:
        return None
    if not is_usable or any(char in url for char in "\n\r\t"):
        return None
    return quote(url, safe=_SAFE, errors="replace")


def _ordered(fields: Mapping[str, tuple[str, ...]]) -> list[str]:
    indexed = []
    for name in fields:
        match = _INDEXED.fullmatch(name) or _NUMBERED.fullmatch(name)
        if match:
            indexed.append((int(match[1]), name))
    first = [name for name in _FIRST if name in fields]
    more = [name for name in _MORE if name in fields]
    return [*first, *(name for _number, name in sorted(indexed)), *more]


def _split(value: str) -> Iterator[str]:
    value = value.strip()
    if value.startswith(("[", "{")):
        parsed = _parse_json(value)
        if parsed is not None:
            yield from parsed
            return
    if "//" in value:
        for part in _BETWEEN_URLS.split(value):
            yield part.strip(" ,|;\t\r\n")
    else:
        yield from (part for part in _BETWEEN_NAMES.split(value) if part)


def _parse_json(value: str) -> list[str] | None:
    try:
        parsed = json.loads(value)
    except ValueError:
        return None
    entries = parsed if isinstance(parsed, list) else [parsed]
    urls = []
    for entry in entries:
        url = entry.get("url") if isinstance(entry, dict) else entry
        if isinstance(url, str) and url:
            urls.append(url)
    return urls
