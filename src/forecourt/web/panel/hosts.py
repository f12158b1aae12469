"""Hosts of images: how far their headers are trusted, why, and letting one prove itself again."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from forecourt.identity.hosts import HostState
from forecourt.store import hosts as stored_hosts
from forecourt.store.engine import reading
from forecourt.web.api.fields import TEXT
from forecourt.web.api.paging import Cursor, make_name_cursor, read_name_cursor
from forecourt.web.panel.pages import StaffReader, render, url_to
from forecourt.web.service import Served

router = APIRouter()
_PAGE = 100
_LONGEST_HOST = 300
_MEANING = {
    HostState.UNPROVEN: "bodies are read and compared even where the headers say “known”",
    HostState.TRUSTED: "headers are believed, and a sample is verified",
    HostState.BYTES_ONLY: "headers lied or churned: every image is downloaded and compared",
}


@router.get("/hosts")
def list_hosts(
    service: Served,
    request: Request,
    reader: StaffReader,
    state: Annotated[HostState | Literal[""], Query()] = "",
    find: Annotated[str, Query(max_length=_LONGEST_HOST, pattern=TEXT)] = "",
    cursor: Cursor = None,
) -> Response:
    """Show hosts by name; of one state, or of names that begin so, if it is asked for."""
    wanted = HostState(state) if state else None
    with reading(service.engine) as connection:
        found = stored_hosts.list_records(
            connection,
            state=wanted,
            beginning=find.strip().lower(),
            after=read_name_cursor(cursor),
            limit=_PAGE + 1,
        )
    shown = found[:_PAGE]
    query = {"state": wanted, "find": find.strip() or None}
    behind = make_name_cursor(shown[-1].record["host"]) if len(found) > _PAGE else None
    return render(
        request,
        reader,
        "hosts.html",
        hosts=shown,
        states=_MEANING,
        state=wanted,
        find=find.strip(),
        first=url_to("hosts", **query) if cursor else None,
        following=url_to("hosts", **query, cursor=behind) if behind else None,
    )
