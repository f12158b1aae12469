"""Pictures that show the same, encoded anew: found exactly, by hash and grid. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from forecourt.core.records import VisualKey
from forecourt.identity.visual import PlainIndex, VisualIndex, compare

# Between plain pictures, whose hash would be noise: a line of text hardly moves the grid, and
# another line of text is another card. Encoding anew moves it by less.
MAX_PLAIN_DISTANCE = 1.0  # CIELAB units


def are_twins(one: VisualKey, other: VisualKey) -> bool:
    """Say whether two pictures are one, encoded anew."""
    likeness = compare(one, other)
    if likeness.is_plain:
        return likeness.grid_distance <= MAX_PLAIN_DISTANCE
    return likeness.is_same_picture


def iter_earlier_twins(keys: Sequence[VisualKey]) -> Iterator[list[int]]:
    """Yield for each picture, in order, the earlier ones that show the same, earliest first."""
    hashed = [number for number, key in enumerate(keys) if key.pdq]
    plain = [number for number, key in enumerate(keys) if not key.pdq]
    by_hash = VisualIndex(hashed, b"".join(keys[number].pdq for number in hashed))
    by_grid = PlainIndex(plain, b"".join(keys[number].grid for number in plain))
    for number, key in enumerate(keys):
        near = by_hash.find(key.pdq) if key.pdq else by_grid.find(key.grid)
        yield [one for one in near if one < number and are_twins(key, keys[one])]
