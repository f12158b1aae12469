"""The audit log, page by page."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from forecourt import access
from forecourt.core.access import LONGEST_NAME, check_may_read_log, clean_advertiser
from forecourt.core.audit import AuditAction, AuditFilter
from forecourt.core.records import LONGEST_ADVERTISER, Role
from forecourt.store.engine import reading
from forecourt.web.api.fields import TEXT, Time
from forecourt.web.api.paging import Cursor, Limit, Page, make_cursor, read_cursor
from forecourt.web.auth import Caller
from forecourt.web.problems import describe
from forecourt.web.service import Served

router = APIRouter(tags=["audit"], responses=describe(401, 403, 422, 429, 503))


class AuditEntryOut(BaseModel):
    """Who did what, when, to what."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "id": 41,
                    "at": "2026-11-24T08:00:00Z",
                    "by": "acme's feed",
                    "role": "advertiser",
                    "key_id": "516fc5ffd903610a",
                    "user_id": None,
                    "advertiser": "acme",
                    "action": "scrape.accept",
                    "target": "7",
                    "detail": {"feed": "acme.json", "vehicles": 120},
                    "request_id": "5f3a0c9e1b7d4c52",
                }
            ]
        },
    )

    id: int
    at: datetime
    by: str = Field(description="Name of the key or the user, or what `--by` said at the shell.")
    role: Role = Field(description="In which it was done.")
    key_id: str | None
    user_id: int | None
    advertiser: str | None = Field(description="Whose inventory or account it was about.")
    action: str = Field(description="docs/access.md lists them.")
    target: str = Field(description="To what.")
    detail: dict[str, Any]
    request_id: str | None


@router.get("/audit", response_model=Page[AuditEntryOut])
def list_audit(
    service: Served,
    caller: Caller,
    advertiser: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=LONGEST_ADVERTISER,
            description="Only what was about this advertiser; absent: an advertiser's own, else "
            "everything, which only admins see.",
        ),
    ] = None,
    action: Annotated[AuditAction | None, Query(description="Only this action.")] = None,
    by: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=LONGEST_NAME,
            pattern=TEXT,
            description="Only what this key or user did: its whole name.",
        ),
    ] = None,
    until: Annotated[Time | None, Query(description="Only what was done until then.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Any:
    """List what people and programs did, the newest first."""
    whose = clean_advertiser(advertiser) or caller.advertiser
    check_may_read_log(caller, whose)
    with reading(service.engine) as connection:
        page = access.list_audit(
            connection,
            advertiser=whose,
            wanted=AuditFilter(action=action, by=by, until=until),
            before=read_cursor(cursor),
            limit=limit,
        )
    return {"items": page.entries, "next_cursor": make_cursor(page.next_before)}
