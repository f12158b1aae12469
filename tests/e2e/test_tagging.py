"""An inventory through the real stages against a real image host."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from forecourt.core.skips import SkipReason
from forecourt.jobs.tasks import accept_feed, tag
from forecourt.jobs.workspace import Workspace
from forecourt.sitemap import iter_sitemap, vehicle_to_json
from forecourt.store.engine import reading
from forecourt.store.hosts import list_hosts
from forecourt.tagging import Tally
from tests.support.image_host import ImageHost
from tests.support.pictures import jpeg
from tests.support.tiny_bundle import MAGENTA, PAINTS

Run = Callable[..., Tally]


@pytest.fixture
def run(workspace: Workspace, tmp_path: Path) -> Run:
    """Tag an inventory given as vehicle id → URLs; every call is a new scrape.

    By keyword: settings of the fetch that are others in this run.
    """
    calls = 0

    def run_once(inventory: dict[str, list[str]], **changed: object) -> Tally:
        nonlocal calls
        calls += 1
        settings = workspace.settings
        fetch = settings.fetch.model_copy(update=changed)
        changed_workspace = replace(
            workspace, settings=settings.model_copy(update={"fetch": fetch})
        )
        feed = tmp_path / f"scrape-{calls}.json"
        vehicles = [{"id": name, "images": urls} for name, urls in inventory.items()]
        feed.write_text(json.dumps({"advertiser": "acme", "n": calls, "vehicles": vehicles}))
        accepted = accept_feed(workspace, feed, advertiser=None, on_refused=pytest.fail)
        return tag(changed_workspace, accepted.scrape.id)

    return run_once


def sitemap(workspace: Workspace) -> dict[str, list[dict[str, Any]]]:
    with reading(workspace.engine) as connection:
        entries = iter_sitemap(connection, "acme", model_version=workspace.champion.version)
        return {entry.vehicle.id: vehicle_to_json(entry)["images"] for entry in entries}


def paints(host: ImageHost, count: int, **behaviour: Any) -> list[str]:
    return [host.put(f"/{n}.jpg", jpeg(PAINTS["Red"], seed=n), **behaviour) for n in range(count)]


def test_new_images_are_classified(host: ImageHost, run: Run, workspace: Workspace) -> None:
    urls = [
        host.put("/red.jpg", jpeg(PAINTS["Red"])),
        host.put("/white.jpg", jpeg(PAINTS["White"])),
        host.put("/card.jpg", jpeg(MAGENTA)),
    ]
    tally = run({"one": urls})
    assert (tally.classified, tally.bodies, tally.done) == (3, 3, 3)
    red, white, card = sitemap(workspace)["one"]
    assert (red["image_type"]["value"], red["color"]["value"]) == ("Dealer", "Red")
    assert (white["image_type"]["value"], white["color"]["value"]) == ("Stock", "White")
    assert (card["image_type"]["value"], card["color"]["value"]) == ("Placeholder", None)
    assert card["color"]["reason"] == "placeholder_has_no_color"
    assert red["key_source"] == "etag"


def test_proved_host_is_asked_without_bodies(host: ImageHost, run: Run) -> None:
    inventory = {"one": paints(host, 5)}
    run(inventory)
    second = run(inventory)
    assert (second.verified, second.bodies, second.by_bytes) == (5, 5, 5)  # still unproven
    host.log.clear()
    third = run(inventory)
    assert (third.by_headers, third.bodies) == (5, 0)
    assert [entry.status for entry in host.log] == [304] * 5


def test_fresh_images_of_a_trusted_host_cost_no_request(host: ImageHost, run: Run) -> None:
    inventory = {"one": paints(host, 5, headers={"Cache-Control": "max-age=3600"})}
    for _scrape in range(3):
        run(inventory)
    host.log.clear()
    assert run(inventory).fresh == 5
    assert host.log == []


def test_the_same_url_on_many_vehicles_is_asked_once(
    host: ImageHost, run: Run, workspace: Workspace
) -> None:
    url = host.put("/coming-soon.jpg", jpeg(MAGENTA))
    tally = run({f"stock-{n}": [url] for n in range(50)})
    assert (tally.requests, tally.classified, tally.fresh, tally.done) == (1, 1, 49, 50)
    values = [images[0]["image_type"]["value"] for images in sitemap(workspace).values()]
    assert values == ["Placeholder"] * 50


def test_same_bytes_under_another_url_are_classified_once(host: ImageHost, run: Run) -> None:
    data = jpeg(PAINTS["Blue"])
    run({"one": [host.put("/a.jpg", data)]})
    tally = run({"one": [host.put("/b.jpg", data)]})
    assert (tally.by_bytes, tally.classified) == (1, 0)


def test_failed_images_are_skipped_with_their_reason(
    host: ImageHost, run: Run, workspace: Workspace
) -> None:
    urls = [
        host.url("/missing.jpg"),
        host.put("/html.jpg", b"<!doctype html><p>not here</p>"),
        host.put("/empty.jpg", b""),
        host.put("/cut.jpg", jpeg(PAINTS["Red"]), cut_at=100),
        host.put("/down.jpg", b"x", status=503),
        "http://10.0.0.1/private.jpg",
        host.put("/fine.jpg", jpeg(PAINTS["Red"])),
    ]
    tally = run({"one": urls})
    assert tally.done == tally.total == 7
    images = sitemap(workspace)["one"]
    assert [image["skip_reason"] for image in images] == [
        SkipReason.NOT_FOUND,
        SkipReason.NOT_AN_IMAGE,
        SkipReason.EMPTY,
        SkipReason.TRUNCATED,
        SkipReason.SERVER_ERROR,
        SkipReason.BLOCKED_ADDRESS,
        None,
    ]
    assert images[0]["status"] == "skipped"
    assert images[0]["image_type"] == {
        "value": "Placeholder",
        "source": "default",
        "confidence": None,
        "reason": "not_found",
    }
    assert images[0]["color"]["value"] is None


def test_skipped_images_are_tried_again_at_the_next_scrape(host: ImageHost, run: Run) -> None:
    url = host.url("/late.jpg")
    assert run({"one": [url]}).skipped == {SkipReason.NOT_FOUND: 1}
    host.put("/late.jpg", jpeg(PAINTS["Red"]))
    assert run({"one": [url]}).classified == 1


def test_known_image_that_cannot_be_rechecked_keeps_its_tags(
    host: ImageHost, run: Run, workspace: Workspace
) -> None:
    url = host.put("/a.jpg", jpeg(PAINTS["Green"]))
    run({"one": [url]})
    host.put("/a.jpg", b"", status=500)
    tally = run({"one": [url]})
    assert (tally.recheck_failed, tally.skipped.total()) == (1, 0)
    image = sitemap(workspace)["one"][0]
    assert image["status"] == "tagged"
    assert (image["color"]["value"], image["color"]["reason"]) == ("Green", "recheck_failed")


def test_lying_host_loses_its_header_keys(host: ImageHost, run: Run, workspace: Workspace) -> None:
    url = host.put("/a.jpg", jpeg(PAINTS["Green"]), etag='"same"')
    run({"one": [url]})
    host.put("/a.jpg", jpeg(PAINTS["Yellow"]), etag='"same"')
    tally = run({"one": [url]})
    assert tally.distrusted == [f"127.0.0.1:{host.port}"]
    assert sitemap(workspace)["one"][0]["color"]["value"] == "Yellow"
    with reading(workspace.engine) as connection:
        (record,) = list_hosts(connection)
    assert (record["state"], record["lies"]) == ("bytes_only", 1)
    third = run({"one": [url]})
    assert (third.by_bytes, third.bodies) == (1, 1)
    assert sitemap(workspace)["one"][0]["key_source"] == "bytes"


def test_images_believed_before_a_host_lied_are_asked_about_again(
    host: ImageHost, run: Run, workspace: Workspace
) -> None:
    inventory = {"one": paints(host, 30, etag='"constant"')}
    for _scrape in range(3):
        run(inventory)
    for n in range(30):
        host.put(f"/{n}.jpg", jpeg(PAINTS["Blue"], seed=n), etag='"constant"')
    assert run(inventory).by_headers == 30  # trusted, and believed
    tally = run(inventory, verify_share=0.3)
    assert tally.done == tally.total == 30
    assert tally.reopened > 0
    colors = {image["color"]["value"] for image in sitemap(workspace)["one"]}
    assert colors == {"Blue"}


def test_churning_host_loses_its_header_keys(host: ImageHost, run: Run) -> None:
    inventory = {"one": paints(host, 12, etag="churn")}
    run(inventory)
    assert run(inventory).distrusted == [f"127.0.0.1:{host.port}"]


def test_weak_etag_confirms_but_names_nothing(
    host: ImageHost, run: Run, workspace: Workspace
) -> None:
    inventory = {"one": paints(host, 4, etag='W/"weak"')}
    for _scrape in range(3):
        tally = run(inventory)
    assert sitemap(workspace)["one"][0]["key_source"] == "bytes"
    assert tally.done == 4


def test_vehicle_that_loses_images_shows_only_the_rest(
    host: ImageHost, run: Run, workspace: Workspace
) -> None:
    urls = paints(host, 3)
    run({"one": urls, "two": urls})
    run({"one": urls[:1]})
    assert {name: len(images) for name, images in sitemap(workspace).items()} == {"one": 1}


def test_interrupted_run_goes_on_where_it_stopped(
    host: ImageHost, workspace: Workspace, tmp_path: Path
) -> None:
    urls = paints(host, 600)
    feed = tmp_path / "feed.json"
    feed.write_text(json.dumps({"advertiser": "acme", "vehicles": [{"id": "one", "images": urls}]}))
    first = accept_feed(workspace, feed, advertiser=None, on_refused=pytest.fail)

    def stop(tally: Tally) -> None:
        if tally.classified >= 64:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tag(workspace, first.scrape.id, on_progress=stop)
    fetched = {entry.path for entry in host.log}
    again = accept_feed(workspace, feed, advertiser=None, on_refused=pytest.fail)
    assert (again.is_resumed, again.scrape.id) == (True, first.scrape.id)
    tally = tag(workspace, again.scrape.id)
    assert tally.earlier >= 64
    assert tally.done == tally.total == 600
    assert tally.classified == 600 - tally.earlier
    assert len(fetched) < 600
