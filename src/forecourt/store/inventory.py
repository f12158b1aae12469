"""The vehicles that a scrape brings: what stands where in an advertiser's inventory."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from forecourt.core.records import ImageKey, KeySource, Vehicle
from forecourt.store.schema import scrapes, vehicle_images, vehicles
from forecourt.store.upsert import upsert

_PAGE = 500


class ImageState(StrEnum):
    """Where one image of a scrape stands."""

    PENDING = "pending"
    TAGGED = "tagged"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class KeyedVehicle:
    """A vehicle with the `url_key` of each of its images, and its place in the feed."""

    position: int
    vehicle: Vehicle
    url_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoredVehicle:
    """A vehicle of the latest scrape, without its images."""

    row_id: int
    position: int
    vehicle: Vehicle


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleImage:
    """One image of a stored vehicle. `image_id` is None where nothing was ever seen under it."""

    position: int
    url: str
    url_key: str
    image_id: int | None
    key: ImageKey | None
    skip_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedImage:
    """One image of a sitemap, and the vehicle that shows it."""

    image: VehicleImage
    vehicle: Vehicle


def add_vehicles(
    connection: sa.Connection, scrape_id: int, advertiser: str, batch: Sequence[KeyedVehicle]
) -> None:
    """Store vehicles and their images as parts of a scrape; those already known are updated."""
    seen_at = connection.execute(
        sa.select(scrapes.c.received_at).where(scrapes.c.id == scrape_id)
    ).scalar_one()
    upsert(
        connection,
        vehicles,
        [
            {
                "advertiser": advertiser,
                "vehicle_id": keyed.vehicle.id,
                "scrape_id": scrape_id,
                "position": keyed.position,
                "vin": keyed.vehicle.vin,
                "title": keyed.vehicle.title,
                "condition": keyed.vehicle.condition,
                "body_type": keyed.vehicle.body_type,
                "color": keyed.vehicle.color,
                "url": keyed.vehicle.url,
                "first_seen_at": seen_at,
            }
            for keyed in batch
        ],
        key=("advertiser", "vehicle_id"),
        keep=("first_seen_at",),
    )
    row_ids = {
        vehicle_id: row_id
        for row_id, vehicle_id in connection.execute(
            sa.select(vehicles.c.id, vehicles.c.vehicle_id).where(
                vehicles.c.advertiser == advertiser,
                vehicles.c.vehicle_id.in_([keyed.vehicle.id for keyed in batch]),
            )
        )
    }
    upsert(
        connection,
        vehicle_images,
        [
            {
                "vehicle_id": row_ids[keyed.vehicle.id],
                "position": position,
                "scrape_id": scrape_id,
                "url": url,
                "url_key": url_key,
                "state": ImageState.PENDING,
                "skip_reason": None,
            }
            for keyed in batch
            for position, (url, url_key) in enumerate(
                zip(keyed.vehicle.images, keyed.url_keys, strict=True)
            )
        ],
        key=("vehicle_id", "position"),
        # While the scrape runs, the sitemap goes on showing the tags of an image whose URL stayed.
        keep_if_same={"image_id": "url_key", "key_source": "url_key", "key_value": "url_key"},
    )


def close_import(
    connection: sa.Connection, scrape_id: int, *, vehicles_count: int, images: int, refused: int
) -> None:
    """Note what the feed held, and drop images that its vehicles no longer show."""
    connection.execute(
        sa.update(scrapes)
        .where(scrapes.c.id == scrape_id)
        .values(vehicles=vehicles_count, images=images, refused=refused)
    )
    of_scrape = sa.select(vehicles.c.id).where(vehicles.c.scrape_id == scrape_id)
    connection.execute(
        sa.delete(vehicle_images).where(
            vehicle_images.c.vehicle_id.in_(of_scrape), vehicle_images.c.scrape_id != scrape_id
        )
    )


def iter_vehicles(
    connection: sa.Connection,
    scrape_id: int,
    *,
    vehicle_ids: Collection[str] | None = None,
    after: int = -1,
    page: int = _PAGE,
) -> Iterator[list[StoredVehicle]]:
    """Yield the vehicles of a scrape in feed order, a page at a time (no images).

    Args:
        connection: A connection; it must stay open while pages are taken.
        scrape_id: Of which scrape.
        vehicle_ids: Only these, some thousands at most; those that are not there are left out.
        after: Only those that stand behind this position in the feed.
        page: Vehicles of a page.
    """
    where = [] if vehicle_ids is None else [vehicles.c.vehicle_id.in_(vehicle_ids)]
    while True:
        rows = connection.execute(
            sa.select(vehicles)
            .where(vehicles.c.scrape_id == scrape_id, vehicles.c.position > after, *where)
            .order_by(vehicles.c.position)
            .limit(page)
        ).all()
        if not rows:
            return
        yield [StoredVehicle(row.id, row.position, _read_vehicle(row)) for row in rows]
        after = rows[-1].position


def load_vehicle_images(
    connection: sa.Connection, scrape_id: int, vehicle_rows: Sequence[int]
) -> dict[int, list[VehicleImage]]:
    """Return the images of vehicles in the order of the feed, by the vehicles' row ids."""
    rows = connection.execute(
        sa.select(*_IMAGE_COLUMNS)
        .where(
            vehicle_images.c.vehicle_id.in_(vehicle_rows), vehicle_images.c.scrape_id == scrape_id
        )
        .order_by(vehicle_images.c.vehicle_id, vehicle_images.c.position)
    )
    found: dict[int, list[VehicleImage]] = {}
    for row in rows:
        found.setdefault(row.vehicle_id, []).append(_read_image(row))
    return found


