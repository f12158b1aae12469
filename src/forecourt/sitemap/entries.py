"""Stored answers → the vehicles of a sitemap, resolved, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from forecourt.core.exports import SkippedImages
from forecourt.core.records import Decision, Vehicle
from forecourt.core.resolve import Evidence, Resolved, Status, resolve
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.evidence import iter_evidence
from forecourt.store.inventory import VehicleImage
from forecourt.store.scrapes import Scrape


@dataclass(frozen=True, slots=True, kw_only=True)
class SitemapImage:
    """One image of a vehicle, resolved. No `image_id`: nothing was ever seen under its URL."""

    position: int
    url: str
    image_key: str | None
    key_source: str | None
    resolved: Resolved
    predicted: Decision | None
    image_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SitemapVehicle:
    """One vehicle with its images in the order of the feed."""

    vehicle: Vehicle
    images: tuple[SitemapImage, ...]


def iter_sitemap(
    connection: sa.Connection,
    advertiser: str,
    *,
    model_version: str,
    skipped: SkippedImages = SkippedImages.PLACEHOLDER,
) -> Iterator[SitemapVehicle]:
    """Yield the vehicles of the advertiser's latest scrape.

    Args:
        connection: A reading connection; it must stay open while the vehicles are taken.
        advertiser: Whose sitemap.
        model_version: The champion; another model's answers are marked stale.
        skipped: What becomes of images without an answer.

    Raises:
        NotFoundError: the advertiser has no scrape.
    """
    scrape = stored_scrapes.get_latest(connection, advertiser)
    return _iter_scrape(connection, scrape, model_version, skipped)


def _iter_scrape(
    connection: sa.Connection, scrape: Scrape, model_version: str, skipped: SkippedImages
) -> Iterator[SitemapVehicle]:
    for page in iter_evidence(connection, scrape, model_version=model_version):
        for entry in page:
            resolved = [resolve_image(image, evidence) for image, evidence in entry.images]
            yield SitemapVehicle(
                vehicle=entry.vehicle,
                images=tuple(
                    image
                    for image in resolved
                    if skipped is SkippedImages.PLACEHOLDER
                    or image.resolved.status is Status.TAGGED
                ),
            )


def resolve_image(image: VehicleImage, evidence: Evidence) -> SitemapImage:
    """Return what the sitemap shows at one place."""
    return SitemapImage(
        position=image.position,
        url=image.url,
        image_key=str(image.key) if image.key else None,
        key_source=image.key.source if image.key else None,
        resolved=resolve(evidence),
        predicted=evidence.decision,
        image_id=image.image_id,
    )
