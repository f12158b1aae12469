"""Whether what was made still holds: unless the latest note of an act on it says otherwise."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from forecourt.store.schema import acts


def is_live(
    thing: sa.ColumnElement[int], states: sa.FromClause, ref: str, *, until: datetime | None = None
) -> sa.ColumnElement[bool]:
    """Return the condition that a thing holds.

    Args:
        thing: The id column of what is asked about.
        states: Notes of acts on such things, the latest with the highest id.
        ref: Its column that refers to `thing`.
        until: As it was then; else as it is now.
    """
    notes = sa.select(states.c.is_live).where(states.c[ref] == thing)
    if until is not None:
        later = acts.alias()
        notes = notes.join(later, later.c.id == states.c.act_id).where(later.c.at <= until)
    latest = notes.order_by(states.c.id.desc()).limit(1).scalar_subquery()
    return sa.func.coalesce(latest, sa.true())
