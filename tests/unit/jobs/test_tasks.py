"""Jobs are safe to repeat, also after the process died in the middle of one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from forecourt.core.errors import UsageError
from forecourt.core.settings import Settings
from forecourt.jobs.tasks import accept_feed, tag
from forecourt.jobs.workspace import Workspace
from forecourt.store.engine import reading
from forecourt.store.schema import images, predictions, scrapes, vehicle_images
from tests.support.image_host import ImageHost
from tests.support.pictures import jpeg
from tests.support.tiny_bundle import PAINTS

IMAGES = 300
TAG = """
import sys
from pathlib import Path
from forecourt.core.settings import Settings
from forecourt.jobs.tasks import accept_feed, tag
from forecourt.jobs.workspace import open_workspace

settings = Settings.model_validate_json(sys.argv[1])
with open_workspace(settings) as workspace:
    accepted = accept_feed(workspace, Path(sys.argv[2]), advertiser=None, on_refused=print)
    tag(workspace, accepted.scrape.id)
"""


@pytest.fixture
def settings(settings: Settings, database: str | None) -> Settings:
    return settings.model_copy(update={"database": database})


def write_feed(path: Path, urls: list[str]) -> Path:
    vehicles = [{"id": f"stock-{n}", "images": urls[n : n + 10]} for n in range(0, len(urls), 10)]
    path.write_text(json.dumps({"advertiser": "acme", "vehicles": vehicles}))
    return path


def count(workspace: Workspace, query: sa.Select[tuple[int]]) -> int:
    with reading(workspace.engine) as connection:
        return connection.execute(query).scalar_one()


def count_rows(workspace: Workspace, table: sa.Table) -> int:
    return count(workspace, sa.select(sa.func.count()).select_from(table))


def kill_when(host: ImageHost, requests: int, command: list[str]) -> None:
    """Start a process and kill it as `kill -9` does, once the host has had so many requests."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    deadline = time.monotonic() + 60
    while len(host.log) < requests:
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def wait_for_last_words(workspace: Workspace) -> None:
    """A server finishes what a dead client has sent it: wait until it has."""
    if workspace.engine.dialect.name != "postgresql":
        return
    busy = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' "
        "AND state <> 'idle' AND pid <> pg_backend_pid()"
    )
    deadline = time.monotonic() + 60
    while True:
        with reading(workspace.engine) as connection:
            if not connection.scalar(busy):
                return
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("requests", [40, 220])
def test_killed_run_goes_on_without_repeating_what_was_settled(
    host: ImageHost, settings: Settings, workspace: Workspace, tmp_path: Path, requests: int
) -> None:
    urls = [host.put(f"/{n}.jpg", jpeg(PAINTS["Red"], seed=n), delay_s=0.01) for n in range(IMAGES)]
    feed = write_feed(tmp_path / "feed.json", urls)
    kill_when(host, requests, [sys.executable, "-c", TAG, settings.model_dump_json(), str(feed)])
    wait_for_last_words(workspace)
    with reading(workspace.engine) as connection:
        settled = set(
            connection.scalars(
                sa.select(vehicle_images.c.url).where(vehicle_images.c.state == "tagged")
            )
        )
    assert count_rows(workspace, predictions) == len(settled)  # none is settled without its answer
    host.log.clear()

    accepted = accept_feed(workspace, feed, advertiser=None, on_refused=pytest.fail)
    tally = tag(workspace, accepted.scrape.id)

    assert accepted.is_resumed
    assert (tally.earlier, tally.done) == (len(settled), IMAGES)
    assert not settled & {host.url(entry.path) for entry in host.log}
    assert count_rows(workspace, images) == count_rows(workspace, predictions) == IMAGES
    assert count_rows(workspace, scrapes) == 1


def test_finished_feed_given_again_is_a_new_scrape(
    host: ImageHost, workspace: Workspace, tmp_path: Path
) -> None:
    feed = write_feed(tmp_path / "feed.json", [host.put("/a.jpg", jpeg(PAINTS["Red"]))])
    first = accept_feed(workspace, feed, advertiser=None, on_refused=pytest.fail)
    tag(workspace, first.scrape.id)
    second = accept_feed(workspace, feed, advertiser=None, on_refused=pytest.fail)
    assert not second.is_resumed
    assert second.scrape.id != first.scrape.id


def test_unfinished_feed_of_another_advertiser_is_not_resumed(
    workspace: Workspace, tmp_path: Path
) -> None:
    feed = write_feed(tmp_path / "feed.json", ["https://images.example/a.jpg"])
    first = accept_feed(workspace, feed, advertiser="acme", on_refused=pytest.fail)
    other = accept_feed(workspace, feed, advertiser="other", on_refused=pytest.fail)
    again = accept_feed(workspace, feed, advertiser="acme", on_refused=pytest.fail)
    assert (other.is_resumed, again.is_resumed) == (False, True)
    assert again.scrape.id == first.scrape.id


def test_feed_without_advertiser_asks_for_one(workspace: Workspace, tmp_path: Path) -> None:
    feed = tmp_path / "feed.json"
    feed.write_text('{"vehicles": [{"id": "one", "images": []}]}')
    with pytest.raises(UsageError, match="--advertiser"):
        accept_feed(workspace, feed, advertiser=None, on_refused=pytest.fail)
    assert count_rows(workspace, scrapes) == 0
