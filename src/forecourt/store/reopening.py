"""Images that a scrape has settled, and that are to be asked about once more."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from forecourt.store.inventory import ImageState
from forecourt.store.schema import urls, vehicle_images
from forecourt.store.worklist import UNCHECKED


def reopen_unverified(connection: sa.Connection, scrape_id: int, bad_hosts: Collection[str]) -> int:
    """Make pending again what this scrape identified by headers of hosts that proved to lie.

    Returns:
        How many images were reopened.
    """
    unverified = sa.select(urls.c.url_key).where(
        urls.c.host.in_(bad_hosts), urls.c.is_verified.is_(False)
    )
    reopened = connection.execute(
        sa.update(vehicle_images)
        .where(
            vehicle_images.c.scrape_id == scrape_id,
            vehicle_images.c.state == ImageState.TAGGED,
            vehicle_images.c.url_key.in_(unverified),
        )
        .values(state=ImageState.PENDING)
    )
    connection.execute(
        sa.update(urls)
        .where(urls.c.url_key.in_(unverified))
        .values(checked_scrape_id=UNCHECKED, fresh_until=urls.c.checked_at)
    )
    return reopened.rowcount


def reopen_skipped(connection: sa.Connection, scrape_id: int) -> int:
    """Make pending again what a scrape could not tag, to be asked about once more.

    Returns:
        How many images were reopened.
    """
    of_scrape = (
        vehicle_images.c.scrape_id == scrape_id,
        vehicle_images.c.state == ImageState.SKIPPED,
    )
    connection.execute(
        sa.update(urls)
        .where(
            urls.c.url_key.in_(sa.select(vehicle_images.c.url_key).where(*of_scrape)),
            urls.c.skip_reason.is_not(None),
        )
        .values(checked_scrape_id=UNCHECKED)
    )
    reopened = connection.execute(
        sa.update(vehicle_images).where(*of_scrape).values(state=ImageState.PENDING)
    )
    return reopened.rowcount