def locate_images(
    connection: sa.Connection, scrape_id: int, url_keys: Sequence[str]
) -> list[LocatedImage]:
    """Return where URLs stand in a scrape, in the order of the feed; one URL may stand often."""
    return _locate(
        connection,
        vehicle_images.c.scrape_id == scrape_id,
        vehicle_images.c.url_key.in_(url_keys),
    )


def locate_image(
    connection: sa.Connection, scrape_id: int, image_id: int, *, limit: int
) -> list[LocatedImage]:
    """Return where an image stands in a scrape: so many places at most, in no certain order."""
    places = (
        sa.select(vehicle_images.c.id)
        .where(vehicle_images.c.image_id == image_id, vehicle_images.c.scrape_id == scrape_id)
        .order_by(vehicle_images.c.image_id, vehicle_images.c.scrape_id, vehicle_images.c.id)
        .limit(limit)
    )
    return _locate(connection, vehicle_images.c.id.in_(connection.scalars(places).all()))


def locate_rows(connection: sa.Connection, row_ids: Collection[int]) -> dict[int, LocatedImage]:
    """Return the places of images by their row ids."""
    rows = connection.execute(_select_located().where(vehicle_images.c.id.in_(row_ids)))
    return {row.id: _read_located(row) for row in rows}


def _locate(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> list[LocatedImage]:
    rows = connection.execute(
        _select_located().where(*where).order_by(vehicles.c.position, vehicle_images.c.position)
    )
    return [_read_located(row) for row in rows]


def _select_located() -> sa.Select[Any]:
    # Each has columns of these names: its own `vehicle_id` is a number of the store.
    of_vehicle = [vehicles.c[name].label(f"of_{name}") for name in _VEHICLE_COLUMNS]
    return sa.select(vehicle_images.c.id, *_IMAGE_COLUMNS, *of_vehicle).join(
        vehicles, vehicles.c.id == vehicle_images.c.vehicle_id
    )


def _read_located(row: sa.Row[Any]) -> LocatedImage:
    return LocatedImage(image=_read_image(row), vehicle=_read_vehicle(row, prefix="of_"))


_VEHICLE_COLUMNS = ("vehicle_id", "vin", "title", "condition", "body_type", "color", "url")
_IMAGE_COLUMNS = (
    vehicle_images.c.vehicle_id,
    vehicle_images.c.position,
    vehicle_images.c.url,
    vehicle_images.c.url_key,
    vehicle_images.c.image_id,
    vehicle_images.c.key_source,
    vehicle_images.c.key_value,
    vehicle_images.c.skip_reason,
)


def _read_vehicle(row: Any, *, prefix: str = "") -> Vehicle:
    given = {name: getattr(row, f"{prefix}{name}") for name in _VEHICLE_COLUMNS}
    return Vehicle(id=given.pop("vehicle_id"), **given)


def _read_image(row: Any) -> VehicleImage:
    return VehicleImage(
        position=row.position,
        url=row.url,
        url_key=row.url_key,
        image_id=row.image_id,
        key=ImageKey(KeySource(row.key_source), row.key_value) if row.key_source else None,
        skip_reason=row.skip_reason,
    )
