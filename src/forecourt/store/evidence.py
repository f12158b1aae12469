"""All that is known of images in an advertiser's sitemap, gathered for `core.resolve`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from forecourt.core.fixes import FixField, HeldFix, to_color_fixes, to_type_fixes
from forecourt.core.records import Vehicle
from forecourt.core.resolve import Evidence
from forecourt.core.skips import SkipReason
from forecourt.store import carries as stored_carries
from forecourt.store import fixes as stored_fixes
from forecourt.store import images as stored_images
from forecourt.store import inventory
from forecourt.store.inventory import VehicleImage
from forecourt.store.scrapes import Scrape


@dataclass(frozen=True, slots=True)
class VehicleEvidence:
    """A vehicle of a scrape, and what is known of each of its images, in the order of the feed.

    `position` is where the feed has the vehicle.
    """

    position: int
    vehicle: Vehicle
    images: tuple[tuple[VehicleImage, Evidence], ...]


def iter_evidence(
    connection: sa.Connection,
    scrape: Scrape,
    *,
    model_version: str,
    vehicle_ids: Collection[str] | None = None,
    wants: Callable[[Vehicle], bool] | None = None,
    after: int = -1,
    page_size: int = 500,
) -> Iterator[list[VehicleEvidence]]:
    """Yield the vehicles of a scrape with all that the sitemap rests on, a page at a time.

    Args:
        connection: A connection; it must stay open while pages are taken.
        scrape: Whose vehicles, in the order of the feed.
        model_version: The champion.
        vehicle_ids: Only these; those that are not there are left out.
        wants: Only those for which it holds: of the others no image is read. A page may be empty.
        after: Only those behind this position of the feed.
        page_size: Vehicles of a page, before `wants` is asked.
    """
    for stored_page in inventory.iter_vehicles(
        connection, scrape.id, vehicle_ids=vehicle_ids, after=after, page=page_size
    ):
        page = [one for one in stored_page if wants is None or wants(one.vehicle)]
        images = inventory.load_vehicle_images(
            connection, scrape.id, [stored.row_id for stored in page]
        )
        entries = [
            (image, stored.vehicle.color)
            for stored in page
            for image in images.get(stored.row_id, ())
        ]
        evidence = iter(
            load_evidence(connection, scrape.advertiser, entries, model_version=model_version)
        )
        yield [
            VehicleEvidence(
                stored.position,
                stored.vehicle,
                tuple((image, next(evidence)) for image in images.get(stored.row_id, ())),
            )
            for stored in page
        ]


def load_evidence(
    connection: sa.Connection,
    advertiser: str,
    entries: Sequence[tuple[VehicleImage, str | None]],
    *,
    model_version: str,
) -> list[Evidence]:
    """Return the evidence for each image, in order.

    Args:
        connection: A connection.
        advertiser: Whose sitemap.
        entries: An image, and the colour configured in the scrape for its vehicle.
        model_version: The champion; another model's decision is stale.
    """
    image_ids = {image.image_id for image, _color in entries if image.image_id is not None}
    decisions = stored_images.load_decisions(connection, image_ids, model_version)
    by_image, by_url = _load_held(
        connection, advertiser, image_ids, {image.url_key for image, _color in entries}
    )

    def gather(image: VehicleImage, scrape_color: str | None) -> Evidence:
        decision = decisions.get(image.image_id) if image.image_id is not None else None
        held = sorted(
            by_url[image.url_key] + (by_image[image.image_id] if image.image_id else []),
            key=lambda one: one.fix.id,
        )
        return Evidence(
            decision=decision,
            is_stale=decision is not None and decision.model_version != model_version,
            skip_reason=SkipReason(image.skip_reason) if image.skip_reason else None,
            scrape_color=scrape_color,
            type_fixes=to_type_fixes(held),
            color_fixes=to_color_fixes(held),
        )

    return [gather(image, color) for image, color in entries]


def _load_held(
    connection: sa.Connection, advertiser: str, image_ids: set[int], url_keys: set[str]
) -> tuple[defaultdict[int, list[HeldFix]], defaultdict[str, list[HeldFix]]]:
    """Return the live fixes by image, carried ones too, and by URL where no image was seen."""
    carried = [
        carry
        for carry in stored_carries.load_carries(connection, advertiser, image_ids)
        if carry.is_live
    ]
    sources = {carry.from_image_id for carry in carried}
    fixes = stored_fixes.load_for_images(
        connection, advertiser, image_ids=image_ids | sources, url_keys=url_keys
    )
    by_image: defaultdict[int, list[HeldFix]] = defaultdict(list)
    by_url: defaultdict[str, list[HeldFix]] = defaultdict(list)
    for fix in fixes:
        if fix.image_id is None:
            by_url[fix.url_key].append(HeldFix(fix))
        else:
            by_image[fix.image_id].append(HeldFix(fix))
    own = {image_id: list(held) for image_id, held in by_image.items()}
    for carry in carried:
        by_image[carry.image_id] += [
            HeldFix(one.fix, is_carried=True)
            for one in own.get(carry.from_image_id, ())
            if carry.with_color or one.fix.field is not FixField.COLOR
        ]
    return by_image, by_url
