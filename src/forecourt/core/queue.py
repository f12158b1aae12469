"""The review queue: on which images a person's minute helps most, and why. Pure.

An image comes into the queue for one or more of these reasons:

    Q1  conflict               people say different things of it, and staff have not ruled
    Q2  image_type_uncertain   the model's type has a low probability
    Q3  against_scrape         the model sees another colour than the feed gives, which is shown
    Q4  against_vehicle        the vehicle's other images show another colour
    Q5  color_uncertain        the colour that is shown is the model's, with a low probability
    Q6  class_shift            its class is suddenly frequent in this inventory
    Q7  several_vehicles       several vehicles compete, and the colour that is shown is the model's
    Q8  rare_kind              the vehicle is of a kind of which the model has seen few
    Q9  new_advertiser         hardly any image of the advertiser was looked at by a person

Each reason has a weight, 0 to 1; several of one image count as independent causes do (noisy or).
The k-th image of an advertiser counts for 1/k of its score: no advertiser fills the queue.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from forecourt.core.labels import Color, ImageType

# Q3, Q4: below, the model's colour is a guess that contradicts nobody.
SURE_OF_COLOR = 0.6
# Q4: so many images of a vehicle make a majority, of so large a share.
FEWEST_AGREEING, AGREEING_SHARE = 3, 2 / 3
# Q7, Q8: probabilities from which the model is taken at its word.
SEVERAL, SURE_OF_KIND = 0.5, 0.5
COMMON_KINDS = frozenset({"car", "truck", "van"})
# Q9: until so many of its images were looked at, an advertiser counts as new.
FEWEST_LOOKED_AT = 30
# Of one vehicle: more of it would tell the same once more.
MOST_OF_VEHICLE = 2
_TOP = 0.95  # no reason alone leaves others without effect


class QueueReason(StrEnum):
    """Why an image is in the queue, in the order of the rules."""

    CONFLICT = "conflict"
    IMAGE_TYPE_UNCERTAIN = "image_type_uncertain"
    AGAINST_SCRAPE = "against_scrape"
    AGAINST_VEHICLE = "against_vehicle"
    COLOR_UNCERTAIN = "color_uncertain"
    CLASS_SHIFT = "class_shift"
    SEVERAL_VEHICLES = "several_vehicles"
    RARE_KIND = "rare_kind"
    NEW_ADVERTISER = "new_advertiser"


_TEXTS: Mapping[QueueReason, str] = {
    QueueReason.CONFLICT: "People disagree on it: {0}.",
    QueueReason.IMAGE_TYPE_UNCERTAIN: "The model is not sure of the type: {0} at {1}.",
    QueueReason.AGAINST_SCRAPE: "The feed says {0}, the model sees {1} ({2}).",
    QueueReason.AGAINST_VEHICLE: "The model sees {0} here, and {1} on the vehicle's other images.",
    QueueReason.COLOR_UNCERTAIN: "The model is not sure of the colour: {0} at {1}.",
    QueueReason.CLASS_SHIFT: "{0} is suddenly frequent in this inventory: {1}, after {2} before.",
    QueueReason.SEVERAL_VEHICLES: "Several vehicles are seen; the colour is to be that of one.",
    QueueReason.RARE_KIND: "A rare kind of vehicle for the model: {0}.",
    QueueReason.NEW_ADVERTISER: "Hardly any image of this advertiser was looked at so far ({0}).",
}


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason why an image is in the queue.

    Attributes:
        weight: How much it counts, 0 to 1.
        words: What the text of the reason names.
    """

    reason: QueueReason
    weight: float
    words: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The reason for people to read."""
        return explain(self.reason, self.words)


def explain(reason: QueueReason, words: Sequence[str]) -> str:
    """Return a reason for people to read."""
    return _TEXTS[reason].format(*words)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenImage:
    """What the champion says of one image of a vehicle.

    Attributes:
        kind: The vehicle kind that it is sure of, or "".
        has_several: Whether several vehicles compete.
        review_reasons: Why it abstains, as in `Decision`.
    """

    image_id: int
    image_type: ImageType
    image_type_confidence: float
    color: Color | None
    color_confidence: float
    review_reasons: tuple[str, ...] = ()
    kind: str = ""
    has_several: bool = False

    @property
    def sure_color(self) -> Color | None:
        """The colour, where it is more than a guess."""
        is_sure = self.color_confidence >= SURE_OF_COLOR
        return self.color if is_sure and self.image_type is not ImageType.PLACEHOLDER else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenVehicle:
    """A vehicle with what the champion says of its images.

    Attributes:
        scrape_color: What the feed's words of its colour map to, or None.
    """

    scrape_color: Color | None
    images: tuple[SeenImage, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An image for the queue, with all of its causes, the weightiest first."""

    image_id: int
    causes: tuple[Cause, ...]

    @property
    def score(self) -> float:
        """How much a look at it helps, 0 to 1."""
        return 1 - math.prod(1 - cause.weight for cause in self.causes)


