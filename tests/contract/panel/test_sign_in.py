"""Who comes in, where they land, and what a browser is told of each page."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from tests.contract.panel.conftest import Visitors
from tests.support.gate import PASSWORD

PAGES = ("/panel/", "/panel/sitemap?advertiser=acme", "/panel/sitemap/more?advertiser=acme&after=0")


def test_strangers_are_sent_to_sign_in_and_back(visitors: Visitors) -> None:
    answer = visitors.stranger().get(PAGES[1], follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == (
        "/panel/sign-in?next=%2Fpanel%2Fsitemap%3Fadvertiser%3Dacme"
    )


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "/panelx", "/v1/keys", "", "x"],
)
def test_nobody_is_sent_elsewhere_after_signing_in(visitors: Visitors, elsewhere: str) -> None:
    sent = {"name": "ada", "password": PASSWORD, "next": elsewhere}
    answer = visitors.stranger().post("/panel/sign-in", data=sent, follow_redirects=False)
    assert answer.headers["location"] == "/panel"


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
)
def test_form_of_another_site_signs_nobody_in(visitors: Visitors, headers: dict[str, str]) -> None:
    sent = {"name": "ada", "password": PASSWORD}
    answer = visitors.stranger().post("/panel/sign-in", data=sent, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_wrong_password_says_no_more_than_a_wrong_name(visitors: Visitors) -> None:
    told = [
        visitors.stranger().post("/panel/sign-in", data={"name": name, "password": "wrong"})
        for name in ("ada", "nobody")
    ]
    assert [one.status_code for one in told] == [401, 401]
    assert told[0].text.replace("ada", "") == told[1].text.replace("nobody", "")


def test_signing_out_needs_the_forms_token(staff: TestClient) -> None:
    assert staff.post("/panel/sign-out", data={"csrf_token": "x" * 64}).status_code == 403
    assert staff.get("/panel/").status_code == 200
    token = re.search('name="csrf_token" value="([0-9a-f]+)"', staff.get("/panel/").text)
    assert token
    answer = staff.post("/panel/sign-out", data={"csrf_token": token[1]}, follow_redirects=False)
    assert answer.headers["location"] == "/panel/sign-in"
    assert staff.get("/panel/", follow_redirects=False).status_code == 303


@pytest.mark.parametrize("page", [*PAGES, "/panel/no-such-page", "/panel/sign-in"])
def test_every_page_forbids_all_that_is_not_ours(staff: TestClient, page: str) -> None:
    answer = staff.get(page)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "no-store" in answer.headers["cache-control"]
    assert not re.search(r"<script(?![^>]* src=)|<[^>]+ style=|<[^>]+ on\w+=", answer.text)


def test_advertiser_lands_on_its_own_sitemap(owner: TestClient) -> None:
    answer = owner.get("/panel/", follow_redirects=False)
    assert answer.headers["location"] == "/panel/sitemap?advertiser=acme"


def test_assets_are_kept_by_browsers_and_unknown_ones_are_not_found(visitors: Visitors) -> None:
    stranger = visitors.stranger()
    address = re.search(
        'href="(/panel/static/[^"]+panel.css)"', stranger.get("/panel/sign-in").text
    )
    assert address
    answer = stranger.get(address[1])
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]
    old = re.sub("static/[0-9a-f]+", "static/0123", address[1])
    assert stranger.get(old).headers["cache-control"] == "no-store"
    for name in ("nothing.css", "..%2fapp.py", "%2e%2e/app.py"):
        assert stranger.get(f"/panel/static/0123/{name}").status_code == 404


def test_thumbnails_are_for_who_is_signed_in(visitors: Visitors, staff: TestClient) -> None:
    address = re.search("/panel/thumbnails/[0-9a-f]{64}.jpg", staff.get(PAGES[1]).text)
    assert address
    answer = staff.get(address[0])
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.content[:2] == b"\xff\xd8"
    stranger = visitors.stranger().get(address[0], follow_redirects=False)
    assert stranger.status_code == 303
    assert staff.get("/panel/thumbnails/" + "0" * 64 + ".jpg").status_code == 404
    assert staff.get("/panel/thumbnails/passwd.jpg").status_code == 422


def test_error_of_ours_is_a_page_that_gives_nothing_away(
    visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_given: object, **_named: object) -> None:
        raise RuntimeError("secret words")

    staff = visitors.sign_in("ada")
    staff = TestClient(staff.app, raise_server_exceptions=False, cookies=dict(staff.cookies))
    monkeypatch.setattr("forecourt.web.panel.sitemap.sitemap.load_page", fail)
    answer = staff.get(PAGES[1])
    assert answer.status_code == 500
    assert "An error of ours" in answer.text
    assert "secret words" not in answer.text
