"""Hosts that serve images, and how far their headers are trusted."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from forecourt import access, review
from forecourt.core.access import Scope, check_may_for_all
from forecourt.core.audit import AuditAction
from forecourt.identity.hosts import HostState
from forecourt.store import hosts as stored_hosts
from forecourt.store.engine import reading, writing
from forecourt.web.api.fields import TEXT
from forecourt.web.api.paging import Cursor, Limit, Page, make_name_cursor, read_name_cursor
from forecourt.web.auth import Caller
from forecourt.web.problems import describe
from forecourt.web.service import Served

router = APIRouter(tags=["hosts"], responses=describe(401, 403, 422, 429, 503))
_LONGEST_HOST = 300

Host = Annotated[
    str,
    Path(
        min_length=1,
        max_length=_LONGEST_HOST,
        pattern=TEXT,
        description="Name, with the port where it is not the default.",
    ),
]


class HostOut(BaseModel):
    """What is known of a host; docs/api.md tells the members."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "host": "img.example.com",
                    "state": "trusted",
                    "why": "50 header hits confirmed by the bytes",
                    "hits": 310,
                    "proofs": 53,
                    "lies": 0,
                    "churns": 0,
                    "changes": 4,
                    "md5_etags": 57,
                    "other_etags": 0,
                }
            ]
        }
    )

    host: str
    state: HostState
    why: str = Field(description="What brought it there.")
    hits: int
    proofs: int
    lies: int
    churns: int
    changes: int
    md5_etags: int
    other_etags: int


@router.get("/hosts", response_model=Page[HostOut])
def list_hosts(service: Served, caller: Caller, cursor: Cursor = None, limit: Limit = 50) -> Any:
    """List hosts by name. Staff only."""
    check_may_for_all(caller, Scope.READ)
    with reading(service.engine) as connection:
        found = stored_hosts.list_hosts(connection, after=read_name_cursor(cursor), limit=limit + 1)
    following = make_name_cursor(found[limit - 1]["host"]) if len(found) > limit else None
    return {"items": found[:limit], "next_cursor": following}


@router.post("/hosts/{host}/reset", response_model=HostOut, responses=describe(404))
def reset_host(service: Served, caller: Caller, request: Request, host: Host) -> Any:
    """Let a host prove its headers again. Staff only."""
    check_may_for_all(caller, Scope.FIX)
    now = datetime.now(UTC)
    with writing(service.engine) as connection:
        record = review.reset_host(connection, host, at=now)
        access.audit(
            connection,
            caller,
            AuditAction.HOST_RESET,
            at=now,
            target=host,
            request_id=request.state.request_id,
        )
    return asdict(record)
