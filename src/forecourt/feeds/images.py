"""Image URLs out of a feed's fields: lists, numbered fields, JSON, repeated elements."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from operator import itemgetter
from typing import Any

from forecourt.feeds.records import Fields
from forecourt.feeds.urls import clean_url
from forecourt.feeds.vocabulary import FIRST_IMAGES, MORE_IMAGES
from forecourt.feeds.words import is_nothing

# Also line ends as web pages and programs write them: "<br>", and a backslash with an "n".
_SEPARATORS = re.compile(r"((?:[\s,;|]|<br ?/?>|\\[rn])+)", re.IGNORECASE)
# Commas, semicolons, spaces and backslashes stand inside URLs too: among URLs they separate only
# before the start of another. Bars, tabs and line ends separate always.
URL_START = r"[\"'<]*(?:(?:https?|ftp|file|data):|//)"
_URL_START = re.compile(URL_START, re.IGNORECASE)
_JSON_START = re.compile(r"[\[{]\s*[\"'{\[]")
_HARD_AMONG_URLS = frozenset("|\t\r\n<")
_HARD_AMONG_NAMES = _HARD_AMONG_URLS | frozenset(",;")
_WORD = r"(?:image|photo|picture|img|pic)"
_NUMBERED = re.compile(
    rf"(additional_)?{_WORD}s?(?:_?(?:url|link)s?)?[_.\[]?(\d{{1,3}})\]?(?:[_.]?(?:url|link))?"
)
_NESTED = re.compile(
    rf"(?:additional_)?(?:{_WORD}s?|gallery)(?:\.(?:{_WORD}s?(?:_(?:url|link)s?)?|item|element))*"
    r"(?:\.(?:url|link|href|src|contenturl|content_url))?"
)
_IN_OBJECT = ("url", "contenturl", "src", "href", "link", "imageurl")  # without case and "_"
_DEEPEST = 8


def is_image_field(name: str) -> bool:
    """Whether a normalised field name holds image URLs."""
    return _rank(name) is not None


def read_images(fields: Fields) -> Iterator[tuple[str, str, str | None]]:
    """Yield (field, text, URL) of every image of a row in the order of the feed.

    The URL is None where the text is none that can be fetched. A URL that came before is left out.
    """
    seen = set()
    for name in _ordered(fields):
        for value in fields[name]:
            for text in _split(value):
                if is_nothing(text) or text.isdigit():  # "photos: 24" counts them
                    continue
                url = clean_url(text)
                if url is None:
                    yield name, text, None
                elif url not in seen:
                    seen.add(url)
                    yield name, text, url


def urls_in(value: Any, depth: int = 0) -> Iterator[str]:
    """Yield the URLs of a JSON value: a text, an object with a URL in it, or a list of either.

    What holds no URL is yielded as it stands, so that it can be reported.
    """
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and depth < _DEEPEST:
        for entry in value:
            yield from urls_in(entry, depth + 1)
    elif isinstance(value, dict) and depth < _DEEPEST:
        members = {str(name).lower().replace("_", ""): entry for name, entry in value.items()}
        inside = next((members[name] for name in _IN_OBJECT if members.get(name)), None)
        yield from urls_in(inside or f"an object with {', '.join(map(str, value)) or 'nothing'}")
    elif value is not None:
        yield f"a {type(value).__name__}"


@lru_cache(maxsize=4096)
def _rank(name: str) -> tuple[int, int, int] | None:
    """Return what puts an image field before others, or None where it is no image field."""
    if name in FIRST_IMAGES:
        return (0, 0, FIRST_IMAGES.index(name))
    numbered = _NUMBERED.fullmatch(name)
    if numbered:
        return (1, bool(numbered[1]), int(numbered[2]))
    if name in MORE_IMAGES:
        return (2, 0, MORE_IMAGES.index(name))
    return (3, 0, 0) if _NESTED.fullmatch(name) else None


def _ordered(fields: Fields) -> list[str]:
    ranked = [(rank, name) for name in fields if (rank := _rank(name)) is not None]
    return [name for _rank, name in sorted(ranked, key=itemgetter(0))]


def _split(value: str) -> Iterator[str]:
    value = value.strip("\ufeff \t\r\n")
    if value.startswith(("[", "{")):
        parsed = _parse_json(value)
        if parsed is not None:
            yield from parsed
            return
        if _JSON_START.match(value):
            yield value  # what is left of a list may be cut off in the middle of a URL
            return
        value = value.strip("[]")
    yield from _split_list(
        value, _HARD_AMONG_URLS if ":" in value or "//" in value else _HARD_AMONG_NAMES
    )


def _split_list(value: str, hard: frozenset[str]) -> Iterator[str]:
    """Yield the entries of a list; linear in its length, however many separators stand in a row."""
    text, *more = _SEPARATORS.split(value)
    for separator, part in zip(more[::2], more[1::2], strict=True):
        if _URL_START.match(part) or not hard.isdisjoint(separator):
            if text:
                yield text
            text = part
        elif part:  # else the list ends with a separator
            text += separator + part
    text = text.strip(" ,;|")
    if text:
        yield text


def _parse_json(value: str) -> list[str] | None:
    for text in (value, value.replace("'", '"')):  # lists printed by Python have single quotes
        try:
            parsed = json.loads(text, strict=False)
        except (ValueError, RecursionError):
            continue
        return [url for url in urls_in(parsed) if url.strip()]
    return None
