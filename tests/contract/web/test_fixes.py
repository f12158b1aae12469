"""Fixes over the API: made, listed, reverted; one, several, all that fit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from forecourt import review
from forecourt.core.access import Scope
from forecourt.core.conflicts import Ruling
from forecourt.core.fixes import FixField
from forecourt.core.labels import Color, ImageType
from forecourt.core.records import Role
from forecourt.identity.urls import make_url_key
from forecourt.review.forms import entry_to_json
from forecourt.store.engine import reading, writing
from forecourt.store.schema import urls
from tests.support.api import Api
from tests.support.shop import ACME, URLS, ZENITH, Shop

STOCK = review.Change(image_type=ImageType.STOCK)
BLUE = review.Change(color=Color.BLUE, sets_color=True)
ONE = {"advertiser": ACME, "url": URLS[0], "image_type": "Stock"}
Headers = dict[str, str]


@pytest.fixture
def staff(api: Api, shop: Shop) -> Headers:  # noqa: ARG001  # the shop empties the database
    headers: Headers = api.key(Role.STAFF)
    return headers


@pytest.fixture
def acme(api: Api, shop: Shop) -> Headers:  # noqa: ARG001
    headers: Headers = api.key(Role.ADVERTISER, ACME)
    return headers


@pytest.fixture
def zenith(api: Api, shop: Shop) -> Headers:  # noqa: ARG001
    headers: Headers = api.key(Role.ADVERTISER, ZENITH)
    return headers


def post(api: Api, headers: Headers, path: str, body: Any = None, **more: str) -> Any:
    given = {name.replace("_", "-"): value for name, value in more.items()}
    return api.ask("POST", f"/v1{path}", headers | given, json=body)


def history(api: Api, headers: Headers, **query: Any) -> list[dict[str, Any]]:
    answer = api.ask("GET", "/v1/fixes", headers, params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


# ---- one image, several --------------------------------------------------------------------------


def test_fix__holds_in_the_sitemap_and_tells_who_made_it(
    api: Api, shop: Shop, acme: Headers
) -> None:
    answer = post(api, acme, "/fixes", ONE | {"color": "Blue", "note": " as the owner says "})
    assert answer.status_code == 201
    act = answer.json()
    assert act["count"] == 2
    assert act["unshown"] == []
    assert [(one["field"], one["from"], one["to"]) for one in act["fixes"]] == [
        ("image_type", "Dealer", "Stock"),
        ("color", "Grey", "Blue"),
    ]
    first = act["fixes"][0]
    assert (first["by"], first["role"], first["source"]) == ("ci", "advertiser", "api")
    assert (first["note"], first["vehicle_id"]) == ("as the owner says", "v0")
    assert first["model_version"] == api.service.model_version
    assert shop.shown(ACME)[0] == ("Stock", "Blue")
    assert shop.shown(ZENITH)[0] == ("Dealer", "Grey")


def test_fix__several_images_are_one_act(api: Api, shop: Shop, acme: Headers) -> None:
    body = {"advertiser": ACME, "urls": URLS[:2], "color": "none"}
    act = post(api, acme, "/fixes", body).json()
    assert act["count"] == 2
    assert {one["act_id"] for one in act["fixes"]} == {act["act_id"]}
    assert [color for _type, color in shop.shown(ACME)] == [None, None, "Grey"]


def test_fix__null_leaves_a_field_as_it_is(api: Api, shop: Shop, acme: Headers) -> None:
    assert post(api, acme, "/fixes", ONE | {"color": None}).json()["count"] == 1
    assert shop.shown(ACME)[0] == ("Stock", "Grey")


def test_fix__everywhere_is_for_staff(api: Api, shop: Shop, staff: Headers, acme: Headers) -> None:
    assert post(api, acme, "/fixes", ONE | {"everywhere": True}).status_code == 403
    assert post(api, staff, "/fixes", ONE | {"everywhere": True}).status_code == 201
    assert shop.shown(ZENITH)[0] == ("Stock", "Grey")


def test_fix__that_the_sitemap_does_not_show_is_said_to_be_kept(
    api: Api, staff: Headers, acme: Headers
) -> None:
    post(api, acme, "/fixes", ONE)
    act = post(api, staff, "/fixes", ONE | {"image_type": "Placeholder"}).json()
    (unshown,) = act["unshown"]
    assert unshown["fix_id"] == act["fixes"][0]["id"]
    assert (unshown["field"], unshown["shown"]) == ("image_type", "Stock")
    assert "fixed by the advertiser (ci)" in unshown["reason"]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"image_type": None}, "Say what to fix"),
    ({"url": None}, "`url` for one, or `urls` for several"),
    ({"urls": URLS}, "`url` for one, or `urls` for several"),
    ({"image_type": "Placeholder", "color": "Red"}, "no colour"),
    ({"image_type": "Nice"}, "image_type"),
    ({"color": "Silver"}, "color"),
    ({"url": "https://cdn.example.com/\x00.jpg"}, "url"),
    ({"note": "x" * 2_001}, "note"),
    ({"colour": "Red"}, "colour"),
]


def test_fix__what_cannot_be_is_refused(api: Api, acme: Headers) -> None:
    for change, words in REFUSED:
        answer = post(api, acme, "/fixes", ONE | change)
        assert answer.status_code == 422, change
        assert words in answer.json()["detail"]
    assert history(api, acme) == []


BODIES = [b"{", b"\xff", b"[" * 100_000, b"1", b""]


def test_fix__body_that_is_none_is_refused(api: Api, acme: Headers) -> None:
    headers = acme | {"Content-Type": "application/json"}
    for body in BODIES:
        assert api.ask("POST", "/v1/fixes", headers, content=body).status_code == 422, body


def test_fix__body_that_is_too_long_is_refused(api: Api, acme: Headers) -> None:
    headers = acme | {"Content-Type": "application/json"}
    answer = api.ask("POST", "/v1/fixes", headers, content=b" " * (4 << 20) + b"{}")
    assert answer.status_code == 413


def test_fix__image_that_is_not_there_fixes_none(api: Api, acme: Headers) -> None:
    body = {"advertiser": ACME, "urls": [URLS[0], "https://cdn.example.com/gone.jpg"]}
    answer = post(api, acme, "/fixes", body | {"image_type": "Stock"})
    assert answer.status_code == 404
    assert "gone.jpg" in answer.json()["detail"]
    assert history(api, acme) == []


def test_fix__sent_twice_is_made_once(api: Api, acme: Headers, shop: Shop) -> None:
    first = post(api, acme, "/fixes", ONE, Idempotency_Key="a")
    again = post(api, acme, "/fixes", ONE, Idempotency_Key="a")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()
    assert len(shop.history(ACME)) == 1
    assert len(api.log("fix.create")) == 1
    other = post(api, acme, "/fixes", ONE | {"note": "why"}, Idempotency_Key="a")
    assert other.status_code == 422


def test_fix__is_in_the_audit_log_and_counted(api: Api, acme: Headers) -> None:
    answer = post(api, acme, "/fixes", ONE | {"url": None, "urls": URLS, "color": "Blue"})
    (entry,) = api.log("fix.create")
    assert entry.target == str(answer.json()["act_id"])
    assert (entry.advertiser, entry.by, entry.role) == (ACME, "ci", Role.ADVERTISER)
    assert entry.detail == {"everywhere": False, "fixes": 6}
    assert entry.request_id == answer.headers["X-Request-ID"]
    metrics = api.service.metrics.render().decode()
    assert 'forecourt_fixes_total{field="image_type",role="advertiser"} 3.0' in metrics
    assert 'forecourt_fixes_total{field="color",role="advertiser"} 3.0' in metrics


def test_fixes_of_several_at_once_are_all_kept_in_order(
    api: Api, staff: Headers, shop: Shop
) -> None:
    """Whoever comes second has seen what the first one said, and has the last word."""
    colors = [color for color in Color if color is not Color.GREY][:8]
    together = threading.Barrier(len(colors))

    def fix(color: Color) -> int:
        together.wait()
        body = {"advertiser": ACME, "url": URLS[0], "color": color}
        status: int = post(api, staff, "/fixes", body).status_code
        return status

    with ThreadPoolExecutor(len(colors)) as pool:
        assert list(pool.map(fix, colors)) == [201] * len(colors)
    made = shop.history(ACME)
    assert {fix.value for fix in made} == set(colors)
    assert [fix.value_from for fix in made] == ["Grey", *(fix.value for fix in made[:-1])]
    assert [fix.at for fix in made] == sorted(fix.at for fix in made)
    assert shop.shown(ACME)[0] == ("Dealer", made[-1].value)


# ---- all that fit --------------------------------------------------------------------------------


BULK = {"advertiser": ACME, "selection": {"whole_sitemap": True}, "image_type": "Stock"}


def test_bulk__a_dry_run_fixes_nothing_and_tells_what_it_would(api: Api, acme: Headers) -> None:
    selection = {"vehicle_ids": ["v1", "v2"], "shown_colors": ["Grey", "none"]}
    body = {"advertiser": ACME, "selection": selection, "dry_run": True}
    answer = post(api, acme, "/fixes/bulk", body)
    assert answer.status_code == 200
    assert answer.json()["images"] == 2
    assert answer.json()["examples"][0] == {
        "vehicle_id": "v1",
        "url": URLS[1],
        "image_type": "Dealer",
        "color": "Grey",
    }
    assert history(api, acme) == []
    assert api.log("fix.create") == []


def test_bulk__fixes_no_more_than_was_agreed_to(api: Api, acme: Headers, shop: Shop) -> None:
    assert post(api, acme, "/fixes/bulk", BULK).status_code == 422
    answer = post(api, acme, "/fixes/bulk", BULK | {"confirmed": 2})
    assert answer.status_code == 409
    assert "Meanwhile 3 images fit, not 2" in answer.json()["detail"]
    assert history(api, acme) == []
    assert post(api, acme, "/fixes/bulk", BULK | {"confirmed": 3}).json()["count"] == 3
    assert [shown for shown, _color in shop.shown(ACME)] == ["Stock"] * 3


SELECTIONS: list[tuple[dict[str, Any], int]] = [
    ({"shown_types": ["Dealer"]}, 2),
    ({"shown_types": ["Stock"], "shown_colors": ["Blue"]}, 1),
    ({"shown_colors": ["none"]}, 0),
    ({"type_sources": ["fix"]}, 1),
    ({"color_sources": ["model"]}, 2),
    ({"statuses": ["skipped"]}, 0),
    ({"review": True}, 0),
    ({"color_confidence_below": 0.9}, 2),
    ({"type_confidence_below": 0.5}, 0),
    ({"text": "V2"}, 1),
    ({"conditions": ["New"]}, 0),
    ({"against_scrape_color": True}, 0),
]


def test_bulk__selects_by_what_is_shown(api: Api, acme: Headers, shop: Shop) -> None:
    change = review.Change(image_type=ImageType.STOCK, color=Color.BLUE, sets_color=True)
    shop.fix(ACME, change)
    for selection, count in SELECTIONS:
        body = {"advertiser": ACME, "selection": selection, "dry_run": True}
        answer = post(api, acme, "/fixes/bulk", body)
        assert answer.json()["images"] == count, selection


REFUSED_BULKS: list[tuple[dict[str, Any], int]] = [
    (BULK | {"selection": {}, "dry_run": True}, 422),
    (BULK | {"selection": {"vehicle_ids": ["nine"]}, "dry_run": True}, 404),
    (BULK | {"selection": {"shown_types": ["Placeholder"]}, "confirmed": 1}, 404),
    (BULK | {"selection": {"text": " "}, "dry_run": True}, 422),
    (BULK | {"confirmed": 0}, 422),
    (BULK | {"image_type": None, "confirmed": 3}, 422),
]


def test_bulk__what_cannot_be_is_refused(api: Api, acme: Headers) -> None:
    for body, status in REFUSED_BULKS:
        assert post(api, acme, "/fixes/bulk", body).status_code == status, body
    assert history(api, acme) == []


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
