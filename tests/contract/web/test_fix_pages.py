"""Fixes over the API: undone, refused, listed; and who may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from forecourt import review
from forecourt.core.access import Scope
from forecourt.core.conflicts import Ruling
from forecourt.core.fixes import FixField
from forecourt.core.labels import Color
from forecourt.core.records import Role
from forecourt.identity.urls import make_url_key
from forecourt.review.forms import entry_to_json
from forecourt.store.engine import reading, writing
from forecourt.store.schema import urls
from tests.support.api import Api
from tests.support.api_fixes import BLUE, BULK, ONE, STOCK, Headers, history, post
from tests.support.shop import ACME, URLS, ZENITH, Shop

# ---- undone --------------------------------------------------------------------------------------


def test_revert__and_the_undoing_of_it(api: Api, acme: Headers, shop: Shop) -> None:
    fix_id = post(api, acme, "/fixes", ONE).json()["fixes"][0]["id"]
    answer = post(api, acme, f"/fixes/{fix_id}/revert", {"note": "a slip"})
    assert answer.status_code == 201
    (fix,) = answer.json()["fixes"]
    assert (fix["id"], fix["live"]) == (fix_id, False)
    assert shop.shown(ACME)[0] == ("Dealer", "Grey")
    assert post(api, acme, f"/fixes/{fix_id}/revert").status_code == 409
    undone = post(api, acme, f"/acts/{answer.json()['act_id']}/undo")
    assert undone.json()["fixes"][0]["live"] is True
    assert shop.shown(ACME)[0] == ("Stock", "Grey")
    (reverted,) = api.log("fix.revert")
    assert reverted.detail == {"fix": fix_id, "fixes": 1}
    (entry,) = api.log("act.undo")
    assert entry.detail == {"act": answer.json()["act_id"], "fixes": 1}


def test_undo__takes_back_all_that_one_act_did(api: Api, acme: Headers, shop: Shop) -> None:
    act = post(api, acme, "/fixes/bulk", BULK | {"confirmed": 3}).json()
    assert post(api, acme, f"/acts/{act['act_id']}/undo").json()["count"] == 3
    assert [shown for shown, _color in shop.shown(ACME)] == ["Dealer"] * 3
    assert post(api, acme, f"/acts/{act['act_id']}/undo").status_code == 409


def test_revert__sent_twice_is_done_once(api: Api, acme: Headers) -> None:
    fix_id = post(api, acme, "/fixes", ONE).json()["fixes"][0]["id"]
    first = post(api, acme, f"/fixes/{fix_id}/revert", Idempotency_Key="a")
    again = post(api, acme, f"/fixes/{fix_id}/revert", Idempotency_Key="a")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()


@pytest.mark.parametrize("path", ["/fixes/{}/revert", "/acts/{}/undo"])
def test_undoing__others_and_unknown_ones_look_alike_to_an_advertiser(
    api: Api, shop: Shop, zenith: Headers, staff: Headers, path: str
) -> None:
    def detail(headers: Headers, number: int, status: int) -> str:
        answer = post(api, headers, path.format(number))
        assert answer.status_code == status, answer.text
        text: str = answer.json()["detail"]
        return text.replace(str(number), "?")

    of_acme = shop.fix(ACME, STOCK, role=Role.ADVERTISER)
    everywhere = shop.fix(ACME, BLUE, everywhere=True)
    ids = [
        done.fixes[0].id if path.startswith("/fixes") else done.act_id
        for done in (of_acme, everywhere)
    ]
    unknown = detail(zenith, 999_999, 404)
    assert [detail(zenith, number, 404) for number in ids] == [unknown] * 2
    by_staff = shop.fix(ZENITH, BLUE)
    own = by_staff.fixes[0].id if path.startswith("/fixes") else by_staff.act_id
    assert "ask staff" in detail(zenith, own, 403)
    for number in (*ids, own):
        assert post(api, staff, path.format(number)).status_code == 201


# ---- refused -------------------------------------------------------------------------------------


def test_refuse__what_was_carried_holds_no_more_until_that_is_undone(
    api: Api, acme: Headers, zenith: Headers, shop: Shop
) -> None:
    shop.fix(ACME, BLUE, urls=URLS[1:2])
    shop.carry(ACME, 0, 1, with_color=True)
    assert shop.shown(ACME)[0] == ("Dealer", "Blue")
    body = {"advertiser": ACME, "urls": [URLS[0]], "note": "another car"}
    assert post(api, zenith, "/fixes/refuse", body).status_code == 403
    act = post(api, acme, "/fixes/refuse", body)
    assert act.status_code == 201
    assert [one["to"] for one in act.json()["fixes"]] == ["Blue"]
    assert shop.shown(ACME)[:2] == [("Dealer", "Grey"), ("Dealer", "Blue")]
    assert post(api, acme, "/fixes/refuse", body).status_code == 409
    (entry,) = api.log("fix.refuse")
    assert entry.detail == {"images": 1, "fixes": 1}
    assert post(api, acme, f"/acts/{act.json()['act_id']}/undo").status_code == 201
    assert shop.shown(ACME)[0] == ("Dealer", "Blue")


def test_refuse__an_advertiser_is_not_shown_fixes_of_other_sitemaps(
    api: Api, acme: Headers, shop: Shop
) -> None:
    shop.fix(ZENITH, BLUE, urls=URLS[1:2], everywhere=True)
    shop.carry(ACME, 0, 1, with_color=True)
    act = post(api, acme, "/fixes/refuse", {"advertiser": ACME, "urls": [URLS[0]]}).json()
    assert act["fixes"] == []
    assert shop.shown(ACME)[0] == ("Dealer", "Grey")


# ---- history -------------------------------------------------------------------------------------


def many(shop: Shop) -> None:
    """A history with reverts, rulings, and fixes of several parties."""
    shop.fix(ACME, STOCK, role=Role.ADVERTISER, urls=URLS)
    own = shop.fix(ACME, BLUE, role=Role.ADVERTISER)
    shop.fix(ZENITH, BLUE, urls=URLS[1:], everywhere=True)
    shop.revert(act_id=own.act_id)
    shop.fix(ACME, BLUE, role=Role.ADVERTISER)
    shop.fix(ZENITH, review.Change(color=Color.RED, sets_color=True))
    shop.rule(0, FixField.COLOR, Ruling.KEEP_BOTH)
    shop.rule(0, FixField.COLOR, Ruling.EVERYONE, Color.BLACK)


def test_history__is_what_the_command_prints_the_latest_first(
    api: Api, shop: Shop, staff: Headers
) -> None:
    many(shop)
    with reading(shop.engine) as connection:
        entries = [
            *review.history(connection, advertiser=ACME),
            *review.rulings(connection, advertiser=ACME),
        ]
    entries.sort(key=review.Place.of, reverse=True)
    assert history(api, staff, advertiser=ACME) == [entry_to_json(one) for one in entries]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_history__pages_hold_each_entry_once(
    api: Api, shop: Shop, staff: Headers, limit: int
) -> None:
    many(shop)
    found: list[dict[str, Any]] = []
    query: dict[str, Any] = {"advertiser": ACME, "limit": limit}
    while True:
        page = api.ask("GET", "/v1/fixes", staff, params=query).json()
        assert len(page["items"]) <= limit
        found += page["items"]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
        shop.fix(ACME, STOCK)  # what is new does not shift the rest
    whole = history(api, staff, advertiser=ACME)
    assert found == whole[len(whole) - len(found) :]
    assert {one["kind"] for one in found} == {"fix", "ruling"}


def test_history__filters(api: Api, shop: Shop, staff: Headers) -> None:
    shop.fix(ACME, STOCK, urls=URLS)
    then = shop.now
    reverted = shop.fix(ACME, BLUE, urls=URLS[1:2])
    shop.revert(act_id=reverted.act_id)
    shop.carry(ACME, 0, 1, with_color=True)
    with writing(shop.engine) as connection:  # under the first URL the first image was seen
        connection.execute(
            sa.insert(urls).values(
                url_key=make_url_key(URLS[0]),
                url=URLS[0],
                host="cdn.example.com",
                image_id=shop.image_ids[0],
                checked_at=shop.now,
                fresh_until=shop.now,
                checked_scrape_id=1,
                is_verified=True,
            )
        )
    of_one = history(api, staff, advertiser=ACME, url=URLS[2])
    assert [one["url"] for one in of_one] == [URLS[2]]
    with_carried = history(api, staff, advertiser=ACME, url=URLS[0])
    assert [one["url"] for one in with_carried] == [URLS[1], URLS[1], URLS[0]]
    early = history(api, staff, advertiser=ACME, until=then.isoformat())
    assert [(one["to"], one["live"]) for one in early] == [("Stock", True)] * 3
    local = then.replace(tzinfo=None).isoformat()  # without a zone it is UTC
    assert history(api, staff, advertiser=ACME, until=local) == early
    before = (then - timedelta(minutes=30)).isoformat()
    assert history(api, staff, advertiser=ACME, until=before) == []
    unseen = "https://cdn.example.com/unseen.jpg"
    assert history(api, staff, advertiser=ACME, url=unseen) == []


def test_history__an_advertiser_is_told_of_their_own_sitemap_only(
    api: Api, shop: Shop, acme: Headers
) -> None:
    many(shop)
    mine = history(api, acme)
    assert {one["advertiser"] for one in mine} == {ACME}
    assert {one["kind"] for one in mine} == {"fix"}
    with reading(shop.engine) as connection:
        made = list(review.history(connection, advertiser=ACME))
    assert len(mine) == sum(fix.advertiser == ACME for fix in made) < len(made)
    assert history(api, acme, advertiser=ACME) == mine
    other = api.ask("GET", "/v1/fixes", acme, params={"advertiser": ZENITH})
    nobody = api.ask("GET", "/v1/fixes", acme, params={"advertiser": "nobody"})
    assert other.status_code == nobody.status_code == 403
    assert other.json()["detail"].replace(ZENITH, "nobody") == nobody.json()["detail"]


REFUSED_QUERIES: list[dict[str, Any]] = [
    {},
    {"advertiser": ""},
    {"advertiser": "a\x00"},
    {"advertiser": ACME, "url": "\x00"},
    {"advertiser": ACME, "until": "soon"},
    {"advertiser": ACME, "until": "0001-01-01T00:00:00+14:00"},
    {"advertiser": ACME, "cursor": "x"},
    {"advertiser": ACME, "cursor": "YmVmb3JlOjE="},
    {"advertiser": ACME, "limit": 0},
]


def test_history__what_cannot_be_is_refused(api: Api, staff: Headers) -> None:
    for query in REFUSED_QUERIES:
        assert api.ask("GET", "/v1/fixes", staff, params=query).status_code == 422, query


# ---- who may -------------------------------------------------------------------------------------

WRITES: list[tuple[str, Callable[[str], Any]]] = [
    ("/fixes", lambda whose: ONE | {"advertiser": whose}),
    ("/fixes/bulk", lambda whose: BULK | {"advertiser": whose, "confirmed": 3}),
    ("/fixes/bulk", lambda whose: BULK | {"advertiser": whose, "dry_run": True}),
    ("/fixes/refuse", lambda whose: {"advertiser": whose, "urls": URLS[:1]}),
]


@pytest.mark.parametrize(("path", "body"), WRITES)
def test_who_may(api: Api, shop: Shop, path: str, body: Callable[[str], Any]) -> None:
    shop.fix(ACME, BLUE, urls=URLS[1:2])
    shop.carry(ACME, 0, 1, with_color=True)

    def ask(headers: Headers, whose: str = ACME) -> Any:
        return post(api, headers, path, body(whose))

    assert ask({}).status_code == 401
    assert ask(api.key(Role.STAFF, None, Scope.READ)).status_code == 403
    others = api.key(Role.ADVERTISER, ZENITH)
    assert ask(others).status_code == 403
    assert ask(others).json()["detail"] == ask(others, "nobody").json()["detail"].replace(
        "nobody", ACME
    )
    assert ask(api.key(Role.ADVERTISER, ACME)).status_code in {200, 201}


def test_undoing_needs_the_scope(api: Api, shop: Shop) -> None:
    done = shop.fix(ACME, STOCK)
    reader = api.key(Role.STAFF, None, Scope.READ)
    assert post(api, reader, f"/fixes/{done.fixes[0].id}/revert").status_code == 403
    assert post(api, reader, f"/acts/{done.act_id}/undo").status_code == 403
    assert post(api, {}, f"/acts/{done.act_id}/undo").status_code == 401
    fixer = api.key(Role.STAFF, None, Scope.FIX)
    assert api.ask("GET", "/v1/fixes", fixer, params={"advertiser": ACME}).status_code == 403


@pytest.mark.parametrize(("path", "body"), WRITES)
def test_an_advertiser_without_a_scrape_is_told_of_no_others(
    api: Api,
    shop: Shop,  # noqa: ARG001
    path: str,
    body: Callable[[str], Any],
) -> None:
    answer = post(api, api.key(Role.ADVERTISER, "newcomer"), path, body("newcomer"))
    assert answer.status_code == 404
    assert ACME not in answer.text
    assert ZENITH not in answer.text
