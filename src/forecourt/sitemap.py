"""Stage: an advertiser's sitemap: their vehicles with type and colour per image, and why.

Reads what tagging stored and resolves it (`core.resolve`); writes nothing to the store. Vehicles
are read a page at a time, so an inventory of any size is written in bounded memory.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TextIO

import sqlalchemy as sa

from forecourt.core.records import Decision, Tag, Vehicle
from forecourt.core.resolve import Evidence, Resolved, Status, resolve
from forecourt.core.spreadsheet import defuse
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.evidence import iter_evidence
from forecourt.store.inventory import VehicleImage
from forecourt.store.scrapes import Scrape


class SkippedImages(StrEnum):
    """What an export does with images that have no answer."""

    PLACEHOLDER = "placeholder"  # sent as Placeholder with their status, as older systems expect
    OMIT = "omit"  # left out: nothing that was not seen is advertised


@dataclass(frozen=True, slots=True, kw_only=True)
class SitemapImage:
    """One image of a vehicle, resolved."""

    position: int
    url: str
    image_key: str | None
    key_source: str | None
    resolved: Resolved
    predicted: Decision | None


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
            resolved = [_resolve_image(image, evidence) for image, evidence in entry.images]
            yield SitemapVehicle(
                vehicle=entry.vehicle,
                images=tuple(
                    image
                    for image in resolved
                    if skipped is SkippedImages.PLACEHOLDER
                    or image.resolved.status is Status.TAGGED
                ),
            )


def _resolve_image(image: VehicleImage, evidence: Evidence) -> SitemapImage:
    return SitemapImage(
        position=image.position,
        url=image.url,
        image_key=str(image.key) if image.key else None,
        key_source=image.key.source if image.key else None,
        resolved=resolve(evidence),
        predicted=evidence.decision,
    )


# ---- writers -------------------------------------------------------------------------------------


def image_to_json(image: SitemapImage) -> dict[str, Any]:
    """Return the JSON form of one image; its shape is a contract (docs/api.md)."""
    resolved = image.resolved
    predicted = image.predicted
    return {
        "url": image.url,
        "position": image.position,
        "status": resolved.status,
        "skip_reason": resolved.skip_reason,
        "image_key": image.image_key,
        "key_source": image.key_source,
        "image_type": _tag_to_json(resolved.image_type),
        "color": _tag_to_json(resolved.color),
        "carried_from": resolved.image_type.carried_from or resolved.color.carried_from,
        "review": resolved.review,
        "predicted": predicted
        and {
            "image_type": predicted.image_type,
            "color": predicted.color,
            "model_version": predicted.model_version,
        },
    }


def vehicle_to_json(entry: SitemapVehicle) -> dict[str, Any]:
    """Return the JSON form of one vehicle; its shape is a contract (docs/api.md)."""
    vehicle = entry.vehicle
    return {
        "id": vehicle.id,
        "vin": vehicle.vin,
        "title": vehicle.title,
        "condition": vehicle.condition,
        "body_type": vehicle.body_type,
        "color": vehicle.color,
        "url": vehicle.url,
        "images": [image_to_json(image) for image in entry.images],
    }


def write_json(stream: TextIO, advertiser: str, entries: Iterator[SitemapVehicle]) -> None:
    """Write the sitemap as one JSON document, a vehicle a line."""
    stream.write(f'{{"advertiser": {json.dumps(advertiser)}, "vehicles": [')
    for number, entry in enumerate(entries):
        stream.write(",\n" if number else "\n")
        json.dump(vehicle_to_json(entry), stream, ensure_ascii=False)
    stream.write("\n]}\n")


CSV_COLUMNS = (
    "advertiser",
    "vehicle_id",
    "vin",
    "title",
    "condition",
    "body_type",
    "scrape_color",
    "vehicle_url",
    "position",
    "image_url",
    "status",
    "skip_reason",
    "image_type",
    "image_type_source",
    "image_type_confidence",
    "image_type_reason",
    "color",
    "color_source",
    "color_confidence",
    "color_reason",
    "carried_from",
    "review",
    "predicted_image_type",
    "predicted_color",
    "model_version",
    "image_key",
    "key_source",
)


def write_csv(stream: TextIO, advertiser: str, entries: Iterator[SitemapVehicle]) -> None:
    """Write the sitemap as CSV, an image a line; a vehicle without images has no line.

    People open these files in spreadsheets, and the words in them are the feed's: text that would
    run as a formula is written with an apostrophe before it, numbers such as "-12" are not. JSON
    gives every value as it is.
    """
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for entry in entries:
        vehicle = entry.vehicle
        for image in entry.images:
            resolved, predicted = image.resolved, image.predicted
            cells = [
                advertiser,
                vehicle.id,
                vehicle.vin,
                vehicle.title,
                vehicle.condition,
                vehicle.body_type,
                vehicle.color,
                vehicle.url,
                image.position,
                image.url,
                resolved.status,
                resolved.skip_reason,
                *_tag_to_row(resolved.image_type),
                *_tag_to_row(resolved.color),
                resolved.image_type.carried_from or resolved.color.carried_from,
                int(resolved.review),
                predicted and predicted.image_type,
                predicted and predicted.color,
                predicted and predicted.model_version,
                image.image_key,
                image.key_source,
            ]
            writer.writerow([defuse(cell) for cell in cells])


def _tag_to_json(tag: Tag[Any]) -> dict[str, Any]:
    return {
        "value": tag.value,
        "source": tag.source,
        "confidence": None if tag.confidence is None else round(tag.confidence, 4),
        "reason": tag.reason,
    }


def _tag_to_row(tag: Tag[Any]) -> list[Any]:
    confidence = None if tag.confidence is None else round(tag.confidence, 4)
    return [tag.value, tag.source, confidence, tag.reason]
