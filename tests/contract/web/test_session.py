"""Signing in and out over the API."""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import Any

import pytest

from forecourt.core.access import ROLE_SCOPES, Scope
from forecourt.core.rate_limit import RateLimiter
from forecourt.core.records import Role
from forecourt.web.auth import SESSION_COOKIE
from tests.support.api import Api
from tests.support.gate import PASSWORD

WRONG = "a stapler of paper boats"


def sign_in(api: Api, name: str = "Ada", password: str = PASSWORD) -> Any:
    return api.ask("POST", "/v1/session", json={"name": name, "password": password})


def cookie_of(answer: Any) -> Any:
    return SimpleCookie(answer.headers["set-cookie"])[SESSION_COOKIE]


def test_signing_in_gives_a_cookie_that_scripts_cannot_read(api: Api) -> None:
    user = api.make_user()
    answer = sign_in(api, "ada")
    cookie = cookie_of(answer)
    assert (cookie["httponly"], cookie["samesite"].lower(), cookie["path"]) == (True, "lax", "/")
    assert cookie["secure"] == ""  # over http a browser would drop it
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.json()
    assert (told["name"], told["role"], told["user_id"]) == ("Ada", "staff", user.id)
    assert set(told["scopes"]) == ROLE_SCOPES[Role.STAFF]
    assert cookie.value not in answer.text
    assert [line.by for line in api.log("session.open")] == ["Ada"]


def test_over_https_the_cookie_is_for_https_only(api: Api) -> None:
    api.make_user()
    browser = api.browser("https://testserver")
    answer = browser.post("/v1/session", json={"name": "Ada", "password": PASSWORD})
    assert cookie_of(answer)["secure"] is True
    assert browser.get("/v1/session").json()["name"] == "Ada"


def test_who_am_i(api: Api) -> None:
    api.make_user(role=Role.ADVERTISER, advertiser="acme")
    browser = api.sign_in()
    me = browser.get("/v1/session").json()
    assert (me["name"], me["advertiser"], me["key_id"]) == ("Ada", "acme", None)
    assert me["csrf_token"] == browser.headers["X-CSRF-Token"]
    assert me["expires_at"] is not None
    key, headers = api.make_key(Role.STAFF, None, Scope.READ)
    me = api.ask("GET", "/v1/session", headers).json()
    assert (me["key_id"], me["scopes"]) == (key.id, ["read"])
    assert (me["user_id"], me["csrf_token"], me["expires_at"]) == (None, None, None)
    assert api.ask("GET", "/v1/session").status_code == 401


def test_writes_need_the_csrf_token_of_the_session(api: Api) -> None:
    api.make_user("Ada", Role.ADMIN)
    other = api.sign_in().headers["X-CSRF-Token"]
    browser = api.sign_in()
    own = browser.headers.pop("X-CSRF-Token")
    body = {"name": "ci", "role": "staff"}
    for forged in ({}, {"X-CSRF-Token": other}, {"X-CSRF-Token": "\u00e4".encode()}):
        refused = browser.post("/v1/keys", json=body, headers=forged)
        assert refused.status_code == 403
        assert "X-CSRF-Token" in refused.json()["detail"]
    assert browser.get("/v1/keys").json()["items"] == []
    assert browser.post("/v1/keys", json=body, headers={"X-CSRF-Token": own}).status_code == 201


def test_signing_out_ends_the_session(api: Api) -> None:
    api.make_user()
    browser = api.sign_in()
    stolen = browser.cookies[SESSION_COOKIE]
    out = browser.delete("/v1/session")
    assert (out.status_code, out.text) == (204, "")
    assert SESSION_COOKIE not in browser.cookies
    again = api.ask("GET", "/v1/session", {"Cookie": f"{SESSION_COOKIE}={stolen}"})
    assert again.status_code == 401
    assert browser.delete("/v1/session").status_code == 401
    assert len(api.log("session.close")) == 1


def test_signing_in_again_ends_the_session_before(api: Api) -> None:
    api.make_user()
    browser = api.sign_in()
    before = browser.cookies[SESSION_COOKIE]
    browser.post("/v1/session", json={"name": "Ada", "password": PASSWORD})
    assert browser.get("/v1/session").status_code == 200
    gone = api.ask("GET", "/v1/session", {"Cookie": f"{SESSION_COOKIE}={before}"})
    assert gone.status_code == 401


def test_failed_try_leaves_the_session_alone(api: Api) -> None:
    api.make_user()
    browser = api.sign_in()
    wrong = browser.post("/v1/session", json={"name": "Ada", "password": WRONG})
    assert wrong.status_code == 401
    assert browser.get("/v1/session").json()["name"] == "Ada"


def test_unknown_names_and_wrong_passwords_look_the_same(api: Api) -> None:
    api.make_user()
    wrong, unknown = sign_in(api, password=WRONG), sign_in(api, "Eve")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json()["detail"] == unknown.json()["detail"]
    assert "set-cookie" not in wrong.headers
    assert api.log("session.open") == []


def test_too_many_tries_have_to_wait(api: Api) -> None:
    api.make_user()
    answers = [sign_in(api, password=WRONG) for _ in range(6)]
    assert [one.status_code for one in answers] == [401] * 5 + [429]
    refused = sign_in(api)
    assert (refused.status_code, refused.json()["type"]) == (429, "/problems/too-many-tries")
    assert 0 < int(refused.headers["Retry-After"]) <= 30


def test_one_address_cannot_ask_without_end(api: Api) -> None:
    api.make_user()
    limiter = RateLimiter(per_minute=1, burst=2)
    object.__setattr__(api.service, "limiter", limiter)
    answers = [sign_in(api, f"name {n}") for n in range(3)]
    assert [one.status_code for one in answers] == [401, 401, 429]
    assert answers[-1].json()["type"] == "/problems/rate-limited"
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_forms_of_other_sites_cannot_sign_anybody_in(api: Api) -> None:
    """A form cannot send JSON as JSON, and that is all that is read."""
    api.make_user()
    text = f'{{"name": "Ada", "password": "{PASSWORD}"}}'
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = api.ask("POST", "/v1/session", {"Content-Type": kind}, content=text)
        assert answer.status_code == 422
    assert api.log("session.open") == []


@pytest.mark.parametrize("body", [{}, {"name": "Ada"}, {"name": 1, "password": PASSWORD}, []])
def test_incomplete_request_is_refused(api: Api, body: Any) -> None:
    answer = api.ask("POST", "/v1/session", json=body)
    assert answer.status_code == 422
    assert PASSWORD not in answer.text


@pytest.mark.parametrize("content", [b"\xff\xfe", b'{"name": "\xff"}', b"[" * 100_000, b"{", b""])
def test_body_that_cannot_be_read_is_refused(api: Api, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = api.ask("POST", "/v1/session", headers, content=content)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid")


def test_half_a_character_is_refused(api: Api) -> None:
    content = '{"name": "\\ud800", "password": "\\ud800"}'
    headers = {"Content-Type": "application/json"}
    assert api.ask("POST", "/v1/session", headers, content=content).status_code == 422


def test_key_has_no_session_to_end(api: Api) -> None:
    answer = api.ask("DELETE", "/v1/session", api.key(Role.STAFF))
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/wrong-state")
