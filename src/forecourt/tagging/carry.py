"""Step 6: fixes travel to images of a scrape that show a fixed picture, encoded anew.

New images of the inventory are compared with everything that was ever fixed for the advertiser;
images that stood there before, with what was fixed since. Where the visual keys agree, a carry is
stored, unless the picture belongs to a vehicle that is known to be another (`identity.context`).
Pictures with the same bytes are one stored image, and need none of this.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, product

import sqlalchemy as sa

from forecourt.core.errors import ImageSkippedError
from forecourt.core.records import VisualKey
from forecourt.identity.context import VehicleRef, are_known_to_be_one, are_known_to_differ
from forecourt.identity.visual import Likeness, PlainIndex, VisualIndex, compare, make_visual_key
from forecourt.store import carries as stored_carries
from forecourt.store import comparison
from forecourt.store.carries import NewCarry
from forecourt.store.comparison import Place
from forecourt.store.engine import reading, writing
from forecourt.store.images import visual_columns
from forecourt.store.media import MediaFolder
from forecourt.tagging.interrupts import held_back
from forecourt.vision.decode import decode_image


@dataclass(slots=True)
class _Findings:
    """What a look at the places of a scrape brought.

    Attributes:
        matches: Images of the scrape and the fixed images that they look like.
        seen_on: For each fixed image, the vehicles that showed it, or what it was carried to, when
            the inventory was last compared.
    """

    matches: list[NewCarry] = field(default_factory=list)
    seen_on: defaultdict[int, set[VehicleRef]] = field(default_factory=lambda: defaultdict(set))


def carry_fixes(engine: sa.Engine, media: MediaFolder, scrape_id: int, advertiser: str) -> int:
    """Let fixes travel to the images of a scrape.

    Safe to repeat after any interruption. Opens its own short transactions.

    Returns:
        How many images of the scrape show a fixed picture, and did not so far.
    """
    with held_back(), writing(engine) as connection:
        comparison.bind_fixes(connection, scrape_id, advertiser)
    _make_missing_keys(engine, media, advertiser)
    with reading(engine) as connection:
        done, latest = comparison.load_progress(connection, advertiser)
        is_changed = comparison.has_changed(connection, scrape_id)
        recent = _load_fixed(connection, advertiser, after_fix_id=done)
        new: list[NewCarry] = []
        if is_changed or recent.ids:
            everything = _load_fixed(connection, advertiser, after_fix_id=0)
            compared = _Comparison(
                connection, scrape_id, advertiser, everything=everything, recent=recent
            )
            new = compared.find_carries()
    with held_back(), writing(engine) as connection:
        stored_carries.add_carries(connection, advertiser, new, at=datetime.now(UTC))
        if is_changed:
            comparison.mark_compared(connection, scrape_id)
        comparison.save_progress(connection, advertiser, latest)
    return len({carry.image_id for carry in new})


def _make_missing_keys(engine: sa.Engine, media: MediaFolder, advertiser: str) -> None:
    """Make visual keys of fixed images that were stored before there were any."""
    with reading(engine) as connection:
        lacking = comparison.find_without_key(connection, advertiser)
    rows = []
    for image_id, address in lacking.items():
        thumbnail = media.get(address)
        if thumbnail is None:
            continue
        try:
            key = make_visual_key(decode_image(thumbnail).rgb)
        except ImageSkippedError:
            continue  # a damaged file; the image keeps its fixes, they only do not travel
        rows.append({"row_id": image_id, **visual_columns(key)})
    if rows:
        with held_back(), writing(engine) as connection:
            comparison.save_visual_keys(connection, rows)


@dataclass(frozen=True, slots=True)
class _Fixed:
    """Images that were fixed, to be found by what they look like."""

    hashed: VisualIndex
    plain: PlainIndex

    @property
    def ids(self) -> frozenset[int]:
        return frozenset(self.hashed.ids) | frozenset(self.plain.ids)

    def find(self, key: VisualKey) -> list[int]:
        return self.hashed.find(key.pdq) if key.pdq else self.plain.find(key.grid)


def _load_fixed(connection: sa.Connection, advertiser: str, *, after_fix_id: int) -> _Fixed:
    return _Fixed(
        VisualIndex(
            *comparison.load_fixed_hashes(connection, advertiser, after_fix_id=after_fix_id)
        ),
        PlainIndex(*comparison.load_fixed_grids(connection, advertiser, after_fix_id=after_fix_id)),
    )


class _Comparison:
    """One inventory against the images that were fixed for its advertiser."""

    def __init__(
        self,
        connection: sa.Connection,
        scrape_id: int,
        advertiser: str,
        *,
        everything: _Fixed,
        recent: _Fixed,
    ) -> None:
        self._connection = connection
        self._scrape_id = scrape_id
        self._advertiser = advertiser
        self._everything = everything
        self._recent = recent
        self._fixed = everything.ids
        self._has_recent = bool(recent.ids)

    def find_carries(self) -> list[NewCarry]:
        """Return what looks the same, where the vehicles may be one too."""
        if not self._fixed:
            return []
        findings = _Findings()
        for page in comparison.iter_places(self._connection, self._scrape_id):
            self._note_vehicles(page, findings)
            changed = {one.image_id for one in page if one.image_id != one.compared_id}
            findings.matches += self._match(changed, self._everything)
            if self._has_recent:
                kept = {one.image_id for one in page} - changed
                findings.matches += self._match(kept, self._recent)
        return self._allowed(findings)

    def _note_vehicles(self, page: list[Place], findings: _Findings) -> None:
        before = {place.compared_id for place in page if place.compared_id is not None}
        shown: defaultdict[int, set[int]] = defaultdict(set)
        for image_id in before & self._fixed:
            shown[image_id].add(image_id)
        for carry in stored_carries.load_carries(self._connection, self._advertiser, before):
            if carry.is_live:
                shown[carry.image_id].add(carry.from_image_id)
        for place in page:
            for image_id in shown.get(place.compared_id or 0, ()):
                then = VehicleRef(self._advertiser, place.vehicle_id, place.compared_vin)
                findings.seen_on[image_id].add(then)

    def _match(self, image_ids: Collection[int], fixed_images: _Fixed) -> list[NewCarry]:
        shown = comparison.load_visual_keys(self._connection, image_ids)
        candidates = {image_id: fixed_images.find(key) for image_id, key in shown.items()}
        fixed = comparison.load_visual_keys(
            self._connection, set(chain.from_iterable(candidates.values()))
        )
        found = []
        for image_id, fixed_ids in candidates.items():
            for fixed_id in fixed_ids:
                likeness = compare(shown[image_id], fixed[fixed_id])
                if likeness.is_same_picture and fixed_id != image_id:
                    found.append(_new_carry(image_id, fixed_id, likeness))
        return found

    def _allowed(self, findings: _Findings) -> list[NewCarry]:
        """Return the matches whose vehicles may be one.

        One vehicle is enough: all places of an image have the same bytes, so it is the same picture
        on each of them. Plain pictures have less to be told by: there the vehicle must be one, and
        show the fixed picture no more, as after an encoding anew.
        """
        sources = {match.from_image_id for match in findings.matches}
        fixed_on: defaultdict[int, set[VehicleRef]] = defaultdict(set)
        for one in comparison.load_fixed_on(self._connection, self._advertiser, sources):
            fixed_on[one.image_id].add(VehicleRef(one.advertiser, one.vehicle_id, one.vin))
        ids = {ref.vehicle_id for refs in fixed_on.values() for ref in refs if ref.vehicle_id}
        listed = comparison.find_listed(self._connection, self._scrape_id, ids)
        shown_on: defaultdict[int, set[VehicleRef]] = defaultdict(set)
        for place in comparison.load_places(
            self._connection,
            self._scrape_id,
            sources | {match.image_id for match in findings.matches},
        ):
            shown_on[place.image_id].add(VehicleRef(self._advertiser, place.vehicle_id, place.vin))

        def may_travel(match: NewCarry) -> bool:
            source = match.from_image_id
            pairs = product(fixed_on[source] | findings.seen_on[source], shown_on[match.image_id])
            if match.pdq_distance is None:
                is_gone = source not in shown_on
                return is_gone and any(are_known_to_be_one(fixed, shown) for fixed, shown in pairs)
            return any(
                not are_known_to_differ(fixed, shown, listed=listed) for fixed, shown in pairs
            )

        return [match for match in findings.matches if may_travel(match)]


def _new_carry(image_id: int, fixed_id: int, likeness: Likeness) -> NewCarry:
    return NewCarry(
        image_id=image_id,
        from_image_id=fixed_id,
        with_color=likeness.is_same_paint,
        pdq_distance=likeness.pdq_distance,
        grid_distance=round(likeness.grid_distance, 3),
    )
