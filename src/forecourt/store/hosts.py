"""What is known of the hosts that serve images: their trust records."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forecourt.store.schema import hosts
from forecourt.store.upsert import upsert


def load_hosts(
    connection: sa.Connection, names: Collection[str], *, for_update: bool = False
) -> dict[str, dict[str, Any]]:
    """Return the trust record of each host that has one, as it was saved.

    Args:
        connection: A connection.
        names: Hosts.
        for_update: Lock the records until the transaction ends, so that of two who learn at the
            same time neither overwrites the other. SQLite's write lock does that by itself.
    """
    query = sa.select(hosts.c.host, hosts.c.record).where(hosts.c.host.in_(names))
    if for_update:
        query = query.order_by(hosts.c.host).with_for_update()  # in one order: no deadlock
    rows = connection.execute(query)
    return {host: dict(record) for host, record in rows}


def list_hosts(
    connection: sa.Connection, *, after: str | None = None, limit: int | None = None
) -> list[dict[str, Any]]:
    """Return the trust records of hosts, by name: of all, or of the next after one."""
    query = sa.select(hosts.c.record).order_by(hosts.c.host).limit(limit)
    if after is not None:
        query = query.where(hosts.c.host > after)
    return [dict(row) for row in connection.scalars(query)]


@dataclass(frozen=True, slots=True)
class StoredHost:
    """A host's trust record, and when anything of it last changed."""

    record: Mapping[str, Any]
    changed_at: datetime


def list_records(
    connection: sa.Connection,
    *,
    state: str | None = None,
    beginning: str = "",
    after: str | None = None,
    limit: int,
) -> list[StoredHost]:
    """Return hosts by name, with times.

    Args:
        connection: A connection.
        state: Only those in this state.
        beginning: Only those whose names begin so.
        after: Only those behind this name.
        limit: Hosts at most.
    """
    query = sa.select(hosts.c.record, hosts.c.changed_at).order_by(hosts.c.host).limit(limit)
    if state is not None:
        query = query.where(hosts.c.state == state)
    if beginning:
        query = query.where(hosts.c.host.startswith(beginning, autoescape=True))
    if after is not None:
        query = query.where(hosts.c.host > after)
    return [StoredHost(dict(row.record), row.changed_at) for row in connection.execute(query)]


def save_host(
    connection: sa.Connection, host: str, *, state: str, record: Mapping[str, Any], at: datetime
) -> None:
    """Keep a host's trust record."""
    row = {"host": host, "state": state, "record": dict(record), "changed_at": at}
    upsert(connection, hosts, [row], key=("host",))
