"""What acts made, and whether it still holds: unless the latest note on it says otherwise."""

from __future__ import annotations

from datetime import datetime
from typing import Any

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


def select_made(
    things: sa.Table, states: sa.FromClause, ref: str, *, until: datetime | None = None
) -> sa.Select[Any]:
    """Select things with the act that made each (`at`, `by`, `role`, `source`, `note`), `is_live`.

    Args:
        things: A table with the columns `id` and `act_id`.
        states: Notes of acts on such things; see `is_live`.
        ref: Their column that refers to a thing.
        until: Only what was made until then, and live as it was then.
    """
    live = is_live(things.c.id, states, ref, until=until).label("is_live")
    query = sa.select(
        things, acts.c.at, acts.c.by, acts.c.role, acts.c.source, acts.c.note, live
    ).join(acts, acts.c.id == things.c.act_id)
    return query if until is None else query.where(acts.c.at <= until)
