"""What the pages of staff and admins show of what is stored, and to whom."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from forecourt import access, webhooks
from forecourt.core.dataset import Opinion, Verdict
from forecourt.core.labels import ImageType
from forecourt.core.records import Role
from forecourt.core.webhooks import EventType
from forecourt.dataset import looking
from forecourt.store.engine import writing
from forecourt.web.panel import conflicts, hosts
from forecourt.web.panel.audit import _end_of
from forecourt.web.service import Service
from tests.support.dataset_versions import rank_dataset, write_dataset
from tests.support.desk import HOSTILE, add_hosts, dispute, fix_as, url_of
from tests.support.gate import START, make_admin
from tests.support.plans import check_plans, recording

STAFFS = [
    "conflicts",
    "oddities",
    "oddities/found",
    "hosts",
    "datasets",
    "datasets/v1",
    "datasets/v1/review",
]
ADMINS = ["audit", "users", "keys", "webhooks", "webhooks/1"]


def show(browser: TestClient, path: str, **query: Any) -> str:
    answer = browser.get(f"/panel/{path}", params=query or None)
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.fixture
def everything(service: Service) -> Service:
    """Something on every page, with hostile text wherever people and feeds can put it."""
    dispute(service.engine, 0, 1, 2)
    add_hosts(service.engine)
    version = write_dataset(service.settings.home)
    doubtful = rank_dataset(version)
    now = datetime.now(UTC)
    with writing(service.engine) as connection:
        looking.decide(
            connection,
            version,
            doubtful[:1],
            Opinion(verdict=Verdict.DROP, note=HOSTILE),
            by=HOSTILE,
            at=now,
        )
        new_key = access.NewKey(name=HOSTILE, role=Role.ADVERTISER, advertiser="<i>a</i>")
        access.create_key(connection, make_admin(HOSTILE), new_key, now=now)
        webhooks.create(connection, url="https://h.example.com/<b>", by=HOSTILE, at=now)
        webhooks.announce(
            connection, EventType.SCRAPE_FINISHED, advertiser="acme", data={"n": HOSTILE}, at=now
        )
    return service


# ---- who may, what is not there, hostile text ----------------------------------------------------


@pytest.mark.parametrize("path", STAFFS + ADMINS)
@pytest.mark.usefixtures("everything")
def test_who_may(
    staff: TestClient, admin: TestClient, owner: TestClient, visitors: Any, path: str
) -> None:
    def status(browser: TestClient) -> int:
        return browser.get(f"/panel/{path}", follow_redirects=False).status_code

    assert status(visitors.stranger()) == 303
    assert status(owner) == 404
    assert status(staff) == (200 if path in STAFFS else 404)
    assert status(admin) == 200


@pytest.mark.usefixtures("everything")
def test_only_staff_are_shown_pictures_of_datasets(
    staff: TestClient, owner: TestClient, visitors: Any
) -> None:
    page = show(staff, "datasets/v1/review")
    folder = re.search(r'data-pictures="(.*?)"', page)
    assert folder is not None
    key = staff.get("/v1/datasets/v1/items").json()["items"][0]["key"]
    address = f"{folder[1]}/{key}.jpg"
    answer = staff.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert answer.content[:2] == b"\xff\xd8"
    assert owner.get(address).status_code == 404
    assert visitors.stranger().get(address, follow_redirects=False).status_code == 303


def test_an_advertiser_is_not_shown_the_way(owner: TestClient, staff: TestClient) -> None:
    for browser, shown in ((owner, []), (staff, ["conflicts", "oddities", "hosts", "datasets"])):
        page = browser.get("/panel/sitemap", params={"advertiser": "acme"}).text
        links = re.findall(r'href="/panel/([a-z]+)"', page)
        assert [one for one in links if one in [*STAFFS, *ADMINS]] == shown


@pytest.mark.parametrize("path", STAFFS + ADMINS)
@pytest.mark.usefixtures("everything")
def test_hostile_text_is_text(admin: TestClient, path: str) -> None:
    page = show(admin, path)
    assert not re.search(r"<img src=x|<i>|<b>[^<]*onerror|<script>(?!<)", page)
    assert 'style="' not in page
    assert "onclick" not in page


def test_hostile_text_is_there(everything: Service, admin: TestClient) -> None:
    assert everything
    for path in ("conflicts", "datasets/v1", "keys", "webhooks/1", "audit"):
        assert html.escape(HOSTILE, quote=False)[:20] in show(admin, path).replace("&#34;", '"')


@pytest.mark.parametrize(
    "path", ["conflicts", "oddities/found", "hosts", "datasets", "keys", "webhooks"]
)
def test_empty_pages_say_so(admin: TestClient, path: str) -> None:
    assert 'class="empty"' in show(admin, path)


UNKNOWN = [
    "oddities/found?advertiser=nobody",
    "datasets/v2",
    "datasets/v2/review",
    "webhooks/9",
    "oddities?advertiser=nobody",
]


@pytest.mark.parametrize("path", UNKNOWN)
def test_what_is_not_there_is_not_found(admin: TestClient, path: str) -> None:
    assert admin.get(f"/panel/{path}").status_code == 404


WRONG = [
    "conflicts?cursor=x", "hosts?state=no", "hosts?find=%00", "audit?action=no", "audit?until=soon",
    "audit?cursor=x", "users?cursor=x", "keys?cursor=x", "webhooks/0", "webhooks?cursor=x",
    "oddities?advertiser=%00", "audit?by=%00",
]  # fmt: skip


@pytest.mark.parametrize("path", WRONG)
def test_what_cannot_be_asked_is_refused(admin: TestClient, path: str) -> None:
    assert admin.get(f"/panel/{path}").status_code == 422


# ---- what pages show -----------------------------------------------------------------------------


def test_conflicts_come_in_pages(
    everything: Service, staff: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert everything
    monkeypatch.setattr(conflicts, "_PAGE", 2)
    first = show(staff, "conflicts")
    following = re.search(r'href="([^"]*)" rel="next"', first)
    assert following is not None
    rest = staff.get(html.unescape(following[1])).text
    found = [re.findall(r'data-image="(\d+)"', one) for one in (first, rest)]
    assert [len(one) for one in found] == [2, 1]
    assert len({*found[0], *found[1]}) == 3
    assert "First page" in rest


def test_a_conflict_tells_both_sides_and_the_model(everything: Service, staff: TestClient) -> None:
    assert everything
    page = show(staff, "conflicts")
    for text in ("acme, the advertiser", "staff, for acme", "acme&#39;s owner", "The model says"):
        assert text in page


@pytest.mark.usefixtures("everything")
def test_hosts_are_found_by_state_and_name(
    staff: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(**query: str) -> list[str]:
        return re.findall(r'<th scope="row" class="wrap">(.*?)</th>', show(staff, "hosts", **query))

    assert found(state="bytes_only") == ["cdn-a.example.com"]
    assert found(find="CDN-B") == ["cdn-b.example.com:8443"]
    assert found(find="cdn_") == []
    monkeypatch.setattr(hosts, "_PAGE", 2)
    assert found() == ["cdn-a.example.com", "cdn-b.example.com:8443"]
    following = re.search(r'href="([^"]*)" rel="next"', show(staff, "hosts"))
    assert following is not None
    assert "cdn-c.example.com" in staff.get(html.unescape(following[1])).text


def test_an_oddity_offers_to_revert_the_fix_that_is_odd(
    service: Service, staff: TestClient
) -> None:
    fix_as(service.engine, Role.ADVERTISER, url_of(0), image_type=ImageType.PLACEHOLDER)
    page = show(staff, "oddities/found")
    address = re.search(r'data-send="(/v1/fixes/\d+/revert)"', page)
    assert address is not None
    csrf = re.search(r'name="csrf-token" content="(.*?)"', show(staff, "oddities"))
    assert csrf is not None
    answer = staff.post(address[1], json={}, headers={"X-CSRF-Token": csrf[1]})
    assert answer.status_code == 201
    assert "Called Placeholder" not in show(staff, "oddities/found")
    assert 'class="empty"' in show(staff, "oddities/found", advertiser="zenith")


@pytest.mark.usefixtures("everything")
def test_a_server_without_pyarrow_shows_the_card(
    staff: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecourt.store.manifest.find_spec", lambda _name: None)
    assert "v1" in show(staff, "datasets")
    page = show(staff, "datasets/v1")
    assert "forecourt[train]" in page
    assert "# Dataset version v1" in page
    assert staff.get("/panel/datasets/v1/review").status_code == 409


def test_a_version_that_nobody_ranked_says_how(service: Service, staff: TestClient) -> None:
    write_dataset(service.settings.home)
    assert "forecourt dataset rank v1" in show(staff, "datasets/v1")
    assert "forecourt dataset rank v1" in show(staff, "datasets/v1/review")


def test_log_until_a_day_has_all_of_it() -> None:
    day = START.date()
    assert _end_of(day).date() == day
    assert _end_of(day).hour == 23
    assert _end_of(day.max).date() == day.max


# ---- how they ask the database -------------------------------------------------------------------

# Without a filter the log is walked from its end, as far as a page goes.
PLANNED = [
    "conflicts", "conflicts?all=true", "audit?action=user.create", "audit?by=root",
    "audit?until=2030-01-01", "audit?advertiser=acme", "users", "keys", "webhooks/1", "datasets/v1",
]  # fmt: skip
# Few rows, whatever the size of inventories; images with more than one fix, found in an index.
SMALL = frozenset(
    {"sessions", "users", "api_keys", "webhooks", "models", "promotions", "hosts", "rulings"}
    | {"anon_1"}
)


@pytest.mark.parametrize("path", PLANNED)
def test_no_page_reads_a_table_from_end_to_end(
    everything: Service, admin: TestClient, path: str
) -> None:
    with recording(everything.engine) as sent:
        show(admin, path)
    assert sent
    check_plans(everything.engine, sent, small=SMALL)
