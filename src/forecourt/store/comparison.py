"""What an inventory is compared with, when fixes travel to pictures that were encoded anew."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from forecourt.core.records import VisualKey
from forecourt.store.chunks import chunks
from forecourt.store.fixes import holds_for
from forecourt.store.schema import advertisers, fixes, images, vehicle_images, vehicles

_VEHICLES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an image stands in a scrape.

    Attributes:
        compared_id: The image that stood there at the last comparison.
        compared_vin: What the vehicle's VIN was then: stock numbers are used again.
    """

    image_id: int
    compared_id: int | None
    compared_vin: str | None
    vehicle_id: str
    vin: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedOn:
    """On which vehicle an image was fixed."""

    image_id: int
    advertiser: str
    vehicle_id: str | None
    vin: str | None


def load_progress(connection: sa.Connection, advertiser: str) -> tuple[int, int]:
    """Return the fix up to which an advertiser's inventory was compared, and the latest one."""
    done = connection.scalar(
        sa.select(advertisers.c.carried_fix_id).where(advertisers.c.id == advertiser)
    )
    latest = connection.scalar(sa.select(sa.func.max(fixes.c.id)))
    return done or 0, latest or 0


def save_progress(connection: sa.Connection, advertiser: str, fix_id: int) -> None:
    """Note that all images of an advertiser were compared with all fixes up to this one."""
    connection.execute(
        sa.update(advertisers).where(advertisers.c.id == advertiser).values(carried_fix_id=fix_id)
    )


def bind_fixes(connection: sa.Connection, scrape_id: int, advertiser: str) -> int:
    """Let fixes of URLs at which nothing was ever seen be of the image that is seen there now.

    The one column of a fix that is ever filled in later: what it was made on was not known then.

    Returns:
        How many fixes found their image.
    """
    seen = (
        sa.select(vehicle_images.c.image_id)
        .where(
            vehicle_images.c.url_key == fixes.c.url_key,
            vehicle_images.c.scrape_id == scrape_id,
            vehicle_images.c.image_id.is_not(None),
            vehicle_images.c.skip_reason.is_(None),
        )
        .order_by(vehicle_images.c.id)
        .limit(1)
        .scalar_subquery()
    )
    bound = connection.execute(
        sa.update(fixes)
        .where(fixes.c.image_id.is_(None), holds_for(advertiser), seen.is_not(None))
        .values(image_id=seen)
    )
    return bound.rowcount


def load_fixed_hashes(
    connection: sa.Connection, advertiser: str, *, after_fix_id: int = 0
) -> tuple[list[int], bytes]:
    """Return images with a fix that holds for the advertiser, and their hashes end to end.

    Fixes count dead or alive: one that is reverted today may be brought back tomorrow. Plain
    images, and those without a visual key so far, are left out.

    Args:
        connection: A connection.
        advertiser: Whose inventory is compared.
        after_fix_id: Only images with a newer fix than this one.
    """
    has_hash = sa.func.length(images.c.pdq) > 0
    return _load_fixed(connection, images.c.pdq, has_hash, _fixed_for(advertiser, after_fix_id))


def load_fixed_grids(
    connection: sa.Connection, advertiser: str, *, after_fix_id: int = 0
) -> tuple[list[int], bytes]:
    """Return plain images with a fix that holds for the advertiser, and their grids end to end."""
    is_plain = sa.func.length(images.c.pdq) == 0
    return _load_fixed(
        connection, images.c.lab_grid, is_plain, _fixed_for(advertiser, after_fix_id)
    )


def _load_fixed(
    connection: sa.Connection,
    column: sa.Column[Any],
    where: sa.ColumnElement[bool],
    fixed: sa.Select[tuple[int]],
) -> tuple[list[int], bytes]:
    ids, values = [], bytearray()
    for image_id, value in connection.execute(
        sa.select(images.c.id, column).where(images.c.id.in_(fixed), where)
    ):
        ids.append(image_id)
        values += value
    return ids, bytes(values)


def load_fixed_on(
    connection: sa.Connection, advertiser: str, image_ids: Collection[int]
) -> list[FixedOn]:
    """Return on which vehicles images were fixed, by fixes that hold for the advertiser."""
    found: list[FixedOn] = []
    for chunk in chunks(image_ids):
        rows = connection.execute(
            sa.select(fixes.c.image_id, fixes.c.advertiser, fixes.c.vehicle_id, fixes.c.vin)
            .where(fixes.c.image_id.in_(chunk), holds_for(advertiser))
            .distinct()
        )
        found += [
            FixedOn(
                image_id=row.image_id,
                advertiser=row.advertiser,
                vehicle_id=row.vehicle_id,
                vin=row.vin,
            )
            for row in rows
        ]
    return found


