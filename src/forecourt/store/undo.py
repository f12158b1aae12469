"""What an act did, and how it is turned back. Append-only.

An act makes things (fixes, rulings), and turns things on and off (fixes, rulings, carries). Turning
it back is one statement for each kind, so that an act of any size is undone in bounded memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from forecourt.core.records import Role
from forecourt.store.liveness import is_live
from forecourt.store.schema import (
    acts,
    carries,
    carry_states,
    fix_states,
    fixes,
    ruling_states,
    rulings,
)


@dataclass(frozen=True, slots=True)
class _Kind:
    """What an act can turn on and off: `states` says which acts did. `made`: by acts, too."""

    table: sa.Table
    states: sa.Table
    ref: str
    is_made_by_acts: bool

    def touched(self, act_id: int) -> sa.Subquery:
        """Select the ids of what an act made or turned, and whether it made it live."""
        turned = sa.select(
            self.states.c[self.ref].label("id"), self.states.c.is_live.label("is_live")
        ).where(self.states.c.act_id == act_id)
        if not self.is_made_by_acts:
            return turned.subquery()
        made = sa.select(self.table.c.id, sa.literal(True).label("is_live"))
        return sa.union_all(made.where(self.table.c.act_id == act_id), turned).subquery()


_FIXES = _Kind(fixes, fix_states, "fix_id", is_made_by_acts=True)
_RULINGS = _Kind(rulings, ruling_states, "ruling_id", is_made_by_acts=True)
_CARRIES = _Kind(carries, carry_states, "carry_id", is_made_by_acts=False)


def has_act(connection: sa.Connection, act_id: int) -> bool:
    """Return whether there is such an act."""
    return connection.scalar(sa.select(acts.c.id).where(acts.c.id == act_id)) is not None


def turn_back(connection: sa.Connection, act_id: int, *, by_act: int) -> int:
    """Undo what an act did, where that still stands; return how many things were turned."""
    turned = 0
    for kind in (_FIXES, _RULINGS, _CARRIES):
        did = kind.touched(act_id)
        stands = is_live(did.c.id, kind.states.alias(), kind.ref) == did.c.is_live
        result = connection.execute(
            sa.insert(kind.states).from_select(
                ["act_id", kind.ref, "is_live"],
                sa.select(sa.literal(by_act), did.c.id, sa.not_(did.c.is_live))
                .where(stands)
                .order_by(did.c.id),
            ),
            execution_options={"preserve_rowcount": True},  # else drivers differ for an INSERT
        )
        turned += result.rowcount
    return turned


def count_fixes(connection: sa.Connection, act_id: int) -> int:
    """Return how many fixes an act made or turned."""
    did = _FIXES.touched(act_id)
    return connection.scalar(sa.select(sa.func.count()).select_from(did)) or 0


def iter_fix_ids(connection: sa.Connection, act_id: int, *, page: int) -> Iterator[list[int]]:
    """Yield the ids of the fixes that an act made or turned, ascending, a page at a time."""
    after = 0
    while True:
        # Each of the two parts has an index in this very order, so that a page costs a page.
        parts = (
            sa.select(column)
            .where(table.c.act_id == act_id, column > after)
            .order_by(column)
            .limit(page)
            for table, column in ((fixes, fixes.c.id), (fix_states, fix_states.c.fix_id))
        )
        ids = sorted({one for part in parts for one in connection.scalars(part)})[:page]
        if not ids:
            return
        yield ids
        after = ids[-1]


def rules(connection: sa.Connection, act_id: int) -> bool:
    """Return whether an act made or turned a ruling."""
    did = _RULINGS.touched(act_id)
    return connection.scalar(sa.select(did.c.id).limit(1)) is not None


def concerns(connection: sa.Connection, act_id: int, advertiser: str) -> bool:
    """Return whether an act touched anything in an advertiser's sitemap."""
    fixed, carried = _FIXES.touched(act_id), _CARRIES.touched(act_id)
    touched = (
        sa.select(fixes.c.id)
        .join(fixed, fixed.c.id == fixes.c.id)
        .where(fixes.c.advertiser == advertiser),
        sa.select(carries.c.id)
        .join(carried, carried.c.id == carries.c.id)
        .where(carries.c.advertiser == advertiser),
    )
    return any(connection.scalar(one.limit(1)) is not None for one in touched)


def find_fix_of_others(connection: sa.Connection, act_id: int, advertiser: str) -> int | None:
    """Return a fix that an act touched and that is not the advertiser's own; None without any."""
    did = _FIXES.touched(act_id)
    is_own = sa.and_(acts.c.role == Role.ADVERTISER, fixes.c.advertiser == advertiser)
    return connection.scalar(
        sa.select(fixes.c.id)
        .join(did, did.c.id == fixes.c.id)
        .join(acts, acts.c.id == fixes.c.act_id)
        .where(~is_own)
        .order_by(fixes.c.id)
        .limit(1)
    )


def find_carry_of_others(connection: sa.Connection, act_id: int, advertiser: str) -> str | None:
    """Return in whose sitemap, other than the advertiser's, an act refused or brought back."""
    did = _CARRIES.touched(act_id)
    return connection.scalar(
        sa.select(carries.c.advertiser)
        .join(did, did.c.id == carries.c.id)
        .where(carries.c.advertiser != advertiser)
        .limit(1)
    )
