"""A run over a scrape: what is asked for, what waits, and what two runs do to each other."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from forecourt.core.settings import Settings
from forecourt.core.skips import SkipReason
from forecourt.jobs.tasks import accept_feed, tag
from forecourt.jobs.workspace import Workspace, open_workspace
from forecourt.sitemap import iter_sitemap, vehicle_to_json
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.engine import reading
from forecourt.store.schema import predictions
from forecourt.store.scrapes import ScrapeStatus
from forecourt.tagging import Tally
from forecourt.vision.bundle import load_bundle
from tests.support.image_host import ImageHost
from tests.support.pictures import jpeg
from tests.support.tiny_bundle import PAINTS, write_tiny_bundle

Accept = Callable[[list[str]], int]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Two requests to a host at once, so that a few pictures are more than are in flight."""
    fetch = settings.fetch.model_copy(update={"per_host": 2, "retries": 0})
    return settings.model_copy(update={"fetch": fetch})


@pytest.fixture
def accept(workspace: Workspace, tmp_path: Path) -> Accept:
    """Store an inventory of one vehicle as a new scrape; return the scrape's id."""
    calls = 0

    def accept_urls(urls: list[str]) -> int:
        nonlocal calls
        calls += 1
        feed = tmp_path / f"scrape-{calls}.json"
        vehicles = [{"id": "one", "images": urls}]
        feed.write_text(json.dumps({"advertiser": "acme", "n": calls, "vehicles": vehicles}))
        return accept_feed(workspace, feed, advertiser=None, on_refused=pytest.fail).scrape.id

    return accept_urls


@pytest.fixture
def next_model(workspace: Workspace, tmp_path: Path) -> Workspace:
    """The same store with another champion."""
    bundle = load_bundle(write_tiny_bundle(tmp_path / "next", version="tiny-2"))
    return replace(workspace, champion=bundle)


def paints(host: ImageHost, count: int, paint: str = "Red", **behaviour: Any) -> list[str]:
    return [host.put(f"/{n}.jpg", jpeg(PAINTS[paint], seed=n), **behaviour) for n in range(count)]


def images(workspace: Workspace) -> list[dict[str, Any]]:
    with reading(workspace.engine) as connection:
        entries = list(iter_sitemap(connection, "acme", model_version=workspace.champion.version))
        return [image for entry in entries for image in vehicle_to_json(entry)["images"]]


def count_predictions(workspace: Workspace, model_version: str) -> int:
    with reading(workspace.engine) as connection:
        where = predictions.c.model_version == model_version
        query = sa.select(sa.func.count()).select_from(predictions).where(where)
        return connection.execute(query).scalar_one()


def status_of(workspace: Workspace, scrape_id: int) -> ScrapeStatus:
    with reading(workspace.engine) as connection:
        scrape = stored_scrapes.get_scrape(connection, scrape_id)
    assert scrape is not None
    return scrape.status


def test_new_host_is_proved_by_a_few_bodies_and_the_rest_costs_none(
    host: ImageHost, accept: Accept, workspace: Workspace
) -> None:
    urls = paints(host, 40)
    tag(workspace, accept(urls))
    host.log.clear()
    tally = tag(workspace, accept(urls))
    assert (tally.verified, tally.bodies, tally.by_headers) == (3, 3, 37)
    assert sorted(entry.status for entry in host.log) == [200] * 3 + [304] * 37


def test_new_host_whose_pictures_all_changed_is_finished_in_one_run(
    host: ImageHost, accept: Accept, workspace: Workspace
) -> None:
    tag(workspace, accept(paints(host, 40)))
    tally = tag(workspace, accept(paints(host, 40, "Blue")))
    assert (tally.classified, tally.verified, tally.done, tally.requests) == (40, 0, 40, 40)
    assert {image["color"]["value"] for image in images(workspace)} == {"Blue"}


def test_proved_host_does_not_wait_for_a_new_one(
    host: ImageHost, accept: Accept, workspace: Workspace
) -> None:
    with ImageHost() as newer:
        old = paints(host, 10)
        for _scrape in range(2):
            tag(workspace, accept(old))
        both = [url for pair in zip(old, paints(newer, 10), strict=True) for url in pair]
        tag(workspace, accept(both))
        tally = tag(workspace, accept(both))
    assert (tally.by_headers, tally.verified, tally.done) == (17, 3, 20)


def test_bodies_of_a_host_without_keys_are_no_verification(
    host: ImageHost, accept: Accept, workspace: Workspace
) -> None:
    urls = paints(host, 4, etag=None)
    tag(workspace, accept(urls))
    tally = tag(workspace, accept(urls))
    assert (tally.bodies, tally.by_bytes, tally.verified) == (4, 4, 0)


