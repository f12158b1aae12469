from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecourt.core.paired import compare


def test_counts_and_interval_of_a_worked_example() -> None:
    """Fifty pictures, of which the champion alone gets eight right and the candidate two."""
    champion = [True] * 38 + [False] * 12
    candidate = [True] * 30 + [False] * 8 + [True] * 2 + [False] * 10
    found = compare(champion, candidate)
    assert (found.n, found.gained, found.lost) == (50, 2, 8)
    assert (found.champion_right, found.candidate_right) == (38, 32)
    assert found.gap.value == pytest.approx(-0.12)
    # By hand: (3 - 9)/52 -+ 1.96 sqrt((12/52 - (6/52)^2)/52)
    assert found.gap.low == pytest.approx(-0.2421, abs=1e-4)
    assert found.gap.high == pytest.approx(0.0113, abs=1e-4)
    assert found.p == pytest.approx(2 * (1 + 10 + 45) / 1024)
    assert not found.is_worse


def test_six_lost_and_none_gained_is_worse_and_five_is_not() -> None:
    for lost, is_worse in ((5, False), (6, True)):
        champion = [True] * 100
        assert compare(champion, [False] * lost + [True] * (100 - lost)).is_worse is is_worse


def test_nothing_compared_is_no_difference() -> None:
    found = compare([], [])
    assert math.isnan(found.gap.value)
    assert not found.is_worse
    assert found.p == 1


def test_different_lengths_are_no_pairs() -> None:
    with pytest.raises(ValueError, match="shorter"):
        compare([True, True], [True])


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_changing_places_mirrors_the_interval(pairs: list[tuple[bool, bool]]) -> None:
    one, other = ([pair[place] for pair in pairs] for place in (0, 1))
    there, back = compare(one, other), compare(other, one)
    assert there.gap.value == pytest.approx(-back.gap.value)
    assert there.gap.low == pytest.approx(-back.gap.high)
    assert there.p == back.p
    assert 0 <= there.p <= 1


def test_comparisons_that_share_the_five_per_cent_have_wider_intervals() -> None:
    champion, candidate = [True] * 30, [False] * 6 + [True] * 24
    alone, one_of_many = (compare(champion, candidate, comparisons=n) for n in (1, 30))
    assert alone.is_worse
    assert not one_of_many.is_worse
    assert one_of_many.gap.low < alone.gap.low < alone.gap.high < one_of_many.gap.high
    assert (one_of_many.gap.value, one_of_many.p) == (alone.gap.value, alone.p)
