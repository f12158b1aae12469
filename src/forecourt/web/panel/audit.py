"""The audit log, for admins: who did what, when, to what; searched by its index."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from forecourt import access
from forecourt.core.access import LONGEST_NAME, clean_advertiser
from forecourt.core.audit import AuditAction, AuditFilter
from forecourt.core.records import LONGEST_ADVERTISER
from forecourt.store.engine import reading
from forecourt.web.api.fields import TEXT
from forecourt.web.api.paging import Cursor, make_cursor, read_cursor
from forecourt.web.panel.pages import AdminReader, render, url_to
from forecourt.web.service import Served

router = APIRouter()
_PAGE = 100


@router.get("/audit")
def list_audit(
    service: Served,
    request: Request,
    reader: AdminReader,
    advertiser: Annotated[str, Query(max_length=LONGEST_ADVERTISER, pattern=TEXT)] = "",
    action: Annotated[AuditAction | Literal[""], Query()] = "",
    by: Annotated[str, Query(max_length=LONGEST_NAME, pattern=TEXT)] = "",
    until: Annotated[date | Literal[""], Query()] = "",
    cursor: Cursor = None,
) -> Response:
    """Show lines, the newest first."""
    with reading(service.engine) as connection:
        page = access.list_audit(
            connection,
            advertiser=clean_advertiser(advertiser.strip() or None),
            wanted=AuditFilter(
                action=AuditAction(action) if action else None,
                by=by.strip() or None,
                until=_end_of(until) if until else None,
            ),
            before=read_cursor(cursor),
            limit=_PAGE,
        )
    query = {
        "advertiser": advertiser.strip() or None,
        "action": action or None,
        "by": by.strip() or None,
        "until": until or None,
    }
    following = make_cursor(page.next_before)
    return render(
        request,
        reader,
        "audit.html",
        entries=page.entries,
        actions=list(AuditAction),
        given=query,
        link_to=lambda **more: url_to("audit", **{**query, **more}),
        first=url_to("audit", **query) if cursor else None,
        following=url_to("audit", **query, cursor=following) if following else None,
    )


def _end_of(day: date) -> datetime:
    """Return the last moment of a day in UTC; of the last day that there is, its beginning."""
    begin = datetime.combine(day, time(), UTC)
    return begin if day == date.max else begin + timedelta(days=1, microseconds=-1)
