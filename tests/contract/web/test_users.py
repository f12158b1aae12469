"""Users over the API: made, listed, disabled, given another password."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from forecourt.core.records import Role
from tests.support.api import Api
from tests.support.gate import PASSWORD
from tests.support.tables import dump_tables

OTHER = "a stapler of paper boats"


def make(api: Api, **body: Any) -> Any:
    given = {"name": "Ada", "password": PASSWORD, "role": "staff"} | body
    return api.ask("POST", "/v1/users", api.key(), json=given)


def can_sign_in(api: Api, name: str = "Ada", password: str = PASSWORD) -> bool:
    answer = api.ask("POST", "/v1/session", json={"name": name, "password": password})
    assert answer.status_code in {201, 401}
    return answer.status_code == 201


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/users", None),
        ("POST", "/v1/users", {"name": "Eve", "password": PASSWORD, "role": "admin"}),
        ("POST", "/v1/users/1/disable", None),
        ("PUT", "/v1/users/1/password", {"password": OTHER}),
        ("PUT", "/v1/users/77/password", {"password": OTHER}),
    ],
)
def test_users_are_for_admins(api: Api, method: str, path: str, body: Any) -> None:
    api.make_user()
    assert api.ask(method, path, json=body).status_code == 401
    for headers in (api.key(Role.STAFF), api.key(Role.ADVERTISER, "acme")):
        answer = api.ask(method, path, headers, json=body)
        assert answer.status_code == 403
        assert "this needs the role admin" in answer.json()["detail"]
    assert can_sign_in(api)
    assert not can_sign_in(api, "Eve")


def test_user_that_was_made_signs_in(api: Api) -> None:
    answer = make(api, role="advertiser", advertiser="acme")
    assert answer.status_code == 201
    user = answer.json()
    assert (user["name"], user["role"], user["advertiser"]) == ("Ada", "advertiser", "acme")
    assert (user["created_by"], user["disabled_at"]) == ("ci", None)
    browser = api.sign_in("ADA")
    assert browser.get("/v1/advertisers/acme/scrapes").status_code == 200
    assert browser.get("/v1/advertisers/other/scrapes").status_code == 403
    assert [line.target for line in api.log("user.create")] == ["Ada"]


def test_name_is_given_once(api: Api) -> None:
    make(api)
    again = make(api, name="aDA", role="admin")
    assert (again.status_code, again.json()["type"]) == (409, "/problems/wrong-state")
    assert len(api.log("user.create")) == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"password": "short"}, "at least 12"),
        ({"role": "advertiser"}, "needs the advertiser's name"),
        ({"role": "boss"}, "role"),
        ({"name": ""}, "name"),
        ({"name": "a\u0000"}, "cannot be seen"),
        ({"password": "x" * 1_025}, "password"),
        ({"admin": True}, "admin"),
    ],
)
def test_user_that_cannot_be_is_refused(api: Api, body: dict[str, Any], words: str) -> None:
    answer = make(api, **body)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert str(body.get("password", PASSWORD)) not in answer.text
    assert api.log("user.create") == []


def test_disabled_user_is_out_at_once(api: Api) -> None:
    user = api.make_user()
    browser = api.sign_in()
    path = f"/v1/users/{user.id}/disable"
    first = api.ask("POST", path, api.key())
    assert first.json()["disabled_by"] == "ci"
    assert api.ask("POST", path, api.key()).json() == first.json()
    assert browser.get("/v1/session").status_code == 401
    assert not can_sign_in(api)
    assert [line.target for line in api.log("user.disable")] == ["Ada"]
    assert api.ask("POST", "/v1/users/77/disable", api.key()).status_code == 404
    put = api.ask("PUT", f"/v1/users/{user.id}/password", api.key(), json={"password": OTHER})
    assert put.status_code == 404
    assert "disabled" in put.json()["detail"]


def test_admin_gives_another_password(api: Api) -> None:
    user = api.make_user()
    browser = api.sign_in()
    path = f"/v1/users/{user.id}/password"
    assert api.ask("PUT", path, api.key(), json={"password": OTHER}).status_code == 200
    assert browser.get("/v1/session").status_code == 401
    assert not can_sign_in(api)
    assert can_sign_in(api, password=OTHER)
    easy = api.ask("PUT", path, api.key(), json={"password": "aaaaaaaaaaaaa"})
    assert easy.status_code == 422
    assert (
        api.ask("PUT", "/v1/users/77/password", api.key(), json={"password": OTHER}).status_code
        == 404
    )


def test_own_password_is_changed_with_the_old_one_only(api: Api) -> None:
    user = api.make_user()
    browser = api.sign_in()

    def change(**body: str) -> Any:
        return browser.put(f"/v1/users/{user.id}/password", json={"password": OTHER} | body)

    assert change().status_code == 422
    assert change(current_password=OTHER).status_code == 403
    assert browser.get("/v1/session").status_code == 200
    done = change(current_password=PASSWORD)
    assert (done.status_code, done.json()["name"]) == (200, "Ada")
    assert browser.get("/v1/session").status_code == 401
    assert can_sign_in(api, password=OTHER)
    assert [line.by for line in api.log("user.password")] == ["Ada"]


def test_another_users_password_is_none_of_theirs(api: Api) -> None:
    api.make_user()
    other = api.make_user("Ben")
    browser = api.sign_in()
    body = {"password": OTHER, "current_password": PASSWORD}
    refused = browser.put(f"/v1/users/{other.id}/password", json=body)
    unknown = browser.put("/v1/users/77/password", json=body)
    assert (refused.status_code, unknown.status_code) == (403, 403)
    assert refused.json()["detail"] == unknown.json()["detail"]
    assert can_sign_in(api, "Ben")


def test_passwords_are_kept_nowhere(api: Api) -> None:
    made = make(api)
    api.sign_in()
    text = dump_tables(api.service.engine) + made.text
    assert "Ada" in text
    assert PASSWORD not in text
    assert hashlib.sha256(PASSWORD.encode()).hexdigest() not in text
    assert "password_hash" not in made.text


def test_users_come_in_pages_the_newest_first(api: Api) -> None:
    for name in ("Ada", "Ben", "Cleo"):
        api.make_user(name)
    headers = api.key()
    first = api.ask("GET", "/v1/users", headers, params={"limit": 2}).json()
    params = {"limit": 2, "cursor": first["next_cursor"]}
    second = api.ask("GET", "/v1/users", headers, params=params).json()
    pages = [[one["name"] for one in page["items"]] for page in (first, second)]
    assert pages == [["Cleo", "Ben"], ["Ada"]]
    assert second["next_cursor"] is None
