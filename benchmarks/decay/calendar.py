"""Who comes when: sources are cut into advertisers, and these are dealt to a year. Pure.

K1  a source is a repository of pictures; what a starting source has of other vehicles than cars
    is a source of its own, and comes later
K2  a source is cut into advertisers of some 45 pictures, vehicles whole
K3  every third advertiser of a source judges: its pictures are never fixed nor trained on
K4  a source's other advertisers come one after the other, from the source's first month on
K5  some sources judge as a whole: nobody trains on anything of them
K6  hard pictures are drawn of each side's own photos; their families come one after the other
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from forecourt.core.samples import Sample

_JUDGES_OF = 3  # one in so many advertisers judges
_LATEST = 0.75  # of the year: no source or family comes for the first time after it


class Role(StrEnum):
    """What a picture is there for."""

    START = "start"  # known before the year begins
    ARRIVES = "arrives"  # tagged, and perhaps fixed
    JUDGES = "judges"  # of sources that arrive, by advertisers that nobody trains on
    STRANGE = "strange"  # of sources that never arrive


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The year.

    Attributes:
        start: Sources that the first model is trained on.
        strange: Sources that never arrive.
        pictures: Of one advertiser, about.
    """

    start: tuple[str, ...]
    strange: tuple[str, ...]
    months: int = 12
    pictures: int = 45


# Of the folder that FORECOURT_DATA names: cars from the web, logos, and one maker's cut-outs.
YEAR = Plan(
    start=(
        "fmejbah/car_dataset1",
        "filippofilip95/car-logos-dataset",
        "kienne269/vinfast-demo.com",
    ),
    strange=(
        "zeeshi045/Online-Used-Cars-Sale-and-Purchase-System-fyp-",
        "GuranAlexandru/Tesla-Configurator.",
        "BrioBrill-technologies/hyundai-car-congigorator-next",
        "edtrailersmfg/edtrailersmfg",
        "EliSchwartz/imagenet-sample-images",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """A labelled picture and its place in the year.

    Attributes:
        sample: With the true labels; its advertiser is the simulated one.
        month: It arrives in, or counts from on where it judges; 0: before the year.
        is_hard: Drawn to be hard.
    """

    sample: Sample
    role: Role
    source: str
    month: int
    is_hard: bool = False


def arrange(samples: Sequence[Sample], plan: Plan) -> list[Dated]:
    """Return the pictures with their places, in their order (K1-K5)."""
    sources = [_source(one, plan) for one in samples]
    members: defaultdict[str, list[int]] = defaultdict(list)
    for index, source in enumerate(sources):
        members[source].append(index)
    first = _first_months(
        [one for one in members if one not in {*plan.start, *plan.strange}], plan.months
    )
    found: dict[int, Dated] = {}
    for source, places_of in members.items():
        part_of = _cut([samples[i] for i in places_of], plan.pictures)
        places = _places(source, max(part_of) + 1, first.get(source), plan)
        for i, part in zip(places_of, part_of, strict=True):
            role, month = places[part]
            sample = replace(samples[i], advertiser=f"{source}#{part}")
            found[i] = Dated(sample=sample, role=role, source=source, month=month)
    return [found[index] for index in range(len(samples))]


def date_hard(drawn: Sequence[Sample], made_of: Sequence[Dated], plan: Plan) -> list[Dated]:
    """Return hard pictures with their places (K6).

    A changed photo belongs to the advertiser of the photo; a card goes to one that is there when
    its family comes. Of those that judge, each counts from its family's first month on.

    Args:
        drawn: Of `draw_set`: the family stands in `advertiser`.
        made_of: The pictures that they were drawn of, of one role.
    """
    by_group = {one.sample.group: one for one in made_of}
    family_month = _first_months(sorted({one.advertiser for one in drawn}), plan.months)
    hosts = sorted(
        {one.sample.advertiser: one for one in made_of if one.sample.view == "exterior"}.values(),
        key=lambda one: _digest(one.sample.advertiser),
    )
    found = []
    for number, sample in enumerate(drawn):
        first = family_month[sample.advertiser]
        host = by_group.get(sample.group)
        if host is None:  # a card
            later = [one for one in hosts if one.month >= first] or hosts
            host = later[number % len(later)]
        month = max(host.month, first)
        named = replace(
            sample,
            advertiser=host.sample.advertiser,
            group=f"{host.sample.advertiser}/{sample.group}",
        )
        role, source = host.role, host.source
        found.append(Dated(sample=named, role=role, source=source, month=month, is_hard=True))
    return found


def _source(sample: Sample, plan: Plan) -> str:
    if sample.advertiser in plan.start and sample.is_other_vehicle:
        return f"{sample.advertiser} ({sample.kind})"
    return sample.advertiser


def _cut(samples: Sequence[Sample], size: int) -> list[int]:
    """Return the part that each picture of a source goes to, vehicles whole (K2)."""
    parts = max(1, round(len(samples) / size))
    loads = [0] * parts
    part_of: dict[str, int] = {}
    groups: defaultdict[str, int] = defaultdict(int)
    for one in samples:
        groups[one.group] += 1
    for group in sorted(groups, key=lambda one: (-groups[one], _digest(one))):
        part_of[group] = loads.index(min(loads))
        loads[part_of[group]] += groups[group]
    return [part_of[one.group] for one in samples]


def _places(source: str, parts: int, first: int | None, plan: Plan) -> list[tuple[Role, int]]:
    """Return role and month of each part of a source (K3-K5)."""
    if first is None:
        role = Role.START if source in plan.start else Role.STRANGE
        return [(role, 0)] * parts
    judging = [part % _JUDGES_OF == 1 for part in range(parts)]
    coming, come, places = judging.count(False), 0, []
    for judges in judging:
        if judges:
            places.append((Role.JUDGES, first))
            continue
        places.append((Role.ARRIVES, first + come * (plan.months + 1 - first) // coming))
        come += 1
    return places


def _first_months(names: Sequence[str], months: int) -> dict[str, int]:
    """Return the month that each comes in for the first time, spread evenly."""
    ordered = sorted(names, key=_digest)
    latest = max(1, round(months * _LATEST))
    return {name: 1 + place * latest // len(ordered) for place, name in enumerate(ordered)}


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
