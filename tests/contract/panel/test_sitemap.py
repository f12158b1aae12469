"""What the sitemap's page shows of what is stored, to whom, and how it asks the database."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from forecourt import review
from forecourt.core.fixes import Actor, ActSource, NewAct
from forecourt.core.labels import Color, ImageType
from forecourt.core.records import Role
from forecourt.core.selection import Selection
from forecourt.store.engine import writing
from forecourt.store.schema import advertisers, vehicle_images, vehicles
from forecourt.web.panel.filters import Filters
from forecourt.web.service import Service
from tests.support.plans import check_plans, recording
from tests.support.stocked import AT, Shown, stock

HOSTILE = "\"><img src=x onerror=alert(1)><script>alert(2)</script>'{{7*7}}"


def show(browser: TestClient, **query: Any) -> str:
    answer = browser.get("/panel/sitemap", params={"advertiser": "acme", **query})
    assert answer.status_code == 200, answer.text
    return answer.text


def tiles(page: str) -> list[str]:
    return re.findall(r'<li class="tile.*?</li>', page, re.DOTALL)


def fix(service: Service, url: str, change: review.Change, *, by: str = "Grace") -> None:
    act = NewAct(actor=Actor(name=by, role=Role.STAFF), at=AT, source=ActSource.PANEL)
    with writing(service.engine) as connection:
        review.fix_images(
            connection,
            act,
            advertiser="acme",
            urls=[url],
            change=change,
            model_version=service.model_version,
        )


def url_of(number: int, place: int) -> str:
    return f"https://img.example.com/acme/{number}/{place}.jpg"


def test_fix_stands_beside_what_the_model_said(staff: TestClient, service: Service) -> None:
    fix(service, url_of(1, 0), review.Change(image_type=ImageType.STOCK))
    (tile,) = [one for one in tiles(show(staff)) if url_of(1, 0) in one]
    assert "Stock</b> <small>fixed</small>" in tile
    assert "model: Dealer, Blue" in tile
    assert "fixed by staff (Grace) on 2026-11-24" in tile


def test_skipped_image_is_no_placeholder(staff: TestClient) -> None:
    skipped = [one for one in tiles(show(staff)) if "skipped" in one]
    assert len(skipped) == 1
    assert "Skipped <small>timeout</small>" in skipped[0]
    assert "<b" not in skipped[0]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"type": "Stock"}, 12),
        ({"type": ["Stock", "Placeholder"], "status": "tagged"}, 15),
        ({"status": "skipped"}, 1),
        ({"text": "stock-11"}, 6),
        ({"text": "1hgcm82633a000003"}, 6),
        ({"condition": "Used"}, 24),
        ({"vehicle": ["stock-2", "stock-3"]}, 12),
        ({"source": "scrape", "color": "Black"}, 5),
        ({"by": "grace"}, 1),
        ({"by": "ada"}, 0),
        ({"source": "fix"}, 1),
        ({"since": "2026-11-24", "until": "2026-11-24"}, 1),
        ({"since": "2026-11-25"}, 0),
        ({"against": "1"}, 1),
        ({"review": "1", "below": "60"}, 14),
        ({"type": "", "color": "", "text": " ", "below": ""}, 72),
    ],
)
def test_filters(staff: TestClient, service: Service, query: dict[str, Any], count: int) -> None:
    fix(service, url_of(0, 0), review.Change(color=Color.PINK, sets_color=True))
    page = show(staff, **query)
    assert len(tiles(page)) == count
    if count and any(any(value) for value in query.values() if value != " "):
        given = re.search('data-selection="([^"]+)"', page)
        assert given
        selection = json.loads(html.unescape(given[1]))
        body = {
            "advertiser": "acme",
            "selection": selection,
            "image_type": "Stock",
            "dry_run": True,
        }
        token = re.search('name="csrf-token" content="([^"]+)"', page)
        assert token
        told = staff.post("/v1/fixes/bulk", json=body, headers={"X-CSRF-Token": token[1]})
        if "whole_sitemap" not in selection:
            assert told.json()["images"] == count


def test_confidence_below_nothing_is_asked_of_bulk_fixes_as_of_the_page() -> None:
    assert Filters(below=0).to_json() == {"type_confidence_below": 0.0}
    assert Filters(below=0).to_selection() == Selection(type_confidence_below=0.0)
    assert Filters().to_json() == {"whole_sitemap": True}


@pytest.mark.parametrize(
    "query", [{"type": "Car"}, {"below": "101"}, {"since": "soon"}, {"color": "Silver"}]
)
def test_filter_that_is_none_is_told(staff: TestClient, query: dict[str, str]) -> None:
    answer = staff.get("/panel/sitemap", params={"advertiser": "acme", **query})
    assert answer.status_code == 422
    assert f"<p>{next(iter(query))}: " in answer.text


@pytest.mark.parametrize("last", ["9999-12-31", "9999-12-30"])
def test_last_day_that_there_is(staff: TestClient, service: Service, last: str) -> None:
    fix(service, url_of(0, 0), review.Change(color=Color.PINK, sets_color=True))
    assert len(tiles(show(staff, until=last))) == 1


@pytest.mark.parametrize(
    "address",
    [
        "/panel/?find=%00",
        "/panel/queue?advertiser=%00",
        "/panel/sitemap?advertiser=%00",
        "/panel/sitemap?advertiser=acme&vehicle=%00",
        "/panel/sitemap/place?advertiser=%00&url=x",
    ],
)
def test_text_with_a_nul_is_refused(staff: TestClient, address: str) -> None:
    assert staff.get(address).status_code == 422


def test_pages_follow_each_other_without_a_gap(staff: TestClient, service: Service) -> None:
    stock(
        service.engine,
        "large",
        vehicles_count=60,
        images_each=9,
        model_version=service.model_version,
    )
    page = staff.get("/panel/sitemap", params={"advertiser": "large"}).text
    seen = re.findall('data-vehicle="([^"]+)"', page)
    while more := re.search('data-more="([^"]+)"', page):
        page = staff.get(html.unescape(more[1])).text
        assert "<html" not in page
        seen += re.findall('data-vehicle="([^"]+)"', page)
    assert seen == [f"stock-{number}" for number in range(60)]


def test_rare_thing_is_found_over_several_requests(
    staff: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecourt.sitemap.pages._MOST_LOOKED_AT", 20)
    stock(
        service.engine,
        "rare",
        vehicles_count=30,
        images_each=3,
        model_version=service.model_version,
        shown=lambda vehicle, _place: Shown("Stock" if vehicle == 25 else "Dealer"),
    )
    page, requests = staff.get("/panel/sitemap?advertiser=rare&type=Stock").text, 1
    found = tiles(page)
    while more := re.search('data-more="([^"]+)"', page):
        page, requests = staff.get(html.unescape(more[1])).text, requests + 1
        found += tiles(page)
    assert len(found) == 3
    assert requests > 3


def test_hostile_words_are_text(staff: TestClient, service: Service) -> None:
    with writing(service.engine) as connection:
        connection.execute(
            sa.update(vehicles)
            .where(vehicles.c.vehicle_id == "stock-0")
            .values(title=HOSTILE, color=HOSTILE, body_type=HOSTILE, url="javascript:alert(1)")
        )
        connection.execute(
            sa.update(vehicle_images)
            .where(vehicle_images.c.url == url_of(0, 0))
            .values(url=f"https://img.example.com/{HOSTILE}")
        )
    page = show(staff)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert html.escape(HOSTILE, quote=False)[:20] in page.replace("&#34;", '"').replace(
        "&#39;", "'"
    )
    asked = {"advertiser": "acme", "url": url_of(0, 1)}
    place = staff.get("/panel/sitemap/place", params=asked).text
    assert "javascript:" not in place
    assert "<script" not in place


def test_advertiser_is_told_nothing_of_others(owner: TestClient) -> None:
    theirs = "https://img.example.com/zenith/0/0.jpg"
    for path in ("", "/more?after=-1", f"/tiles?url={theirs}", f"/place?url={theirs}"):
        joined = "&" if "?" in path else "?"
        other = owner.get(f"/panel/sitemap{path}{joined}advertiser=zenith")
        unknown = owner.get(f"/panel/sitemap{path}{joined}advertiser=unknown")
        assert other.status_code == unknown.status_code == 404
        numbers = "<code>[0-9a-f]+</code>"
        assert re.sub(numbers, "", other.text.replace("zenith", "unknown")) == re.sub(
            numbers, "", unknown.text
        )


def test_tiles_and_places_that_are_gone(staff: TestClient) -> None:
    asked = {"advertiser": "acme", "url": [url_of(0, 0), "https://img.example.com/gone.jpg"]}
    answer = staff.get("/panel/sitemap/tiles", params=asked)
    assert len(tiles(answer.text)) == 1
    gone = {"advertiser": "acme", "url": "https://img.example.com/gone.jpg"}
    assert staff.get("/panel/sitemap/place", params=gone).status_code == 404


def test_advertiser_without_a_scrape(staff: TestClient, service: Service) -> None:
    with writing(service.engine) as connection:
        connection.execute(sa.insert(advertisers).values(id="new/one & co", created_at=AT))
    assert "No vehicles yet" in staff.get("/panel/sitemap?advertiser=new/one+%26+co").text
    listed = staff.get("/panel/").text
    assert 'href="/panel/sitemap?advertiser=new%2Fone+%26+co"' in listed
    assert staff.get("/panel/sitemap?advertiser=unknown").status_code == 404


def test_no_query_reads_a_table_from_end_to_end(staff: TestClient, service: Service) -> None:
    pages = (
        "/panel/",
        "/panel/?find=a",
        "/panel/sitemap?advertiser=acme",
        "/panel/sitemap?advertiser=acme&type=Stock&text=stock",
        "/panel/sitemap?advertiser=acme&vehicle=stock-1",
        f"/panel/sitemap/tiles?advertiser=acme&url={url_of(0, 0)}",
        f"/panel/sitemap/place?advertiser=acme&url={url_of(0, 0)}",
    )
    fix(service, url_of(0, 0), review.Change(image_type=ImageType.STOCK))
    for page in pages:
        with recording(service.engine) as sent:
            assert staff.get(page).status_code == 200
        assert len(sent) < 25
        check_plans(service.engine, sent, small=frozenset({"advertisers"}))
