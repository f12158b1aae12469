"""Webhooks, for admins: whom to tell of what, and what became of each delivery."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from forecourt import webhooks
from forecourt.core.webhooks import DeliveryState, EventType
from forecourt.store.engine import reading
from forecourt.web.api.fields import LARGEST_ID
from forecourt.web.api.paging import Cursor, make_cursor, read_cursor
from forecourt.web.panel.pages import AdminReader, render, url_to
from forecourt.web.service import Served

router = APIRouter()
_PAGE = 50


@router.get("/webhooks")
def list_webhooks(
    service: Served, request: Request, reader: AdminReader, cursor: Cursor = None
) -> Response:
    """Show webhooks, disabled ones too, the newest first."""
    with reading(service.engine) as connection:
        found = webhooks.latest(connection, before_id=read_cursor(cursor), limit=_PAGE + 1)
    shown = found[:_PAGE]
    following = make_cursor(shown[-1].id) if len(found) > _PAGE else None
    return render(
        request,
        reader,
        "webhooks.html",
        webhooks=shown,
        events=list(EventType),
        first=url_to("webhooks") if cursor else None,
        following=url_to("webhooks", cursor=following) if following else None,
    )


@router.get("/webhooks/{webhook_id}")
def show_deliveries(
    service: Served,
    request: Request,
    reader: AdminReader,
    webhook_id: Annotated[int, Path(ge=1, le=LARGEST_ID)],
    state: Annotated[DeliveryState | Literal[""], Query()] = "",
    cursor: Cursor = None,
) -> Response:
    """Show what was sent to a webhook, or waits, the latest first."""
    wanted = DeliveryState(state) if state else None
    with reading(service.engine) as connection:
        webhook = webhooks.get_webhook(connection, webhook_id)
        page = webhooks.list_deliveries(
            connection,
            webhook_id=webhook_id,
            state=wanted,
            cursor=read_cursor(cursor),
            limit=_PAGE,
        )
    following = make_cursor(page.next_cursor)
    place = ("webhooks", webhook_id)
    return render(
        request,
        reader,
        "webhook.html",
        webhook=webhook,
        deliveries=page.deliveries,
        states=list(DeliveryState),
        state=wanted,
        first=url_to(*place, state=wanted) if cursor else None,
        following=url_to(*place, state=wanted, cursor=following) if following else None,
    )
