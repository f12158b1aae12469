"""Scrapes: deliveries of an inventory, and where each of them stands."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from forecourt.core.errors import NotFoundError
from forecourt.store.schema import advertisers, scrapes
from forecourt.store.upsert import insert_new


class ScrapeStatus(StrEnum):
    """Where a scrape stands."""

    ACCEPTED = "accepted"  # stored; nothing tagged yet
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"  # by a person, or because a later scrape took its place


UNFINISHED = (ScrapeStatus.ACCEPTED, ScrapeStatus.RUNNING)
_LONGEST_ERROR = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewScrape:
    """What is known of a scrape when it is accepted."""

    advertiser: str
    feed_name: str
    feed_format: str
    feed_digest: str
    scraped_at: datetime | None
    received_at: datetime
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrape:
    """A stored scrape.

    Attributes:
        priority: Higher ones are tagged first.
        tally: What the run that finished it did, or None before that.
        failures: How often a run over it broke off with an error; `last_error`: the latest.
    """

    id: int
    advertiser: str
    status: ScrapeStatus
    feed_name: str
    feed_format: str
    scraped_at: datetime | None
    received_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    vehicles: int
    images: int
    refused: int
    priority: int
    tally: Mapping[str, Any] | None
    failures: int
    last_error: str | None

    @property
    def is_unfinished(self) -> bool:
        """Whether somebody still has to work on it."""
        return self.status in UNFINISHED


_FIELDS = tuple(field.name for field in fields(Scrape) if field.name != "status")


def take_turn(connection: sa.Connection, advertiser: str, *, at: datetime) -> None:
    """Wait for whoever stores a scrape of the same advertiser, to the end of this transaction."""
    insert_new(connection, advertisers, [{"id": advertiser, "created_at": at}], key=("id",))
    connection.execute(
        # SQLite has no such clause, and one writer at a time.
        sa.select(advertisers.c.id).where(advertisers.c.id == advertiser).with_for_update()
    )


def add_scrape(connection: sa.Connection, scrape: NewScrape) -> int:
    """Store a scrape as accepted and return its id.

    An unfinished earlier scrape of the advertiser is cancelled: the newer one takes its place.
    """
    insert_new(
        connection,
        advertisers,
        [{"id": scrape.advertiser, "created_at": scrape.received_at}],
        key=("id",),
    )
    connection.execute(
        sa.update(scrapes)
        .where(
            scrapes.c.advertiser == scrape.advertiser,
            scrapes.c.status.in_(UNFINISHED),
        )
        .values(status=ScrapeStatus.CANCELLED, finished_at=scrape.received_at)
    )
    scrape_id: int = connection.execute(
        sa.insert(scrapes)
        .values(
            advertiser=scrape.advertiser,
            status=ScrapeStatus.ACCEPTED,
            feed_name=scrape.feed_name,
            feed_format=scrape.feed_format,
            feed_digest=scrape.feed_digest,
            scraped_at=scrape.scraped_at,
            received_at=scrape.received_at,
            priority=scrape.priority,
        )
        .returning(scrapes.c.id)
    ).scalar_one()
    return scrape_id


def start(connection: sa.Connection, scrape_id: int, *, at: datetime) -> bool:
    """Mark a scrape as being worked on; False: there is nothing to do, it has ended."""
    started = connection.execute(
        sa.update(scrapes)
        .where(scrapes.c.id == scrape_id, scrapes.c.status.in_(UNFINISHED))
        .values(status=ScrapeStatus.RUNNING, started_at=sa.func.coalesce(scrapes.c.started_at, at))
    )
    return bool(started.rowcount)


def finish(
    connection: sa.Connection, scrape_id: int, *, tally: Mapping[str, Any], at: datetime
) -> bool:
    """Mark a scrape as done; False: it was cancelled meanwhile, and stays so."""
    finished = connection.execute(
        sa.update(scrapes)
        .where(scrapes.c.id == scrape_id, scrapes.c.status.in_(UNFINISHED))
        .values(status=ScrapeStatus.FINISHED, finished_at=at, tally=dict(tally))
    )
    return bool(finished.rowcount)


def cancel(connection: sa.Connection, scrape_id: int, *, at: datetime) -> bool:
    """Cancel a scrape; False: it has ended already. What is tagged stays tagged."""
    cancelled = connection.execute(
        sa.update(scrapes)
        .where(scrapes.c.id == scrape_id, scrapes.c.status.in_(UNFINISHED))
        .values(status=ScrapeStatus.CANCELLED, finished_at=at)
    )
    return bool(cancelled.rowcount)


def reopen(connection: sa.Connection, scrape_id: int) -> None:
    """Let an ended scrape be worked on once more."""
    connection.execute(
        sa.update(scrapes)
        .where(scrapes.c.id == scrape_id)
        .values(
            status=ScrapeStatus.ACCEPTED,
            started_at=None,
            finished_at=None,
            tally=None,
            failures=0,
            last_error=None,
        )
    )


def note_failure(connection: sa.Connection, scrape_id: int, error: str) -> None:
    """Count a run that broke off, and keep why."""
    connection.execute(
        sa.update(scrapes)
        .where(scrapes.c.id == scrape_id)
        .values(failures=scrapes.c.failures + 1, last_error=error[:_LONGEST_ERROR])
    )


def list_unfinished(connection: sa.Connection) -> list[Scrape]:
    """Return what has to be worked on: by priority, then the oldest first."""
    rows = connection.execute(
        sa.select(scrapes).where(_is_unfinished()).order_by(scrapes.c.priority.desc(), scrapes.c.id)
    )
    return [_read(row) for row in rows]


def list_of(
    connection: sa.Connection, advertiser: str, *, before_id: int | None, limit: int
) -> list[Scrape]:
    """Return an advertiser's scrapes, the latest first; `before_id`: where the last page ended."""
    where = [scrapes.c.advertiser == advertiser]
    where += [] if before_id is None else [scrapes.c.id < before_id]
    rows = connection.execute(
        sa.select(scrapes).where(*where).order_by(scrapes.c.id.desc()).limit(limit)
    )
    return [_read(row) for row in rows]


