"""What the health pages show of what the monitor kept, to whom, and how they ask the database."""

from __future__ import annotations

import html
import re
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from forecourt.web.service import Service
from tests.support.plans import check_plans, recording
from tests.support.watched import Said, Watched, look_at_all, mixed

# A subquery of some scrapes; the latest run, for which SQLite looks from behind; and the alarms
# that stand, which are all that is in their index.
SMALL = frozenset({"chosen", "monitor_runs", "monitor_alarms"})
HOSTILE = "\"><script>alert(1)</script>/'{{7*7}}"


@pytest.fixture
def watched(service: Service) -> Watched:
    found = Watched(service.engine)
    found.promote(service.model_version)
    return found


def show(browser: TestClient, page: str = "/panel/health") -> str:
    answer = browser.get(page)
    assert answer.status_code == 200, answer.text
    return answer.text


def names(page: str) -> list[str]:
    return [
        html.unescape(one) for one in re.findall(r'<th scope="row"><a href[^>]*>(.*?)</a>', page)
    ]


def test_before_the_first_run_both_pages_say_so(staff: TestClient) -> None:
    assert "Nothing was measured yet" in show(staff)
    assert "Nothing was measured yet" in show(staff, "/panel/health/acme")


def test_only_staff_see_health(owner: TestClient, staff: TestClient, admin: TestClient) -> None:
    for page in ("/panel/health", "/panel/health/acme"):
        assert owner.get(page).status_code == 404
        assert admin.get(page).status_code == 200
    assert "/panel/health" in show(staff)
    assert "/panel/health" not in owner.get("/panel/sitemap?advertiser=acme").text


@pytest.mark.parametrize("name", ["nobody", "%00", "..%2f..%2fetc", "a" * 5_000])
def test_unknown_advertiser_is_not_found(staff: TestClient, name: str) -> None:
    assert staff.get(f"/panel/health/{name}").status_code == 404


@pytest.mark.parametrize(
    "cursor", ["x", "YmVmb3JlOjE=", "YmVoaW5kOnggYQ==", "YmVoaW5kOm5hbiBh", "YmVoaW5kOg=="]
)
def test_cursor_that_is_none_of_ours_is_refused(
    staff: TestClient, watched: Watched, cursor: str
) -> None:
    look_at_all(watched, "tiny-1")
    assert staff.get("/panel/health", params={"cursor": cursor}).status_code == 422


def test_worst_come_first_and_pages_go_on(
    staff: TestClient, watched: Watched, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecourt.web.panel.health._PAGE", 2)
    watched.scrape("mended", {service.model_version: mixed(60)})
    watched.fix("mended", range(30), "Stock", model=service.model_version)
    look_at_all(watched.later(1), service.model_version)
    first = show(staff)
    assert names(first) == ["mended", "zenith"]
    assert "30 of 60 images (50%) were corrected in 1 day." in first
    assert "many fixed" in first
    following = re.search(r'href="([^"]+)" rel="next"', first)
    assert following
    second = show(staff, html.unescape(following[1]))
    assert names(second) == ["acme"]
    assert "Train a model anew" not in second
    assert 'rel="next"' not in second


def test_reasons_to_train_and_their_end(
    staff: TestClient, watched: Watched, service: Service
) -> None:
    watched.scrape("big", {service.model_version: mixed(400)})
    watched.fix("big", range(300), "Stock", model=service.model_version)
    look_at_all(watched.later(1), service.model_version)
    page = show(staff)
    assert "300 images were corrected since the champion&#39;s release." in page
    assert "(enough fixes)" in page
    look_at_all(watched.later(40), "another")
    assert "There is no need to train a model anew." in show(staff)
    of_one = show(staff, "/panel/health/big")
    assert "Nothing here calls for people." in of_one
    assert "until 2026-10-12" in of_one  # the alarm that was


def test_vehicles_wait_with_their_days_and_a_link_to_them(
    staff: TestClient, watched: Watched, service: Service
) -> None:
    watched.scrape("bare", {service.model_version: mixed(3, placeholder=1)})
    look_at_all(watched.later(3), service.model_version)
    page = show(staff, "/panel/health/bare")
    assert names(page) == ["v0"]
    assert 'href="/panel/sitemap?advertiser=bare&amp;vehicle=v0"' in page
    assert ">1</span>" in page
    assert "of 3; the longest for 3 days" in page


def test_what_feeds_call_things_is_text(
    staff: TestClient, watched: Watched, service: Service
) -> None:
    watched.scrape(HOSTILE, {service.model_version: mixed(60, placeholder=1)})
    watched.fix(HOSTILE, range(30), "Stock", model=service.model_version)
    look_at_all(watched.later(1), service.model_version)
    for page in (show(staff), show(staff, f"/panel/health/{quote(HOSTILE)}")):
        assert "<script>alert" not in page
        assert html.escape(HOSTILE, quote=False).replace('"', "&#34;").replace("'", "&#39;") in page
        assert not re.search(r"<script(?![^>]* src=)|<[^>]+ style=|<[^>]+ on\w+=", page)
    assert names(show(staff))[0] == HOSTILE


def test_pages_use_indexes_and_few_statements(
    staff: TestClient, watched: Watched, service: Service
) -> None:
    model = service.model_version
    said = [Said("Stock"), Said(color=None), *mixed(60)]
    watched.scrape("bare", {"m0": said, model: said})
    for _night in range(3):
        look_at_all(watched.later(1), model)
    for page in ("/panel/health", "/panel/health/bare"):
        with recording(service.engine) as sent:
            show(staff, page)
        assert len(sent) < 15
        check_plans(service.engine, sent, small=SMALL)


def test_a_run_asks_by_indexes_whatever_there_is(watched: Watched, service: Service) -> None:
    model = service.model_version
    watched.promote("m0")
    watched.promote(model)
    watched.scrape("bare", {"m0": mixed(60), model: mixed(60)}, grid=bytes(192))
    watched.fix("bare", [1], "Stock", model=model)
    with recording(service.engine) as sent:
        look_at_all(watched.later(1), model)
    check_plans(service.engine, sent, small=SMALL | {"advertisers", "promotions"})
