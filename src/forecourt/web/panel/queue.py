"""The review queue: one image after the other, those where a look helps most first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from forecourt import review
from forecourt.core.errors import NotFoundError
from forecourt.core.records import LONGEST_ADVERTISER
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.engine import reading
from forecourt.web.api.fields import TEXT
from forecourt.web.panel.keys import COLOR_KEYS, TYPE_KEYS
from forecourt.web.panel.pages import Reader, check_may_see, render
from forecourt.web.service import Served

router = APIRouter()


@router.get("/queue")
def show_queue(
    service: Served,
    request: Request,
    reader: Reader,
    advertiser: Annotated[str, Query(max_length=LONGEST_ADVERTISER, pattern=TEXT)] = "",
) -> Response:
    """Show the bench; its script asks the API for images, and sends what people say of them."""
    principal = reader.principal
    advertiser = advertiser.strip() or principal.advertiser or ""
    if advertiser:
        check_may_see(reader, advertiser)
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with reading(service.engine) as connection:
        is_known = not advertiser or stored_scrapes.has_advertiser(connection, advertiser)
        if reader.is_staff and not is_known:  # a name misspelt: not that nothing waits
            raise NotFoundError(f"There is no advertiser {advertiser!r}.")
        done = review.count_done(
            connection,
            by=principal.name,
            role=principal.role,
            advertiser=principal.advertiser,
            since=today,
        )
    return render(
        request,
        reader,
        "queue.html",
        advertiser=advertiser,
        done=done,
        type_keys=TYPE_KEYS,
        color_keys=COLOR_KEYS,
    )
