"""Fixes over the API: one image, several, all that fit."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from forecourt import review
from forecourt.core.labels import Color, ImageType
from forecourt.core.records import Role
from tests.support.api import Api
from tests.support.api_fixes import BULK, ONE, Headers, history, post
from tests.support.shop import ACME, URLS, ZENITH, Shop

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
