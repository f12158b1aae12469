"""Re-tags: which stored images are to be answered anew, and how far that is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forecourt.core.trials import UNFINISHED, Retag, RetagStatus
from forecourt.store.judged import latest_scrapes, stands_in
from forecourt.store.schema import retags, vehicle_images, vehicles
from forecourt.store.scrapes import find_latest

_LONGEST_ERROR = 2_000


def add_retag(
    connection: sa.Connection,
    model_version: str,
    *,
    advertiser: str | None,
    is_ahead: bool,
    promotion_id: int | None,
    by: str,
    at: datetime,
) -> Retag:
    """Keep a re-tag that somebody is to carry out."""
    statement = sa.insert(retags).values(
        model_version=model_version,
        advertiser=advertiser,
        is_ahead=is_ahead,
        promotion_id=promotion_id,
        status=RetagStatus.ACCEPTED,
        by=by,
        requested_at=at,
        looked_at=0,
        answered=0,
        missed=0,
        after_advertiser="",
        after_image_id=0,
        failures=0,
    )
    return _read(connection.execute(statement.returning(*retags.c)).mappings().one())


def get_retag(connection: sa.Connection, retag_id: int) -> Retag | None:
    """Return a re-tag, or None."""
    query = sa.select(retags).where(retags.c.id == retag_id)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _read(row)


def latest_retags(
    connection: sa.Connection, *, before_id: int | None = None, limit: int
) -> list[Retag]:
    """Return at most `limit` re-tags, the latest first: those before an id, or the latest."""
    query = sa.select(retags).order_by(retags.c.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(retags.c.id < before_id)
    return [_read(row) for row in connection.execute(query).mappings()]


def list_unfinished(connection: sa.Connection) -> list[Retag]:
    """Return the re-tags that somebody has to work on, the earliest first."""
    query = sa.select(retags).where(retags.c.status.in_(UNFINISHED)).order_by(retags.c.id)
    return [_read(row) for row in connection.execute(query).mappings()]


def start(connection: sa.Connection, retag_id: int, *, images: int, at: datetime) -> None:
    """Mark a re-tag as begun; one that has begun keeps when, and how many images it found."""
    connection.execute(
        sa.update(retags)
        .where(retags.c.id == retag_id, retags.c.status.in_(UNFINISHED))
        .values(
            status=RetagStatus.RUNNING,
            started_at=sa.case((retags.c.started_at.is_(None), at), else_=retags.c.started_at),
            images=sa.func.coalesce(retags.c.images, images),
        )
    )


def advance(
    connection: sa.Connection,
    before: Retag,
    *,
    advertiser: str,
    image_id: int,
    looked_at: int,
    answered: int,
    missed: int,
) -> bool:
    """Note that more images are done; return whether to go on.

    Not where it was cancelled meanwhile, nor where another run has got further than `before`.
    """
    done = connection.execute(
        sa.update(retags)
        .where(
            retags.c.id == before.id,
            retags.c.status == RetagStatus.RUNNING,
            retags.c.after_advertiser == before.after_advertiser,
            retags.c.after_image_id == before.after_image_id,
        )
        .values(
            after_advertiser=advertiser,
            after_image_id=image_id,
            looked_at=retags.c.looked_at + looked_at,
            answered=retags.c.answered + answered,
            missed=retags.c.missed + missed,
        )
    )
    return done.rowcount == 1


def finish(connection: sa.Connection, retag_id: int, *, at: datetime) -> None:
    """Mark a running re-tag as finished; what was counted at its beginning gives way to the truth.

    Scrapes that came meanwhile have brought images, or taken some away.
    """
    connection.execute(
        sa.update(retags)
        .where(retags.c.id == retag_id, retags.c.status == RetagStatus.RUNNING)
        .values(status=RetagStatus.FINISHED, finished_at=at, images=retags.c.looked_at)
    )


def cancel(connection: sa.Connection, retag_id: int, *, at: datetime) -> bool:
    """Cancel a re-tag; return whether there was anything left of it."""
    done = connection.execute(
        sa.update(retags)
        .where(retags.c.id == retag_id, retags.c.status.in_(UNFINISHED))
        .values(status=RetagStatus.CANCELLED, finished_at=at)
    )
    return done.rowcount == 1


def cancel_of_promotions(connection: sa.Connection, *, at: datetime) -> None:
    """Cancel what promotions asked for: another one has followed."""
    connection.execute(
        sa.update(retags)
        .where(retags.c.promotion_id.is_not(None), retags.c.status.in_(UNFINISHED))
        .values(status=RetagStatus.CANCELLED, finished_at=at)
    )


def note_failure(connection: sa.Connection, retag_id: int, error: str) -> None:
    """Keep with what a run over it broke off; it is tried again all the same."""
    connection.execute(
        sa.update(retags)
        .where(retags.c.id == retag_id)
        .values(failures=retags.c.failures + 1, last_error=error[:_LONGEST_ERROR])
    )


def count_shown(connection: sa.Connection, advertiser: str | None) -> int:
    """Return how many images inventories show now, each once for every advertiser."""
    latest = latest_scrapes()
    shown = (
        sa.select(latest.c.advertiser, vehicle_images.c.image_id)
        .join_from(latest, vehicles, vehicles.c.scrape_id == latest.c.scrape_id)
        .join(vehicle_images, stands_in(latest))
        .where(vehicle_images.c.image_id.is_not(None))
        .distinct()
    )
    if advertiser is not None:
        shown = shown.where(latest.c.advertiser == advertiser)
    return connection.scalar(sa.select(sa.func.count()).select_from(shown.subquery())) or 0


def list_shown(connection: sa.Connection, advertiser: str, *, after_id: int) -> list[int]:
    """Return the images that an advertiser's latest scrape shows, in order: those after an id."""
    scrape = find_latest(connection, advertiser)
    if scrape is None:
        return []
    query = (
        sa.select(vehicle_images.c.image_id)
        .join_from(vehicles, vehicle_images, vehicle_images.c.vehicle_id == vehicles.c.id)
        .where(
            vehicles.c.scrape_id == scrape.id,
            vehicle_images.c.scrape_id == scrape.id,
            vehicle_images.c.image_id > after_id,
        )
        .distinct()
        .order_by(vehicle_images.c.image_id)
    )
    return list(connection.scalars(query))


def _read(row: sa.RowMapping) -> Retag:
    values: dict[str, Any] = {**row, "status": RetagStatus(row["status"])}
    return Retag(**values)
