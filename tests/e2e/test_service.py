"""The whole story by our own client: a real server, and on PostgreSQL a worker beside it."""

from __future__ import annotations

import csv
import json
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from forecourt.client import ApiError, Client, SignatureError, verify_webhook
from tests.support.command_line import Run, Start
from tests.support.image_host import ImageHost
from tests.support.pictures import jpeg, patchwork
from tests.support.processes import PATIENCE_S, Process, start_server
from tests.support.receiver import Receiver
from tests.support.tiny_bundle import MAGENTA, PAINTS, write_tiny_bundle

SLOW = 60


@pytest.fixture
def base(
    command_settings: None,  # noqa: ARG001
    database: str | None,
    monkeypatch: pytest.MonkeyPatch,
    run: Run,
    start: Start,
    tmp_path: Path,
) -> Iterator[str]:
    """The address of a server whose champion is `tiny-1`, with `tiny-2` beside it."""
    monkeypatch.delenv("FORECOURT_VISION__BUNDLE")
    if database is not None:
        monkeypatch.setenv("FORECOURT_DATABASE", database)
    monkeypatch.setenv("FORECOURT_FETCH__PER_HOST", "2")
    monkeypatch.setenv("FORECOURT_VISION__BATCH", "4")
    monkeypatch.setenv("FORECOURT_SERVE__CHAMPION_CHECKED_S", "0.2")
    monkeypatch.setenv("FORECOURT_ACCESS__RATE_PER_MINUTE", "100000")
    for number, version in enumerate(("tiny-1", "tiny-2")):
        bundle = write_tiny_bundle(tmp_path / version, version=version, shift=number)
        assert run("models", "add", bundle, "--by", "Ada").code == 0
    assert run("models", "promote", "tiny-1", "--by", "Ada").code == 0
    server, address = start_server(start)
    processes = [server]
    if database is not None:
        processes.append(Process(start("--json-logs", "worker")))
    yield address
    for worker in processes[1:]:
        worker.wait_for("Taking jobs")  # until then a signal ends it as it ends any process
    for one in processes:
        one.popen.send_signal(signal.SIGTERM)
    assert [one.end() for one in processes] == [0] * len(processes)


@dataclass
class People:
    """Those who ask the server."""

    admin: Client
    staff: Client
    acme: Client
    zenith: Client


@pytest.fixture
def people(base: str, run: Run) -> Iterator[People]:
    made = run("keys", "create", "root", "--role", "admin", "--by", "Ada", "--json").json
    admin = Client(base, made["token"])
    tokens = [
        admin.create_key("scraper", "staff")["token"],
        admin.create_key("acme's feed", "advertiser", advertiser="acme")["token"],
        admin.create_key("zenith's feed", "advertiser", advertiser="zenith")["token"],
    ]
    clients = [admin, *(Client(base, token or "") for token in tokens)]
    yield People(*clients)
    for client in clients:
        client.close()


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until, "it does not come"
        time.sleep(0.1)


def shown(client: Client, advertiser: str) -> dict[str, tuple[str | None, str | None]]:
    return {
        image["url"].rpartition("/")[2]: (image["image_type"]["value"], image["color"]["value"])
        for vehicle in client.get_sitemap(advertiser)["vehicles"]
        for image in vehicle["images"]
    }


def test_the_whole_story(people: People, host: ImageHost, tmp_path: Path) -> None:
    red = host.put("/red.jpg", jpeg(PAINTS["Red"]))
    card = host.put("/card.jpg", jpeg(MAGENTA))
    inventory = {
        "vehicles": [
            {"id": "one", "title": "Accord", "color": "Champagne", "images": [red, card]},
            {"id": "two", "images": [host.put("/blue.jpg", jpeg(PAINTS["Blue"]))]},
            {"id": "three", "images": [host.url("/missing.jpg")]},
        ]
    }
    assert people.acme.whoami()["advertiser"] == "acme"
    with Receiver() as receiver:
        hook = people.admin.create_webhook(
            receiver.put("/hook", status=204, body=b""), events=["scrape.finished"]
        )
        scrape_id = tag(people, inventory)
        check_delivery(people.admin, receiver, hook["secret"] or "", scrape_id)
    results = {line["url"].rpartition("/")[2]: line for line in people.acme.iter_results(scrape_id)}
    assert results["red.jpg"]["vehicle_id"] == "one"
    assert results["red.jpg"]["image_type"]["value"] == "Dealer"
    assert results["missing.jpg"]["skip_reason"] == "not_found"
    check_files(people.acme, tmp_path)
    check_pictures(people.staff, host, red)
    disagree(people, red)
    promote_another(people, red)
    check_walls(people, scrape_id)
    check_log(people)


