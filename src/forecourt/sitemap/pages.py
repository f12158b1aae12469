"""A sitemap a page at a time, for people who look at it: what fits, and its small pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from forecourt.core.selection import Selection
from forecourt.identity.urls import make_url_key
from forecourt.sitemap.entries import SitemapImage, SitemapVehicle, resolve_image
from forecourt.store import images as stored_images
from forecourt.store import inventory
from forecourt.store.evidence import VehicleEvidence, iter_evidence, load_evidence
from forecourt.store.inventory import LocatedImage
from forecourt.store.scrapes import Scrape

_MOST_VEHICLES = 24  # of a page
_MOST_IMAGES = 360  # likewise, unless the first vehicle alone has more
_MOST_LOOKED_AT = 4_000  # images for one page: a rare thing is looked for in several requests
_STEP = 100  # vehicles read at once, where few of them are expected to fit
_LONG_STEP = 1_000  # likewise, where most are passed over without a look at their images


@dataclass(frozen=True, slots=True, kw_only=True)
class PageVehicle:
    """A vehicle of which something fits.

    Attributes:
        images: Those that fit, in the order of the feed.
        total: How many images it has.
    """

    entry: SitemapVehicle
    total: int

    @property
    def images(self) -> tuple[SitemapImage, ...]:
        """Those that fit, in the order of the feed."""
        return self.entry.images


@dataclass(frozen=True, slots=True, kw_only=True)
class SitemapPage:
    """Some vehicles of a sitemap.

    Attributes:
        scrape: The latest, whose vehicles these are.
        thumbnails: Addresses in the media folder, by image id.
        looked_at: The position in the feed up to which vehicles were looked at.
        is_last: Whether there is nothing behind it.
    """

    scrape: Scrape
    vehicles: tuple[PageVehicle, ...]
    thumbnails: Mapping[int, str]
    looked_at: int
    is_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One image of a sitemap, where it stands, and its small picture."""

    located: LocatedImage
    image: SitemapImage
    thumbnail: str | None


def load_page(
    connection: sa.Connection,
    scrape: Scrape,
    *,
    selection: Selection | None,
    model_version: str,
    after: int = -1,
) -> SitemapPage:
    """Return the next vehicles of a scrape of which an image fits, in the order of the feed.

    One page takes bounded time, whatever is asked for: where little fits it may hold few vehicles,
    or none, and not be the last one. Go on after `looked_at`.

    Args:
        connection: A reading connection.
        scrape: The advertiser's latest.
        selection: What has to fit; None: everything.
        model_version: The champion.
        after: Only vehicles behind this position of the feed.
    """
    found: list[PageVehicle] = []
    shown = looked_at_images = 0
    looked_at = after
    for one in _iter_vehicles(connection, scrape, selection, model_version, after):
        fitting = _find_fitting(one, selection)
        is_full = len(found) == _MOST_VEHICLES or looked_at_images >= _MOST_LOOKED_AT
        if is_full or (found and shown + len(fitting) > _MOST_IMAGES):
            return _finish(connection, scrape, found, looked_at, is_last=False)
        looked_at = one.position
        looked_at_images += len(one.images)
        if fitting or (selection is None and not one.images):
            entry = SitemapVehicle(vehicle=one.vehicle, images=tuple(fitting))
            found.append(PageVehicle(entry=entry, total=len(one.images)))
            shown += len(fitting)
    return _finish(connection, scrape, found, looked_at, is_last=True)


def find_places(
    connection: sa.Connection, scrape: Scrape, urls: Sequence[str], *, model_version: str
) -> list[Place]:
    """Return the first place of each URL in a scrape, and what is shown there.

    Those that have none are left out. The places come in the order of the feed.
    """
    found: dict[str, LocatedImage] = {}
    for one in inventory.locate_images(connection, scrape.id, [*map(make_url_key, urls)]):
        found.setdefault(one.image.url_key, one)
    evidence = load_evidence(
        connection,
        scrape.advertiser,
        [(one.image, one.vehicle.color) for one in found.values()],
        model_version=model_version,
    )
    shown = [
        resolve_image(one.image, known) for one, known in zip(found.values(), evidence, strict=True)
    ]
    ids = {one.image_id for one in shown if one.image_id is not None}
    thumbnails = stored_images.load_thumbnails(connection, ids)
    return [
        Place(located=one, image=image, thumbnail=thumbnails.get(image.image_id or 0))
        for one, image in zip(found.values(), shown, strict=True)
    ]


def _iter_vehicles(
    connection: sa.Connection,
    scrape: Scrape,
    selection: Selection | None,
    model_version: str,
    after: int,
) -> Iterator[VehicleEvidence]:
    for page in iter_evidence(
        connection,
        scrape,
        model_version=model_version,
        vehicle_ids=(selection.vehicle_ids or None) if selection else None,
        wants=selection.fits_vehicle if selection else None,
        after=after,
        page_size=_step(selection),
    ):
        yield from page


def _step(selection: Selection | None) -> int:
    if selection is None:
        return _MOST_VEHICLES + 1
    return _LONG_STEP if selection.text or selection.vehicle_ids else _STEP


def _find_fitting(one: VehicleEvidence, selection: Selection | None) -> list[SitemapImage]:
    return [
        shown
        for image, evidence in one.images
        for shown in (resolve_image(image, evidence),)
        if selection is None or selection.fits(one.vehicle, evidence, shown.resolved)
    ]


def _finish(
    connection: sa.Connection,
    scrape: Scrape,
    found: list[PageVehicle],
    looked_at: int,
    *,
    is_last: bool,
) -> SitemapPage:
    ids = {image.image_id for one in found for image in one.images if image.image_id is not None}
    return SitemapPage(
        scrape=scrape,
        vehicles=tuple(found),
        thumbnails=stored_images.load_thumbnails(connection, ids),
        looked_at=looked_at,
        is_last=is_last,
    )
