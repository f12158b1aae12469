"""Scrapes over HTTP: who may send and see them, what is refused, and what is noted."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from forecourt.core.access import Scope
from forecourt.core.records import Role
from tests.support.api import Api
from tests.support.shop import ACME, ZENITH

Headers = dict[str, str]
INVENTORY = {"vehicles": [{"id": "one", "images": ["https://cdn.example.com/new.jpg"]}]}


def send(api: Api, headers: Headers, advertiser: str = ACME, body: Any = None, **more: Any) -> Any:
    path = f"/v1/advertisers/{advertiser}/scrapes"
    return api.ask("POST", path, headers, json=INVENTORY if body is None else body, **more)


def number(api: Api, headers: Headers, advertiser: str) -> int:
    answer = api.ask("GET", f"/v1/advertisers/{advertiser}/scrapes", headers)
    latest: int = answer.json()["items"][0]["id"]
    return latest


def test_a_scrape_is_accepted_and_noted(api: Api, acme: Headers) -> None:
    answer = send(api, acme)
    assert answer.status_code == 202
    scrape = answer.json()
    assert answer.headers["location"] == f"/v1/scrapes/{scrape['id']}"
    assert (scrape["status"], scrape["images"], scrape["done"]) == ("accepted", 1, 0)
    seen = api.ask("GET", f"/v1/scrapes/{scrape['id']}", acme).json()
    assert seen == {name: scrape[name] for name in seen}
    (entry,) = api.log("scrape.accept")
    assert (entry.target, entry.advertiser) == (str(scrape["id"]), ACME)
    assert entry.detail == {"feed": "upload", "vehicles": 1}
    assert entry.request_id == answer.headers["x-request-id"]
    assert (send(api, acme).json()["id"], send(api, acme).json()["resumed"]) == (scrape["id"], True)


def test_an_advertiser_sends_and_sees_its_own(api: Api, acme: Headers, zenith: Headers) -> None:
    own, other = number(api, acme, ACME), number(api, zenith, ZENITH)
    assert send(api, acme, ZENITH).status_code == 403
    told, of_nobody = (send(api, acme, one).json()["detail"] for one in (ZENITH, "nobody"))
    assert told.replace(ZENITH, "nobody") == of_nobody
    for path in ("", "/results"):
        assert api.ask("GET", f"/v1/scrapes/{own}{path}", acme).status_code == 200
        assert api.ask("GET", f"/v1/scrapes/{other}{path}", acme).status_code == 404
    for act in ("cancel", "retry"):
        assert api.ask("POST", f"/v1/scrapes/{other}/{act}", acme).status_code == 404
    assert api.ask("GET", f"/v1/advertisers/{ZENITH}/scrapes", acme).status_code == 403
    assert api.log("scrape.cancel") == []


@pytest.mark.parametrize("advertiser", ["north/south & co", "a/scrapes", "50 % / 2"])
def test_names_with_slashes_are_names(api: Api, staff: Headers, advertiser: str) -> None:
    name = quote(advertiser, safe="")
    accepted = send(api, staff, name).json()
    assert accepted["advertiser"] == advertiser
    assert number(api, staff, name) == accepted["id"]
    sitemap = f"/v1/advertisers/{name}/sitemap"
    assert api.ask("GET", sitemap, staff).json()["advertiser"] == advertiser


def test_scopes_count(api: Api, acme: Headers) -> None:
    own = number(api, acme, ACME)
    reader = api.key(Role.ADVERTISER, ACME, Scope.READ)
    assert send(api, reader).status_code == 403
    assert api.ask("POST", f"/v1/scrapes/{own}/cancel", reader).status_code == 403
    assert api.ask("GET", f"/v1/scrapes/{own}", reader).status_code == 200
    sender = api.key(Role.ADVERTISER, ACME, Scope.SCRAPE)
    assert send(api, sender).status_code == 202
    assert api.ask("GET", f"/v1/scrapes/{own}", sender).status_code == 403


def test_priority_is_for_staff(api: Api, staff: Headers, acme: Headers) -> None:
    assert send(api, acme, params={"priority": 1}).status_code == 403
    assert send(api, staff, params={"priority": 101}).status_code == 422
    assert send(api, staff, params={"priority": 7}).json()["priority"] == 7


def test_the_same_key_does_a_thing_once(api: Api, staff: Headers) -> None:
    headers = staff | {"Idempotency-Key": "morning"}
    first, again = send(api, headers), send(api, headers)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert first.json() == again.json()
    assert len(api.log("scrape.accept")) == 1
    other = send(api, headers, ZENITH)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/conflict")


def test_a_form_has_the_feed_and_its_name(api: Api, staff: Headers) -> None:
    path = f"/v1/advertisers/{ACME}/scrapes"
    feed = ("today.csv", b"id,images\none,https://cdn.example.com/1.jpg\n", "text/csv")
    accepted = api.ask("POST", path, staff, files={"feed": feed}).json()
    assert (accepted["feed_name"], accepted["vehicles"]) == ("today.csv", 1)
    answer = api.ask("POST", path, staff, files={"file": feed})
    assert (answer.status_code, "`feed`" in answer.json()["detail"]) == (422, True)


@pytest.mark.parametrize("body", [{"vehicles": [{"title": "no id"}]}, {"vehicles": []}, "hello"])
def test_a_feed_of_no_use_is_refused_and_changes_nothing(
    api: Api, staff: Headers, body: Any
) -> None:
    before = number(api, staff, ACME)
    answer = send(api, staff, body=body)
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/feed-refused"
    assert str(api.service.settings.home) not in answer.text
    assert bool(answer.json()["refused_rows"]) == ("title" in str(body))
    assert number(api, staff, ACME) == before
    assert not list((api.service.settings.home / "uploads").iterdir())


def test_an_empty_inventory_has_to_be_meant(api: Api, staff: Headers) -> None:
    answer = send(api, staff, body={"vehicles": []}, params={"allow_empty": True})
    assert (answer.status_code, answer.json()["vehicles"]) == (202, 0)


def test_pages_hold_all_scrapes_once(api: Api, staff: Headers) -> None:
    for count in range(4):
        assert send(api, staff, body={**INVENTORY, "count": count}).status_code == 202
    found: list[int] = []
    cursor = None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = api.ask("GET", f"/v1/advertisers/{ACME}/scrapes", staff, params=query).json()
        found += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == sorted(set(found), reverse=True)
    assert len(found) == 5


def test_results_are_a_line_an_image_and_only_of_the_latest(api: Api, staff: Headers) -> None:
    old = number(api, staff, ACME)
    new = send(api, staff).json()["id"]
    answer = api.ask("GET", f"/v1/scrapes/{new}/results", staff)
    assert answer.headers["content-type"] == "application/x-ndjson"
    (line,) = map(json.loads, answer.text.splitlines())
    assert (line["vehicle_id"], line["skip_reason"]) == ("one", "pending")
    late = api.ask("GET", f"/v1/scrapes/{old}/results", staff)
    assert (late.status_code, late.json()["type"]) == (409, "/problems/wrong-state")


def test_cancelled_and_retried(api: Api, acme: Headers) -> None:
    scrape = send(api, acme).json()["id"]
    for _twice in range(2):
        answer = api.ask("POST", f"/v1/scrapes/{scrape}/cancel", acme)
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    answer = api.ask("POST", f"/v1/scrapes/{scrape}/retry", acme)
    assert (answer.status_code, answer.json()["status"]) == (200, "accepted")
    assert api.log("scrape.retry")[0].target == str(scrape)
    newer = send(api, acme, body={**INVENTORY, "count": 1}).json()["id"]
    assert newer != scrape
    assert api.ask("POST", f"/v1/scrapes/{scrape}/retry", acme).status_code == 409


@pytest.mark.parametrize("path", ["/v1/scrapes/999", "/v1/scrapes/999/results"])
def test_what_is_not_there_is_404(api: Api, staff: Headers, path: str) -> None:
    answer = api.ask("GET", path, staff)
    assert (answer.status_code, answer.json()["detail"]) == (404, "There is no scrape 999.")
    assert api.ask("GET", path.replace("999", "0"), staff).status_code == 422
