"""On which side of the split a picture stands. Pure.

    S1  the unit of the split is the advertiser; where none is known, the group, or else the picture
    S2  what has a side keeps it, whatever comes later
    S3  a unit of which a picture was given for testing goes to testing
    S4  other units are dealt, largest first, to where their classes are scarcest; what people fixed
        is shared out apart, else the few new advertisers would all make up for what testing and
        validation lack of old ones, and nothing would be learned from them
    S5  pictures that are given as training pictures are never dealt to testing
    S6  a picture whose own side is another than its unit's is left out
    S7  so is one whose near-duplicate or group is on another side

The order in which units are dealt, and thereby everything, hangs on hashes and counts only: the
same pictures give the same split, in whatever order they come.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from forecourt.core.dataset import Item, Sides, Split, Unit
from forecourt.core.labels import ImageType

SHARES: Mapping[Split, float] = {Split.TRAIN: 0.75, Split.VALIDATION: 0.1, Split.TEST: 0.15}

UnitKey = tuple[Unit, str]


@dataclass(frozen=True, slots=True)
class Member:
    """A picture as the dealer sees it.

    Attributes:
        stratum: Class and kind: what is to be shared out evenly.
        given: The split that it came with, or None.
    """

    unit: UnitKey
    stratum: str
    given: Split | None = None


def unit_of(advertiser: str, group: str, key: str) -> UnitKey:
    """Return what goes to a side as a whole (S1)."""
    if advertiser:
        return Unit.ADVERTISER, advertiser
    if group:
        return Unit.GROUP, hashlib.sha256(group.encode()).hexdigest()
    return Unit.PICTURE, key


def stratum_of(image_type: ImageType, kind: str, *, is_fixed: bool) -> str:
    """Return class and vehicle kind, apart for what people fixed (S4)."""
    return f"{image_type}/{kind}/{'fixed' if is_fixed else 'given'}"


def sides_of(items: Iterable[Item]) -> dict[UnitKey, Split]:
    """Return the sides that a version's pictures and their units have."""
    sides: dict[UnitKey, Split] = {}
    for item in items:
        sides[unit_of(item.advertiser, item.group, item.key)] = item.split
        sides[Unit.PICTURE, item.key] = item.split
    return sides


def deal(
    members: Collection[Member], held: Sides, *, shares: Mapping[Split, float] = SHARES
) -> dict[UnitKey, Split]:
    """Return the side of every unit of `members`, held ones included (S2-S5).

    Args:
        members: All pictures, those of units that have a side too: they count for the balance.
        held: Sides that were given before.
        shares: Of each split that are aimed at, of every stratum.
    """
    counts: defaultdict[UnitKey, Counter[str]] = defaultdict(Counter)
    given: defaultdict[UnitKey, set[Split]] = defaultdict(set)
    for member in members:
        counts[member.unit][member.stratum] += 1
        if member.given is not None:
            given[member.unit].add(member.given)
    totals: Counter[str] = Counter()
    for count in counts.values():
        totals.update(count)
    dealt: dict[UnitKey, Split] = {}
    loads: dict[Split, Counter[str]] = {split: Counter() for split in Split}
    settled = {unit for unit in counts if unit in held or given[unit]}
    for unit in sorted(counts, key=lambda one: (one not in settled, *_order(one, counts[one]))):
        options = _options(held.get(unit), given[unit])
        dealt[unit] = min(
            options,
            key=lambda split: _cost(counts[unit], loads[split], totals, shares.get(split, 0)),
        )
        loads[dealt[unit]].update(counts[unit])
    return dealt


def _options(held: Split | None, given: set[Split]) -> list[Split]:
    """Return the sides that a unit may go to; of equally good ones the first is taken."""
    if held is not None:  # S2
        return [held]
    if Split.TEST in given:  # S3
        return [Split.TEST]
    if Split.VALIDATION in given:
        return [Split.VALIDATION]
    if Split.TRAIN in given:  # S5
        return [Split.TRAIN, Split.VALIDATION]
    return [Split.TRAIN, Split.VALIDATION, Split.TEST]


def _order(unit: UnitKey, count: Counter[str]) -> tuple[int, str]:
    return -count.total(), hashlib.sha256("\0".join(unit).encode()).hexdigest()


def _cost(count: Counter[str], load: Counter[str], totals: Counter[str], share: float) -> float:
    """Return by how much a split's distance from its share grows; below zero: it shrinks."""
    if share <= 0:
        return float("inf")
    grown = 0.0
    for stratum, number in count.items():
        missing = share * totals[stratum] - load[stratum]
        grown += (number**2 - 2 * number * missing) / (totals[stratum] ** 2 * share)
    return grown
