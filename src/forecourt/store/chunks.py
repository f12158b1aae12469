"""Values in portions that a statement can take: both dialects bound its parameters."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TypeVar

T = TypeVar("T", int, str)

_CHUNK = 10_000  # SQLite takes 32,766


def chunks(values: Collection[T]) -> Iterator[list[T]]:
    """Yield the values in order, at most ten thousand at a time."""
    ordered = sorted(values)
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]