def test_new_model_needs_no_downloads_where_thumbnails_are_kept(
    host: ImageHost, accept: Accept, workspace: Workspace, next_model: Workspace
) -> None:
    urls = paints(host, 8)
    for _scrape in range(2):
        tag(workspace, accept(urls))
    tally = tag(next_model, accept(urls))
    assert (tally.bodies, tally.classified, tally.by_headers) == (0, 8, 0)
    assert count_predictions(workspace, "tiny-2") == 8


def test_new_model_reads_the_bodies_of_images_whose_thumbnails_are_lost(
    host: ImageHost, accept: Accept, workspace: Workspace, next_model: Workspace
) -> None:
    urls = paints(host, 8)
    for _scrape in range(2):
        tag(workspace, accept(urls))
    shutil.rmtree(workspace.settings.home / "media")
    tally = tag(next_model, accept(urls))
    assert (tally.bodies, tally.classified) == (8, 8)
    assert count_predictions(workspace, "tiny-2") == 8


def test_dead_url_on_many_vehicles_is_asked_once_though_no_model_can_answer(
    host: ImageHost, accept: Accept, next_model: Workspace, workspace: Workspace, tmp_path: Path
) -> None:
    url = host.put("/a.jpg", jpeg(PAINTS["Green"]))
    tag(workspace, accept([url]))
    shutil.rmtree(workspace.settings.home / "media")
    host.put("/a.jpg", b"", status=404)
    feed = tmp_path / "many.json"
    vehicles = [{"id": f"stock-{n}", "images": [url]} for n in range(20)]
    feed.write_text(json.dumps({"advertiser": "acme", "vehicles": vehicles}))
    scrape = accept_feed(workspace, feed, advertiser=None, on_refused=pytest.fail).scrape
    tally = tag(next_model, scrape.id)
    assert (tally.requests, tally.done) == (1, 20)
    assert {image["color"]["value"] for image in images(next_model)} == {"Green"}


def test_error_page_instead_of_a_known_picture_does_not_become_its_key(
    host: ImageHost, accept: Accept, workspace: Workspace
) -> None:
    url = host.put("/a.jpg", jpeg(PAINTS["Green"]))
    tag(workspace, accept([url]))
    (before,) = images(workspace)
    host.put("/a.jpg", b"<!doctype html><p>Down for maintenance</p>")
    tally = tag(workspace, accept([url]))
    (after,) = images(workspace)
    assert tally.recheck_failed == 1
    assert after["color"]["reason"] == "recheck_failed"
    assert after["image_key"] == before["image_key"]


class Stopper:
    """Lets something happen at the first report of progress after some images are done."""

    def __init__(self, after: int, action: Callable[[], Any]) -> None:
        self._after = after
        self._action = action
        self.has_acted = False

    def __call__(self, tally: Tally) -> None:
        if not self.has_acted and tally.done >= self._after:
            self.has_acted = True
            self._action()


def test_scrape_that_a_later_one_replaces_meanwhile_settles_none_of_its_places(
    host: ImageHost, accept: Accept, workspace: Workspace
) -> None:
    old = paints(host, 100)
    new = [host.put(f"/new-{n}.jpg", jpeg(PAINTS["Blue"], seed=n), delay_s=0.0) for n in range(100)]
    first = accept(old)
    later: list[int] = []
    stopper = Stopper(1, lambda: later.append(accept(new)))
    tag(workspace, first, on_progress=stopper)
    assert stopper.has_acted
    assert status_of(workspace, first) is ScrapeStatus.CANCELLED
    tag(workspace, later[0])
    shown = images(workspace)
    assert [image["url"] for image in shown] == new
    assert {image["color"]["value"] for image in shown} == {"Blue"}
    assert status_of(workspace, later[0]) is ScrapeStatus.FINISHED


def test_two_runs_over_one_scrape_end_with_every_image_settled_once(
    host: ImageHost, accept: Accept, workspace: Workspace
) -> None:
    urls = [*paints(host, 70), host.url("/missing.jpg")]
    scrape_id = accept(urls)
    stopper = Stopper(1, lambda: tag(workspace, scrape_id))
    tag(workspace, scrape_id, on_progress=stopper)
    shown = images(workspace)
    assert [image["skip_reason"] for image in shown] == [None] * 70 + [SkipReason.NOT_FOUND]
    assert count_predictions(workspace, "tiny-1") == 70
    assert status_of(workspace, scrape_id) is ScrapeStatus.FINISHED


@pytest.fixture
def workspace(
    settings: Settings, place_sqlite: Callable[[Settings], Settings]
) -> Iterator[Workspace]:
    with open_workspace(place_sqlite(settings)) as opened:
        yield opened
