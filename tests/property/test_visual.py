"""The visual key under any picture: symmetric, deterministic, exact look-ups."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from forecourt.core.records import VisualKey
from forecourt.identity.visual import GRID_BYTES, PDQ_BYTES, VisualIndex, compare, make_visual_key

sides = st.integers(16, 90)
pictures = st.tuples(sides, sides).flatmap(
    lambda size: hnp.arrays(np.uint8, (*size, 3), elements=st.integers(0, 255))
)
hashes = st.binary(min_size=PDQ_BYTES, max_size=PDQ_BYTES)
keys = st.builds(
    VisualKey, hashes | st.just(b""), st.binary(min_size=GRID_BYTES, max_size=GRID_BYTES)
)


@given(pictures)
def test_every_picture_has_a_key_that_is_its_own(pixels: np.ndarray) -> None:
    key = make_visual_key(pixels)
    assert key == make_visual_key(pixels.copy())
    assert len(key.pdq) in {0, PDQ_BYTES}
    assert len(key.grid) == GRID_BYTES
    likeness = compare(key, key)
    assert likeness.is_same_paint
    assert not likeness.pdq_distance
    assert likeness.grid_distance == 0


@given(keys, keys)
def test_likeness_is_symmetric(one: VisualKey, other: VisualKey) -> None:
    assert compare(one, other) == compare(other, one)


@given(keys, keys)
def test_what_lets_the_colour_travel_lets_the_type_travel(one: VisualKey, other: VisualKey) -> None:
    likeness = compare(one, other)
    assert likeness.is_same_picture or not likeness.is_same_paint


@given(st.lists(hashes, max_size=30), hashes, st.integers(0, 256))
def test_index_finds_what_comparing_one_by_one_finds(
    stored: list[bytes], wanted: bytes, limit: int
) -> None:
    index = VisualIndex(range(len(stored)), b"".join(stored))
    distances = [(int.from_bytes(h, "big") ^ int.from_bytes(wanted, "big")) for h in stored]
    expected = [n for n, bits in enumerate(distances) if bits.bit_count() <= limit]
    assert index.find(wanted, max_distance=limit) == expected