def load_visual_keys(connection: sa.Connection, image_ids: Collection[int]) -> dict[int, VisualKey]:
    """Return the visual keys of images; those without one so far are left out."""
    keys: dict[int, VisualKey] = {}
    for chunk in chunks(image_ids):
        rows = connection.execute(
            sa.select(images.c.id, images.c.pdq, images.c.lab_grid).where(
                images.c.id.in_(chunk), images.c.pdq.is_not(None)
            )
        )
        keys.update({row.id: VisualKey(bytes(row.pdq), bytes(row.lab_grid)) for row in rows})
    return keys


def find_without_key(connection: sa.Connection, advertiser: str) -> dict[int, str]:
    """Return the thumbnail address of fixed images for which no visual key was ever made."""
    rows = connection.execute(
        sa.select(images.c.id, images.c.thumbnail).where(
            images.c.id.in_(_fixed_for(advertiser, 0)),
            images.c.pdq.is_(None),
            images.c.thumbnail.is_not(None),
        )
    )
    return {row.id: row.thumbnail for row in rows}


def save_visual_keys(connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Give images the visual keys that they lack; `rows` are `visual_columns` with a `row_id`."""
    connection.execute(
        sa.update(images)
        .where(images.c.id == sa.bindparam("row_id"))
        .values(pdq=sa.bindparam("pdq"), lab_grid=sa.bindparam("lab_grid")),
        rows,
    )


def iter_places(connection: sa.Connection, scrape_id: int) -> Iterator[list[Place]]:
    """Yield where images stand in a scrape, some vehicles at a time."""
    after = -1
    while True:
        page = connection.execute(
            sa.select(vehicles.c.id, vehicles.c.position)
            .where(vehicles.c.scrape_id == scrape_id, vehicles.c.position > after)
            .order_by(vehicles.c.position)
            .limit(_VEHICLES)
        ).all()
        if not page:
            return
        yield _load_places(
            connection, scrape_id, vehicle_images.c.vehicle_id.in_([row.id for row in page])
        )
        after = page[-1].position


def load_places(
    connection: sa.Connection, scrape_id: int, image_ids: Collection[int]
) -> list[Place]:
    """Return where images stand in a scrape."""
    return [
        place
        for chunk in chunks(image_ids)
        for place in _load_places(connection, scrape_id, vehicle_images.c.image_id.in_(chunk))
    ]


def _load_places(
    connection: sa.Connection, scrape_id: int, where: sa.ColumnElement[bool]
) -> list[Place]:
    rows = connection.execute(
        sa.select(
            vehicle_images.c.image_id,
            vehicle_images.c.compared_image_id,
            vehicle_images.c.compared_vin,
            vehicles.c.vehicle_id,
            vehicles.c.vin,
        )
        .join(vehicles, vehicles.c.id == vehicle_images.c.vehicle_id)
        .where(
            where,
            vehicle_images.c.scrape_id == scrape_id,
            vehicle_images.c.image_id.is_not(None),
        )
    )
    return [
        Place(
            image_id=row.image_id,
            compared_id=row.compared_image_id,
            compared_vin=row.compared_vin,
            vehicle_id=row.vehicle_id,
            vin=row.vin,
        )
        for row in rows
    ]


def find_listed(
    connection: sa.Connection, scrape_id: int, vehicle_ids: Collection[str]
) -> set[str]:
    """Return those of the ids that stand in a scrape."""
    found: set[str] = set()
    for chunk in chunks(vehicle_ids):
        found.update(
            connection.scalars(
                sa.select(vehicles.c.vehicle_id).where(
                    vehicles.c.scrape_id == scrape_id, vehicles.c.vehicle_id.in_(chunk)
                )
            )
        )
    return found


def has_changed(connection: sa.Connection, scrape_id: int) -> bool:
    """Whether anything of a scrape is not what it was at the last comparison."""
    return bool(connection.scalar(sa.select(sa.exists().where(*_changed(scrape_id)))))


def mark_compared(connection: sa.Connection, scrape_id: int) -> None:
    """Note at the places of a scrape which image stands there, for the next comparison."""
    connection.execute(
        sa.update(vehicle_images)
        .where(*_changed(scrape_id))
        .values(compared_image_id=vehicle_images.c.image_id, compared_vin=_vin())
    )


def _changed(scrape_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    of_scrape = sa.select(vehicles.c.id).where(vehicles.c.scrape_id == scrape_id)
    return (
        vehicle_images.c.vehicle_id.in_(of_scrape),
        vehicle_images.c.scrape_id == scrape_id,
        vehicle_images.c.image_id.is_not(None),
        sa.or_(
            vehicle_images.c.compared_image_id.is_distinct_from(vehicle_images.c.image_id),
            vehicle_images.c.compared_vin.is_distinct_from(_vin()),
        ),
    )


def _vin() -> sa.ScalarSelect[Any]:
    return (
        sa.select(vehicles.c.vin)
        .where(vehicles.c.id == vehicle_images.c.vehicle_id)
        .scalar_subquery()
    )


def _fixed_for(advertiser: str, after_fix_id: int) -> sa.Select[tuple[int]]:
    return sa.select(fixes.c.image_id).where(
        fixes.c.image_id.is_not(None), fixes.c.id > after_fix_id, holds_for(advertiser)
    )
