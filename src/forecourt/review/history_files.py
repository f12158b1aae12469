"""The history as a file: CSV or JSON Lines, an event a row, with every column an import needs."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, TextIO

import sqlalchemy as sa

from forecourt.core.spreadsheet import defuse
from forecourt.identity.urls import make_url_key
from forecourt.store import carries as stored_carries
from forecourt.store import images as stored_images
from forecourt.store.history import StoredEvent, iter_events

HISTORY_COLUMNS = (
    "event",
    "at",
    "by",
    "role",
    "source",
    "note",
    "advertiser",
    "everywhere",
    "vehicle_id",
    "vin",
    "url",
    "image_key",
    "field",
    "from",
    "to",
    "model_version",
    "fixed_at",
    "fixed_by",
    "fixed_role",
    "act_id",
    "fix_id",
)


def events(
    connection: sa.Connection,
    *,
    advertiser: str | None,
    url: str | None = None,
    until: datetime | None = None,
) -> Iterator[StoredEvent]:
    """Yield what was done to fixes, in its order.

    Args:
        connection: A connection; it must stay open while events are taken.
        advertiser: Whose sitemap ever showed the fixes; None: of every advertiser.
        url: Only of this image, also where its fixes were made under another URL, or carried here.
        until: Only what was done until then.
    """
    if url is None:
        return iter_events(connection, advertiser=advertiser, until=until)
    url_key = make_url_key(url)
    image_id = stored_images.find_by_url(connection, url_key)
    image_ids = set() if image_id is None else {image_id}
    if advertiser is not None:
        carried = stored_carries.load_carries(connection, advertiser, image_ids, until=until)
        image_ids |= {carry.from_image_id for carry in carried}
    return iter_events(
        connection, advertiser=advertiser, url_key=url_key, image_ids=image_ids, until=until
    )


def event_to_json(event: StoredEvent) -> dict[str, Any]:
    """Return one row of the file; its shape is a contract (docs/fixes.md)."""
    return {
        "event": event.event,
        "at": event.at.isoformat(),
        "by": event.by,
        "role": event.role,
        "source": event.source,
        "note": event.note,
        "advertiser": event.advertiser,
        "everywhere": event.everywhere,
        "vehicle_id": event.vehicle_id,
        "vin": event.vin,
        "url": event.url,
        "image_key": str(event.image_key) if event.image_key else None,
        "field": event.field,
        "from": event.value_from,
        "to": event.value,
        "model_version": event.model_version,
        "fixed_at": event.of.at.isoformat() if event.of else None,
        "fixed_by": event.of.by if event.of else None,
        "fixed_role": event.of.role if event.of else None,
        "act_id": event.act_id,
        "fix_id": event.fix_id,
    }


def write_jsonl(stream: TextIO, events: Iterable[StoredEvent]) -> None:
    """Write one JSON object a line."""
    for event in events:
        json.dump(event_to_json(event), stream, ensure_ascii=False)
        stream.write("\n")


def write_csv(stream: TextIO, events: Iterable[StoredEvent]) -> None:
    """Write a table that is safe to open in a spreadsheet; booleans are 1 and 0."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(HISTORY_COLUMNS)
    for event in events:
        cells = event_to_json(event).values()
        writer.writerow([int(one) if isinstance(one, bool) else defuse(one) for one in cells])
