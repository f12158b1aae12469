"""What comes into the review queue: worked out for an advertiser when a scrape finishes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from forecourt.core.fixes import FixField
from forecourt.core.queue import (
    FEWEST_LOOKED_AT,
    Candidate,
    Cause,
    QueueReason,
    SeenVehicle,
    add_cause,
    judge_vehicle,
    merit,
    rank,
)
from forecourt.core.shift import Shift, find_shift
from forecourt.identity.visual import VisualIndex, compare
from forecourt.review.conflicts import find_open
from forecourt.store import comparison
from forecourt.store import oddities as stored_oddities
from forecourt.store import queue as stored
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.evidence import load_evidence
from forecourt.store.inventory import VehicleImage
from forecourt.store.scrapes import Scrape

_MOST = 300  # images of an advertiser that wait at once
_MOST_OF_REASON = 100
_LOOKED_THROUGH = 2_000  # the best of all candidates, of which fixed ones and twins are dropped
_MOST_OF_CLASS = 50
_PLACES = 1_000_000
_KEPT = timedelta(hours=1)  # what was looked at: whoever undoes a fix until then has the image back
_SWEPT = 5_000


@dataclass(frozen=True, slots=True)
class Draft:
    """What shall wait of an advertiser; `fix_id`: the latest fix that was considered."""

    advertiser: str
    fix_id: int
    entries: tuple[stored.NewEntry, ...]


def find_candidates(connection: sa.Connection, advertiser: str, *, model_version: str) -> Draft:
    """Work out which images of an advertiser's latest scrape shall wait. Writes nothing.

    Reads all answers of `model_version` to the scrape: a matter of seconds for 200,000 images.

    Raises:
        NotFoundError: the advertiser has no scrape.
    """
    scrape = stored_scrapes.get_latest(connection, advertiser)
    fix_id = stored.last_fix_id(connection)
    found = _Finder(connection, scrape, model_version)
    seen = found.collect()
    best = rank(seen.values(), most=_LOOKED_THROUGH, most_of_reason=_LOOKED_THROUGH)
    fresh = _drop_fixed(connection, scrape, best, model_version)
    alone = _drop_twins(connection, fresh)
    ranked = rank(alone, most=_MOST, most_of_reason=_MOST_OF_REASON)
    return Draft(advertiser, fix_id, tuple(map(_to_entry, range(1, len(ranked) + 1), ranked)))


def fill_queue(connection: sa.Connection, draft: Draft, *, at: datetime) -> None:
    """Let what was worked out be what waits of its advertiser. Safe to repeat.

    What was looked at an hour ago, of any advertiser, leaves the table on this occasion.
    """
    stored_scrapes.take_turn(connection, draft.advertiser, at=at)
    stored.replace_entries(connection, draft.advertiser, draft.entries, fix_id=draft.fix_id, at=at)
    stored.drop_looked_at(connection, before=at - _KEPT, at_most=_SWEPT)


class _Finder:
    """Looks through one scrape once."""

    def __init__(self, connection: sa.Connection, scrape: Scrape, model_version: str) -> None:
        self._connection = connection
        self._scrape = scrape
        self._model_version = model_version
        self._found: dict[int, Candidate] = {}
        self._firsts: list[int] = []  # of each vehicle
        self._classes: dict[FixField, dict[str, list[int]]] = {field: {} for field in FixField}
        self._counts: dict[FixField, Counter[str]] = {field: Counter() for field in FixField}

    def collect(self) -> dict[int, Candidate]:
        """Return all candidates, by image."""
        for vehicle in stored.iter_seen(
            self._connection, self._scrape.id, model_version=self._model_version
        ):
            self._note(vehicle)
            for one in judge_vehicle(vehicle):
                earlier = self._found.get(one.image_id)
                if earlier is None or earlier.score < one.score:
                    self._found[one.image_id] = one
        self._add_conflicts()
        self._add_shifts()
        self._add_of_new_advertiser()
        return self._found

    def _note(self, vehicle: SeenVehicle) -> None:
        self._firsts.append(vehicle.images[0].image_id)
        for image in vehicle.images:
            for field, value in (
                (FixField.IMAGE_TYPE, image.image_type),
                (FixField.COLOR, image.color or ""),
            ):
                self._counts[field][value] += 1
                some = self._classes[field].setdefault(value, [])
                if len(some) < _MOST_OF_CLASS:
                    some.append(image.image_id)

    def _add(self, image_id: int, cause: Cause) -> None:
        self._found[image_id] = add_cause(self._found.get(image_id), image_id, cause)

    def _add_conflicts(self) -> None:  # Q1
        for page in stored.iter_spoken_of(self._connection, self._scrape.advertiser):
            disputed = {one.image_id for one in find_open(self._connection, page)}
            for image_id in stored.find_standing(self._connection, self._scrape.id, disputed):
                self._add(image_id, Cause(QueueReason.CONFLICT, 0.9))

    def _add_shifts(self) -> None:  # Q6
        advertiser = self._scrape.advertiser
        earlier = stored_oddities.load_earlier_classes(self._connection, advertiser)
        for field in FixField:
            before = [one.by_field.get(field, Counter()) for one in earlier.get(advertiser, ())]
            shift = find_shift(before, self._counts[field]) if before else None
            if shift is not None and shift.after > shift.before:
                cause = Cause(QueueReason.CLASS_SHIFT, 0.3, _shift_words(shift))
                for image_id in set(self._classes[field].get(shift.value, ())):
                    self._add(image_id, cause)

    def _add_of_new_advertiser(self) -> None:  # Q9
        advertiser = self._scrape.advertiser
        looked_at = stored.count_looked_at(self._connection, advertiser, at_most=FEWEST_LOOKED_AT)
        wanted = FEWEST_LOOKED_AT - looked_at
        firsts = list(dict.fromkeys(self._firsts))
        step = max(1, len(firsts) // max(1, wanted))  # all over the inventory
        cause = Cause(QueueReason.NEW_ADVERTISER, 0.2, (str(looked_at),))
        for image_id in firsts[: step * wanted : step]:
            self._add(image_id, cause)


def _shift_words(shift: Shift) -> tuple[str, ...]:
    return (shift.value or "No colour", f"{shift.after:.0%}", f"{shift.before:.0%}")


def _drop_fixed(
    connection: sa.Connection, scrape: Scrape, found: Sequence[Candidate], model_version: str
) -> list[Candidate]:
    """Leave out what a person has looked at, unless another one disagrees."""
    images = [
        VehicleImage(
            position=0, url="", url_key="", image_id=one.image_id, key=None, skip_reason=None
        )
        for one in found
    ]
    evidence = load_evidence(
        connection,
        scrape.advertiser,
        [(image, None) for image in images],
        model_version=model_version,
    )
    return [
        one
        for one, known in zip(found, evidence, strict=True)
        if not (known.type_fixes or known.color_fixes)
        or any(cause.reason is QueueReason.CONFLICT for cause in one.causes)
    ]


def _drop_twins(connection: sa.Connection, found: Sequence[Candidate]) -> list[Candidate]:
    """Leave out what shows the same picture as a better candidate, encoded anew."""
    keys = comparison.load_visual_keys(connection, {one.image_id for one in found})
    hashed = [one.image_id for one in found if one.image_id in keys and keys[one.image_id].pdq]
    index = VisualIndex(hashed, b"".join(keys[image_id].pdq for image_id in hashed))
    kept: dict[int, Candidate] = {}
    for one in found:
        key = keys.get(one.image_id)
        near = index.find(key.pdq) if key and key.pdq else []
        twins = (other for other in near if other in kept)
        if not any(key and compare(key, keys[other]).is_same_picture for other in twins):
            kept[one.image_id] = one
    return list(kept.values())


def _to_entry(turn: int, candidate: Candidate) -> stored.NewEntry:
    return stored.NewEntry(
        image_id=candidate.image_id,
        place=round(_PLACES * (1 - merit(candidate, turn))),
        reasons=tuple((cause.reason, cause.words) for cause in candidate.causes),
    )
