"""The review queue over the API: what is told to whom."""

from __future__ import annotations

from typing import Any

import pytest

from forecourt.core.access import Scope
from forecourt.core.records import Role
from forecourt.review.forms import waiting_to_json
from tests.support.api import Api
from tests.support.api_fixes import post
from tests.support.queue import QueueShop
from tests.support.shop import ACME, URLS, ZENITH

Headers = dict[str, str]


@pytest.fixture
def shop(api: Api) -> QueueShop:
    """Two advertisers that show the same images, of which two are doubtful; they disagree on one.

    It empties the database: make keys after it.
    """
    found = QueueShop(api.service.engine)
    found.promote(api.service.model_version)
    found.doubt(1, 2)
    return found


def get(api: Api, headers: Headers, **query: Any) -> Any:
    answer = api.ask("GET", "/v1/queue", headers, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_queue__is_what_the_stage_lists(api: Api, shop: QueueShop, staff: Headers) -> None:
    shop.fill(ACME, ZENITH)
    page = get(api, staff)
    assert page["items"] == [waiting_to_json(one) for one in shop.waiting()]
    assert len(page["items"]) == 3
    assert page["next_cursor"] is None
    assert page["done_today"] == {"you": 0, "team": 0}


def test_queue__pages_hold_each_once(api: Api, shop: QueueShop, staff: Headers) -> None:
    shop.fill(ACME)
    found, cursor = [], None
    for _page in range(4):
        page = get(api, staff, limit=1, **({"cursor": cursor} if cursor else {}))
        found += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == [one.id for one in shop.waiting()]


def test_queue__what_is_fixed_as_it_is_shown_is_confirmed(
    api: Api, shop: QueueShop, staff: Headers
) -> None:
    shop.fill(ACME)
    first = get(api, staff)["items"][0]
    sent = {
        "advertiser": first["advertiser"],
        "url": first["url"],
        "image_type": first["image_type"]["value"],
        "color": first["color"]["value"] or "none",
    }
    act = post(api, staff, "/fixes", sent).json()
    page = get(api, staff)
    assert first["image_id"] not in [one["image_id"] for one in page["items"]]
    assert page["done_today"] == {"you": 1, "team": 1}
    assert post(api, staff, f"/acts/{act['act_id']}/undo").status_code == 201
    page = get(api, staff)
    assert page["items"][0]["id"] == first["id"]
    assert page["done_today"] == {"you": 0, "team": 0}


def test_queue__an_advertiser_is_told_of_its_own_alone(
    api: Api, shop: QueueShop, acme: Headers, zenith: Headers, staff: Headers
) -> None:
    for headers, advertiser, color in ((acme, ACME, "Red"), (zenith, ZENITH, "Blue")):
        sent = {"advertiser": advertiser, "url": URLS[0], "color": color}
        assert post(api, headers, "/fixes", sent).status_code == 201
    shop.fill(ACME, ZENITH)
    told = get(api, staff)["items"][0]["reasons"][0]
    assert told["reason"] == "conflict"
    assert "zenith says Blue" in told["text"]
    for headers, advertiser in ((acme, ACME), (zenith, ZENITH)):
        page = get(api, headers)
        assert {one["advertiser"] for one in page["items"]} == {advertiser}
        assert "conflict" not in str(page["items"])
        assert page["done_today"] == {"you": 1, "team": None}
    other = api.ask("GET", "/v1/queue", acme, params={"advertiser": ZENITH})
    unknown = api.ask("GET", "/v1/queue", acme, params={"advertiser": "nobody"})
    assert (other.status_code, unknown.status_code) == (403, 403)


def test_queue__needs_the_scope_read(api: Api, shop: QueueShop) -> None:  # noqa: ARG001
    assert api.ask("GET", "/v1/queue").status_code == 401
    narrow = api.key(Role.STAFF, None, Scope.CLASSIFY)
    assert api.ask("GET", "/v1/queue", narrow).status_code == 403


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 51}, {"cursor": "x"}, {"advertiser": ""}, {"cursor": "YmU="}]
)
def test_queue__wrong_questions_are_refused(
    api: Api, staff: Headers, query: dict[str, Any]
) -> None:
    assert api.ask("GET", "/v1/queue", staff, params=query).status_code == 422


def test_queue__nobody_unknown_has_anything(api: Api, staff: Headers) -> None:
    assert get(api, staff, advertiser="nobody")["items"] == []
