"""Scrapes and the vehicles they bring: what stands where in an advertiser's inventory."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from forecourt.core.errors import NotFoundError
from forecourt.core.records import ImageKey, KeySource, Vehicle
from forecourt.store.schema import advertisers, scrapes, vehicle_images, vehicles
from forecourt.store.upsert import insert_new, upsert

_PAGE = 500


class ScrapeStatus(StrEnum):
    """Where a scrape stands."""

    ACCEPTED = "accepted"  # stored; nothing tagged yet
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"  # by a person, or because a later scrape took its place


class ImageState(StrEnum):
    """Where one image of a scrape stands."""

    PENDING = "pending"
    TAGGED = "tagged"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewScrape:
    """What is known of a scrape when it is accepted."""

    advertiser: str
    feed_name: str
    feed_format: str
    feed_digest: str
    scraped_at: datetime | None
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrape:
    """A stored scrape."""

    id: int
    advertiser: str
    status: ScrapeStatus
    received_at: datetime
    finished_at: datetime | None
    vehicles: int
    images: int
    refused: int


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


def add_scrape(connection: sa.Connection, scrape: NewScrape) -> int:
    """Store a scrape as accepted and return its id.

    An unfinished earlier scrape of the advertiser is cancelled: the newer one takes its place.
    """
    insert_new(
        connection,
        advertisers,
        [{"id": scrape.advertiser, "created_at": scrape.received_at}],
        key=("id",),
    )
    connection.execute(
        sa.update(scrapes)
        .where(
            scrapes.c.advertiser == scrape.advertiser,
            scrapes.c.status.in_([ScrapeStatus.ACCEPTED, ScrapeStatus.RUNNING]),
        )
        .values(status=ScrapeStatus.CANCELLED, finished_at=scrape.received_at)
    )
    scrape_id: int = connection.execute(
        sa.insert(scrapes)
        .values(
            advertiser=scrape.advertiser,
            status=ScrapeStatus.ACCEPTED,
            feed_name=scrape.feed_name,
            feed_format=scrape.feed_format,
            feed_digest=scrape.feed_digest,
            scraped_at=scrape.scraped_at,
            received_at=scrape.received_at,
        )
        .returning(scrapes.c.id)
    ).scalar_one()
    return scrape_id


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


def set_status(
    connection: sa.Connection, scrape_id: int, status: ScrapeStatus, *, at: datetime
) -> None:
    """Move a scrape on; `at` is kept where it ends."""
    ended = status in {ScrapeStatus.FINISHED, ScrapeStatus.CANCELLED}
    connection.execute(
        sa.update(scrapes)
        .where(scrapes.c.id == scrape_id)
        .values(status=status, finished_at=at if ended else None)
    )


def find_unfinished(connection: sa.Connection, advertiser: str, feed_digest: str) -> Scrape | None:
    """Return the advertiser's unfinished scrape of this very feed, to be resumed."""
    return _one_scrape(
        connection,
        scrapes.c.advertiser == advertiser,
        scrapes.c.feed_digest == feed_digest,
        scrapes.c.status.in_([ScrapeStatus.ACCEPTED, ScrapeStatus.RUNNING]),
    )


def find_latest(connection: sa.Connection, advertiser: str) -> Scrape | None:
    """Return the advertiser's latest scrape that was not cancelled."""
    return _one_scrape(
        connection,
        scrapes.c.advertiser == advertiser,
        scrapes.c.status != ScrapeStatus.CANCELLED,
    )


def get_latest(connection: sa.Connection, advertiser: str) -> Scrape:
    """Return the advertiser's latest scrape that was not cancelled.

    Raises:
        NotFoundError: the advertiser has none; the message names some who have.
    """
    scrape = find_latest(connection, advertiser)
    if scrape is None:
        known = ", ".join(list_advertisers(connection)[:10]) or "none yet"
        raise NotFoundError(f"There is no scrape of {advertiser!r}. Known advertisers: {known}.")
    return scrape


def get_scrape(connection: sa.Connection, scrape_id: int) -> Scrape | None:
    """Return one scrape, or None."""
    return _one_scrape(connection, scrapes.c.id == scrape_id)


def list_advertisers(connection: sa.Connection) -> list[str]:
    """Return the names of all advertisers, sorted."""
    return list(connection.scalars(sa.select(advertisers.c.id).order_by(advertisers.c.id)))


def iter_vehicles(
    connection: sa.Connection, scrape_id: int, *, vehicle_ids: Collection[str] | None = None
) -> Iterator[list[StoredVehicle]]:
    """Yield the vehicles of a scrape in feed order, a page at a time (no images).

    Args:
        connection: A connection; it must stay open while pages are taken.
        scrape_id: Of which scrape.
        vehicle_ids: Only these, some thousands at most; those that are not there are left out.
    """
    where = [] if vehicle_ids is None else [vehicles.c.vehicle_id.in_(vehicle_ids)]
    after = -1
    while True:
        rows = connection.execute(
            sa.select(vehicles)
            .where(vehicles.c.scrape_id == scrape_id, vehicles.c.position > after, *where)
            .order_by(vehicles.c.position)
            .limit(_PAGE)
        ).all()
        if not rows:
            return
        yield [StoredVehicle(row.id, _read_vehicle(row)) for row in rows]
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
    # Each has columns of these names: its own `vehicle_id` is a number of the store.
    of_vehicle = [vehicles.c[name].label(f"of_{name}") for name in _VEHICLE_COLUMNS]
    rows = connection.execute(
        sa.select(*_IMAGE_COLUMNS, *of_vehicle)
        .join(vehicles, vehicles.c.id == vehicle_images.c.vehicle_id)
        .where(vehicle_images.c.scrape_id == scrape_id, vehicle_images.c.url_key.in_(url_keys))
        .order_by(vehicles.c.position, vehicle_images.c.position)
    )
    return [
        LocatedImage(image=_read_image(row), vehicle=_read_vehicle(row, prefix="of_"))
        for row in rows
    ]


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


def _one_scrape(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> Scrape | None:
    row = connection.execute(
        sa.select(scrapes).where(*where).order_by(scrapes.c.id.desc()).limit(1)
    ).one_or_none()
    if row is None:
        return None
    return Scrape(
        id=row.id,
        advertiser=row.advertiser,
        status=ScrapeStatus(row.status),
        received_at=row.received_at,
        finished_at=row.finished_at,
        vehicles=row.vehicles,
        images=row.images,
        refused=row.refused,
    )
