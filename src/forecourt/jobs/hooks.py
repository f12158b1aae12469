"""Webhooks are sent from every process that serves or works; the store keeps who is at which."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

import sqlalchemy as sa
import structlog

from forecourt import webhooks
from forecourt.core.errors import ForecourtError
from forecourt.core.webhooks import EventType, scrape_data
from forecourt.fetch.post import Poster
from forecourt.jobs.workspace import Workspace
from forecourt.store.engine import reading
from forecourt.store.scrapes import Scrape

_log = structlog.get_logger(__name__)
_PAUSE_S = 2.0
_AT_ONCE = 4
_PAGE = 100


@contextmanager
def sending_webhooks(workspace: Workspace) -> Iterator[None]:
    """Send what is due, in threads of its own; what is on its way at the end is waited for."""
    is_over = threading.Event()

    def work() -> None:
        with Poster(workspace.settings.fetch) as poster, ThreadPoolExecutor(_AT_ONCE) as pool:
            while not is_over.is_set():
                if not _send_due(workspace.engine, poster, pool):
                    is_over.wait(_PAUSE_S)

    thread = threading.Thread(target=work, name="webhooks")
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _send_due(engine: sa.Engine, poster: Poster, pool: ThreadPoolExecutor) -> int:
    """Send one page of what is due; return how many it were."""
    try:
        with reading(engine) as connection:
            due = webhooks.find_due(connection, datetime.now(UTC), _PAGE)
        list(
            pool.map(lambda one: webhooks.deliver(engine, poster, one, now=datetime.now(UTC)), due)
        )
    except ForecourtError as error:
        _log.error("webhooks.not_sent", error=str(error))  # the database is gone
        return 0
    return len(due)


def announce_scrape(
    connection: sa.Connection, event: EventType, scrape: Scrape, *, tagged: int, skipped: int
) -> None:
    """Tell webhooks how a scrape ended, in the transaction that ends it."""
    webhooks.announce(
        connection,
        event,
        advertiser=scrape.advertiser,
        data=scrape_data(
            scrape_id=scrape.id,
            feed_name=scrape.feed_name,
            received_at=scrape.received_at,
            vehicles=scrape.vehicles,
            images=scrape.images,
            tagged=tagged,
            skipped=skipped,
        ),
        at=datetime.now(UTC),
    )
