"""All that is known of images in an advertiser's sitemap, gathered for `core.resolve`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from forecourt.core.fixes import Fix, FixField, HeldFix, to_color_fixes, to_type_fixes
from forecourt.core.records import Decision, Vehicle
from forecourt.core.resolve import Evidence
from forecourt.core.skips import SkipReason
from forecourt.store import carries as stored_carries
from forecourt.store import fixes as stored_fixes
from forecourt.store import images as stored_images
from forecourt.store import inventory
from forecourt.store.carries import Carry
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
    mixed = [(advertiser, image, color) for image, color in entries]
    return load_mixed_evidence(connection, mixed, model_version=model_version)


def load_mixed_evidence(
    connection: sa.Connection,
    entries: Sequence[tuple[str, VehicleImage, str | None]],
    *,
    model_version: str,
) -> list[Evidence]:
    """Return the evidence for images of several sitemaps, in order; as few statements as for one.

    Args:
        connection: A connection.
        entries: Whose sitemap, an image of it, and the colour configured in the scrape.
        model_version: The champion; another model's decision is stale.
    """
    names = {advertiser for advertiser, _image, _color in entries}
    only = next(iter(names)) if len(names) == 1 else None
    image_ids = {image.image_id for _name, image, _color in entries if image.image_id is not None}
    url_keys = {image.url_key for _name, image, _color in entries}
    decisions = stored_images.load_decisions(connection, image_ids, model_version)
    carried = [
        carry for carry in stored_carries.load_carries(connection, only, image_ids) if carry.is_live
    ]
    fixes = stored_fixes.load_for_images(
        connection,
        only,
        image_ids=image_ids | {carry.from_image_id for carry in carried},
        url_keys=url_keys,
    )
    held = {name: _arrange(name, fixes, carried) for name in names}
    return [
        _gather(
            image,
            color,
            decisions.get(image.image_id) if image.image_id is not None else None,
            held[name],
            model_version,
        )
        for name, image, color in entries
    ]


@dataclass(frozen=True, slots=True)
class _Held:
    """The live fixes that hold in a sitemap."""

    by_image: defaultdict[int, list[HeldFix]]  # carried ones too
    by_url: defaultdict[str, list[HeldFix]]  # where no image was seen


def _gather(
    image: VehicleImage,
    scrape_color: str | None,
    decision: Decision | None,
    held: _Held,
    model_version: str,
) -> Evidence:
    of_image = sorted(
        held.by_url[image.url_key] + (held.by_image[image.image_id] if image.image_id else []),
        key=lambda one: one.fix.id,
    )
    return Evidence(
        decision=decision,
        is_stale=decision is not None and decision.model_version != model_version,
        skip_reason=SkipReason(image.skip_reason) if image.skip_reason else None,
        scrape_color=scrape_color,
        type_fixes=to_type_fixes(of_image),
        color_fixes=to_color_fixes(of_image),
    )


def _arrange(advertiser: str, fixes: Sequence[Fix], carried: Sequence[Carry]) -> _Held:
    """Return those of some live fixes and carries that hold for an advertiser."""
    by_image: defaultdict[int, list[HeldFix]] = defaultdict(list)
    by_url: defaultdict[str, list[HeldFix]] = defaultdict(list)
    for fix in fixes:
        if not fix.everywhere and fix.advertiser != advertiser:
            continue
        if fix.image_id is None:
            by_url[fix.url_key].append(HeldFix(fix))
        else:
            by_image[fix.image_id].append(HeldFix(fix))
    own = {image_id: list(held) for image_id, held in by_image.items()}
    for carry in carried:
        if carry.advertiser == advertiser:
            by_image[carry.image_id] += [
                HeldFix(one.fix, is_carried=True)
                for one in own.get(carry.from_image_id, ())
                if carry.with_color or one.fix.field is not FixField.COLOR
            ]
    return _Held(by_image, by_url)
