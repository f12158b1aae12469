"""What a version holds, what training is shown of it, and what to collect next. Pure.

B1  in training, vehicles that are no cars are shown at least their quota, by weight, each kind of
them as much as another: no picture is thrown away for it, and none counts more than sixteen
times as much as a car's, or less
B2  a class, colour or kind is short in training under a hundred pictures
B3  it is short in testing under thirty: fewer say nothing of a class
B4  one advertiser should not give more than a third of a class: the model learns its backdrop
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from forecourt.core.dataset import Item, ItemSource, Split
from forecourt.core.labels import COLORS, IMAGE_TYPES, ImageType

LEAST_OTHER = 0.5  # of vehicles of known kind (B1)
MOST_WEIGHT = 16.0
_HALVINGS = 60
_ENOUGH_TRAIN = 100
_ENOUGH_TEST = 30
_MOST_OF_ONE = 1 / 3
# Vehicles that inventories sell.
KINDS = ("car", "truck", "van", "motorcycle", "rv", "boat", "trailer", "bus", "other")
_SELDOM = {"bus", "other"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """What a version has too little of.

    Attributes:
        slice: As "color=Pink" or "kind=rv, image_type=Dealer".
        images: That it has.
        wanted: That would do.
    """

    split: Split
    slice: str
    images: int
    wanted: int
    advice: str


def weigh(items: Sequence[Item], *, least_other: float = LEAST_OTHER) -> list[Item]:
    """Return the items with the weights that training is to show them with (B1).

    Validation pictures have theirs for the last training, which shows them beside the others.

    Args:
        items: Of all splits.
        least_other: The quota, less than 1.
    """
    shown = [item for item in items if item.split is Split.TRAIN]
    held = [item for item in items if item.split is Split.VALIDATION]
    factors = {
        Split.TRAIN: _find_factors(shown, least_other),
        Split.VALIDATION: _find_factors([*shown, *held], least_other),
        Split.TEST: {},
    }

    def factor(item: Item) -> float:
        return factors[item.split].get(_kind(item), 1.0) if item.is_other_vehicle else 1.0

    mean = sum(map(factor, shown)) / len(shown) if shown else 1.0
    return [
        replace(item, weight=1.0 if item.split is Split.TEST else factor(item) / mean)
        for item in items
    ]


def _find_factors(items: Sequence[Item], least_other: float) -> dict[str, float]:
    """Return how often a picture of each kind of other vehicle counts, beside a car's once (B1)."""
    cars = sum(_is_known_vehicle(item) and not item.is_other_vehicle for item in items)
    kinds = Counter(_kind(item) for item in items if item.is_other_vehicle)
    wanted = cars * least_other / (1 - least_other)

    def share_out(level: float) -> dict[str, float]:
        return {kind: min(max(level, n), MOST_WEIGHT * n) for kind, n in kinds.items()}

    low, high = 0.0, MOST_WEIGHT * kinds.total()
    for _halving in range(_HALVINGS):
        level = (low + high) / 2
        low, high = (level, high) if sum(share_out(level).values()) < wanted else (low, level)
    return {kind: counts_as / kinds[kind] for kind, counts_as in share_out(high).items()}


def _kind(item: Item) -> str:
    """Return a vehicle's kind; words that are none of ours have no share of their own."""
    return item.kind if item.kind in KINDS else "other"


def count(items: Iterable[Item], name: str) -> dict[str, Any]:
    """Return counts of pictures by split, and in each by type, colour, kind and source.

    Args:
        items: Of version `name`.
        name: Items that were added in another are counted as "parent".
    """
    found: dict[str, Any] = {}
    for split in Split:
        of_split = [item for item in items if item.split is split]
        found[split] = {
            "images": len(of_split),
            "advertisers": len({item.advertiser for item in of_split if item.advertiser}),
            "image_type": _ordered(Counter(one.image_type for one in of_split), IMAGE_TYPES),
            "color": _ordered(Counter(one.color for one in of_split if one.color), COLORS),
            "no_paint": sum(one.paint is False for one in of_split),
            "kind": _ordered(Counter(one.kind for one in of_split if one.kind), KINDS),
            "source": _ordered(
                Counter(one.source if one.added_in == name else "parent" for one in of_split),
                (*ItemSource, "parent"),
            ),
            "other_vehicles_shown": round(shown_share(of_split), 4),
        }
    return found


def shown_share(items: Iterable[Item]) -> float:
    """Return the share, by weight, of vehicles that are no cars among those of known kind."""
    known = [item for item in items if _is_known_vehicle(item)]
    total = sum(item.weight for item in known)
    return sum(item.weight for item in known if item.is_other_vehicle) / total if total else 0.0


def find_shortages(items: Sequence[Item]) -> list[Shortage]:
    """Return what to collect next, the greatest want first (B2-B4)."""
    found = [
        shortage
        for split, enough in ((Split.TRAIN, _ENOUGH_TRAIN), (Split.TEST, _ENOUGH_TEST))
        for shortage in _find_short([one for one in items if one.split is split], split, enough)
    ]
    found += _find_one_sided([item for item in items if item.split is Split.TRAIN])
    return sorted(found, key=lambda one: (one.images / one.wanted, one.split, one.slice))


def _find_short(items: Sequence[Item], split: Split, enough: int) -> Iterator[Shortage]:
    counts = Counter(name for item in items for name in _slices(item))
    for name in (
        *(f"image_type={one}" for one in IMAGE_TYPES),
        *(f"color={one}" for one in COLORS),
        *(
            f"kind={kind}, image_type={image_type}"
            for kind in KINDS
            if kind not in _SELDOM
            for image_type in (ImageType.DEALER, ImageType.STOCK)
        ),
    ):
        if counts[name] < enough:
            advice = f"collect {enough - counts[name]} more, of several advertisers"
            if split is Split.TEST:
                advice += " that training does not see"
            yield Shortage(
                split=split, slice=name, images=counts[name], wanted=enough, advice=advice
            )


def _find_one_sided(items: Sequence[Item]) -> Iterator[Shortage]:
    of_class: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for item in items:
        of_class[item.image_type][item.advertiser or item.key] += 1
    for image_type, counts in sorted(of_class.items()):
        (advertiser, most), total = counts.most_common(1)[0], counts.total()
        if total >= _ENOUGH_TRAIN and most > _MOST_OF_ONE * total:
            yield Shortage(
                split=Split.TRAIN,
                slice=f"image_type={image_type}",
                images=total - most,
                wanted=2 * most,
                advice=f"{most / total:.0%} are of {advertiser}: collect of others",
            )


def _slices(item: Item) -> Iterator[str]:
    yield f"image_type={item.image_type}"
    if item.color:
        yield f"color={item.color}"
    if item.kind:
        yield f"kind={item.kind}, image_type={item.image_type}"


def _is_known_vehicle(item: Item) -> bool:
    return item.image_type is not ImageType.PLACEHOLDER and item.kind != ""


def _ordered(counts: Counter[Any], names: Iterable[str]) -> dict[str, int]:
    """Return counts in a fixed order, those of unforeseen names last."""
    known = {str(name): counts[name] for name in names if counts[name]}
    rest = {str(name): counts[name] for name in sorted(counts) if str(name) not in known}
    return {**known, **rest}
