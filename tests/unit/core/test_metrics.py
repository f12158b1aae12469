from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecourt.core.metrics import (
    calibration_error,
    confusion,
    gap,
    macro_recall,
    precisions,
    recalls,
    share,
)


def test_share__has_the_wilson_interval_of_the_literature() -> None:
    # Newcombe, Statistics in Medicine 17 (1998), table I: 81/263 and 15/148.
    first, second = share(81, 263), share(15, 148)
    assert (round(first.low, 4), round(first.high, 4)) == (0.2553, 0.3662)
    assert (round(second.low, 4), round(second.high, 4)) == (0.0624, 0.1605)


def test_gap__has_the_newcombe_interval_of_the_literature() -> None:
    # Newcombe, Statistics in Medicine 17 (1998) part II, table II, method 10: 56/70 and 48/80.
    found = gap(share(56, 70), share(48, 80))
    assert found.value == pytest.approx(0.2)
    assert (round(found.low, 4), round(found.high, 4)) == (0.0524, 0.3339)
    assert math.isnan(gap(share(1, 2), share(0, 0)).value)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_share__interval_holds_the_share_and_stays_in_0_to_1(a: int, b: int) -> None:
    right, n = min(a, b), max(a, b)
    one = share(right, n)
    if n:
        assert 0 <= one.low <= one.value <= one.high <= 1
    else:
        assert math.isnan(one.value)
        assert math.isnan(one.low)


def test_share__of_more_than_all_is_refused() -> None:
    with pytest.raises(ValueError, match="3 of 2"):
        share(3, 2)


def test_confusion__counts_rows_by_truth_and_columns_by_answer() -> None:
    counts = confusion(["a", "a", "b", None], ["a", "b", "b", "a"], ["a", "b", None])
    assert counts.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
    assert [one.value for one in recalls(counts)] == [0.5, 1.0, 0.0]
    assert [one.right for one in precisions(counts)] == [1, 1, 0]
    assert [one.n for one in precisions(counts)] == [2, 2, 0]


def test_confusion__unknown_label_is_an_error_not_a_silent_loss() -> None:
    with pytest.raises(KeyError):
        confusion(["a"], ["z"], ["a"])


def test_macro_recall__leaves_absent_classes_out() -> None:
    counts = confusion(["a", "a", "a", "b"], ["a", "a", "a", "a"], ["a", "b", "c"])
    assert macro_recall(counts) == 0.5
    assert math.isnan(macro_recall(confusion([], [], ["a"])))


def test_calibration_error__is_zero_where_confidence_equals_accuracy() -> None:
    assert calibration_error([0.75] * 4, [True, True, True, False]) == pytest.approx(0)


def test_calibration_error__is_the_mean_gap_weighted_by_bin() -> None:
    # Bin of 1.0: sure and wrong, half of the pictures. Bin of 0.5: right half of the time.
    error = calibration_error([1.0, 1.0, 0.5, 0.5], [False, False, True, False])
    assert error == pytest.approx(0.5)
    assert math.isnan(calibration_error([], []))
