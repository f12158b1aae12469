"""Hosts whose headers were found wrong, and that people let prove themselves again."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa

from forecourt.core.errors import NotFoundError
from forecourt.identity import hosts as trust
from forecourt.identity.hosts import HostRecord
from forecourt.store.hosts import load_hosts, save_host


def reset_host(connection: sa.Connection, host: str, *, at: datetime) -> HostRecord:
    """Let a host begin anew as unproven; what was counted before is forgotten.

    Args:
        connection: A writing connection; the caller commits.
        host: Its name, with the port where it is not the default.
        at: When.

    Raises:
        NotFoundError: no image of it was ever asked for.
    """
    if host not in load_hosts(connection, [host], for_update=True):
        raise NotFoundError(f"No image of {host!r} was ever asked for; see `forecourt hosts`.")
    fresh = trust.reset(host)
    save_host(connection, host, state=fresh.state, record=asdict(fresh), at=at)
    return fresh
