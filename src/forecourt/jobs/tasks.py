"""The job functions: a feed becomes a scrape, a scrape becomes a sitemap. Safe to repeat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from forecourt import intake, tagging
from forecourt.core.errors import UsageError
from forecourt.core.records import RefusedRow
from forecourt.feeds.read import read_feed
from forecourt.fetch.client import Fetcher
from forecourt.identity.visual import make_visual_key
from forecourt.jobs.workspace import Workspace
from forecourt.store import inventory
from forecourt.store.engine import reading, writing
from forecourt.store.inventory import NewScrape, Scrape
from forecourt.store.oddities import keep_class_counts
from forecourt.tagging import Tally
from forecourt.vision.pipeline import Pipeline


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedScrape:
    """A scrape that will be tagged. `is_resumed`: an earlier run of the same feed was cut short."""

    scrape: Scrape
    is_resumed: bool


def accept_feed(
    workspace: Workspace,
    path: Path,
    *,
    advertiser: str | None,
    on_refused: Callable[[RefusedRow], None],
) -> AcceptedScrape:
    """Store a feed as a scrape, in one transaction; find it again if it was already being tagged.

    Raises:
        FeedError: the feed cannot be read at all.
        UsageError: nobody says whose inventory it is.
    """
    digest = intake.digest_file(path)
    with read_feed(path) as feed:
        owner = advertiser or feed.advertiser
        if not owner:
            raise UsageError(f"{path.name} does not name its advertiser; give --advertiser.")
        with reading(workspace.engine) as connection:
            unfinished = inventory.find_unfinished(connection, owner, digest)
        if unfinished is not None:
            return AcceptedScrape(scrape=unfinished, is_resumed=True)
        new = NewScrape(
            advertiser=owner,
            feed_name=path.name,
            feed_format=feed.format,
            feed_digest=digest,
            scraped_at=feed.scraped_at,
            received_at=datetime.now(UTC),
        )
        with writing(workspace.engine) as connection:
            accepted = intake.accept(connection, feed, new, on_refused=on_refused)
            scrape = inventory.get_scrape(connection, accepted.scrape_id)
    assert scrape is not None  # noqa: S101  # stored by the line above
    return AcceptedScrape(scrape=scrape, is_resumed=False)


def tag(
    workspace: Workspace,
    scrape_id: int,
    *,
    on_progress: Callable[[Tally], None] = lambda _tally: None,
) -> Tally:
    """Tag what is left of a scrape."""
    settings = workspace.settings
    with (
        Pipeline(workspace.champion, settings.vision, make_visual_key=make_visual_key) as pipeline,
        Fetcher(settings.fetch) as fetcher,
    ):
        tools = tagging.Tools(
            engine=workspace.engine,
            media=workspace.media,
            fetcher=fetcher,
            pipeline=pipeline,
            settings=settings,
        )
        tally = tagging.tag_scrape(tools, scrape_id, on_progress=on_progress)
    with writing(workspace.engine) as connection:
        keep_class_counts(connection, scrape_id, model_version=workspace.champion.version)
    return tally
