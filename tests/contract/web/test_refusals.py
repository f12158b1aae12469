"""What is refused before an operation looks at it: lengths, methods, times, forms."""

from __future__ import annotations

import pytest

from forecourt.core.records import Role
from tests.support.api import Api
from tests.support.shop import ACME, Shop

_OVER = "x" * (4 << 20)


@pytest.fixture
def admin(api: Api, shop: Shop) -> dict[str, str]:  # noqa: ARG001  # the shop empties the database
    headers: dict[str, str] = api.key(Role.ADMIN)
    return headers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/session"),
        ("POST", "/v1/keys"),
        ("POST", "/v1/users"),
        ("POST", "/v1/webhooks"),
        ("POST", "/v1/models/rollback"),
        ("PUT", "/v1/users/1/password"),
        ("POST", "/v1/fixes"),
        ("POST", "/v1/classify"),
    ],
)
def test_nobody_fills_the_memory_with_one_body(
    api: Api, admin: dict[str, str], method: str, path: str
) -> None:
    answer = api.ask(method, path, admin, json={"name": _OVER})
    assert answer.status_code == 413
    assert answer.json()["type"] == "/problems/too-large"


def test_all_methods_of_an_address_are_told(api: Api) -> None:
    client = api.browser()
    client.event_hooks = {}  # this is not described
    for path, methods in (
        ("/v1/session", "DELETE, GET, POST"),
        ("/v1/scrapes/7", "GET"),
        (f"/v1/advertisers/{ACME}/scrapes", "GET, POST"),
        ("/v1/advertisers/north%2Fsouth%0Aand co/scrapes", "GET, POST"),
    ):
        answer = client.patch(path)
        assert (answer.status_code, answer.headers["allow"]) == (405, methods)
        assert answer.json()["type"] == "/problems/method-not-allowed"


@pytest.mark.parametrize("given", ["20261124", "0.5", "-1", "1764000000"])
def test_numbers_are_no_times(api: Api, admin: dict[str, str], given: str) -> None:
    answer = api.ask("GET", "/v1/misclassified", admin, params={"since": given})
    assert answer.status_code == 422
    assert "2026-11-24T08:00:00Z" in answer.json()["detail"]
    body = {"name": "ci", "role": "staff", "expires_at": float(given)}
    assert api.ask("POST", "/v1/keys", admin, json=body).status_code == 422


def test_times_without_a_zone_are_utc(api: Api, admin: dict[str, str]) -> None:
    for since in ("2026-11-24", "2026-11-24T08:00:00", "2026-11-24T08:00:00+01:00"):
        query = {"since": since}
        assert api.ask("GET", "/v1/misclassified", admin, params=query).status_code == 200


@pytest.mark.parametrize("path", ["/v1/classify", f"/v1/advertisers/{ACME}/scrapes"])
def test_a_broken_form_is_said_to_be_one(api: Api, admin: dict[str, str], path: str) -> None:
    fields = [(f"field {number}", (None, "text")) for number in range(9)]
    answer = api.ask("POST", path, admin, files=fields)
    assert answer.status_code == 422
    assert "The form cannot be read: Too many fields" in answer.json()["detail"]
