"""Users and API keys, for admins: who may come in, made, disabled and revoked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from forecourt import access
from forecourt.core.access import LONGEST_NAME, ROLE_SCOPES, Scope, clean_advertiser
from forecourt.core.records import LONGEST_ADVERTISER, Role
from forecourt.store.engine import reading
from forecourt.web.api.fields import TEXT
from forecourt.web.api.paging import (
    Cursor,
    make_cursor,
    make_name_cursor,
    read_cursor,
    read_name_cursor,
)
from forecourt.web.panel.pages import AdminReader, render, url_to
from forecourt.web.service import Served

router = APIRouter()
_PAGE = 100
_ROLES = [Role.STAFF, Role.ADVERTISER, Role.ADMIN]  # the one that is wanted most stands first
_MEANING = {
    Scope.READ: "sitemaps, scrapes, fixes",
    Scope.CLASSIFY: "pictures without an inventory",
    Scope.SCRAPE: "send, cancel and retry scrapes",
    Scope.FIX: "fix, revert, rule",
    Scope.ADMIN: "models, webhooks, keys, users",
}


@router.get("/users")
def list_users(
    service: Served, request: Request, reader: AdminReader, cursor: Cursor = None
) -> Response:
    """Show users, disabled ones too, the newest first."""
    with reading(service.engine) as connection:
        found = access.latest_users(connection, before_id=read_cursor(cursor), limit=_PAGE + 1)
    shown = found[:_PAGE]
    following = make_cursor(shown[-1].id) if len(found) > _PAGE else None
    return render(
        request,
        reader,
        "users.html",
        users=shown,
        roles=_ROLES,
        longest_name=LONGEST_NAME,
        first=url_to("users") if cursor else None,
        following=url_to("users", cursor=following) if following else None,
    )


@router.get("/keys")
def list_keys(
    service: Served,
    request: Request,
    reader: AdminReader,
    advertiser: Annotated[str, Query(max_length=LONGEST_ADVERTISER, pattern=TEXT)] = "",
    cursor: Cursor = None,
) -> Response:
    """Show keys, dead ones too, the newest first."""
    only = clean_advertiser(advertiser.strip() or None)
    with reading(service.engine) as connection:
        found = access.latest_keys(
            connection, advertiser=only, before=read_name_cursor(cursor), limit=_PAGE + 1
        )
    shown = found[:_PAGE]
    following = make_name_cursor(shown[-1].id) if len(found) > _PAGE else None
    now = datetime.now(UTC)
    return render(
        request,
        reader,
        "keys_list.html",
        keys=[(one, one.status(now)) for one in shown],
        scopes=list(Scope),
        meaning=_MEANING,
        role_scopes=ROLE_SCOPES,
        roles=_ROLES,
        advertiser=only,
        longest_name=LONGEST_NAME,
        first=url_to("keys", advertiser=only) if cursor else None,
        following=url_to("keys", advertiser=only, cursor=following) if following else None,
    )
