"""What people say of what arrives: most mistakes are fixed, and some fixes are wrong. Pure.

The same picture catches somebody's eye or does not, whoever answered: the ways to keep a model
differ in their mistakes, not in their luck.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecourt.core.labels import COLORS, IMAGE_TYPES, Color, ImageType


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """How people fix.

    Attributes:
        rate: Share of mistakes that are fixed.
        wrong: Wrong fixes, as a share of the right ones.
        torn: Share of the wrong ones that somebody else contradicts.
        looks: Doubtful labels that somebody looks through at a time.
        rests: Months from one such sitting to the next.
    """

    rate: float = 0.6
    wrong: float = 0.05
    torn: float = 0.5
    looks: int = 60
    rests: int = 6
    seed: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a picture is said to be, by a label or by a model; a model always says some colour."""

    image_type: ImageType
    color: Color | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """One person's word on one picture.

    Attributes:
        picture: Its place in the pool.
        told: What it is now said to be.
        sets_type: Whether the type was changed; else it is what the model said.
        sets_color: Whether a colour was given.
    """

    picture: int
    told: Told
    sets_type: bool
    sets_color: bool


def fix_month(
    people: People,
    month: int,
    arriving: Sequence[int],
    truth: Sequence[Told],
    answers: Sequence[Told],
) -> list[Fix]:
    """Return the fixes of a month, in the order in which they are made.

    Args:
        people: How they fix.
        month: Seeds what catches whose eye.
        arriving: Places of the month's pictures in the pool.
        truth: Of each of them.
        answers: What was shown of each.
    """
    rng = np.random.default_rng([people.seed, month])
    is_seen: NDArray[np.bool_] = rng.random(len(arriving)) < people.rate
    order, chances = rng.permutation(len(arriving)), rng.random((len(arriving), 3))
    right = [
        fix
        for number, picture in enumerate(arriving)
        if is_seen[number] and (fix := _mend(picture, truth[number], answers[number]))
    ]
    fixes = list(right)
    for number in order[: round(people.wrong * len(right))]:
        picture, real = arriving[number], truth[number]
        wrong = _spoil(picture, real, chances[number])
        is_torn = chances[number, 2] < people.torn
        fixes += [wrong, Fix(picture=picture, told=real, sets_type=True, sets_color=True)][
            : 1 + is_torn
        ]
    return [fixes[number] for number in rng.permutation(len(fixes))]


def _mend(picture: int, truth: Told, answer: Told) -> Fix | None:
    """Return what somebody who sees a mistake says; who changes a type gives the colour too."""
    sets_type = answer.image_type is not truth.image_type
    sets_color = truth.color is not None and (answer.color is not truth.color or sets_type)
    if not sets_type and not sets_color:
        return None
    return Fix(
        picture=picture,
        told=Told(image_type=truth.image_type, color=truth.color if sets_color else None),
        sets_type=sets_type,
        sets_color=sets_color,
    )


def _spoil(picture: int, truth: Told, chances: NDArray[np.float64]) -> Fix:
    """Return a wrong fix: half of them of the colour, where there is one."""
    if truth.color is not None and chances[0] < 0.5:
        others = [one for one in COLORS if one is not truth.color]
        told = Told(image_type=truth.image_type, color=others[int(chances[1] * len(others))])
        return Fix(picture=picture, told=told, sets_type=False, sets_color=True)
    types = [one for one in IMAGE_TYPES if one is not truth.image_type]
    told = Told(image_type=types[int(chances[1] * len(types))], color=None)
    return Fix(picture=picture, told=told, sets_type=True, sets_color=False)
