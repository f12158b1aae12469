"""Questions about the database itself; none of them changes it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from forecourt.store.engine import schema_revisions
from forecourt.store.schema import images, scrapes

_WEBHOOKS = sa.table(
    "webhooks",
    sa.column("id", sa.Integer),
    sa.column("disabled_reason", sa.String),
    sa.column("failing_since", sa.String),
)


@dataclass(frozen=True, slots=True)
class Schema:
    """How the database's schema stands to this release's."""

    current: str | None  # None: there is none yet
    head: str
    is_known: bool

    @property
    def is_current(self) -> bool:
        """Whether it is this release's."""
        return self.current == self.head


def read_schema(connection: sa.Connection) -> Schema:
    """Return which schema the database has."""
    current, head, known = schema_revisions(connection)
    return Schema(current, head, is_known=current is None or current in known)


def find_damage(connection: sa.Connection) -> str | None:
    """Return what SQLite finds damaged in its file; reads all of it. None on PostgreSQL."""
    if connection.dialect.name != "sqlite":
        return None
    answer = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one())
    return None if answer == "ok" else " ".join(answer.split())


def read_version(connection: sa.Connection) -> tuple[int, ...]:
    """Return the version of the database's server, or of the SQLite library."""
    return tuple(int(part) for part in connection.dialect.server_version_info or ())


def read_journal_mode(connection: sa.Connection) -> str:
    """Return SQLite's journal mode: "wal" unless its file system cannot do that."""
    return str(connection.exec_driver_sql("PRAGMA journal_mode").scalar_one())


def read_clock(connection: sa.Connection) -> datetime | None:
    """Return PostgreSQL's clock (UTC). None on SQLite, which has no clock of its own."""
    if connection.dialect.name != "postgresql":
        return None
    found: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return found.astimezone(UTC)


def find_newest_time(connection: sa.Connection) -> datetime | None:
    """Return when the latest scrape came in, by the clock of whoever took it."""
    newest: datetime | None = connection.scalar(sa.select(sa.func.max(scrapes.c.received_at)))
    return newest


def sample_thumbnails(connection: sa.Connection, count: int) -> list[str]:
    """Return up to `count` addresses of thumbnails, spread by chance over all images."""
    highest = connection.scalar(sa.select(sa.func.max(images.c.id))) or 0
    found: set[str] = set()
    for start in random.sample(range(1, highest + 1), min(count, highest)):
        address = connection.scalar(
            sa.select(images.c.thumbnail)
            .where(images.c.id >= start, images.c.thumbnail.is_not(None))
            .order_by(images.c.id)
            .limit(1)
        )
        if address is not None:
            found.add(address)
    return sorted(found)


def find_failing_webhooks(connection: sa.Connection) -> tuple[list[int], list[int]]:
    """Return the webhooks whose latest attempts failed, and those that were put off for it."""
    if not sa.inspect(connection).has_table("webhooks"):
        return [], []
    reason = _WEBHOOKS.c.disabled_reason
    ids = sa.select(_WEBHOOKS.c.id).order_by(_WEBHOOKS.c.id)
    failing = ids.where(reason.is_(None), _WEBHOOKS.c.failing_since.is_not(None))
    return (
        list(connection.scalars(failing)),
        list(connection.scalars(ids.where(reason.in_(("failing", "gone"))))),
    )
