"""The sitemap as a document: JSON, a vehicle a line, and CSV, an image a line."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from typing import Any, TextIO

from forecourt.core.exports import Written
from forecourt.core.records import Tag, tag_to_json
from forecourt.core.spreadsheet import defuse
from forecourt.sitemap.entries import SitemapImage, SitemapVehicle


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
        "image_type": tag_to_json(resolved.image_type),
        "color": tag_to_json(resolved.color),
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


def write_json(stream: TextIO, advertiser: str, entries: Iterable[SitemapVehicle]) -> Written:
    """Write the sitemap as one JSON document, a vehicle a line."""
    stream.write(f'{{"advertiser": {json.dumps(advertiser)}, "vehicles": [')
    vehicles = images = 0
    for entry in entries:
        stream.write(",\n" if vehicles else "\n")
        json.dump(vehicle_to_json(entry), stream, ensure_ascii=False)
        vehicles += 1
        images += len(entry.images)
    stream.write("\n]}\n")
    return Written(vehicles=vehicles, images=images)


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


def write_csv(stream: TextIO, advertiser: str, entries: Iterable[SitemapVehicle]) -> Written:
    """Write the sitemap as CSV, an image a line; a vehicle without images has no line.

    People open these files in spreadsheets, and the words in them are the feed's: text that would
    run as a formula is written with an apostrophe before it, numbers such as "-12" are not. JSON
    gives every value as it is.
    """
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    vehicles = images = 0
    for entry in entries:
        vehicle = entry.vehicle
        vehicles += bool(entry.images)
        images += len(entry.images)
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
    return Written(vehicles=vehicles, images=images)


def _tag_to_row(tag: Tag[Any]) -> list[Any]:
    confidence = None if tag.confidence is None else round(tag.confidence, 4)
    return [tag.value, tag.source, confidence, tag.reason]
