"""All that is known of one stored image, for people who look at it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from forecourt.core.records import ImageKey, KeySource, VisualKey
from forecourt.store import inventory
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.answers import read_prediction
from forecourt.store.images import StoredAnswer, read_decision
from forecourt.store.inventory import LocatedImage
from forecourt.store.schema import (
    image_aliases,
    images,
    predictions,
    urls,
    vehicle_images,
    vehicles,
)
from forecourt.store.trials import never_shown


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPicture:
    """A stored image. Width and height are those of the upright original, in pixels.

    Attributes:
        thumbnail: Address in the media folder, or None.
        visual_key: None where none was made.
        created_at: When it was first seen.
    """

    id: int
    bytes_key: str
    format: str
    width: int
    height: int
    size_bytes: int
    thumbnail: str | None
    visual_key: VisualKey | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedAnswer:
    """What a model said of an image, and when."""

    answer: StoredAnswer
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedKey:
    """A key under which an image was seen, and since when."""

    key: ImageKey
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenUrl:
    """A URL that showed an image when it was last asked; or failed then, for a reason."""

    url: str
    host: str
    checked_at: datetime
    skip_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryPlace:
    """Where an image stands in an advertiser's latest scrape."""

    advertiser: str
    located: LocatedImage


def load_picture(connection: sa.Connection, image_id: int) -> StoredPicture | None:
    """Return a stored image, or None."""
    row = connection.execute(sa.select(images).where(images.c.id == image_id)).one_or_none()
    if row is None:
        return None
    return StoredPicture(
        id=row.id,
        bytes_key=row.bytes_key,
        format=row.format,
        width=row.width,
        height=row.height,
        size_bytes=row.size_bytes,
        thumbnail=row.thumbnail,
        visual_key=None
        if row.lab_grid is None
        else VisualKey(bytes(row.pdq or b""), bytes(row.lab_grid)),
        created_at=row.created_at,
    )


def list_answers(
    connection: sa.Connection, image_id: int, *, with_trials: bool
) -> list[DatedAnswer]:
    """Return what models said of an image, the latest first.

    `with_trials`: also of those whose answers are for comparison only (`trials.never_shown`).
    """
    query = (
        sa.select(predictions)
        .where(predictions.c.image_id == image_id)
        .order_by(predictions.c.created_at.desc(), predictions.c.model_version)
    )
    if not with_trials:
        query = query.where(predictions.c.model_version.not_in(never_shown()))
    rows = connection.execute(query)
    return [
        DatedAnswer(
            answer=StoredAnswer(read_prediction(row.answer, row.model_version), read_decision(row)),
            at=row.created_at,
        )
        for row in rows
    ]


def list_keys(connection: sa.Connection, image_id: int, *, limit: int) -> list[DatedKey]:
    """Return keys under which an image was seen, the latest first; so many at most."""
    rows = connection.execute(
        sa.select(image_aliases)
        .where(image_aliases.c.image_id == image_id)
        .order_by(image_aliases.c.created_at.desc(), image_aliases.c.value)
        .limit(limit)
    )
    return [
        DatedKey(key=ImageKey(KeySource(row.kind), row.value), at=row.created_at) for row in rows
    ]


def list_urls(
    connection: sa.Connection,
    image_id: int,
    *,
    url_keys: Collection[str] | None = None,
    limit: int,
) -> list[SeenUrl]:
    """Return URLs that show an image, or last did, the latest first; so many at most.

    `url_keys`: only of these.
    """
    where = [urls.c.image_id == image_id]
    where += [] if url_keys is None else [urls.c.url_key.in_(url_keys)]
    rows = connection.execute(
        sa.select(urls.c.url, urls.c.host, urls.c.checked_at, urls.c.skip_reason)
        .where(*where)
        .order_by(urls.c.checked_at.desc(), urls.c.url_key)
        .limit(limit)
    )
    return [
        SeenUrl(url=row.url, host=row.host, checked_at=row.checked_at, skip_reason=row.skip_reason)
        for row in rows
    ]


def list_places(connection: sa.Connection, image_id: int, *, limit: int) -> list[InventoryPlace]:
    """Return where an image stands in latest scrapes, of all advertisers: so many at most.

    Looked for in the places of the latest scrapes that came in, so many too.
    """
    rows = connection.execute(
        sa.select(vehicle_images.c.id, vehicle_images.c.scrape_id, vehicles.c.advertiser)
        .join(vehicles, vehicles.c.id == vehicle_images.c.vehicle_id)
        .where(vehicle_images.c.image_id == image_id)
        .order_by(
            vehicle_images.c.image_id.desc(),
            vehicle_images.c.scrape_id.desc(),
            vehicle_images.c.id.desc(),
        )
        .limit(limit)
    ).all()
    latest = {
        name: found.id
        for name in {row.advertiser for row in rows}
        if (found := stored_scrapes.find_latest(connection, name)) is not None
    }
    present = {
        row.id: row.advertiser for row in rows if latest.get(row.advertiser) == row.scrape_id
    }
    located = inventory.locate_rows(connection, present.keys())
    return [
        InventoryPlace(advertiser=advertiser, located=located[row_id])
        for row_id, advertiser in sorted(present.items(), key=lambda item: (item[1], item[0]))
    ]
