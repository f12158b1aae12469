"""Which images of a sitemap an act is for: named ones, or all that fit what the sitemap shows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from forecourt.core.errors import NotFoundError
from forecourt.core.records import Vehicle
from forecourt.core.resolve import Resolved, resolve
from forecourt.core.selection import Selection
from forecourt.identity.urls import make_url_key
from forecourt.store import inventory
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.evidence import iter_evidence, load_evidence
from forecourt.store.inventory import LocatedImage, VehicleImage
from forecourt.store.scrapes import Scrape

_PAGE = 1_000  # named URLs or vehicles


@dataclass(frozen=True, slots=True)
class Selected:
    """An image that was selected, where it stands first, and what the sitemap shows."""

    image: VehicleImage
    vehicle: Vehicle
    resolved: Resolved


def iter_selected(
    connection: sa.Connection, advertiser: str, selection: Selection, *, model_version: str
) -> Iterator[list[Selected]]:
    """Yield the images of a selection, a page at a time; empty pages are left out.

    One picture may stand in several places, and is yielded once. A set of their numbers is all that
    grows with the sitemap.

    Raises:
        NotFoundError: the advertiser has no scrape, or a URL or vehicle does not stand in it.
    """
    scrape = stored_scrapes.get_latest(connection, advertiser)
    seen: set[int | str] = set()
    pages = _iter_named if selection.urls else _iter_fitting
    for page in pages(connection, scrape, selection, model_version):
        fresh = []
        for one in page:
            subject = one.image.image_id or one.image.url_key
            if subject not in seen:
                seen.add(subject)
                fresh.append(one)
        if fresh:
            yield fresh


def iter_located(
    connection: sa.Connection, scrape: Scrape, urls: Sequence[str]
) -> Iterator[list[LocatedImage]]:
    """Yield where URLs stand in a scrape, some at a time, each time in the order of the feed.

    Raises:
        NotFoundError: a URL does not stand in it.
    """
    by_key = {make_url_key(url): url for url in urls}
    for keys in _pages(by_key):
        found = inventory.locate_images(connection, scrape.id, keys)
        missing = set(keys) - {one.image.url_key for one in found}
        if missing:
            url = next(url for key, url in by_key.items() if key in missing)
            raise NotFoundError(
                f"{url} is not in the sitemap of {scrape.advertiser!r}. Take the URL from "
                f"`forecourt export --advertiser {scrape.advertiser} --format csv`."
            )
        yield found


def _iter_named(
    connection: sa.Connection, scrape: Scrape, selection: Selection, model_version: str
) -> Iterator[list[Selected]]:
    for found in iter_located(connection, scrape, selection.urls):
        evidence = load_evidence(
            connection,
            scrape.advertiser,
            [(one.image, one.vehicle.color) for one in found],
            model_version=model_version,
        )
        yield [
            Selected(one.image, one.vehicle, resolve(known))
            for one, known in zip(found, evidence, strict=True)
        ]


def _iter_fitting(
    connection: sa.Connection, scrape: Scrape, selection: Selection, model_version: str
) -> Iterator[list[Selected]]:
    named = dict.fromkeys(selection.vehicle_ids)
    for vehicle_ids in _pages(named) if named else [None]:
        missing = set(vehicle_ids or ())
        for page in iter_evidence(
            connection,
            scrape,
            model_version=model_version,
            vehicle_ids=vehicle_ids,
            wants=None if named else selection.fits_vehicle,
        ):
            missing -= {entry.vehicle.id for entry in page}
            yield [
                Selected(image, entry.vehicle, resolved)
                for entry in page
                for image, evidence in entry.images
                if selection.fits(entry.vehicle, evidence, resolved := resolve(evidence))
            ]
        if missing:
            first = next(one for one in named if one in missing)
            raise NotFoundError(
                f"There is no vehicle {first!r} in the latest scrape of {scrape.advertiser!r}."
            )


def _pages(named: Collection[str]) -> Iterator[list[str]]:
    wanted = list(named)
    for start in range(0, len(wanted), _PAGE):
        yield wanted[start : start + _PAGE]
