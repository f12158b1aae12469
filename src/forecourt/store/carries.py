"""Carries: an image shows the picture of a fixed one, and the fixes of the one hold for the other.

A carry is between images, not of single fixes: whatever people make of the fixed image later (a
newer fix, a revert) holds for the other too. Carries are never changed; an act may refuse one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from forecourt.store.chunks import chunks
from forecourt.store.liveness import is_live
from forecourt.store.schema import carries, carry_states
from forecourt.store.upsert import insert_new


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCarry:
    """For one advertiser, `image_id` shows the picture of `from_image_id`, which was fixed.

    Attributes:
        with_color: Whether fixes of the colour travel too.
        pdq_distance: None between plain pictures, which have no hash.
    """

    image_id: int
    from_image_id: int
    with_color: bool
    pdq_distance: int | None
    grid_distance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Carry:
    """A stored carry. `is_live`: False once it is refused."""

    id: int
    advertiser: str
    image_id: int
    from_image_id: int
    with_color: bool
    is_live: bool


def add_carries(
    connection: sa.Connection, advertiser: str, new: Sequence[NewCarry], *, at: datetime
) -> None:
    """Store carries; one that is there already, refused or not, stays as it is."""
    rows = [
        {
            "advertiser": advertiser,
            "image_id": one.image_id,
            "from_image_id": one.from_image_id,
            "with_color": one.with_color,
            "pdq_distance": one.pdq_distance,
            "grid_distance": one.grid_distance,
            "created_at": at,
        }
        for one in new
    ]
    insert_new(connection, carries, rows, key=("advertiser", "image_id", "from_image_id"))


def load_carries(
    connection: sa.Connection,
    advertiser: str | None,
    image_ids: Collection[int],
    *,
    until: datetime | None = None,
) -> list[Carry]:
    """Return what was carried to images of an advertiser's sitemap, oldest first.

    Args:
        connection: A connection.
        advertiser: Whose sitemap; None: of anybody.
        image_ids: Images of it.
        until: Only what was carried until then, and live as it was then.
    """
    whose = [] if advertiser is None else [carries.c.advertiser == advertiser]
    found: list[Carry] = []
    for chunk in chunks(image_ids):
        found += _load(connection, *whose, carries.c.image_id.in_(chunk), until=until)
    return found


def load_of_image(
    connection: sa.Connection, image_id: int, *, advertiser: str | None
) -> list[Carry]:
    """Return what was carried to an image or from it, oldest first; None: for any advertiser."""
    where = [sa.or_(carries.c.image_id == image_id, carries.c.from_image_id == image_id)]
    where += [] if advertiser is None else [carries.c.advertiser == advertiser]
    return _load(connection, *where)


def set_live(connection: sa.Connection, act_id: int, states: Sequence[tuple[int, bool]]) -> None:
    """Note that from this act on carries hold or not; `states` are (carry id, is live)."""
    if states:
        connection.execute(
            sa.insert(carry_states),
            [
                {"act_id": act_id, "carry_id": carry_id, "is_live": is_live}
                for carry_id, is_live in states
            ],
        )


def _load(
    connection: sa.Connection, *where: sa.ColumnElement[bool], until: datetime | None = None
) -> list[Carry]:
    conditions = [*where, carries.c.created_at <= until] if until is not None else where
    live = is_live(carries.c.id, carry_states, "carry_id", until=until)
    rows = connection.execute(
        sa.select(carries, live.label("is_live")).where(*conditions).order_by(carries.c.id)
    )
    return [
        Carry(
            id=row.id,
            advertiser=row.advertiser,
            image_id=row.image_id,
            from_image_id=row.from_image_id,
            with_color=row.with_color,
            is_live=bool(row.is_live),
        )
        for row in rows
    ]
