"""How right each way is, month by month, and the bars; every share with its interval. Pure NumPy.

M1  a month is judged on the pictures that judge and count by then: of sources and families that
    have come
M2  at the end ours has at most half the error of nothing, in the type on hard pictures and in
    the colour
M3  in no month is ours worse than the classic loop beyond the 95 % interval of their pairs
M4  at the end vehicles that are no cars are at most 3 points behind cars
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.decay.calendar import Dated, Role
from benchmarks.decay.people import Told
from forecourt.core.dataset import CARS
from forecourt.core.labels import ImageType
from forecourt.core.metrics import Gap, Share, gap, share
from forecourt.core.paired import Paired, compare

HALF, POINTS = 0.5, 0.03
_RESAMPLED = 2000
TYPE, COLOR = "type, hard", "colour"
QUESTIONS = (TYPE, COLOR)


@dataclass(frozen=True, slots=True)
class Asked:
    """Pictures that a question is asked of, and how each way answers: month → right or not.

    Attributes:
        since: Month that each picture counts from on, shape (N,).
        is_car: Shape (N,); of placeholders False, as `is_other`.
        vehicle: Of each: what is drawn together in the bootstrap.
        right: By way, one array of shape (N,) for each month, the first model's first.
    """

    since: NDArray[np.int64]
    is_car: NDArray[np.bool_]
    is_other: NDArray[np.bool_]
    vehicle: NDArray[np.int64]
    right: Mapping[str, Sequence[NDArray[np.bool_]]]

    def at(self, way: str, month: int) -> NDArray[np.bool_]:
        """Return what counts in a month (M1)."""
        return self.right[way][month][self.since <= month]


def gather(
    judges: Sequence[Dated],
    told: Mapping[str, Sequence[Sequence[Told]]],
    question: str,
    *,
    strange: bool = False,
) -> Asked:
    """Return a question with all answers.

    Args:
        judges: All pictures that judge.
        told: By way, for each month what was said of each of them.
        question: One of `QUESTIONS`; the type of all pictures of strange sources.
        strange: Whether sources that never arrive are asked for, instead of those that do.
    """
    role = Role.STRANGE if strange else Role.JUDGES
    asks_color = question == COLOR
    index = [
        number
        for number, one in enumerate(judges)
        if one.role is role
        and (one.sample.color is not None if asks_color else True)
        and (strange or one.is_hard is not asks_color)
    ]
    chosen = [judges[number] for number in index]

    def is_right(said: Sequence[Told]) -> NDArray[np.bool_]:
        return np.array(
            [
                said[number].color is one.sample.color
                if asks_color
                else said[number].image_type is one.sample.image_type
                for number, one in zip(index, chosen, strict=True)
            ],
            bool,
        )

    shows = [one.sample.image_type is not ImageType.PLACEHOLDER for one in chosen]
    kinds = [one.sample.kind for one in chosen]
    return Asked(
        since=np.array([one.month for one in chosen], np.int64),
        is_car=np.array([a and b == CARS for a, b in zip(shows, kinds, strict=True)], bool),
        is_other=np.array(
            [a and b not in {"", "none", CARS} for a, b in zip(shows, kinds, strict=True)], bool
        ),
        vehicle=np.unique([one.sample.group for one in chosen], return_inverse=True)[1]
        if chosen
        else np.zeros(0, np.int64),
        right={way: [is_right(said) for said in months] for way, months in told.items()},
    )


def count(right: NDArray[np.bool_]) -> Share:
    """Return a share of right answers."""
    return share(int(right.sum()), len(right))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """Ours' error as a share of another's, with its 95 % interval from resampled vehicles."""

    value: float
    low: float
    high: float


def error_ratio(asked: Asked, month: int, *, seed: int = 0) -> Ratio:
    """Return ours' error as a share of nothing's (M2): NaN where nothing makes no error."""
    since = asked.since <= month
    wrong = {way: ~asked.right[way][month][since] for way in ("ours", "nothing")}
    vehicles = np.unique(asked.vehicle[since], return_inverse=True)[1]
    sums = {
        way: np.bincount(vehicles, one, minlength=int(vehicles.max(initial=0)) + 1)
        for way, one in wrong.items()
    }
    rng = np.random.default_rng(seed)
    drawn = rng.integers(len(sums["ours"]), size=(_RESAMPLED, len(sums["ours"])))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = sums["ours"][drawn].sum(1) / sums["nothing"][drawn].sum(1)
        value = float(sums["ours"].sum() / sums["nothing"].sum())
    low, high = np.nanpercentile(ratios, [2.5, 97.5]) if np.isfinite(value) else (value, value)
    return Ratio(value=value, low=float(low), high=float(high))


def pairs(asked: Asked, months: int) -> list[Paired]:
    """Return ours beside the classic loop, month by month (M3)."""
    return [
        compare(asked.at("classic", month).tolist(), asked.at("ours", month).tolist())
        for month in range(1, months + 1)
    ]


def behind(asked: Asked, month: int, way: str) -> tuple[Share, Share, Gap]:
    """Return cars, other vehicles, and how far the latter are ahead (M4)."""
    right, since = asked.right[way][month], asked.since <= month
    cars, others = count(right[since & asked.is_car]), count(right[since & asked.is_other])
    return cars, others, gap(others, cars)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A bar, what was measured, and whether it is reached."""

    name: str
    measured: str
    is_reached: bool


def find_bars(asked: Mapping[str, Asked], months: int) -> list[Bar]:
    """Return the bars (M2-M4)."""
    found = []
    for question, one in asked.items():
        ratio = error_ratio(one, months)
        found.append(
            Bar(
                name=f"{question}: at most half the error of no retraining",
                measured=f"{ratio.value:.2f} of it ({ratio.low:.2f}-{ratio.high:.2f})",
                is_reached=ratio.value <= HALF,
            )
        )
        paired = pairs(one, months)
        worse = [month for month, pair in enumerate(paired, start=1) if pair.is_worse]
        last = paired[-1]
        found.append(
            Bar(
                name=f"{question}: never worse than the classic loop",
                measured=f"at the end {_points(last.gap)}; "
                + (f"worse in months {worse}" if worse else "beyond the interval in no month"),
                is_reached=not worse,
            )
        )
        cars, others, ahead = behind(one, months, "ours")
        found.append(
            Bar(
                name=f"{question}: other vehicles within 3 points of cars",
                measured=f"{others.value:.1%} of {others.n} against {cars.value:.1%} of {cars.n}, "
                f"{_points(ahead)}",
                is_reached=ahead.value >= -POINTS,
            )
        )
    return found


def _points(gap_: Gap) -> str:
    return f"{100 * gap_.value:+.1f} points ({100 * gap_.low:+.1f} to {100 * gap_.high:+.1f})"
