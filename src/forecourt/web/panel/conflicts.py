"""Where people disagree on an image: both sides beside each other, and what staff make of it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from forecourt import review
from forecourt.core.fixes import Fix, FixField
from forecourt.core.records import Role
from forecourt.store import images as stored_images
from forecourt.store.engine import reading
from forecourt.web.api.paging import Cursor, make_place, read_place
from forecourt.web.panel.pages import StaffReader, render, url_to
from forecourt.web.service import Served

router = APIRouter()
_PAGE = 20
_FIELDS = tuple(sorted(FixField))  # in the order of the list


@router.get("/conflicts")
def list_conflicts(
    service: Served,
    request: Request,
    reader: StaffReader,
    ruled: Annotated[Literal["", "true"], Query(alias="all")] = "",
    cursor: Cursor = None,
) -> Response:
    """Show disagreements by image; those that are ruled on, too, if they are asked for."""
    with_ruled = ruled == "true"
    place = read_place(cursor, 2)
    after = (place[0], _FIELDS[place[1] % len(_FIELDS)]) if place else None
    with reading(service.engine) as connection:
        found = review.list_conflicts(
            connection, with_ruled=with_ruled, after=after, limit=_PAGE + 1
        )
        shown = found[:_PAGE]
        ids = {one.image_id for one in shown}
        thumbnails = stored_images.load_thumbnails(connection, ids)
        answers = stored_images.load_decisions(connection, ids, service.model_version)
    query = {"all": "true"} if with_ruled else {}
    following = None
    if len(found) > _PAGE:
        last = make_place(shown[-1].image_id, _FIELDS.index(shown[-1].field))
        following = url_to("conflicts", **query, cursor=last)
    return render(
        request,
        reader,
        "conflicts.html",
        conflicts=shown,
        thumbnails=thumbnails,
        answers=answers,
        with_ruled=with_ruled,
        party_of=_party_of,
        first=url_to("conflicts", **query) if cursor else None,
        following=following,
    )


def _party_of(fix: Fix) -> str:
    """Return who speaks in a fix, in words."""
    if fix.role is Role.ADVERTISER:
        return f"{fix.advertiser}, the advertiser"
    return "staff, for everyone" if fix.everywhere else f"staff, for {fix.advertiser}"
