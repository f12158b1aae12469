"""The audit log: every write of a person or a program, and who it was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forecourt.core.access import Principal
from forecourt.core.audit import AuditAction, AuditFilter, AuditPage
from forecourt.core.errors import UsageError
from forecourt.store import audit as stored

_LONGEST_PAGE = 1_000
_LONGEST_TARGET = 400
_LONGEST_REQUEST_ID = 64


def audit(
    connection: sa.Connection,
    principal: Principal,
    action: AuditAction,
    *,
    at: datetime,
    target: str = "",
    advertiser: str | None = None,
    detail: Mapping[str, Any] | None = None,
    request_id: str | None = None,
) -> None:
    """Append a line to the audit log, in the transaction of what it tells of.

    Args:
        connection: A connection.
        principal: Who did it.
        action: What was done.
        at: When.
        target: To what: a key's id, a user's name, a scrape's number. Cut at 400 characters.
        advertiser: Whose inventory it was about; None: nobody's, or everybody's.
        detail: Particulars that JSON can hold; never a secret.
        request_id: As the server's log has it. Cut at 64 characters.
    """
    stored.add_entry(
        connection,
        principal,
        action,
        at=at,
        target=target[:_LONGEST_TARGET],
        advertiser=advertiser,
        detail=detail or {},
        request_id=None if request_id is None else request_id[:_LONGEST_REQUEST_ID],
    )


def list_audit(
    connection: sa.Connection,
    *,
    advertiser: str | None = None,
    wanted: AuditFilter | None = None,
    before: int | None = None,
    limit: int = 100,
) -> AuditPage:
    """Return a page of the log, newest first.

    Args:
        connection: A connection.
        advertiser: Only what was about this advertiser's inventory.
        wanted: What else lines must be; None: anything.
        before: `next_before` of the page before; None: the newest.
        limit: Lines at most, 1 to 1,000.

    Raises:
        UsageError: another limit.
    """
    if not 1 <= limit <= _LONGEST_PAGE:
        raise UsageError(f"A page has 1 to {_LONGEST_PAGE:,} lines, not {limit:,}.")
    return stored.load_page(
        connection,
        advertiser=advertiser,
        wanted=wanted or AuditFilter(),
        before=before,
        limit=limit,
    )
