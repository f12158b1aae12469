"""How right each way is, month by month, and the bars; every share with its interval. Pure NumPy.

The year is replayed several times, each time with another seed: people see other mistakes, and
training takes other steps. The same pictures judge all of these years.

M1  a month is judged on the pictures that judge and count by then: of sources and families that
    have come
M2  at the end ours has at most half the error of nothing, in the type on hard pictures and in
    the colour
M3  in no month is ours worse than the classic loop beyond the 95 % interval of the difference
M4  at the end vehicles that are no cars are at most 3 points behind cars
M5  a figure is the mean over all years. Its interval is that of vehicles drawn anew (bootstrap):
    pictures of one vehicle stand and fall together, and so does a picture in all years
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.decay.calendar import Dated, Role
from benchmarks.decay.people import Told
from benchmarks.decay.year import Answers
from forecourt.core.labels import ImageType
from forecourt.core.samples import CARS

HALF, POINTS = 0.5, 0.03
_RESAMPLED = 2000
TYPE, COLOR = "type, hard", "colour"
QUESTIONS = (TYPE, COLOR)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Asked:
    """N pictures that a question is asked of, and how each way answers in Y years of M months.

    Attributes:
        since: Month that each picture counts from on, shape (N,).
        is_car: Shape (N,); of placeholders False, as `is_other`.
        vehicle: Of each: what is drawn together in the bootstrap.
        right: By way, shape (Y, M + 1, N): right or not, the first model's first.
    """

    since: NDArray[np.int64]
    is_car: NDArray[np.bool_]
    is_other: NDArray[np.bool_]
    vehicle: NDArray[np.int64]
    right: Mapping[str, NDArray[np.bool_]]

    def at(self, way: str, month: int) -> Floats:
        """Return in what share of the years each picture is right, shape (N,)."""
        return np.asarray(self.right[way][:, month].mean(0))


def gather(
    judges: Sequence[Dated],
    years: Sequence[Answers],
    question: str,
    *,
    strange: bool = False,
) -> Asked:
    """Return a question with all answers.

    Args:
        judges: All pictures that judge.
        years: Of each: by way, for each month what was said of each of them.
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

    def is_right(said: Sequence[Told]) -> list[bool]:
        return [
            said[number].color is one.sample.color
            if asks_color
            else said[number].image_type is one.sample.image_type
            for number, one in zip(index, chosen, strict=True)
        ]

    shows = [one.sample.image_type is not ImageType.PLACEHOLDER for one in chosen]
    return Asked(
        since=np.array([one.month for one in chosen], np.int64),
        is_car=np.array(
            [a and one.sample.kind == CARS for a, one in zip(shows, chosen, strict=True)], bool
        ),
        is_other=np.array([one.sample.is_other_vehicle for one in chosen], bool),
        vehicle=np.unique([one.sample.group for one in chosen], return_inverse=True)[1]
        if chosen
        else np.zeros(0, np.int64),
        right={
            way: np.array([[is_right(said) for said in year[way]] for year in years], bool)
            for way in years[0]
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure and its 95 % interval; NaN, all of them, where there is nothing to tell by.

    Attributes:
        n: Pictures behind it.
    """

    value: float
    low: float
    high: float
    n: int

    def in_points(self) -> str:
        """Return it in percentage points."""
        return f"{100 * self.value:+.1f} points ({100 * self.low:+.1f} to {100 * self.high:+.1f})"


def estimate(
    asked: Asked, month: int, parts: Sequence[Floats], figure: Callable[[Floats], Floats]
) -> Estimate:
    """Return a figure of sums over pictures (M1), with the interval of M5.

    Args:
        asked: The pictures.
        month: Those count that are there by then.
        parts: What is summed, each of shape (N,).
        figure: Of sums, shape (R, number of parts), the figures, shape (R,).
    """
    counts = asked.since <= month
    found, vehicles = np.unique(asked.vehicle[counts], return_inverse=True)
    sums = np.stack(
        [np.bincount(vehicles, one[counts].astype(float), len(found)) for one in parts], 1
    )
    rng = np.random.default_rng(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(figure(sums.sum(0)[None])[0])
        low = high = value
        if np.isfinite(value):
            drawn = rng.multinomial(len(found), np.full(len(found), 1 / len(found)), _RESAMPLED)
            low, high = np.nanpercentile(figure(drawn.astype(float) @ sums), [2.5, 97.5])
    return Estimate(value=value, low=float(low), high=float(high), n=int(counts.sum()))


def share(asked: Asked, month: int, way: str, among: NDArray[np.bool_] | None = None) -> Estimate:
    """Return the share of right answers of a way (M1), of all pictures or of some."""
    chosen = np.full(len(asked.since), 1.0) if among is None else among.astype(float)
    found = estimate(asked, month, [asked.at(way, month) * chosen, chosen], _ratio)
    return replace(found, n=int(chosen[asked.since <= month].sum()))


def error_ratio(asked: Asked, month: int) -> Estimate:
    """Return ours' error as a share of nothing's (M2): NaN where nothing makes no error."""
    wrong = [1 - asked.at(way, month) for way in ("ours", "nothing")]
    return estimate(asked, month, wrong, _ratio)


def ahead(asked: Asked, month: int) -> Estimate:
    """Return by what share of the pictures ours is ahead of the classic loop (M3)."""
    more = asked.at("ours", month) - asked.at("classic", month)
    return estimate(asked, month, [more, np.ones(len(more))], _ratio)


def others_ahead(asked: Asked, month: int, way: str) -> Estimate:
    """Return by how much other vehicles are right more often than cars (M4)."""
    right, others, cars = asked.at(way, month), asked.is_other, asked.is_car
    return estimate(
        asked,
        month,
        [right * others, others.astype(float), right * cars, cars.astype(float)],
        lambda sums: sums[:, 0] / sums[:, 1] - sums[:, 2] / sums[:, 3],
    )


def _ratio(sums: Floats) -> Floats:
    return np.asarray(sums[:, 0] / sums[:, 1])


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
        gaps = [ahead(one, month) for month in range(1, months + 1)]
        worse = [month for month, gap in enumerate(gaps, start=1) if gap.high < 0]
        found.append(
            Bar(
                name=f"{question}: never worse than the classic loop",
                measured=f"at the end {gaps[-1].in_points()}; "
                + (f"worse in months {worse}" if worse else "beyond the interval in no month"),
                is_reached=not worse,
            )
        )
        cars = share(one, months, "ours", one.is_car)
        others = share(one, months, "ours", one.is_other)
        behind = others_ahead(one, months, "ours")
        found.append(
            Bar(
                name=f"{question}: other vehicles within 3 points of cars",
                measured=f"{others.value:.1%} of {others.n} against {cars.value:.1%} of {cars.n}, "
                f"{behind.in_points()}",
                is_reached=behind.value >= -POINTS,
            )
        )
    return found
