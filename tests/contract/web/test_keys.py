"""Keys over the API: made, listed, revoked; the token is told once and kept nowhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from forecourt.core.access import Scope
from forecourt.core.records import Role
from tests.support.api import Api
from tests.support.gate import START, Gate
from tests.support.tables import dump_tables


def make(api: Api, headers: dict[str, str] | None = None, **body: Any) -> Any:
    return api.ask(
        "POST", "/v1/keys", headers or api.key(), json={"name": "new", "role": "staff"} | body
    )


def names(api: Api, **params: Any) -> list[str]:
    page = api.ask("GET", "/v1/keys", api.key(), params={"limit": 500} | params).json()
    return [one["name"] for one in page["items"]]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/keys"), ("POST", "/v1/keys"), ("POST", "/v1/keys/0123456789abcdef/revoke")],
)
def test_keys_are_for_admins(api: Api, method: str, path: str) -> None:
    body = {"name": "new", "role": "admin"} if path == "/v1/keys" and method == "POST" else None
    assert api.ask(method, path, json=body).status_code == 401
    for headers in (
        api.key(Role.STAFF),
        api.key(Role.ADVERTISER, "acme"),
        api.key(Role.ADMIN, None, Scope.READ),
    ):
        assert api.ask(method, path, headers, json=body).status_code == 403
    assert "new" not in names(api)


def test_key_that_was_made_opens_what_it_should(api: Api) -> None:
    until = datetime.now(UTC) + timedelta(days=1)
    answer = make(
        api,
        api.key() | {"X-Request-ID": "r-1"},
        role="advertiser",
        advertiser="acme",
        scopes=["read"],
        expires_at=until.isoformat(),
    )
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    key = answer.json()
    assert (key["role"], key["advertiser"], key["scopes"]) == ("advertiser", "acme", ["read"])
    assert datetime.fromisoformat(key["expires_at"]) == until
    assert (key["status"], key["created_by"]) == ("active", "ci")
    headers = {"Authorization": f"Bearer {key['token']}"}
    path = "/v1/advertisers/{}/scrapes"
    assert api.ask("GET", path.format("acme"), headers).status_code == 200
    assert api.ask("GET", path.format("other"), headers).status_code == 403
    (line,) = (one for one in api.log("key.create") if one.target == key["id"])
    assert (line.request_id, line.advertiser) == ("r-1", "acme")


def test_token_is_told_once_and_kept_nowhere(api: Api) -> None:
    headers = api.key() | {"Idempotency-Key": "one"}
    first, second = (make(api, headers) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.headers["Idempotency-Replayed"] == "true"
    token = first.json()["token"]
    assert second.json() == first.json() | {"token": None}
    assert names(api).count("new") == 1
    listed = api.ask("GET", "/v1/keys", api.key())
    secret = token.rpartition("_")[2]
    assert len(secret) == 64
    assert secret not in listed.text
    assert first.json()["id"] in dump_tables(api.service.engine)
    assert secret not in dump_tables(api.service.engine)
    assert make(api, headers, name="other").status_code == 422


def test_revoked_key_opens_nothing(api: Api) -> None:
    key, headers = api.make_key(Role.STAFF)
    path = f"/v1/keys/{key.id}/revoke"
    assert api.ask("GET", "/v1/models", headers).status_code == 200
    first = api.ask("POST", path, api.key())
    again = api.ask("POST", path, api.key())
    assert (first.status_code, first.json()["status"]) == (200, "revoked")
    assert again.json()["revoked_at"] == first.json()["revoked_at"]
    assert api.ask("GET", "/v1/models", headers).status_code == 401
    assert [one.target for one in api.log("key.revoke")] == [key.id]
    assert api.ask("POST", "/v1/keys/0123456789abcdef/revoke", api.key()).status_code == 404
    assert api.ask("POST", "/v1/keys/x/revoke", api.key()).status_code == 422


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"role": "advertiser"}, "needs the advertiser's name"),
        ({"advertiser": "acme"}, "leave out 'acme'"),
        ({"scopes": ["admin"]}, "cannot have the scope admin"),
        ({"scopes": []}, "scopes"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expired already"),
        ({"expires_at": "2030-01-01T00:00:00"}, "expires_at"),
        ({"name": " "}, "name is empty"),
        ({"name": "a\u0000b"}, "cannot be seen"),
        ({"role": "owner"}, "role"),
        ({"expires": "never"}, "expires"),
    ],
)
def test_key_that_cannot_be_is_refused(api: Api, body: dict[str, Any], words: str) -> None:
    answer = make(api, **body)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert names(api) == ["ci", "ci"]  # those that ask


def test_keys_come_in_pages_the_newest_first(api: Api) -> None:
    gate = Gate(api.service.engine)  # all at one time: their ids decide
    made = {gate.create_key(Role.ADVERTISER, "acme", name=f"k{n}")[0].id for n in range(5)}
    gate.create_key(Role.ADVERTISER, "other")
    headers, pages, cursor = api.key(), [], None
    while True:
        params = {"advertiser": "acme", "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = api.ask("GET", "/v1/keys", headers, params=params).json()
        pages.append([one["id"] for one in page["items"]])
        if (cursor := page["next_cursor"]) is None:
            break
    assert [len(page) for page in pages] == [2, 2, 1]
    assert {one for page in pages for one in page} == made
    gate.now = START + timedelta(seconds=1)
    newest = gate.create_key(Role.ADVERTISER, "acme", name="newest")[0]
    assert names(api, advertiser="acme", limit=1) == [newest.name]


@pytest.mark.parametrize("cursor", ["x", "YmVmb3JlOjE=", "\u00e4", "YmVoaW5kOgA="])
def test_strange_cursor_is_refused(api: Api, cursor: str) -> None:
    answer = api.ask("GET", "/v1/keys", api.key(), params={"cursor": cursor})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid")


def test_advertiser_that_cannot_be_is_refused(api: Api) -> None:
    answer = api.ask("GET", "/v1/keys", api.key(), params={"advertiser": "a\u0000"})
    assert answer.status_code == 422


def test_admin_may_revoke_the_key_that_is_used(api: Api) -> None:
    key, headers = api.make_key()
    assert api.ask("POST", f"/v1/keys/{key.id}/revoke", headers).status_code == 200
    assert api.ask("GET", "/v1/keys", headers).status_code == 401
