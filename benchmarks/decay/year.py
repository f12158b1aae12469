"""The year itself: each month pictures arrive, are tagged, are fixed, and every way learns."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.decay.calendar import Role
from benchmarks.decay.people import Fix, People, Told, fix_month
from benchmarks.decay.pool import Pool
from benchmarks.decay.teach import ask
from benchmarks.decay.ways import Way

_KINDLESS = 4  # of so many advertisers one has a feed without body types

Answers = dict[str, list[list[Told]]]


def replay(
    pool: Pool,
    ways: Sequence[Way],
    people: People,
    months: int,
    *,
    every: int = 1,
    say: Callable[[str], None] = print,
) -> Answers:
    """Return, by way, what is said of all pictures that judge: before the year, and each month.

    Args:
        pool: The pictures.
        ways: Each with its own model, whose mistakes people fix.
        people: How they fix.
        months: Of the year.
        every: Months between two trainings; fixes wait for the next.
        say: Told what became of each month.
    """
    judges = pool.role(Role.JUDGES, Role.STRANGE)
    truth = [Told(image_type=d.sample.image_type, color=d.sample.color) for d in pool.dated]
    month_of = np.array([d.month if d.role is Role.ARRIVES else -1 for d in pool.dated])
    first = ask(pool.eyes, pool, judges).told
    found: Answers = {way.name: [first] for way in ways}
    waiting: dict[str, tuple[list[Fix], dict[int, str]]] = {way.name: ([], {}) for way in ways}
    for month in range(1, months + 1):
        places = np.flatnonzero(month_of == month).tolist()
        for way in ways:
            said = ask(way.eyes, pool, np.array(places, np.int64))
            fixes, kinds = waiting[way.name]
            fixes += fix_month(people, month, places, [truth[i] for i in places], said.told)
            kinds |= dict(zip(places, said.kinds, strict=True))
            kinds |= {i: pool.dated[i].sample.kind for i in places if _feed_names_kind(pool, i)}
            before = way.eyes
            if month % every == 0:
                outcome = way.learn(month, fixes, kinds)
                say(f"month {month:2} {way.name:8} {outcome}")
                waiting[way.name] = ([], {})
            last = found[way.name][-1]
            is_new = way.eyes is not before
            found[way.name].append(ask(way.eyes, pool, judges).told if is_new else last)
    return found


def _feed_names_kind(pool: Pool, place: int) -> bool:
    """Whether the feed of a picture's advertiser has body types: three of four have."""
    sample = pool.dated[place].sample
    digest = hashlib.sha256(sample.advertiser.encode()).digest()
    return sample.kind not in {"", "none"} and digest[0] % _KINDLESS != 0