def tag(people: People, inventory: dict[str, Any]) -> int:
    """Send the inventory for both advertisers; return the scrape of the first."""
    accepted = people.staff.post_scrape("acme", inventory, idempotency_key="morning")
    again = people.staff.post_scrape("acme", inventory, idempotency_key="morning")
    assert (again["id"], accepted["images"]) == (accepted["id"], 4)
    seen: list[int] = []
    done = people.staff.wait_for(
        accepted["id"], timeout=PATIENCE_S, on_progress=lambda one: seen.append(one["done"])
    )
    assert (done["status"], done["done"], seen[-1]) == ("finished", 4, 4)
    other = people.zenith.post_scrape("zenith", json.dumps(inventory).encode(), name="z.json")
    finished = people.zenith.wait_for(other["id"], timeout=PATIENCE_S)
    assert finished["feed_name"] == "z.json"
    assert [one["id"] for one in people.staff.iter_scrapes("acme")] == [accepted["id"]]
    return accepted["id"]


def check_delivery(admin: Client, receiver: Receiver, secret: str, scrape_id: int) -> None:
    wait_until(lambda: len(receiver.got) == 2)
    received = next(
        one for one in receiver.got if json.loads(one.body)["data"]["scrape_id"] == scrape_id
    )
    now = datetime.now(UTC)
    verify_webhook(secret, received.headers, received.body, now=now)
    with pytest.raises(SignatureError):
        verify_webhook(secret, received.headers, received.body + b" ", now=now)
    wait_until(lambda: all(one["state"] == "delivered" for one in admin.iter_deliveries()))
    (event_id,) = [
        one["event_id"]
        for one in admin.iter_deliveries(state="delivered")
        if one["body"]["data"]["scrape_id"] == scrape_id
    ]
    assert received.headers["webhook-id"] == event_id


