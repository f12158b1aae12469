"""Pages by cursor: where the last one ended, in words that only we read."""

from __future__ import annotations

import base64
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from forecourt.web.api.fields import LARGEST_ID
from forecourt.web.problems import ProblemError

T = TypeVar("T")
_PREFIX = "before:"
_NAME_PREFIX = "behind:"

Limit = Annotated[int, Query(ge=1, le=500, description="Entries of a page, at most.")]
Cursor = Annotated[
    str | None, Query(description="`next_cursor` of the page before; absent: the first page.")
]


class Page(BaseModel, Generic[T]):
    """Some entries, and how to go on."""

    items: list[T]
    next_cursor: str | None = Field(description="Give it back for the next page; null: no more.")


def read_cursor(cursor: str | None) -> int | None:
    """Return the id that a page begins before; None: with the latest.

    Raises:
        ProblemError: it is none of ours.
    """
    place = read_place(cursor, 1)
    return None if place is None else place[0]


def make_cursor(before: int | None) -> str | None:
    """Return the cursor of the page that begins before an id."""
    return None if before is None else make_place(before)


def read_place(cursor: str | None, count: int) -> tuple[int, ...] | None:
    """Return the numbers, so many, that say where a page begins; None: at the beginning.

    Raises:
        ProblemError: it is none of ours.
    """
    text = _decode(cursor, _PREFIX)
    if text is None:
        return None
    try:
        numbers = tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise _refusal() from error
    if len(numbers) != count or not all(0 <= number <= LARGEST_ID for number in numbers):
        raise _refusal()
    return numbers


def make_place(*numbers: int) -> str:
    """Return the cursor that `read_place` reads."""
    return _encode(",".join(map(str, numbers)), _PREFIX)


def read_name_cursor(cursor: str | None) -> str | None:
    """Return the name that a page begins behind, where entries have no numbers; None: the first.

    Raises:
        ProblemError: it is none of ours.
    """
    name = _decode(cursor, _NAME_PREFIX)
    if name is not None and "\x00" in name:
        raise _refusal()
    return name


def make_name_cursor(behind: str | None) -> str | None:
    """Return the cursor of the page that begins behind a name."""
    return None if behind is None else _encode(behind, _NAME_PREFIX)


def _decode(cursor: str | None, prefix: str) -> str | None:
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor.encode("ascii")).decode()
    except ValueError as error:  # also of bytes that are no text
        raise _refusal() from error
    if not text.startswith(prefix):
        raise _refusal()
    return text.removeprefix(prefix)


def _encode(text: str, prefix: str) -> str:
    return base64.urlsafe_b64encode(f"{prefix}{text}".encode()).decode()


def _refusal() -> ProblemError:
    return ProblemError(
        422, "invalid", "The cursor is none of this API's; leave it out for the first page."
    )
