"""Two models on the same pictures: what one gets right and the other does not. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from forecourt.core.metrics import Gap


@dataclass(frozen=True, slots=True)
class Paired:
    """A candidate beside the champion on n pictures.

    Attributes:
        gained: Pictures that the candidate alone gets right.
        lost: Pictures that the champion alone gets right.
        gap: Accuracy of the candidate minus the champion's, with its 95 % interval, wider where
            many comparisons share the 5 %; NaN where n is 0.
        p: Two-sided probability of a difference as large by chance (exact McNemar test); 1 where
            they never differ.
    """

    n: int
    champion_right: int
    candidate_right: int
    gained: int
    lost: int
    gap: Gap
    p: float

    @property
    def is_worse(self) -> bool:
        """Whether the whole interval lies below zero."""
        return self.gap.high < 0


def compare(champion: Sequence[bool], candidate: Sequence[bool], *, comparisons: int = 1) -> Paired:
    """Compare two models picture by picture.

    The interval is that of D. G. Bonett and R. M. Price (J. Educ. Behav. Stat. 37, 2012), the test
    that of Q. McNemar (Psychometrika 12, 1947) in its exact form.

    Args:
        champion: Whether it is right, for each picture.
        candidate: Likewise, of the same pictures.
        comparisons: That share the 5 % (Bonferroni): all their intervals hold at once with 95 %.

    Raises:
        ValueError: the two sequences differ in length.
    """
    pairs = list(zip(champion, candidate, strict=True))
    lost = sum(one and not other for one, other in pairs)
    gained = sum(other and not one for one, other in pairs)
    return Paired(
        n=len(pairs),
        champion_right=sum(one for one, _other in pairs),
        candidate_right=sum(other for _one, other in pairs),
        gained=gained,
        lost=lost,
        gap=_gap(gained, lost, len(pairs), NormalDist().inv_cdf(1 - 0.025 / comparisons)),
        p=_mcnemar(gained, lost),
    )


def _gap(gained: int, lost: int, n: int, z: float) -> Gap:
    if n == 0:
        return Gap(math.nan, math.nan, math.nan)
    up, down = (gained + 1) / (n + 2), (lost + 1) / (n + 2)
    half = z * math.sqrt((up + down - (up - down) ** 2) / (n + 2))
    return Gap((gained - lost) / n, max(-1.0, up - down - half), min(1.0, up - down + half))


def _mcnemar(gained: int, lost: int) -> float:
    differ = gained + lost
    tail = sum(math.comb(differ, one) for one in range(min(gained, lost) + 1))
    return min(1.0, float(2 * tail / 2.0**differ))