def check_files(client: Client, folder: Path) -> None:
    whole = client.download_sitemap("acme", folder / "acme.json")
    assert (whole.vehicles, whole.images) == (3, 4)
    assert json.loads((folder / "acme.json").read_text())["advertiser"] == "acme"
    assert not client.download_sitemap("acme", folder / "acme.json", etag=whole.etag).is_changed
    client.download_sitemap("acme", folder / "acme.csv", form="csv", skipped="omit")
    with (folder / "acme.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 3
    google = client.download_sitemap("acme", folder / "acme.tsv", form="google")
    assert (google.vehicles, google.left_out) == (2, {"no_image": 1})
    client.download_sitemap("acme", folder / "meta.csv", form="meta", imageless="keep")
    assert (folder / "meta.csv").read_text().startswith("vehicle_id,")
    with pytest.raises(ApiError, match="422 invalid") as refused:
        client.download_sitemap("acme", folder / "acme.json", imageless="keep")
    assert refused.value.request_id
    assert sorted(one.name for one in folder.glob("*acme*")) == [
        "acme.csv",
        "acme.json",
        "acme.tsv",
    ]


def check_pictures(client: Client, host: ImageHost, known: str) -> None:
    new = host.put("/new.jpg", jpeg(PAINTS["Green"]))
    answers = client.classify([known, new])["results"]
    assert [(one["cached"], one["color"]) for one in answers] == [(True, "Red"), (False, "Green")]
    (one,) = client.classify_files([jpeg(PAINTS["Black"])])["results"]
    assert one["color"] == "Black"
    urls = [known, host.url("/missing.jpg"), new]
    assert [one["status"] for one in client.iter_classified(urls, at_once=2)] == [
        "tagged",
        "skipped",
        "tagged",
    ]


def disagree(people: People, url: str) -> None:
    """Two advertisers say different things of one image, until staff rule on it."""
    act = people.acme.fix("acme", url, image_type="Stock", color="Blue", note="a rendering")
    assert act["count"] == 2
    people.zenith.fix("zenith", url, image_type="Placeholder")
    assert shown(people.acme, "acme")["red.jpg"] == ("Stock", "Blue")
    assert shown(people.zenith, "zenith")["red.jpg"] == ("Placeholder", None)
    (conflict,) = people.staff.iter_conflicts()
    people.staff.resolve_conflict(
        conflict["image_id"], conflict["field"], "everyone", value="Dealer", note="a photo"
    )
    assert list(people.staff.iter_conflicts()) == []
    assert shown(people.acme, "acme")["red.jpg"] == ("Dealer", "Blue")
    history = list(people.acme.iter_fixes(url=url))
    assert {"image_type", "color"} == {one["field"] for one in history}
    (color,) = [one for one in history if one["field"] == "color" and one["kind"] == "fix"]
    assert (color["from"], color["to"], color["note"]) == ("Red", "Blue", "a rendering")
    people.acme.revert(color["id"])
    assert shown(people.acme, "acme")["red.jpg"] == ("Dealer", "Red")
    preview = people.acme.preview_bulk_fix("acme", {"vehicle_ids": ["two"]}, color="Green")
    done = people.acme.bulk_fix(
        "acme", {"vehicle_ids": ["two"]}, color="Green", confirmed=preview["images"]
    )
    assert shown(people.acme, "acme")["blue.jpg"] == ("Dealer", "Green")
    people.acme.undo(done["act_id"])
    assert shown(people.acme, "acme")["blue.jpg"] == ("Dealer", "Blue")


def promote_another(people: People, url: str) -> None:
    (before,) = people.staff.classify([url])["results"]
    promoted = people.admin.promote("tiny-2", note="sees further")
    assert (promoted["replaced"], promoted["serving"]) == ("tiny-1", "tiny-2")
    (after,) = people.staff.classify([url])["results"]
    assert (before["model_version"], after["model_version"]) == ("tiny-1", "tiny-2")
    assert before["color"] != after["color"]
    assert shown(people.acme, "acme")["red.jpg"][0] == "Dealer"  # what people said stays
    people.admin.roll_back()
    assert people.admin.list_models()["serving"] == "tiny-1"
    kinds = [one["kind"] for one in people.admin.iter_promotions()][:2]
    assert kinds == ["rollback", "promote"]


def check_walls(people: People, scrape_id: int) -> None:
    """An advertiser sees its own, and is not told what others have."""
    assert [one["name"] for one in people.zenith.iter_advertisers()] == ["zenith"]
    refusals = {
        404: lambda: people.zenith.get_scrape(scrape_id),
        403: lambda: people.zenith.get_sitemap("acme"),
    }
    for status, ask in refusals.items():
        with pytest.raises(ApiError) as refused:
            ask()
        assert refused.value.status == status
    with pytest.raises(ApiError, match="403"):
        next(people.acme.iter_conflicts())


def check_log(people: People) -> None:
    entries = list(people.admin.iter_audit())
    assert {
        "scrape.accept",
        "fix.create",
        "fix.revert",
        "act.undo",
        "conflict.resolve",
        "model.promote",
        "model.rollback",
        "key.create",
        "webhook.create",
    } <= {one["action"] for one in entries}
    assert {one["advertiser"] for one in people.acme.iter_audit()} == {"acme"}


def test_a_scrape_is_cancelled_and_goes_on(people: People, host: ImageHost) -> None:
    urls = [host.put(f"/{n}.jpg", jpeg(PAINTS["Red"], seed=n), delay_s=0.1) for n in range(SLOW)]
    scrape = people.acme.post_scrape("acme", [{"id": "one", "images": urls}])
    wait_until(lambda: people.acme.get_scrape(scrape["id"])["done"] >= 4)
    for _twice in range(2):
        assert people.acme.cancel_scrape(scrape["id"])["status"] == "cancelled"
    assert host.bodies() < SLOW
    assert people.acme.retry_scrape(scrape["id"])["status"] != "cancelled"
    done = people.acme.wait_for(scrape["id"], timeout=PATIENCE_S)
    assert (done["status"], done["done"]) == ("finished", SLOW)
    assert host.bodies() <= SLOW + 4  # what was tagged stayed tagged
    with pytest.raises(ApiError, match="409 wrong-state"):
        people.acme.cancel_scrape(scrape["id"])


def test_a_dataset_is_looked_through_and_the_next_one_follows(
    people: People, run: Run, tmp_path: Path
) -> None:
    assert "another machine" in people.staff.list_datasets()["warnings"][0]
    for number in range(6):
        folder = tmp_path / "labelled" / ("Dealer" if number % 2 else "Stock")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.jpg").write_bytes(patchwork(number))
    assert run("dataset", "import", tmp_path / "labelled", "--as", "v1").code == 0
    assert [one["name"] for one in people.staff.list_datasets()["items"]] == ["v1"]
    items = list(people.staff.iter_dataset_items("v1", only="all"))
    keys = [one["key"] for one in items if one["image_type"] == "Stock"]
    assert people.staff.get_dataset_picture("v1", keys[0])[:2] == b"\xff\xd8"
    people.staff.decide("v1", keys[:1], "drop", note="blurred")
    (mistaken,) = people.staff.decide("v1", keys[1:2], "drop")
    people.staff.decide("v1", keys[2:], "relabel", image_type="Placeholder")
    assert people.staff.undo_decisions("v1", [mistaken["id"]]) == []
    told = list(people.staff.iter_decisions("v1"))
    assert [(one["verdict"], one["undone_by"]) for one in told] == [
        ("relabel", None),
        ("drop", "scraper"),
        ("drop", None),
    ]
    built = run("dataset", "build", "v2", "--json").json
    assert (built["images"], built["left_out"]) == (5, {"dropped": 1})
    labels = {one["key"]: one for one in people.staff.iter_dataset_items("v2", only="all")}
    assert labels[keys[1]]["image_type"] == "Stock"
    assert labels[keys[2]]["image_type"] == "Placeholder"
    assert labels[keys[2]]["source"] == "decision"
    assert people.staff.get_dataset("v2")["parent"] == "v1"
    assert people.staff.get_dataset_card("v2").startswith("# Dataset version v2")
    log = people.admin.iter_audit(action="dataset.decide", by="scraper", until=datetime.now(UTC))
    assert len(list(log)) == 3
    with pytest.raises(ApiError, match="403"):
        people.acme.list_datasets()
