"""Figures in which weird results show: skipped images, shares of classes, hosts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forecourt.core.fixes import FixField
from forecourt.core.oddities import Example
from forecourt.core.skips import SkipReason
from forecourt.store.inventory import ImageState
from forecourt.store.judged import latest_scrapes, stands_in
from forecourt.store.schema import (
    class_counts,
    hosts,
    predictions,
    scrapes,
    urls,
    vehicle_images,
    vehicles,
)

# Earlier scrapes that the latest one is compared with: a week, where there is one a day.
EARLIER_SCRAPES = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledImages:
    """How the images of one host came out in an advertiser's latest scrape.

    Attributes:
        host: "" where the URL was never asked for.
        failed: Images that could not be had, by reason; also those that keep earlier tags.
    """

    advertiser: str
    host: str
    images: int
    failed: Mapping[SkipReason, int]


@dataclass(slots=True, kw_only=True)
class ClassCounts:
    """How the model's answers to one scrape are shared out.

    Attributes:
        by_field: Field → class → images; "" is no colour.
        model_versions: Whose answers.
    """

    by_field: dict[FixField, Counter[str]] = field(default_factory=dict)
    model_versions: set[str] = field(default_factory=set)

    def add(self, name: FixField, value: str | None, images: int) -> None:
        """Count images of a class."""
        self.by_field.setdefault(name, Counter())[value or ""] += images


def count_settled(connection: sa.Connection, advertiser: str | None) -> list[SettledImages]:
    """Return how the images of latest scrapes came out, host by host; pending ones are left out."""
    latest = _latest(advertiser)
    rows = connection.execute(
        sa.select(
            latest.c.advertiser,
            sa.func.coalesce(urls.c.host, "").label("host"),
            vehicle_images.c.skip_reason,
            sa.func.count().label("images"),
        )
        .join_from(latest, vehicles, vehicles.c.scrape_id == latest.c.scrape_id)
        .join(vehicle_images, stands_in(latest))
        .outerjoin(urls, urls.c.url_key == vehicle_images.c.url_key)
        .where(vehicle_images.c.state != ImageState.PENDING)
        .group_by(latest.c.advertiser, urls.c.host, vehicle_images.c.skip_reason)
        .order_by(latest.c.advertiser, urls.c.host)
    )
    images: Counter[tuple[str, str]] = Counter()
    failed: dict[tuple[str, str], Counter[SkipReason]] = {}
    for row in rows:
        place = (row.advertiser, row.host)
        images[place] += row.images
        reasons = failed.setdefault(place, Counter())
        if row.skip_reason is not None:
            reasons[SkipReason(row.skip_reason)] += row.images
    return [
        SettledImages(advertiser=place[0], host=place[1], images=count, failed=failed[place])
        for place, count in images.items()
    ]


def find_failed(
    connection: sa.Connection,
    advertiser: str,
    *,
    host: str | None,
    reason: SkipReason | None,
    limit: int,
) -> list[Example]:
    """Return some images of the latest scrape that could not be had, in the order of the feed."""
    latest = _latest(advertiser)
    query = (
        sa.select(vehicles.c.vehicle_id, vehicle_images.c.url, vehicle_images.c.image_id)
        .join_from(latest, vehicles, vehicles.c.scrape_id == latest.c.scrape_id)
        .join(vehicle_images, stands_in(latest))
        .where(
            vehicle_images.c.state != ImageState.PENDING, vehicle_images.c.skip_reason.is_not(None)
        )
        .order_by(vehicles.c.position, vehicle_images.c.position)
        .limit(limit)
    )
    if host is not None:
        query = query.join(urls, urls.c.url_key == vehicle_images.c.url_key).where(
            urls.c.host == host
        )
    if reason is not None:
        query = query.where(vehicle_images.c.skip_reason == reason)
    return [
        Example(
            advertiser=advertiser,
            vehicle_id=row.vehicle_id,
            url=row.url,
            image_id=row.image_id,
        )
        for row in connection.execute(query)
    ]


def find_images_of_host(
    connection: sa.Connection, advertiser: str | None, host: str, *, limit: int
) -> list[Example]:
    """Return some images of latest scrapes that stand on a host."""
    latest = _latest(advertiser)
    rows = connection.execute(
        sa.select(
            latest.c.advertiser,
            vehicles.c.vehicle_id,
            vehicle_images.c.url,
            vehicle_images.c.image_id,
        )
        .join_from(urls, vehicle_images, vehicle_images.c.url_key == urls.c.url_key)
        .join(vehicles, vehicles.c.id == vehicle_images.c.vehicle_id)
        .join(latest, latest.c.scrape_id == vehicle_images.c.scrape_id)
        .where(urls.c.host == host)
        .limit(limit)
    )
    return [
        Example(
            advertiser=row.advertiser,
            vehicle_id=row.vehicle_id,
            url=row.url,
            image_id=row.image_id,
        )
        for row in rows
    ]


def count_images_by_host(connection: sa.Connection, advertiser: str | None) -> dict[str, int]:
    """Return how many images each host has: all that were seen, or in one latest scrape."""
    query = sa.select(urls.c.host, sa.func.count(urls.c.image_id.distinct())).where(
        urls.c.image_id.is_not(None)
    )
    if advertiser is not None:
        latest = _latest(advertiser)
        query = (
            query.join_from(latest, vehicles, vehicles.c.scrape_id == latest.c.scrape_id)
            .join(vehicle_images, stands_in(latest))
            .join(urls, urls.c.url_key == vehicle_images.c.url_key)
        )
    return {row[0]: row[1] for row in connection.execute(query.group_by(urls.c.host))}


def load_hosts_in_state(
    connection: sa.Connection, state: str
) -> list[tuple[dict[str, Any], datetime]]:
    """Return the trust records of hosts in a state, and since when they are."""
    rows = connection.execute(
        sa.select(hosts.c.record, hosts.c.changed_at)
        .where(hosts.c.state == state)
        .order_by(hosts.c.host)
    )
    return [(dict(row.record), row.changed_at) for row in rows]


# ---- shares of classes ---------------------------------------------------------------------------


def count_classes(
    connection: sa.Connection,
    advertiser: str | None,
    *,
    model_version: str,
    canaries: Mapping[str, str],
) -> dict[str, ClassCounts]:
    """Return how the model's answers to latest scrapes are shared out, by advertiser.

    Args:
        connection: A connection.
        advertiser: Only this one's.
        model_version: The champion.
        canaries: Version of the model that answers an advertiser in its place.
    """
    return _count_classes(connection, _latest(advertiser), model_version, canaries)


def load_earlier_classes(
    connection: sa.Connection, advertiser: str | None
) -> dict[str, list[ClassCounts]]:
    """Return what was kept of scrapes before the latest one, by advertiser, latest first."""
    latest = _latest(advertiser)
    place = (
        sa.func.row_number()
        .over(partition_by=scrapes.c.advertiser, order_by=scrapes.c.id.desc())
        .label("place")
    )
    counted = sa.exists().where(class_counts.c.scrape_id == scrapes.c.id)
    earlier = (
        sa.select(scrapes.c.advertiser, scrapes.c.id, place)
        .join(latest, latest.c.advertiser == scrapes.c.advertiser)
        .where(scrapes.c.id < latest.c.scrape_id, counted)
        .subquery()
    )
    rows = connection.execute(
        sa.select(earlier.c.advertiser, class_counts)
        .join(class_counts, class_counts.c.scrape_id == earlier.c.id)
        .where(earlier.c.place <= EARLIER_SCRAPES)
        .order_by(earlier.c.advertiser, earlier.c.id.desc())
    )
    found: dict[str, dict[int, ClassCounts]] = {}
    for row in rows:
        of_scrape = found.setdefault(row.advertiser, {}).setdefault(row.scrape_id, ClassCounts())
        of_scrape.add(FixField(row.field), row.value, row.images)
        of_scrape.model_versions.add(row.model_version)
    return {name: list(by_scrape.values()) for name, by_scrape in found.items()}


def keep_class_counts(connection: sa.Connection, scrape_id: int, *, model_version: str) -> None:
    """Keep how the model's answers to a scrape are shared out, for later scrapes to compare.

    Safe to repeat. A scrape whose places a later one has taken over is left alone.
    """
    one = sa.select(scrapes.c.advertiser, scrapes.c.id.label("scrape_id")).where(
        scrapes.c.id == scrape_id
    )
    counts = _count_classes(connection, one.subquery("latest"), model_version, {})
    connection.execute(sa.delete(class_counts).where(class_counts.c.scrape_id == scrape_id))
    rows = [
        {
            "scrape_id": scrape_id,
            "field": name,
            "value": value,
            "model_version": model_version,
            "images": images,
        }
        for of_scrape in counts.values()
        for name, by_value in of_scrape.by_field.items()
        for value, images in by_value.items()
    ]
    if rows:
        connection.execute(sa.insert(class_counts), rows)


def _count_classes(
    connection: sa.Connection,
    latest: sa.Subquery,
    model_version: str,
    canaries: Mapping[str, str],
) -> dict[str, ClassCounts]:
    version: str | sa.ColumnElement[str] = model_version
    if canaries:
        version = sa.case(dict(canaries), value=latest.c.advertiser, else_=model_version)
    rows = connection.execute(
        sa.select(
            latest.c.advertiser,
            predictions.c.image_type,
            predictions.c.color,
            sa.func.count().label("images"),
        )
        .join_from(latest, vehicles, vehicles.c.scrape_id == latest.c.scrape_id)
        .join(vehicle_images, stands_in(latest))
        .join(predictions, predictions.c.image_id == vehicle_images.c.image_id)
        .where(
            vehicle_images.c.state == ImageState.TAGGED,
            predictions.c.model_version == version,
        )
        .group_by(latest.c.advertiser, predictions.c.image_type, predictions.c.color)
    )
    found: dict[str, ClassCounts] = {}
    for row in rows:
        of_scrape = found.setdefault(row.advertiser, ClassCounts())
        of_scrape.model_versions.add(canaries.get(row.advertiser, model_version))
        of_scrape.add(FixField.IMAGE_TYPE, row.image_type, row.images)
        of_scrape.add(FixField.COLOR, row.color, row.images)
    return found


def _latest(advertiser: str | None) -> sa.Subquery:
    latest = latest_scrapes()
    if advertiser is None:
        return latest
    chosen = sa.select(latest).where(latest.c.advertiser == advertiser)
    return chosen.subquery("chosen")
