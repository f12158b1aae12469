"""Shadow, canaries and re-tags over the API: who may, what is told, once, and at work at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from forecourt.core.access import Scope
from forecourt.core.records import Role, Vehicle
from forecourt.core.settings import Settings
from forecourt.identity.urls import make_url_key
from forecourt.jobs.retagging import run_retag
from forecourt.store import images as stored_images
from forecourt.store import inventory
from forecourt.store.engine import writing
from forecourt.store.images import NewImage
from forecourt.store.schema import predictions, vehicle_images
from forecourt.store.scrapes import NewScrape, add_scrape
from tests.support.api import Api
from tests.support.pictures import jpeg
from tests.support.tiny_bundle import PAINTS
from tests.support.trials import NOW, register_three, said_by

URLS = [f"https://cdn.example.com/{number}.jpg" for number in range(3)]


@pytest.fixture
def settings(settings: Settings, database: str | None, tmp_path: Path) -> Settings:
    return register_three(settings, database, tmp_path)


@pytest.fixture
def image_ids(api: Api) -> list[int]:
    """The images of acme: red ones, which tiny-1 has seen; zenith shows nothing."""
    media = api.service.engines.workspace.media
    new = [
        NewImage(
            bytes_key=f"{number:064}",
            format="JPEG",
            width=64,
            height=48,
            size_bytes=1,
            thumbnail=media.put(jpeg(PAINTS["Red"], seed=number)),
            created_at=NOW,
        )
        for number in range(len(URLS))
    ]
    with writing(api.service.engine) as connection:
        ids = list(stored_images.add_images(connection, new).values())
        for name, urls in (("acme", URLS), ("zenith", [])):
            scrape_id = add_scrape(
                connection,
                NewScrape(
                    advertiser=name,
                    feed_name="feed.json",
                    feed_format="scrape-json",
                    feed_digest=name,
                    scraped_at=None,
                    received_at=NOW,
                ),
            )
            vehicle = Vehicle(id="one", images=tuple(urls))
            keyed = inventory.KeyedVehicle(0, vehicle, tuple(map(make_url_key, urls)))
            inventory.add_vehicles(connection, scrape_id, name, [keyed])
        for url, image_id in zip(URLS, ids, strict=True):
            connection.execute(
                sa.update(vehicle_images)
                .where(vehicle_images.c.url == url)
                .values(image_id=image_id, state="tagged")
            )
    for image_id in ids:
        answer(api, image_id, "tiny-1", "Red")
    return ids


def answer(api: Api, image_id: int, version: str, color: str) -> None:
    with writing(api.service.engine) as connection:
        connection.execute(
            sa.insert(predictions).values(
                image_id=image_id,
                model_version=version,
                image_type="Dealer",
                image_type_confidence=0.9,
                image_type_reason="most_probable",
                color=color,
                color_confidence=0.8,
                color_reason="most_probable",
                review=False,
                review_reasons=[],
                answer={},
                created_at=NOW,
            )
        )


def post(api: Api, path: str, body: dict[str, Any], **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.ask("POST", f"/v1/{path}", api.key() | named, json=body)


def get(api: Api, path: str, **params: object) -> Any:
    answered = api.ask("GET", f"/v1/{path}", api.key(Role.STAFF), params=params)
    assert answered.status_code == 200, answered.text
    return answered.json()


def logged(api: Api, prefix: str) -> list[tuple[str, str]]:
    return [(one.action, one.target) for one in api.log() if one.action.startswith(prefix)]


def colors(api: Api) -> list[str]:
    found = get(api, "advertisers/acme/sitemap")
    return [one["color"]["value"] for one in found["vehicles"][0]["images"]]


READS = [
    "shadow",
    "canaries",
    "canaries/history",
    "retags",
    "models/tiny-2/agreement",
    "models/tiny-2/disagreements",
]
WRITES: list[tuple[str, dict[str, Any], int]] = [
    ("models/tiny-2/shadow", {"share": 0.5}, 200),
    ("models/tiny-2/canary", {"advertisers": ["acme"]}, 200),
    ("retags", {}, 202),
    ("shadow/stop", {}, 409),
    ("canaries/drop", {}, 409),
    ("retags/1/cancel", {}, 404),
]


@pytest.mark.parametrize("path", READS)
def test_who_may_read(api: Api, path: str) -> None:
    def status(headers: dict[str, str]) -> int:
        return api.ask("GET", f"/v1/{path}", headers).status_code

    assert status({}) == 401
    assert status(api.key(Role.ADVERTISER, "acme")) == 403
    assert status(api.key(Role.STAFF, None, Scope.FIX)) == 403
    assert status(api.key(Role.STAFF)) == 200


@pytest.mark.parametrize(("path", "body", "done"), WRITES)
@pytest.mark.usefixtures("image_ids")
def test_who_may_change(api: Api, path: str, body: dict[str, Any], done: int) -> None:
    def status(headers: dict[str, str]) -> int:
        return api.ask("POST", f"/v1/{path}", headers, json=body).status_code

    assert status({}) == 401
    assert status(api.key(Role.ADVERTISER, "acme")) == 403
    assert status(api.key(Role.STAFF)) == 403
    assert status(api.key(Role.ADMIN, None, Scope.READ)) == 403
    assert status(api.key()) == done


def test_shadow_is_started_stopped_and_told(api: Api) -> None:
    started = post(
        api, "models/tiny-2/shadow", {"share": 0.25, "note": "vans"}, Idempotency_Key="a"
    )
    assert started.status_code == 200
    assert api.service.engines.shadow.challenger == "tiny-2", "at once, in this process"
    again = post(api, "models/tiny-2/shadow", {"share": 0.25, "note": "vans"})
    assert (again.status_code, again.json()["type"]) == (409, "/problems/wrong-state")
    stopped = post(api, "shadow/stop", {"note": "enough"})
    assert api.service.engines.shadow.challenger is None
    told = get(api, "shadow", limit=1)
    assert told["items"] == [stopped.json()]
    assert stopped.json()["kind"] == "stop"
    assert get(api, "shadow", cursor=told["next_cursor"])["items"] == [started.json()]
    assert logged(api, "shadow.") == [("shadow.stop", "tiny-2"), ("shadow.start", "tiny-2")]
    for share in (0, 1.01, "half"):
        assert post(api, "models/tiny-2/shadow", {"share": share}).status_code == 422
    assert post(api, "models/nope/shadow", {}).status_code == 404
    assert post(api, "models/tiny-1/shadow", {}).status_code == 409


def test_canary_answers_its_advertiser_at_once(api: Api, image_ids: list[int]) -> None:
    for image_id in image_ids:
        answer(api, image_id, "tiny-2", "Blue")
    assert colors(api) == ["Red"] * 3
    started = post(api, "models/tiny-2/canary", {"advertisers": ["acme"], "retag": True})
    assert [one["advertiser"] for one in started.json()["items"]] == ["acme"]
    assert colors(api) == ["Blue"] * 3
    assert get(api, "canaries") == started.json()
    (retag,) = get(api, "retags")["items"]
    assert (retag["model_version"], retag["advertiser"]) == ("tiny-2", "acme")
    dropped = post(api, "canaries/drop", {"note": "worse"}).json()
    assert [(one["kind"], one["note"]) for one in dropped["items"]] == [("drop", "worse")]
    assert colors(api) == ["Red"] * 3
    assert get(api, "canaries") == {"items": []}
    first = get(api, "canaries/history", limit=1)
    rest = get(api, "canaries/history", cursor=first["next_cursor"])
    assert first["items"] + rest["items"] == dropped["items"] + started.json()["items"]
    assert logged(api, "canary.") == [("canary.drop", "tiny-2"), ("canary.start", "tiny-2")]
    assert {one.advertiser for one in api.log("canary.start")} == {"acme"}


@pytest.mark.usefixtures("image_ids")
def test_wrong_canaries_are_refused(api: Api) -> None:
    def status(version: str, *names: str) -> int:
        code: int = post(api, f"models/{version}/canary", {"advertisers": list(names)}).status_code
        return code

    assert status("tiny-2") == 422
    assert status("tiny-2", "nobody") == 404
    assert status("nope", "acme") == 404
    assert status("tiny-1", "acme") == 409
    assert status("tiny-2", "a\x00") == 422
    assert get(api, "canaries") == {"items": []}
    assert status("tiny-2", "acme") == 200
    assert status("tiny-2", "acme") == 409
    assert post(api, "canaries/drop", {"advertisers": ["zenith"]}).status_code == 409
    assert post(api, "models/tiny-2/promote", {}).json()["serving"] == "tiny-2"
    assert get(api, "canaries") == {"items": []}, "a promoted canary has ended"
    assert get(api, "canaries/history")["items"][0]["kind"] == "promote"


def test_retag_is_asked_for_once_and_told_of(api: Api, image_ids: list[int]) -> None:
    body = {"model_version": "tiny-2", "advertiser": "acme"}
    asked = post(api, "retags", body)
    assert asked.status_code == 202
    assert asked.json() == post(api, "retags", body).json(), "it is under way already"
    path = f"retags/{asked.json()['id']}"
    assert get(api, path)["status"] == "accepted"
    run_retag(api.service.engines.workspace, asked.json()["id"], threads=1)
    done = get(api, path)
    assert (done["status"], done["images"], done["answered"]) == ("finished", 3, len(image_ids))
    assert post(api, f"{path}/cancel", {}).status_code == 409
    other = post(api, "retags", {"advertiser": "zenith"}).json()
    assert other["model_version"] == "tiny-1"
    cancelled = post(api, f"retags/{other['id']}/cancel", {}).json()
    assert cancelled["status"] == "cancelled"
    first = get(api, "retags", limit=1)
    assert first["items"] == [cancelled]
    assert get(api, "retags", cursor=first["next_cursor"])["items"] == [done]
    assert post(api, "retags", {"model_version": "nope"}).status_code == 404
    assert post(api, "retags", {"advertiser": "nobody"}).status_code == 404
    assert get(api, "promotions")["items"][0]["kind"] == "promote"
    assert api.ask("GET", "/v1/retags/99", api.key()).status_code == 404


@pytest.mark.usefixtures("image_ids")
def test_promotion_asks_for_a_retag_and_the_rollback_cancels_it(api: Api) -> None:
    done = post(api, "models/tiny-2/promote", {"retag": True}, Idempotency_Key="once").json()
    again = post(api, "models/tiny-2/promote", {"retag": True}).json()
    assert again["status"] == 409
    retag = get(api, f"retags/{done['retag_id']}")
    assert (retag["model_version"], retag["promotion_id"]) == ("tiny-2", done["id"])
    back = post(api, "models/rollback", {}).json()
    assert back["retag_id"] is None
    assert get(api, f"retags/{done['retag_id']}")["status"] == "cancelled"


def test_disagreements_come_in_pages_with_counts(api: Api, image_ids: list[int]) -> None:
    answer(api, image_ids[0], "tiny-2", "Red")
    for image_id in image_ids[1:]:
        answer(api, image_id, "tiny-2", said_by("tiny-2", "Red"))
    told = get(api, "models/tiny-2/agreement")
    assert (told["against"], told["images"], told["agreeing"]) == ("tiny-1", 3, 1)
    assert told["by_type"] == {"Dealer": {"images": 3, "agreeing": 3}}
    assert told["by_color"] == {"Red": {"images": 3, "agreeing": 1}}
    assert told["by_advertiser"] == {"acme": {"images": 3, "agreeing": 1}}
    first = get(api, "models/tiny-2/disagreements", limit=1)
    rest = get(api, "models/tiny-2/disagreements", cursor=first["next_cursor"])
    found = first["items"] + rest["items"]
    assert [one["image_id"] for one in found] == sorted(image_ids[1:], reverse=True)
    assert rest["next_cursor"] is None
    assert {one["advertiser"] for one in found} == {"acme"}
    assert [one["url"] for one in found] == [URLS[2], URLS[1]]
    assert found[0]["champion"] == {
        "image_type": "Dealer",
        "image_type_confidence": 0.9,
        "color": "Red",
        "color_confidence": 0.8,
    }
    assert get(api, "models/tiny-2/disagreements", advertiser="zenith")["items"] == []
    assert get(api, "models/tiny-1/disagreements", against="tiny-2", limit=500)["items"] != []
    assert get(api, "models/tiny-3/agreement")["images"] == 0
    for path in ("agreement", "disagreements"):
        unknown = api.ask("GET", f"/v1/models/nope/{path}", api.key())
        assert unknown.status_code == 404