def judge_vehicle(vehicle: SeenVehicle) -> list[Candidate]:
    """Return the images of a vehicle for which one of Q2 to Q5, Q7 or Q8 holds: two at most."""
    majority = _find_majority(vehicle.images)
    found = [
        Candidate(image.image_id, in_order(causes))
        for image in vehicle.images
        if (causes := list(_judge(image, vehicle.scrape_color, majority)))
    ]
    found.sort(key=lambda one: -one.score)
    return found[:MOST_OF_VEHICLE]


def add_cause(candidate: Candidate | None, image_id: int, cause: Cause) -> Candidate:
    """Return a candidate with one cause more."""
    earlier = candidate.causes if candidate else ()
    return Candidate(image_id, in_order([*earlier, cause]))


def in_order(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    """Return causes, the weightiest first."""
    order = list(QueueReason)
    return tuple(sorted(causes, key=lambda one: (-one.weight, order.index(one.reason))))


def rank(candidates: Iterable[Candidate], *, most: int, most_of_reason: int) -> list[Candidate]:
    """Return the candidates of an advertiser, the best first; none of their reasons fills the list.

    Args:
        candidates: In any order.
        most: At most so many.
        most_of_reason: At most so many whose weightiest reason is the same.
    """
    taken: Counter[QueueReason] = Counter()
    ranked: list[Candidate] = []
    for one in sorted(candidates, key=lambda one: (-one.score, one.image_id)):
        first = one.causes[0].reason
        if len(ranked) < most and taken[first] < most_of_reason:
            taken[first] += 1
            ranked.append(one)
    return ranked


def merit(candidate: Candidate, turn: int) -> float:
    """Return what orders the queue over all advertisers, 0 to 1, the highest first.

    Args:
        candidate: The candidate.
        turn: Its place among those of its advertiser, from 1.
    """
    return candidate.score / turn


def _find_majority(images: Sequence[SeenImage]) -> Color | None:
    colors = Counter(image.sure_color for image in images if image.sure_color is not None)
    if not colors:
        return None
    color, count = colors.most_common(1)[0]
    is_clear = count >= FEWEST_AGREEING and count >= AGREEING_SHARE * colors.total()
    return color if is_clear else None


def _judge(image: SeenImage, scrape_color: Color | None, majority: Color | None) -> Iterator[Cause]:
    if "image_type_uncertain" in image.review_reasons:  # Q2
        confidence = image.image_type_confidence
        # A wrong type costs most. At 0.5 it is anybody's guess.
        weight = min(_TOP, 0.5 + 0.5 * min(1.0, (1 - confidence) / 0.5))
        words = (str(image.image_type), _percent(confidence))
        yield Cause(QueueReason.IMAGE_TYPE_UNCERTAIN, weight, words)
    if image.image_type is not ImageType.PLACEHOLDER:
        yield from _judge_color(image, scrape_color, majority)
        if image.kind and image.kind not in COMMON_KINDS:  # Q8
            yield Cause(QueueReason.RARE_KIND, 0.25, (image.kind,))


def _judge_color(
    image: SeenImage, scrape_color: Color | None, majority: Color | None
) -> Iterator[Cause]:
    color = image.sure_color
    if color is not None and scrape_color is not None and color is not scrape_color:  # Q3
        words = (str(scrape_color), str(color), _percent(image.color_confidence))
        yield Cause(QueueReason.AGAINST_SCRAPE, 0.7 * image.color_confidence, words)
    if color is not None and majority is not None and color is not majority:  # Q4
        yield Cause(QueueReason.AGAINST_VEHICLE, 0.45, (str(color), str(majority)))
    if scrape_color is not None or image.color is None:  # the model's colour is not what is shown
        return
    if "color_uncertain" in image.review_reasons:  # Q5
        weight = 0.3 + 0.4 * (1 - image.color_confidence)
        named = (str(image.color), _percent(image.color_confidence))
        yield Cause(QueueReason.COLOR_UNCERTAIN, weight, named)
    if image.has_several:  # Q7
        yield Cause(QueueReason.SEVERAL_VEHICLES, 0.3)


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %")
