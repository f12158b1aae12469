"""Answers to requests that may be sent again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from forecourt.store.schema import answered_requests
from forecourt.store.upsert import insert_new


@dataclass(frozen=True, slots=True)
class Answered:
    """What a request was answered. `digest`: of what it asked for."""

    digest: str
    status: int
    body: Mapping[str, Any]


def find(connection: sa.Connection, caller: str, key: str) -> Answered | None:
    """Return the answer that a caller's key has brought before, or None."""
    row = connection.execute(
        sa.select(answered_requests).where(
            answered_requests.c.caller == caller, answered_requests.c.key == key
        )
    ).one_or_none()
    return None if row is None else Answered(row.digest, row.status, row.body)


def claim(
    connection: sa.Connection,
    caller: str,
    key: str,
    *,
    digest: str,
    at: datetime,
    kept: timedelta,
) -> Answered | None:
    """Take a key for this transaction; keys that are older than `kept` are forgotten.

    Of two transactions with the same key the second waits here for the first.

    Returns:
        None: it is ours. Else what the other one answered.
    """
    connection.execute(
        sa.delete(answered_requests).where(answered_requests.c.created_at < at - kept)
    )
    row = {"caller": caller, "key": key, "digest": digest, "status": 0, "body": {}}
    insert_new(connection, answered_requests, [row | {"created_at": at}], key=("caller", "key"))
    found = find(connection, caller, key)
    return found if found is not None and found.status else None


def keep(
    connection: sa.Connection, caller: str, key: str, *, status: int, body: Mapping[str, Any]
) -> None:
    """Keep the answer under a key that `claim` took in this transaction."""
    connection.execute(
        sa.update(answered_requests)
        .where(answered_requests.c.caller == caller, answered_requests.c.key == key)
        .values(status=status, body=dict(body))
    )
