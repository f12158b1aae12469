"""An advertiser's vehicles with their images: looked at, filtered, fixed."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from forecourt import sitemap
from forecourt.core.errors import NotFoundError
from forecourt.core.labels import COLORS, IMAGE_TYPES
from forecourt.core.records import LONGEST_ADVERTISER
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.engine import reading
from forecourt.store.scrapes import Scrape
from forecourt.web.api.fields import TEXT
from forecourt.web.panel.filters import Filtered, Filters
from forecourt.web.panel.keys import COLOR_KEYS, TYPE_KEYS
from forecourt.web.panel.pages import Reader, SignedIn, check_may_see, render, url_to
from forecourt.web.service import Served, Service

router = APIRouter()
_MOST_TILES = 100  # asked for anew at once
_LONGEST_URL = 8_000

Advertiser = Annotated[str, Query(min_length=1, max_length=LONGEST_ADVERTISER, pattern=TEXT)]
After = Annotated[int, Query(ge=-1, le=2**31 - 1)]
ImageUrl = Annotated[str, Query(min_length=1, max_length=_LONGEST_URL)]


@router.get("/sitemap")
def show_sitemap(
    service: Served,
    request: Request,
    reader: Reader,
    advertiser: Advertiser,
    filters: Filtered,
    after: After = -1,
) -> Response:
    """Show the first vehicles that fit; scripts ask for more as one scrolls."""
    check_may_see(reader, advertiser)
    scrape, page = _load(service, reader, advertiser, filters, after)
    return render(
        request,
        reader,
        "sitemap.html",
        advertiser=advertiser,
        scrape=scrape,
        page=page,
        filters=filters,
        first=url_to("sitemap", advertiser=advertiser, **filters.to_query())
        if after >= 0
        else None,
        clear=url_to("sitemap", advertiser=advertiser),
        selection=json.dumps(filters.to_json()),
        **_addresses(advertiser, filters, page),
        **LABELS,
    )


@router.get("/sitemap/more")
def show_more(
    service: Served,
    request: Request,
    reader: Reader,
    advertiser: Advertiser,
    filters: Filtered,
    after: After,
) -> Response:
    """Show the vehicles behind some position, as a part of the page."""
    check_may_see(reader, advertiser)
    _scrape, page = _load(service, reader, advertiser, filters, after)
    return render(
        request,
        reader,
        "sitemap_vehicles.html",
        advertiser=advertiser,
        page=page,
        **_addresses(advertiser, filters, page),
    )


@router.get("/sitemap/tiles")
def show_tiles(
    service: Served,
    request: Request,
    reader: Reader,
    advertiser: Advertiser,
    url: Annotated[list[str], Query(min_length=1, max_length=_MOST_TILES)],
) -> Response:
    """Show single images as they are now, as a part of the page; some may be gone."""
    check_may_see(reader, advertiser)
    places = _find_places(service, advertiser, url)
    return render(request, reader, "sitemap_tiles.html", places=places)


@router.get("/sitemap/place")
def show_place(
    service: Served, request: Request, reader: Reader, advertiser: Advertiser, url: ImageUrl
) -> Response:
    """Show all that the sitemap says of one image, with the form that fixes it."""
    check_may_see(reader, advertiser)
    places = _find_places(service, advertiser, [url])
    if not places:
        raise NotFoundError("This image does not stand in the sitemap any more; reload the page.")
    return render(
        request, reader, "sitemap_place.html", advertiser=advertiser, place=places[0], **LABELS
    )


LABELS: dict[str, Any] = {
    "types": IMAGE_TYPES,
    "colors": COLORS,
    "type_keys": TYPE_KEYS,
    "color_keys": COLOR_KEYS,
}


def _load(
    service: Service, reader: SignedIn, advertiser: str, filters: Filters, after: int
) -> tuple[Scrape | None, sitemap.SitemapPage | None]:
    """Return the latest scrape and its page; None for both: there is none yet.

    Raises:
        NotFoundError: nobody is called so.
    """
    with reading(service.engine) as connection:
        scrape = stored_scrapes.find_latest(connection, advertiser)
        if scrape is None:
            if reader.is_staff and not stored_scrapes.has_advertiser(connection, advertiser):
                raise NotFoundError(f"There is no advertiser {advertiser!r}.")
            return None, None
        return scrape, sitemap.load_page(
            connection,
            scrape,
            selection=filters.to_selection(),
            model_version=service.version_for(advertiser),
            after=after,
        )


def _find_places(service: Service, advertiser: str, urls: list[str]) -> list[sitemap.Place]:
    with reading(service.engine) as connection:
        scrape = stored_scrapes.find_latest(connection, advertiser)
        if scrape is None:
            raise NotFoundError(f"There is no sitemap of {advertiser!r} yet.")
        return sitemap.find_places(
            connection, scrape, urls, model_version=service.version_for(advertiser)
        )


def _addresses(
    advertiser: str, filters: Filters, page: sitemap.SitemapPage | None
) -> dict[str, Any]:
    """Return where the next vehicles are: as a page of their own, and as a part of this one."""
    if page is None or page.is_last:
        return {"following": None, "more": None}
    query = {"advertiser": advertiser, **filters.to_query(), "after": page.looked_at}
    return {"following": url_to("sitemap", **query), "more": url_to("sitemap", "more", **query)}
