"""What is measured of the champion at work: figures that add up over advertisers. Pure.

A *period* runs from the release of the champion, or from 28 days ago where that is later, until
now; what it is compared with comes before it. So the four weeks after a release are compared with
the time of its predecessor, and later weeks with those before them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, TypeVar

from forecourt.core.fixes import FixField
from forecourt.core.metrics import Share, share

WINDOW = timedelta(days=28)
ANSWERED_SHARE = 0.8  # of the known images; the first ones of a scrape may be of one kind
T = TypeVar("T", "Answers", "Counts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What is looked at, and what it is compared with.

    Attributes:
        since: Where it begins; `before` ends there.
        until: Now.
        model_version: The champion.
        previous_version: Its predecessor, or None where none is known.
        released_at: When it became the champion, or None where that is not known.
    """

    since: datetime
    until: datetime
    model_version: str
    previous_version: str | None = None
    released_at: datetime | None = None

    @property
    def before_since(self) -> datetime:
        """Where the time before it begins."""
        return self.since - WINDOW

    @property
    def has_release(self) -> bool:
        """Whether it began with the champion's release."""
        return self.released_at == self.since


def make_period(
    *,
    until: datetime,
    model_version: str,
    previous_version: str | None,
    released_at: datetime | None,
) -> Period:
    """Return the period that ends now."""
    since = until - WINDOW
    if released_at is not None and since < released_at <= until:
        since = released_at
    return Period(
        since=since,
        until=until,
        model_version=model_version,
        previous_version=previous_version,
        released_at=released_at,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """A model's answers to the images of inventories, each place counted.

    Attributes:
        reviews: Of these, answers that abstain.
        type_sum: Sum of the confidences (0-1) in the image type, and of their squares.
        color_sum: The same for the colour.
    """

    images: int = 0
    reviews: int = 0
    type_sum: float = 0.0
    type_squares: float = 0.0
    color_sum: float = 0.0
    color_squares: float = 0.0

    def confidence(self, name: FixField) -> Mean:
        """Return the mean confidence in a field."""
        is_type = name is FixField.IMAGE_TYPE
        total = self.type_sum if is_type else self.color_sum
        squares = self.type_squares if is_type else self.color_squares
        if not self.images:
            return Mean(math.nan, math.nan, 0)
        mean = total / self.images
        return Mean(mean, max(0.0, squares / self.images - mean * mean), self.images)


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean of `n` values, and their variance. NaN where n is 0."""

    value: float
    variance: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Images by what was fixed, or changed: the type, the colour, or either (`images`)."""

    images: int = 0
    image_type: int = 0
    color: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Vehicles that show a Placeholder and no picture of themselves.

    Attributes:
        vehicles: How many.
        of: Of how many vehicles.
        days: For how long, all of them together.
        longest: The longest of them, in days.
    """

    vehicles: int = 0
    of: int = 0
    days: float = 0.0
    longest: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was measured of one advertiser, or of all together (`add_up`).

    Attributes:
        images: Places of the inventory whose image is known, answered by the champion or not.
        now: The champion's answers to them.
        before: What they are compared with: right after a release the predecessor's answers to the
            same inventory, later the answers of an earlier run; None where there is neither.
        compared: Images that champion and predecessor have both answered.
        flips: Of these, answers whose decision differs.
        fixed: Images whose answer of the champion was overruled in the period.
        fixed_before: Images of which an answer was overruled in the time before.
        exposure: Images that could be fixed times days, in the period; `exposure_before`: before.
        classes: Field → class → images, by the champion; "" is no colour.
        classes_before: The same in scrapes before the period (their mean).
        looked_at: Images whose looks were compared with those of the training pictures.
        strange: Of these, images that look like few of them.
    """

    images: int = 0
    now: Answers = field(default_factory=Answers)
    before: Answers | None = None
    compared: int = 0
    flips: Counts = field(default_factory=Counts)
    fixed: Counts = field(default_factory=Counts)
    fixed_before: Counts = field(default_factory=Counts)
    exposure: float = 0.0
    exposure_before: float = 0.0
    classes: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    classes_before: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    looked_at: int = 0
    strange: int = 0
    waiting: Waiting = field(default_factory=Waiting)

    def fixed_share(self, *, z: float) -> Share:
        """Return the share of the images answered whose answer was overruled in the period."""
        return share(self.fixed.images, max(self.now.images, self.fixed.images), z=z)

    @property
    def is_answered(self) -> bool:
        """Whether the champion has seen enough of the inventory to speak of its shares."""
        return self.now.images >= ANSWERED_SHARE * self.images

    @property
    def fix_rate(self) -> float:
        """Fixed images for each 1,000 images and week; NaN where nothing could be fixed."""
        return _rate(self.fixed.images, self.exposure)

    @property
    def fix_rate_before(self) -> float:
        """The same, before the period."""
        return _rate(self.fixed_before.images, self.exposure_before)


def add_up(many: Iterable[Figures]) -> Figures:
    """Return the figures of all advertisers together."""
    total = Figures()
    for one in many:
        total = _add(total, one)
    return total


def figures_to_dict(figures: Figures) -> dict[str, Any]:
    """Return figures as JSON values; `figures_from_dict` reads them."""
    return asdict(figures)


def figures_from_dict(given: Mapping[str, Any]) -> Figures:
    """Return figures that were kept. Fields of other releases are passed over."""
    parts = {
        "now": Answers,
        "before": Answers,
        "flips": Counts,
        "fixed": Counts,
        "fixed_before": Counts,
        "waiting": Waiting,
    }
    known: dict[str, Any] = {
        one.name: given[one.name] for one in fields(Figures) if one.name in given
    }
    for name, kind in parts.items():
        if known.get(name) is not None:
            known[name] = kind(**known[name])
    return Figures(**known)


def _rate(images: int, exposure: float) -> float:
    return 7_000 * images / exposure if exposure > 0 else math.nan


def _add(one: Figures, other: Figures) -> Figures:
    if one.before is None or other.before is None:
        before = one.before or other.before
    else:
        before = _sum(one.before, other.before)
    waiting = Waiting(
        vehicles=one.waiting.vehicles + other.waiting.vehicles,
        of=one.waiting.of + other.waiting.of,
        days=one.waiting.days + other.waiting.days,
        longest=max(one.waiting.longest, other.waiting.longest),
    )
    return Figures(
        images=one.images + other.images,
        now=_sum(one.now, other.now),
        before=before,
        compared=one.compared + other.compared,
        flips=_sum(one.flips, other.flips),
        fixed=_sum(one.fixed, other.fixed),
        fixed_before=_sum(one.fixed_before, other.fixed_before),
        exposure=one.exposure + other.exposure,
        exposure_before=one.exposure_before + other.exposure_before,
        classes=_sum_classes(one.classes, other.classes),
        classes_before=_sum_classes(one.classes_before, other.classes_before),
        looked_at=one.looked_at + other.looked_at,
        strange=one.strange + other.strange,
        waiting=waiting,
    )


def _sum(one: T, other: T) -> T:
    return type(one)(
        **{name.name: getattr(one, name.name) + getattr(other, name.name) for name in fields(one)}
    )


def _sum_classes(
    one: Mapping[str, Mapping[str, float]], other: Mapping[str, Mapping[str, float]]
) -> dict[str, dict[str, float]]:
    return {
        name: {
            value: one.get(name, {}).get(value, 0) + other.get(name, {}).get(value, 0)
            for value in sorted({*one.get(name, {}), *other.get(name, {})})
        }
        for name in sorted({*one, *other})
    }
