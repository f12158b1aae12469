"""Feeds that come in at the same moment."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from forecourt.core.errors import StateError
from forecourt.jobs import tasks
from forecourt.jobs.tasks import AcceptedScrape, accept_feed
from forecourt.jobs.workspace import Workspace
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.engine import reading, writing
from forecourt.store.scrapes import ScrapeStatus


def write_feed(path: Path, number: int) -> Path:
    vehicles = [
        {"id": f"v{n}", "images": [f"https://img.example.com/{number}/{n}.jpg"]} for n in range(50)
    ]
    path.write_text(json.dumps({"advertiser": "acme", "vehicles": vehicles}))
    return path


def accept_at_once(workspace: Workspace, feeds: list[Path]) -> list[AcceptedScrape]:
    together = threading.Barrier(len(feeds))

    def accept(feed: Path) -> AcceptedScrape:
        together.wait()
        return accept_feed(workspace, feed, advertiser=None, on_refused=pytest.fail)

    with ThreadPoolExecutor(len(feeds)) as pool:
        return list(pool.map(accept, feeds))


def test_the_same_feed_twice_at_once_is_one_scrape(workspace: Workspace, tmp_path: Path) -> None:
    feed = write_feed(tmp_path / "feed.json", 1)
    accepted = accept_at_once(workspace, [feed] * 4)
    assert len({one.scrape.id for one in accepted}) == 1
    assert sorted(one.is_resumed for one in accepted) == [False, True, True, True]


def test_of_two_feeds_at_once_the_later_takes_the_others_place(
    workspace: Workspace, tmp_path: Path
) -> None:
    feeds = [write_feed(tmp_path / f"{number}.json", number) for number in range(4)]
    accepted = accept_at_once(workspace, feeds)
    with reading(workspace.engine) as connection:
        unfinished = stored_scrapes.list_unfinished(connection)
        newest = stored_scrapes.find_newest(connection, "acme")
    assert newest is not None
    assert [one.id for one in unfinished] == [newest.id]
    assert newest.id == max(one.scrape.id for one in accepted)


def test_an_ended_scrape_cannot_be_cancelled_and_a_replaced_one_not_retried(
    workspace: Workspace, tmp_path: Path
) -> None:
    first, second = (
        accept_feed(
            workspace,
            write_feed(tmp_path / f"{n}.json", n),
            advertiser=None,
            on_refused=pytest.fail,
        ).scrape
        for n in range(2)
    )
    with writing(workspace.engine) as connection:
        stored_scrapes.finish(connection, second.id, tally={}, at=second.received_at)
        with pytest.raises(StateError, match="finished"):
            tasks.cancel(connection, second.id, at=second.received_at)
        assert tasks.cancel(connection, first.id, at=first.received_at).status is (
            ScrapeStatus.CANCELLED
        )
        with pytest.raises(StateError, match=f"Scrape {second.id}"):
            tasks.retry(connection, first.id)
        assert tasks.retry(connection, second.id).status is ScrapeStatus.ACCEPTED
