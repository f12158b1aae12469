"""Where people disagree on an image, and what staff made of it. Pure.

A party is whoever speaks for the same sitemaps with the same right: an advertiser, staff for one
advertiser, staff for everyone. Each party has one position, its latest fix in force.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from forecourt.core.errors import ForbiddenError
from forecourt.core.fixes import Actor, ActSource, Fix, FixField
from forecourt.core.records import Role


class Ruling(StrEnum):
    """What staff make of a disagreement."""

    KEEP_BOTH = "keep_both"  # each goes on seeing their own
    EVERYONE = "everyone"  # one fix for everyone takes the place of the parties' fixes
    AMBIGUOUS = "ambiguous"  # the picture can be read either way; only training leaves it out


class ConflictStatus(StrEnum):
    """Where a disagreement stands: waiting for staff, or ruled."""

    OPEN = "open"
    KEEP_BOTH = "keep_both"
    EVERYONE = "everyone"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruled:
    """A ruling that was made. The latest live one of an image's field counts.

    Attributes:
        positions: Ids of the fixes that stood against each other, as staff saw them.
        is_live: False once it is reverted.
    """

    id: int
    act_id: int
    at: datetime
    by: str
    role: Role
    source: ActSource
    note: str
    image_id: int
    field: FixField
    ruling: Ruling
    positions: tuple[int, ...]
    is_live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A disagreement on one field of one image, waiting or ruled.

    Attributes:
        positions: The latest live fix of each party, oldest first.
        history: All fixes of the field, oldest first, reverted ones too.
        rulings: All rulings on the field, oldest first, reverted ones too.
    """

    image_id: int
    field: FixField
    status: ConflictStatus
    positions: tuple[Fix, ...]
    history: tuple[Fix, ...]
    rulings: tuple[Ruled, ...] = ()

    @property
    def standing(self) -> Ruled | None:
        """Return the ruling that is in force; None: there is none."""
        return find_standing(self.rulings)

    @property
    def version(self) -> str:
        """Return a word that is another once a party says something else, or staff rule.

        It hangs on the fixes in force and the rulings that are live, so undoing brings it back.
        """
        said = ",".join(str(fix.id) for fix in self.positions)
        ruled = ",".join(str(one.id) for one in self.rulings if one.is_live)
        return hashlib.sha256(f"{said};{ruled}".encode()).hexdigest()[:16]


def find_conflicts(fixes: Iterable[Fix], rulings: Iterable[Ruled] = ()) -> list[Conflict]:
    """Return where parties disagree, and where a ruling is in force.

    Args:
        fixes: All fixes of some images, in any order; those without an image take no part.
        rulings: All rulings on these images, in any order.
    """
    histories: defaultdict[tuple[int, FixField], list[Fix]] = defaultdict(list)
    for fix in fixes:
        if fix.image_id is not None:
            histories[fix.image_id, fix.field].append(fix)
    ruled: defaultdict[tuple[int, FixField], list[Ruled]] = defaultdict(list)
    for one in rulings:
        ruled[one.image_id, one.field].append(one)
    found = []
    for image_id, field in sorted(histories.keys() | ruled.keys()):
        history = sorted(histories[image_id, field], key=lambda fix: (fix.at, fix.id))
        earlier = sorted(ruled[image_id, field], key=lambda one: one.id)
        positions = find_positions(history)
        status = _find_status(positions, history, earlier)
        if status is not None:
            found.append(
                Conflict(
                    image_id=image_id,
                    field=field,
                    status=status,
                    positions=positions,
                    history=tuple(history),
                    rulings=tuple(earlier),
                )
            )
    return found


def find_standing(rulings: Sequence[Ruled]) -> Ruled | None:
    """Return the latest live one of a field's rulings, oldest first; None: there is none."""
    return next((one for one in reversed(rulings) if one.is_live), None)


def find_positions(history: Iterable[Fix]) -> tuple[Fix, ...]:
    """Return the latest live fix of each party, oldest first.

    Args:
        history: Fixes of one field of one image, oldest first.
    """
    latest = {_party(fix): fix for fix in history if fix.is_live}
    return tuple(sorted(latest.values(), key=lambda fix: (fix.at, fix.id)))


def disagree(positions: Iterable[Fix]) -> bool:
    """Return whether there is more than one value among the positions."""
    return len({fix.value for fix in positions}) > 1


def check_may_rule(actor: Actor) -> None:
    """Refuse an advertiser: a ruling concerns others too.

    Raises:
        ForbiddenError: the actor is an advertiser.
    """
    if actor.role is Role.ADVERTISER:
        raise ForbiddenError("Only staff may rule on a disagreement, or undo a ruling.")


def _find_status(
    positions: Sequence[Fix], history: Sequence[Fix], rulings: Sequence[Ruled]
) -> ConflictStatus | None:
    """Return where it stands; None where nobody disagrees and no ruling has anything to say."""
    ruled = find_standing(rulings)
    if ruled is not None and ruled.ruling is Ruling.AMBIGUOUS:
        # A fact about the picture: that one more party reads it in one way does not change it.
        return ConflictStatus.AMBIGUOUS
    if disagree(positions):
        is_kept = ruled is not None and _covers(ruled, positions, history)
        return ConflictStatus.KEEP_BOTH if is_kept else ConflictStatus.OPEN
    if ruled is not None and ruled.ruling is Ruling.EVERYONE:
        in_force = any(fix.act_id == ruled.act_id for fix in positions)
        return ConflictStatus.EVERYONE if in_force else None
    return None


def _covers(ruled: Ruled, positions: Sequence[Fix], history: Sequence[Fix]) -> bool:
    """Return whether staff said "keep both" of all that is now said.

    What a party says is compared, not which fix says it: a new fix of the same value is no news,
    and an old value that comes back by a revert is.
    """
    seen = {(_party(fix), fix.value) for fix in history if fix.id in ruled.positions}
    return ruled.ruling is Ruling.KEEP_BOTH and all(
        (_party(fix), fix.value) in seen for fix in positions
    )


def _party(fix: Fix) -> tuple[str, bool]:
    return ("" if fix.everywhere else fix.advertiser, fix.role is Role.ADVERTISER)
