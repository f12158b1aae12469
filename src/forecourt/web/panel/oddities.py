"""Known weird results: what was seen, examples to look at, and what to do about it."""

from __future__ import annotations

from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from forecourt import review
from forecourt.core.labels import COLORS, IMAGE_TYPES
from forecourt.core.oddities import ADVICE, WHY, OddityKind
from forecourt.core.records import LONGEST_ADVERTISER
from forecourt.store import images as stored_images
from forecourt.store.engine import reading
from forecourt.web.api.fields import TEXT, check_scraped
from forecourt.web.panel.pages import StaffReader, render, url_to
from forecourt.web.service import Served

router = APIRouter()
# Of these an example is a person's fix, which may be what is wrong.
_OF_FIXES = frozenset(
    {
        OddityKind.PLACEHOLDER_FIX,
        OddityKind.PLACEHOLDER_WITH_COLOR,
        OddityKind.LEGACY_NO_COLOR,
        OddityKind.CRITERIA_DIFFER,
        OddityKind.ADVERTISERS_DISAGREE,
    }
)


_TITLES = {
    OddityKind.SKIPPED_RUN: "Many images could not be had",
    OddityKind.CLASS_SHARES: "The model's answers are shared out otherwise",
    OddityKind.PLACEHOLDER_FIX: "Called Placeholder, but a vehicle is seen",
    OddityKind.PLACEHOLDER_WITH_COLOR: "Placeholder with a colour",
    OddityKind.LEGACY_NO_COLOR: "“N/A” for a colour in an imported history",
    OddityKind.FIXES_ON_HOST: "Many fixes on one host",
    OddityKind.HOST_LOST_TRUST: "Hosts that lost their trust",
    OddityKind.CRITERIA_DIFFER: "Advertiser and staff judge by different criteria",
    OddityKind.ADVERTISERS_DISAGREE: "Advertisers disagree",
}


Advertiser = Annotated[str, Query(max_length=LONGEST_ADVERTISER, pattern=TEXT)]


@router.get("/oddities")
def list_oddities(
    service: Served, request: Request, reader: StaffReader, advertiser: Advertiser = ""
) -> Response:
    """Show oddities of all advertisers, or of one; the page's script asks for what is found."""
    only = advertiser.strip() or None
    if only is not None:
        with reading(service.engine) as connection:
            check_scraped(connection, only)
    return render(
        request,
        reader,
        "oddities.html",
        advertiser=only,
        part=url_to("oddities", "found", advertiser=only),
    )


@router.get("/oddities/found")
def find_oddities(
    service: Served, request: Request, reader: StaffReader, advertiser: Advertiser = ""
) -> Response:
    """Show what is found, by kind, as a part of the page. It is counted now: that takes a while."""
    only = advertiser.strip() or None
    with reading(service.engine) as connection:
        found = review.list_oddities(
            connection,
            model_version=service.model_version,
            canaries=service.engines.models.canaries,
            advertiser=only,
        )
        shown = {one.image_id for oddity in found for one in oddity.examples if one.image_id}
        thumbnails = stored_images.load_thumbnails(connection, shown)
    return render(
        request,
        reader,
        "oddities_found.html",
        kinds=[(kind, list(some)) for kind, some in groupby(found, key=lambda one: one.kind)],
        thumbnails=thumbnails,
        titles=_TITLES,
        why=WHY,
        advice=ADVICE,
        of_fixes=_OF_FIXES,
        types=IMAGE_TYPES,
        colors=COLORS,
    )
