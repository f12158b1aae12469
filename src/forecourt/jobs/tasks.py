"""The job functions: a feed becomes a scrape, a scrape becomes a sitemap. Safe to repeat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
import structlog

from forecourt import intake, review, tagging
from forecourt.core.errors import NotFoundError, StateError, StoreError, UsageError
from forecourt.core.records import LONGEST_ADVERTISER, RefusedRow
from forecourt.core.webhooks import EventType
from forecourt.feeds.read import read_feed
from forecourt.feeds.words import clean_text
from forecourt.jobs.alarms import raise_on_finish
from forecourt.jobs.engines import Engines, open_engines
from forecourt.jobs.hooks import announce_scrape
from forecourt.jobs.workspace import Workspace
from forecourt.store import reopening, worklist
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.engine import reading, writing
from forecourt.store.inventory import ImageState
from forecourt.store.oddities import keep_class_counts
from forecourt.store.scrapes import NewScrape, Scrape, ScrapeStatus
from forecourt.tagging import Ending, Tally

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedScrape:
    """A scrape that will be tagged.

    Attributes:
        is_resumed: An earlier run of the same feed was cut short.
        warnings: What looks like a mistake of whoever made the feed; none when resumed.
    """

    scrape: Scrape
    is_resumed: bool
    warnings: tuple[str, ...] = ()


def accept_feed(
    workspace: Workspace,
    path: Path,
    *,
    advertiser: str | None,
    on_refused: Callable[[RefusedRow], None],
    allow_empty: bool = False,
    priority: int = 0,
) -> AcceptedScrape:
    """Store a feed as a scrape, in one transaction; find it again if it was already being tagged.

    Raises:
        FeedError: the feed cannot be read at all, or holds no vehicles (unless `allow_empty`).
        UsageError: nobody says whose inventory it is, or with too long a name.
    """
    with writing(workspace.engine) as connection:
        return accept_into(
            connection,
            path,
            advertiser=advertiser,
            on_refused=on_refused,
            allow_empty=allow_empty,
            priority=priority,
        )


def accept_into(
    connection: sa.Connection,
    path: Path,
    *,
    advertiser: str | None,
    on_refused: Callable[[RefusedRow], None],
    name: str | None = None,
    allow_empty: bool = False,
    priority: int = 0,
) -> AcceptedScrape:
    """Store a feed as a scrape, as `accept_feed` does. Does not commit.

    Args:
        connection: A writing connection.
        path: The feed.
        advertiser: Whose inventory it is; None: the feed says so.
        on_refused: Told of every row that could not be used.
        name: What the feed is called, where not as the file is.
        allow_empty: A feed without vehicles means an empty inventory.
        priority: Higher ones are tagged first.
    """
    with read_feed(path) as feed:
        digest = intake.digest_file(path)  # behind the reader's checks: a pipe would never end
        owner = _find_owner(advertiser or feed.advertiser, path)
        # Of two that bring the same feed at once, the second finds the first one's scrape.
        stored_scrapes.take_turn(connection, owner, at=datetime.now(UTC))
        unfinished = stored_scrapes.find_unfinished(connection, owner, digest)
        if unfinished is not None:
            return AcceptedScrape(scrape=unfinished, is_resumed=True)
        new = NewScrape(
            advertiser=owner,
            feed_name=name or path.name,
            feed_format=feed.format,
            feed_digest=digest,
            scraped_at=feed.scraped_at,
            received_at=datetime.now(UTC),
            priority=priority,
        )
        for earlier in stored_scrapes.list_unfinished_of(connection, owner):
            # Now, while its images can still be counted: this one takes its place.
            _announce(connection, EventType.SCRAPE_CANCELLED, earlier)
        accepted = intake.accept(
            connection, feed, new, on_refused=on_refused, allow_empty=allow_empty
        )
    scrape = stored_scrapes.get_scrape(connection, accepted.scrape_id)
    assert scrape is not None  # noqa: S101  # stored by the line above
    return AcceptedScrape(scrape=scrape, is_resumed=False, warnings=accepted.warnings)


def cancel(connection: sa.Connection, scrape_id: int, *, at: datetime) -> Scrape:
    """Cancel a scrape; one that was cancelled is left at that. What is tagged stays tagged.

    Raises:
        NotFoundError: there is no such scrape.
        StateError: it is finished.
    """
    is_cancelled = stored_scrapes.cancel(connection, scrape_id, at=at)
    scrape = find_scrape(connection, scrape_id)
    if is_cancelled:
        _announce(connection, EventType.SCRAPE_CANCELLED, scrape)
    elif scrape.status is ScrapeStatus.FINISHED:
        raise StateError(f"Scrape {scrape_id} is finished; there is nothing left to cancel.")
    return scrape


def retry(connection: sa.Connection, scrape_id: int) -> Scrape:
    """Let what a scrape could not tag be asked for again, and a cancelled one go on.

    One that is at work is left at that: it has to be submitted once more, no more.

    Raises:
        NotFoundError: there is no such scrape.
        StateError: a later scrape of the advertiser has taken its place.
    """
    scrape = find_scrape(connection, scrape_id)
    latest = stored_scrapes.find_newest(connection, scrape.advertiser)
    if latest is not None and latest.id != scrape_id:
        raise StateError(
            f"Scrape {latest.id} of {scrape.advertiser} is newer and has taken its place; retry "
            "that one."
        )
    if not scrape.is_unfinished:
        reopening.reopen_skipped(connection, scrape_id)
        stored_scrapes.reopen(connection, scrape_id)
    return find_scrape(connection, scrape_id)


def find_scrape(connection: sa.Connection, scrape_id: int) -> Scrape:
    """Return a scrape.

    Raises:
        NotFoundError: there is none of that number.
    """
    scrape = stored_scrapes.get_scrape(connection, scrape_id)
    if scrape is None:
        raise NotFoundError(f"There is no scrape {scrape_id}.")
    return scrape


def _announce(connection: sa.Connection, event: EventType, scrape: Scrape) -> None:
    counts = worklist.count_states(connection, scrape.id)
    announce_scrape(
        connection,
        event,
        scrape,
        tagged=counts[ImageState.TAGGED],
        skipped=counts[ImageState.SKIPPED],
    )


def _find_owner(name: str | None, path: Path) -> str:
    owner = clean_text(name or "")
    if not owner:
        raise UsageError(f"{path.name} does not name its advertiser; give --advertiser.")
    if len(owner) > LONGEST_ADVERTISER:
        raise UsageError(
            f"The advertiser's name has {len(owner):,} characters; at most {LONGEST_ADVERTISER} "
            "are kept. Give a shorter --advertiser."
        )
    return owner


def tag(
    workspace: Workspace,
    scrape_id: int,
    *,
    on_progress: Callable[[Tally], None] = lambda _tally: None,
) -> Tally:
    """Tag what is left of a scrape, with engines of its own."""
    with open_engines(workspace) as engines:
        return run_scrape(engines, scrape_id, on_progress=on_progress)[0]


def run_scrape(
    engines: Engines,
    scrape_id: int,
    *,
    is_stopping: Callable[[], bool] = lambda: False,
    on_progress: Callable[[Tally], None] = lambda _tally: None,
) -> tuple[Tally, Ending]:
    """Tag what is left of a scrape. Safe to repeat, and to run twice at once.

    Args:
        engines: What to do it with. The run keeps the model that it began with.
        scrape_id: Which scrape.
        is_stopping: Whether to end after the present batch; what is left waits for another run.
        on_progress: Called after every batch, in this thread.
    """
    workspace = engines.workspace
    with reading(workspace.engine) as connection:
        scrape = stored_scrapes.get_scrape(connection, scrape_id)
    with engines.models.pipeline(scrape.advertiser if scrape else None) as pipeline:

        def conclude(connection: sa.Connection, tally: Tally) -> None:
            scrape = find_scrape(connection, scrape_id)
            keep_class_counts(connection, scrape_id, model_version=pipeline.model_version)
            _announce(connection, EventType.SCRAPE_FINISHED, scrape)
            raise_on_finish(connection, scrape, tally)

        def offer(pictures: Mapping[int, bytes]) -> None:
            if engines.shadow.challenger != pipeline.model_version:
                engines.shadow.offer(pictures)

        tools = tagging.Tools(
            engine=workspace.engine,
            media=workspace.media,
            fetcher=engines.fetcher,
            pipeline=pipeline,
            settings=workspace.settings,
            claims=engines.claims,
            meter=engines.metrics,
            is_stopping=is_stopping,
            on_classified=offer,
            on_finished=conclude,
        )
        tally, ending = tagging.tag_scrape(tools, scrape_id, on_progress=on_progress)
        if ending is Ending.FINISHED:
            _fill_queue(workspace.engine, scrape_id, pipeline.model_version)
        return tally, ending


def _fill_queue(engine: sa.Engine, scrape_id: int, model_version: str) -> None:
    """Let the review queue be of the scrape that is finished.

    After the fact: nobody waits for it, and a scrape is none the worse without it.
    """
    try:
        with reading(engine) as connection:
            advertiser = find_scrape(connection, scrape_id).advertiser
            latest = stored_scrapes.find_latest(connection, advertiser)
            if latest is None or latest.id != scrape_id:
                return  # a later one has taken its place, and will fill it
            draft = review.find_candidates(connection, advertiser, model_version=model_version)
        with writing(engine) as connection:
            review.fill_queue(connection, draft, at=datetime.now(UTC))
    except StoreError as error:
        _log.warning("queue.not_filled", scrape=scrape_id, error=str(error))
