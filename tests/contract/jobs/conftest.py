"""A workspace, its engines and its runner on each database."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from forecourt.core.settings import Settings
from forecourt.jobs.embedded import EmbeddedRunner
from forecourt.jobs.engines import Engines, open_engines
from forecourt.jobs.queue import QueueRunner
from forecourt.jobs.queue_schema import install_queue
from forecourt.jobs.tasks import accept_feed
from forecourt.jobs.workspace import Workspace, open_workspace
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.engine import reading
from forecourt.store.scrapes import Scrape, ScrapeStatus
from tests.support.image_host import ImageHost
from tests.support.pictures import jpeg
from tests.support.tiny_bundle import PAINTS

PATIENCE_S = 60.0


@pytest.fixture
def workspace(
    settings: Settings, database: str | None, place_sqlite: Callable[[Settings], Settings]
) -> Iterator[Workspace]:
    found = place_sqlite(settings.model_copy(update={"database": database}))
    with open_workspace(found) as opened:
        if database is not None:
            install_queue(opened.engine)
        yield opened


@pytest.fixture
def engines(workspace: Workspace) -> Iterator[Engines]:
    with open_engines(workspace) as opened:
        yield opened


Runner = EmbeddedRunner | QueueRunner


@pytest.fixture
def make_runner(engines: Engines, database: str | None) -> Iterator[Callable[..., Runner]]:
    made: list[Runner] = []

    def make(*, scrapes_at_once: int = 2) -> Runner:
        kind = EmbeddedRunner if database is None else QueueRunner
        runner = kind(engines, scrapes_at_once=scrapes_at_once)
        made.append(runner)
        return runner

    yield make
    for runner in made:
        runner.stop()


@pytest.fixture
def accept(workspace: Workspace, tmp_path: Path) -> Callable[..., Scrape]:
    """Store an inventory of one vehicle as a new scrape."""
    calls = 0

    def accept_urls(urls: list[str], advertiser: str = "acme", priority: int = 0) -> Scrape:
        nonlocal calls
        calls += 1
        feed = tmp_path / f"scrape-{calls}.json"
        vehicles = [{"id": "one", "images": urls}]
        feed.write_text(json.dumps({"advertiser": advertiser, "n": calls, "vehicles": vehicles}))
        accepted = accept_feed(
            workspace, feed, advertiser=None, on_refused=pytest.fail, priority=priority
        )
        return accepted.scrape

    return accept_urls


def paints(host: ImageHost, count: int, paint: str = "Red", **behaviour: object) -> list[str]:
    return [
        host.put(f"/{paint}-{n}.jpg", jpeg(PAINTS[paint], seed=n), **behaviour)
        for n in range(count)
    ]


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until, "it does not come"
        time.sleep(0.05)


def get(workspace: Workspace, scrape_id: int) -> Scrape:
    with reading(workspace.engine) as connection:
        found = stored_scrapes.get_scrape(connection, scrape_id)
    assert found is not None
    return found


def wait_until_finished(workspace: Workspace, *scrapes: Scrape) -> None:
    wait_for(lambda: all(get(workspace, one.id).status is ScrapeStatus.FINISHED for one in scrapes))
