"""How shares of classes move between two times, and when that is news. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# A population stability index (PSI) of 0.25 is what practice calls a major shift. By chance
# alone PSI x nm/(n+m) follows chi-squared with one degree of freedom less than there are classes
# (B. Yurdakul, 2018): below its 99.9 % point a shift is no news, which in effect asks small
# inventories for larger shifts. Under 30 images on either side that law is too rough to be used.
FEWEST_IMAGES, MAJOR_SHIFT = 30, 0.25
_CHI_SQUARED_999 = (
    10.83, 13.82, 16.27, 18.47, 20.52, 22.46, 24.32, 26.12, 27.88, 29.59, 31.26, 32.91,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """How shares of classes moved.

    Attributes:
        psi: Population stability index; 0 where nothing moved.
        chance: What it reaches by chance alone in one of a thousand comparisons.
        value: The class whose share moved most; "" is no colour.
        before: Its share before (0-1).
        after: Its share now (0-1).
    """

    psi: float
    chance: float
    value: str
    before: float
    after: float

    @property
    def is_news(self) -> bool:
        """Whether it is a major shift, and more than chance."""
        return self.psi >= max(MAJOR_SHIFT, self.chance)


def mean_counts(earlier: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of counts by class; a class that one of them lacks counts as 0 there."""
    return {
        value: sum(one.get(value, 0) for one in earlier) / len(earlier)
        for value in sorted({value for one in earlier for value in one})
    }


def measure_shift(before: Mapping[str, float], after: Mapping[str, float]) -> Shift | None:
    """Return how the shares of classes moved, or None where there is too little to compare.

    Args:
        before: Counts by class: of one inventory, or the mean of several. An inventory shows mostly
            the same images again, so together these say no more than one does.
        after: Counts by class now.
    """
    values = sorted({*before, *after})
    n_before, n_after = sum(before.values()), sum(after.values())
    if min(n_before, n_after) < FEWEST_IMAGES or len(values) < 2:
        return None
    # Half an image more for each class: one that was never seen before must not weigh endlessly.
    sides = {
        value: (
            (before.get(value, 0) + 0.5) / (n_before + len(values) / 2),
            (after.get(value, 0) + 0.5) / (n_after + len(values) / 2),
        )
        for value in values
    }
    moved = max(values, key=lambda value: abs(sides[value][1] - sides[value][0]))
    return Shift(
        psi=sum((new - old) * math.log(new / old) for old, new in sides.values()),
        chance=_CHI_SQUARED_999[len(values) - 2] * (1 / n_before + 1 / n_after),
        value=moved,
        before=before.get(moved, 0) / n_before,
        after=after.get(moved, 0) / n_after,
    )


def find_shift(before: Sequence[Mapping[str, float]], after: Mapping[str, float]) -> Shift | None:
    """Return how the shares of classes moved, or None where that is no news.

    Args:
        before: Counts by class of earlier scrapes; their mean is what is compared.
        after: Counts by class of the latest scrape.
    """
    shift = measure_shift(mean_counts(before), after) if before else None
    return shift if shift is not None and shift.is_news else None
