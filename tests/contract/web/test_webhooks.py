"""Webhooks over the API: set up, given another secret, disabled; deliveries and their replay."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from forecourt import webhooks
from forecourt.core.access import Scope
from forecourt.core.records import Role
from forecourt.core.webhooks import EventType, Posted
from forecourt.store.engine import reading, writing
from forecourt.store.webhooks import load_secrets
from tests.support.api import Api
from tests.support.tables import dump_tables

URL = "https://hooks.example.com/forecourt"


def make(api: Api, headers: dict[str, str] | None = None, **body: Any) -> Any:
    return api.ask("POST", "/v1/webhooks", headers or api.key(), json={"url": URL} | body)


def announce(api: Api, advertiser: str = "acme") -> list[int]:
    with writing(api.service.engine) as connection:
        return webhooks.announce(
            connection,
            EventType.SCRAPE_FINISHED,
            advertiser=advertiser,
            data={"scrape_id": 7},
            at=datetime.now(UTC),
        )


class Taken:
    """A receiver that takes everything."""

    longest_s = 1.0

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Posted:  # noqa: ARG002
        return Posted(status=204, milliseconds=5)


def deliver(api: Api, *ids: int) -> None:
    for one in ids:
        webhooks.deliver(api.service.engine, Taken(), one, now=datetime.now(UTC))


def secrets_in_force(api: Api, webhook_id: int) -> list[str]:
    with reading(api.service.engine) as connection:
        return load_secrets(connection, webhook_id, at=datetime.now(UTC))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/webhooks"),
        ("POST", "/v1/webhooks"),
        ("POST", "/v1/webhooks/1/rotate"),
        ("POST", "/v1/webhooks/1/disable"),
        ("POST", "/v1/webhooks/1/enable"),
        ("GET", "/v1/deliveries"),
        ("GET", "/v1/deliveries/1"),
        ("POST", "/v1/deliveries/1/replay"),
    ],
)
def test_webhooks_are_for_admins(api: Api, method: str, path: str) -> None:
    body = {"url": URL} if (method, path) == ("POST", "/v1/webhooks") else None
    assert api.ask(method, path, json=body).status_code == 401
    for headers in (
        api.key(Role.STAFF),
        api.key(Role.ADVERTISER, "acme"),
        api.key(Role.ADMIN, None, Scope.READ),
    ):
        assert api.ask(method, path, headers, json=body).status_code == 403
    assert api.log("webhook.create") == []


def test_webhook_that_was_made_is_told(api: Api) -> None:
    answer = make(
        api, api.key() | {"X-Request-ID": "r-1"}, events=["scrape.finished"], advertiser="acme"
    )
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    made = answer.json()
    assert (made["url"], made["events"], made["advertiser"]) == (URL, ["scrape.finished"], "acme")
    assert (made["active"], made["created_by"]) == (True, "ci")
    assert [made["secret"]] == secrets_in_force(api, made["id"])
    assert len(announce(api)) == 1
    assert announce(api, "other") == []
    (line,) = api.log("webhook.create")
    assert (line.target, line.advertiser, line.request_id) == (str(made["id"]), "acme", "r-1")


def test_secret_is_told_once(api: Api) -> None:
    headers = api.key() | {"Idempotency-Key": "one"}
    first, second = (make(api, headers) for _ in range(2))
    assert second.headers["Idempotency-Replayed"] == "true"
    secret = first.json()["secret"]
    assert second.json() == first.json() | {"secret": None}
    listed = api.ask("GET", "/v1/webhooks", api.key())
    assert [one["id"] for one in listed.json()["items"]] == [first.json()["id"]]
    assert secret not in listed.text
    # Where webhooks are kept it has to be, to sign by; and nowhere else.
    assert dump_tables(api.service.engine).count(secret) == 1


def test_rotation_sent_twice_rotates_once(api: Api) -> None:
    made = make(api).json()
    path = f"/v1/webhooks/{made['id']}/rotate"
    headers = api.key() | {"Idempotency-Key": "one"}
    first, second = (api.ask("POST", path, headers).json() for _ in range(2))
    assert second == first | {"secret": None}
    assert secrets_in_force(api, made["id"]) == [first["secret"], made["secret"]]
    assert len(api.log("webhook.rotate")) == 1


def test_disabled_webhook_is_told_nothing_until_it_is_enabled(api: Api) -> None:
    number = make(api).json()["id"]
    off = api.ask("POST", f"/v1/webhooks/{number}/disable", api.key()).json()
    assert (off["active"], off["disabled_reason"]) == (False, "by_hand")
    assert announce(api) == []
    on = api.ask("POST", f"/v1/webhooks/{number}/enable", api.key()).json()
    assert (on["active"], on["disabled_at"]) == (True, None)
    assert len(announce(api)) == 1
    for action in ("webhook.disable", "webhook.enable"):
        assert [line.target for line in api.log(action)] == [str(number)]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"url": "ftp://example.com/"}, "https://"),
        ({"url": "hooks"}, "https://"),
        ({"url": ""}, "url"),
        ({"url": "https://example.com/" + "x" * 2_000}, "url"),
        ({"events": ["scrape.started"]}, "events"),
        ({"advertiser": "a\u0000"}, "cannot be seen"),
        ({"secret": "mine"}, "secret"),
    ],
)
def test_webhook_that_cannot_be_is_refused(api: Api, body: dict[str, Any], words: str) -> None:
    answer = make(api, **body)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert api.ask("GET", "/v1/webhooks", api.key()).json()["items"] == []


def test_unknown_numbers(api: Api) -> None:
    for path in ("webhooks/9/rotate", "webhooks/9/disable", "webhooks/9/enable"):
        assert api.ask("POST", f"/v1/{path}", api.key()).status_code == 404
    assert api.ask("POST", "/v1/deliveries/9/replay", api.key()).status_code == 404
    assert api.ask("GET", "/v1/deliveries/9", api.key()).status_code == 404
    assert api.ask("GET", "/v1/deliveries?webhook=9", api.key()).status_code == 404
    assert api.ask("GET", f"/v1/deliveries/{2**63}", api.key()).status_code == 422


def test_deliveries_are_listed_and_told(api: Api) -> None:
    first, second = (make(api).json()["id"] for _ in range(2))
    mine, other = announce(api)
    deliver(api, mine)

    def listed(**params: Any) -> list[int]:
        page = api.ask("GET", "/v1/deliveries", api.key(), params=params).json()
        return [one["id"] for one in page["items"]]

    assert listed() == [other, mine]
    assert (listed(webhook=first), listed(webhook=second)) == ([mine], [other])
    assert (listed(state="delivered"), listed(state="pending")) == ([mine], [other])
    page = api.ask("GET", "/v1/deliveries", api.key(), params={"limit": 1}).json()
    assert listed(limit=1, cursor=page["next_cursor"]) == [mine]
    told = api.ask("GET", f"/v1/deliveries/{mine}", api.key()).json()
    assert (told["state"], told["attempts"], told["log"][0]["status"]) == ("delivered", 1, 204)
    assert told["body"]["data"] == {"scrape_id": 7}


def test_replay_sends_again_and_only_once(api: Api) -> None:
    number = make(api).json()["id"]
    (old,) = announce(api)
    path = f"/v1/deliveries/{old}/replay"
    pending = api.ask("POST", path, api.key())
    assert (pending.status_code, pending.json()["type"]) == (409, "/problems/wrong-state")
    deliver(api, old)
    headers = api.key() | {"Idempotency-Key": "one"}
    first, second = (api.ask("POST", path, headers) for _ in range(2))
    assert first.status_code == 201
    new = first.json()
    assert second.json() == new
    assert (new["replay_of"], new["state"], new["webhook_id"]) == (old, "pending", number)
    assert len(api.ask("GET", "/v1/deliveries", api.key()).json()["items"]) == 2
    assert [line.target for line in api.log("webhook.replay")] == [str(old)]
    api.ask("POST", f"/v1/webhooks/{number}/disable", api.key())
    assert api.ask("POST", path, api.key()).status_code == 409
