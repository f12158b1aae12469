"""The audit log over the API."""

from __future__ import annotations

from typing import Any

from forecourt.core.access import Scope
from forecourt.core.records import Role
from tests.support.api import Api


def read(api: Api, headers: dict[str, str], **params: Any) -> Any:
    return api.ask("GET", "/v1/audit", headers, params=params)


def test_admins_see_everything(api: Api) -> None:
    key, headers = api.make_key()
    api.make_user()
    asked = api.ask(
        "POST", "/v1/keys", headers | {"X-Request-ID": "r-1"}, json={"name": "ci", "role": "staff"}
    )
    newest, user, *_ = read(api, headers).json()["items"]
    assert (newest["action"], newest["target"]) == ("key.create", asked.json()["id"])
    assert (newest["by"], newest["role"], newest["key_id"]) == ("ci", "admin", key.id)
    assert (newest["request_id"], newest["detail"]["name"]) == ("r-1", "ci")
    assert (user["action"], user["user_id"], user["request_id"]) == ("user.create", None, None)


def test_advertisers_see_what_was_about_them_and_no_more(api: Api) -> None:
    own = api.key(Role.ADVERTISER, "acme")
    api.key(Role.ADVERTISER, "other")
    api.key(Role.STAFF)
    for params in ({}, {"advertiser": "acme"}):
        items = read(api, own, **params).json()["items"]
        assert [one["advertiser"] for one in items] == ["acme"]
    refused = [read(api, own, advertiser=name) for name in ("other", "nobody")]
    assert [one.status_code for one in refused] == [403, 403]
    words = [one.json()["detail"].replace("other", "nobody") for one in refused]
    assert words[0] == words[1]


def test_staff_see_one_advertisers_at_a_time(api: Api) -> None:
    api.key(Role.ADVERTISER, "acme")
    staff = api.key(Role.STAFF)
    assert [one["advertiser"] for one in read(api, staff, advertiser="acme").json()["items"]] == [
        "acme"
    ]
    assert read(api, staff).status_code == 403
    assert read(api, api.key(Role.STAFF, None, Scope.FIX), advertiser="acme").status_code == 403
    assert read(api, api.key(Role.ADMIN, None, Scope.READ)).status_code == 403
    assert read(api, {}).status_code == 401


def test_log_comes_in_pages(api: Api) -> None:
    for _ in range(4):
        api.key(Role.ADVERTISER, "acme")
    headers, sizes, cursor, seen = api.key(), [], None, []
    while True:
        params = {"advertiser": "acme", "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = read(api, headers, **params).json()
        sizes.append(len(page["items"]))
        seen += [one["id"] for one in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert sizes == [2, 2]
    assert seen == sorted(set(seen), reverse=True)


def test_strange_questions_are_refused(api: Api) -> None:
    for params in ({"cursor": "x"}, {"limit": 0}, {"limit": 501}, {"advertiser": "a\u0000b"}):
        assert read(api, api.key(), **params).status_code == 422


def test_filters_hold_together(api: Api) -> None:
    _key, ada = api.make_key(name="Ada")
    _key, ben = api.make_key(name="Ben")
    for headers in (ada, ben, ada):
        api.ask("POST", "/v1/keys", headers, json={"name": "x", "role": "staff"})
    made = read(api, ada, action="key.create", by="Ada").json()["items"]
    assert [(one["action"], one["by"]) for one in made] == [("key.create", "Ada")] * 2
    assert read(api, ada, action="user.create").json()["items"] == []
    assert read(api, ada, by="Ad").json()["items"] == []
    until = made[1]["at"]
    earlier = read(api, ada, until=until).json()["items"]
    assert earlier[0]["id"] == made[1]["id"]
    assert read(api, ada, until="2020-01-01T00:00:00Z").json()["items"] == []
    for params in ({"action": "no.such"}, {"until": "soon"}, {"by": ""}):
        assert read(api, ada, **params).status_code == 422
