"""Accuracy, intervals, confusion and calibration. Pure NumPy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Z95, Z999 = 1.959963984540054, 3.290526731491925  # two-sided, of the normal distribution


@dataclass(frozen=True, slots=True)
class Share:
    """A share of right answers among `n`, with its interval. All NaN where n is 0."""

    right: int
    n: int
    value: float
    low: float
    high: float


def share(right: int, n: int, *, z: float = Z95) -> Share:
    """Return a share with its Wilson score interval (E. B. Wilson, JASA 22, 1927).

    Args:
        right: How many.
        n: Of how many.
        z: How sure the interval is: 95 %, or another point of the normal distribution.

    Raises:
        ValueError: not 0 <= right <= n.
    """
    if not 0 <= right <= n:
        raise ValueError(f"{right} of {n} is no share")
    if n == 0:
        return Share(0, 0, math.nan, math.nan, math.nan)
    p, z2 = right / n, z**2
    center = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    # At the ends the interval touches the share itself; rounding must not push it past.
    low = 0.0 if right == 0 else center - half
    high = 1.0 if right == n else center + half
    return Share(right, n, p, low, high)


@dataclass(frozen=True, slots=True)
class Gap:
    """Difference of two shares with its interval. All NaN where one is of nothing."""

    value: float
    low: float
    high: float


def gap(one: Share, other: Share) -> Gap:
    """Return `one` minus `other` with Newcombe's interval (R. G. Newcombe, Stat. Med. 17, 1998).

    It is as sure as the intervals of the two.
    """
    value = one.value - other.value
    below = math.hypot(one.value - one.low, other.high - other.value)
    above = math.hypot(one.high - one.value, other.value - other.low)
    return Gap(value, value - below, value + above)


def confusion(
    truth: Sequence[str | None], answers: Sequence[str | None], classes: Sequence[str | None]
) -> NDArray[np.int64]:
    """Count answers.

    Returns:
        Shape (C, C): rows are the truth, columns the answers, in the order of `classes`.

    Raises:
        KeyError: a label is not among the classes.
        ValueError: the two sequences differ in length.
    """
    index = {name: position for position, name in enumerate(classes)}
    counts = np.zeros((len(classes), len(classes)), np.int64)
    for true, answer in zip(truth, answers, strict=True):
        counts[index[true], index[answer]] += 1
    return counts


def recalls(counts: NDArray[np.int64]) -> list[Share]:
    """Return, for each class of a confusion matrix, the share of it that was found."""
    return [share(int(row[i]), int(row.sum())) for i, row in enumerate(counts)]


def precisions(counts: NDArray[np.int64]) -> list[Share]:
    """Return, for each class of a confusion matrix, the share of its answers that were right."""
    return [share(int(column[i]), int(column.sum())) for i, column in enumerate(counts.T)]


def macro_recall(counts: NDArray[np.int64]) -> float:
    """Return the mean recall over the classes that are present; NaN where none is."""
    found = [one.value for one in recalls(counts) if one.n]
    return float(np.mean(found)) if found else math.nan


def calibration_error(
    confidence: Sequence[float], is_right: Sequence[bool], *, bins: int = 15
) -> float:
    """Return the expected calibration error over equal-width bins (Guo et al., ICML 2017).

    Returns:
        0 (confidence equals accuracy in every bin) to 1; NaN where there is nothing to judge.
    """
    if not len(confidence):
        return math.nan
    given, right = np.asarray(confidence, np.float64), np.asarray(is_right, np.float64)
    bin_of = np.clip((given * bins).astype(np.int64), 0, bins - 1)
    gap = np.bincount(bin_of, weights=given - right, minlength=bins)
    return float(np.abs(gap).sum() / len(given))
