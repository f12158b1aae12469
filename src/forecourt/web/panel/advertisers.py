"""The first page: advertisers and what came last of each; an advertiser goes to its own sitemap."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from forecourt.core.records import LONGEST_ADVERTISER
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.engine import reading
from forecourt.web.api.fields import TEXT
from forecourt.web.api.paging import Cursor, make_name_cursor, read_name_cursor
from forecourt.web.panel.pages import Reader, render, url_to
from forecourt.web.service import Served

router = APIRouter()
_PAGE = 100


@router.get("/")
def list_advertisers(
    service: Served,
    request: Request,
    reader: Reader,
    find: Annotated[str, Query(max_length=LONGEST_ADVERTISER, pattern=TEXT)] = "",
    cursor: Cursor = None,
) -> Response:
    """List advertisers by name."""
    if not reader.is_staff:
        own = url_to("sitemap", advertiser=reader.principal.advertiser)
        return RedirectResponse(own, status_code=303)
    with reading(service.engine) as connection:
        names = stored_scrapes.list_advertisers(
            connection, after=read_name_cursor(cursor), limit=_PAGE + 1, containing=find.strip()
        )
        shown = names[:_PAGE]
        latest = stored_scrapes.load_newest(connection, shown)
    behind = make_name_cursor(shown[-1]) if len(names) > _PAGE else None
    return render(
        request,
        reader,
        "advertisers.html",
        entries=[(name, latest.get(name)) for name in shown],
        find=find,
        first=url_to("", find=find or None) if cursor else None,
        following=url_to("", find=find or None, cursor=behind) if behind else None,
    )
