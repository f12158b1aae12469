"""Pictures over HTTP: known and new ones, files, what is skipped, who may, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from forecourt.core.access import Scope
from forecourt.core.records import Role
from tests.support.api import Api
from tests.support.image_host import ImageHost
from tests.support.pictures import jpeg
from tests.support.tiny_bundle import MAGENTA, PAINTS


@pytest.fixture
def caller(api: Api) -> dict[str, str]:
    headers: dict[str, str] = api.key(Role.ADVERTISER, "acme", Scope.CLASSIFY)
    return headers


def ask(api: Api, headers: dict[str, str], body: Any) -> Any:
    return api.ask("POST", "/v1/classify", headers, json=body)


def test_each_picture_has_an_answer_or_a_reason(
    api: Api, caller: dict[str, str], host: ImageHost
) -> None:
    urls = [
        host.put("/card.jpg", jpeg(MAGENTA)),
        host.url("/missing.jpg"),
        host.put("/blue.jpg", jpeg(PAINTS["Blue"])),
    ]
    answer = ask(api, caller, {"urls": [*urls, urls[0], "http://10.0.0.1/private.jpg"]}).json()
    results = answer["results"]
    assert [one["source"] for one in results[:3]] == urls
    assert [(one["image_type"], one["color"]) for one in results] == [
        ("Placeholder", None),
        (None, None),
        ("Dealer", "Blue"),
        ("Placeholder", None),
        (None, None),
    ]
    assert [one["reason"] for one in (results[1], results[4])] == ["not_found", "blocked_address"]
    assert {answer["model_version"]} == {one["model_version"] for one in results}
    assert api.log("scrape.accept") == []


def test_files_are_answered_in_their_order(api: Api, caller: dict[str, str]) -> None:
    files = [
        ("files", ("red.jpg", jpeg(PAINTS["Red"]))),
        ("files", ("notes.txt", b"no picture")),
    ]
    answer = api.ask("POST", "/v1/classify", caller, files=files)
    results = answer.json()["results"]
    assert [(one["source"], one["color"], one["cached"]) for one in results] == [
        ("red.jpg", "Red", False),
        ("notes.txt", None, False),
    ]
    assert results[1]["reason"] == "not_an_image"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"urls": []}, "at least 1"),
        ({"urls": ["http://a.example/1.jpg"] * 257}, "at most 256"),
        ({"urls": ["http://a.example/1.jpg"], "recheck": "perhaps"}, "'auto', 'always' or 'never'"),
        ({"urls": ["http://a.example/1.jpg"], "color": "Red"}, "color"),
        ({}, "urls"),
        ([], "body"),
    ],
)
def test_what_cannot_be_asked_is_told(
    api: Api, caller: dict[str, str], body: Any, words: str
) -> None:
    answer = ask(api, caller, body)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert answer.json()["errors"]


def test_only_who_may_classify_asks(api: Api) -> None:
    body = {"urls": ["http://a.example/1.jpg"]}
    assert ask(api, api.key(Role.STAFF, None, Scope.READ), body).status_code == 403
    assert ask(api, {}, body).status_code == 401