def find_unfinished(connection: sa.Connection, advertiser: str, feed_digest: str) -> Scrape | None:
    """Return the advertiser's unfinished scrape of this very feed, to be resumed."""
    return _one_scrape(
        connection,
        scrapes.c.advertiser == advertiser,
        scrapes.c.feed_digest == feed_digest,
        scrapes.c.status.in_(UNFINISHED),
    )


def list_unfinished_of(connection: sa.Connection, advertiser: str) -> list[Scrape]:
    """Return an advertiser's unfinished scrapes, of which there is one at most."""
    rows = connection.execute(
        sa.select(scrapes).where(scrapes.c.advertiser == advertiser, _is_unfinished())
    )
    return [_read(row) for row in rows]


def find_latest(connection: sa.Connection, advertiser: str) -> Scrape | None:
    """Return the advertiser's latest scrape that was not cancelled."""
    return _one_scrape(
        connection,
        scrapes.c.advertiser == advertiser,
        scrapes.c.status != ScrapeStatus.CANCELLED,
    )


def find_newest(connection: sa.Connection, advertiser: str) -> Scrape | None:
    """Return the advertiser's scrape that came in last, cancelled or not."""
    return _one_scrape(connection, scrapes.c.advertiser == advertiser)


def get_latest(connection: sa.Connection, advertiser: str) -> Scrape:
    """Return the advertiser's latest scrape that was not cancelled.

    Raises:
        NotFoundError: the advertiser has none; the message names some who have.
    """
    scrape = find_latest(connection, advertiser)
    if scrape is None:
        known = ", ".join(list_advertisers(connection)[:10]) or "none yet"
        raise NotFoundError(f"There is no scrape of {advertiser!r}. Known advertisers: {known}.")
    return scrape


def get_scrape(connection: sa.Connection, scrape_id: int) -> Scrape | None:
    """Return one scrape, or None."""
    return _one_scrape(connection, scrapes.c.id == scrape_id)


def list_advertisers(
    connection: sa.Connection,
    *,
    after: str | None = None,
    limit: int | None = None,
    containing: str = "",
) -> list[str]:
    """Return the names of advertisers, sorted as the database does: all, or the next after one.

    `containing` is part of the name; of Latin letters the case does not count.
    """
    query = sa.select(advertisers.c.id).order_by(advertisers.c.id).limit(limit)
    if after is not None:
        query = query.where(advertisers.c.id > after)
    if containing:
        query = query.where(advertisers.c.id.icontains(containing, autoescape=True))
    return list(connection.scalars(query))


def load_newest(connection: sa.Connection, names: Collection[str]) -> dict[str, Scrape]:
    """Return the scrape of each advertiser that came in last, cancelled or not."""
    newest = (
        sa.select(sa.func.max(scrapes.c.id))
        .where(scrapes.c.advertiser.in_(names))
        .group_by(scrapes.c.advertiser)
    )
    rows = connection.execute(sa.select(scrapes).where(scrapes.c.id.in_(newest)))
    return {row.advertiser: _read(row) for row in rows}


def has_advertiser(connection: sa.Connection, name: str) -> bool:
    """Return whether an advertiser of that name ever sent a scrape, or has fixes."""
    return (
        connection.scalar(sa.select(advertisers.c.id).where(advertisers.c.id == name)) is not None
    )


def _one_scrape(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> Scrape | None:
    row = connection.execute(
        sa.select(scrapes).where(*where).order_by(scrapes.c.id.desc()).limit(1)
    ).one_or_none()
    return None if row is None else _read(row)


def _read(row: sa.Row[Any]) -> Scrape:
    given = {name: getattr(row, name) for name in _FIELDS}
    return Scrape(status=ScrapeStatus(row.status), **given)


def _is_unfinished() -> sa.ColumnElement[bool]:
    # Written out, so that the partial index serves it.
    return scrapes.c.status.in_([sa.literal_column(f"'{status}'") for status in UNFINISHED])
