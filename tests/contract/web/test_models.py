"""Models over the API: listed, promoted, rolled back; the server swaps at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forecourt import release
from forecourt.core.access import Scope
from forecourt.core.records import Role
from forecourt.core.settings import Settings
from forecourt.jobs.engines import open_engines
from forecourt.jobs.workspace import open_store, open_workspace
from forecourt.store.engine import writing
from forecourt.vision.bundle import load_bundle
from tests.support.api import Api, open_api
from tests.support.gate import START
from tests.support.tiny_bundle import write_tiny_bundle

SHIPPED = load_bundle().version


@pytest.fixture
def settings(settings: Settings, database: str | None, tmp_path: Path) -> Settings:
    """No model is pinned; tiny-1 is the champion, and tiny-2 is registered."""
    vision = settings.vision.model_copy(update={"bundle": None})
    found = settings.model_copy(update={"vision": vision, "database": database})
    with open_store(found) as engine, writing(engine) as connection:
        for version in ("tiny-1", "tiny-2"):
            folder = write_tiny_bundle(tmp_path / version, version=version)
            release.register(connection, found.home, folder, by="ann", at=START)
        release.promote(connection, found.home, "tiny-1", by="ann", note="", at=START)
    return found


def promote(api: Api, version: str = "tiny-2", *, note: str = "", **headers: str) -> Any:
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.ask(
        "POST", f"/v1/models/{version}/promote", api.key() | headers, json={"note": note}
    )


def history(api: Api) -> list[str]:
    items = api.ask("GET", "/v1/promotions", api.key()).json()["items"]
    return [f"{one['kind']} {one['model_version']}" for one in items]


READS = ["/v1/models", "/v1/promotions", "/v1/models/tiny-1/card"]
WRITES = ["/v1/models/tiny-2/promote", "/v1/models/rollback"]


@pytest.mark.parametrize("path", READS + WRITES)
def test_who_may(api: Api, path: str) -> None:
    def status(headers: dict[str, str]) -> int:
        method = "GET" if path in READS else "POST"
        body = None if path in READS else {"note": ""}
        return api.ask(method, path, headers, json=body).status_code

    assert status({}) == 401
    assert status(api.key(Role.ADVERTISER, "acme")) == 403
    assert status(api.key(Role.STAFF)) == (200 if path in READS else 403)
    assert status(api.key(Role.ADMIN, None, Scope.READ)) == (200 if path in READS else 403)
    assert api.service.model_version == "tiny-1"
    assert status(api.key()) == 200


def test_models_are_listed(api: Api) -> None:
    told = api.ask("GET", "/v1/models", api.key(Role.STAFF)).json()
    assert [(one["version"], one["champion"]) for one in told["items"]] == [
        ("tiny-2", False),
        ("tiny-1", True),
        (SHIPPED, False),
    ]
    assert told["items"][1]["promotion"]["by"] == "ann"
    assert (told["serving"], told["warnings"]) == ("tiny-1", [])


def test_promotion_puts_the_model_to_work_at_once(api: Api) -> None:
    done = promote(api, note="newer", X_Request_ID="r-1")
    assert done.status_code == 200
    told = done.json()
    assert (told["kind"], told["model_version"], told["replaced"]) == (
        "promote",
        "tiny-2",
        "tiny-1",
    )
    assert (told["by"], told["note"]) == ("ci", "newer")
    assert (told["serving"], told["warnings"]) == ("tiny-2", [])
    assert api.service.model_version == "tiny-2"
    (line,) = api.log("model.promote")
    assert (line.target, line.detail, line.request_id) == ("tiny-2", {"replaced": "tiny-1"}, "r-1")


def test_rollback_walks_back(api: Api) -> None:
    promote(api)
    done = api.ask("POST", "/v1/models/rollback", api.key(), json={"note": "worse"}).json()
    assert (done["kind"], done["model_version"], done["replaced"]) == (
        "rollback",
        "tiny-1",
        "tiny-2",
    )
    assert (done["reason"], done["note"]) == ("back from tiny-2", "worse")
    assert api.service.model_version == done["serving"] == "tiny-1"
    assert [line.target for line in api.log("model.rollback")] == ["tiny-1"]
    assert history(api) == [
        "rollback tiny-1",
        "promote tiny-2",
        "promote tiny-1",
        f"default {SHIPPED}",
    ]


def test_rollback_sent_twice_walks_back_once(api: Api) -> None:
    promote(api)
    headers = api.key() | {"Idempotency-Key": "one"}
    first, second = (
        api.ask("POST", "/v1/models/rollback", headers, json={"note": "worse"}) for _ in range(2)
    )
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.json() == first.json()
    assert history(api)[:2] == ["rollback tiny-1", "promote tiny-2"]
    assert len(api.log("model.rollback")) == 1
    other = api.ask("POST", "/v1/models/rollback", headers, json={"note": "else"})
    assert (other.status_code, other.json()["type"]) == (422, "/problems/conflict")


def test_what_cannot_be_promoted_changes_nothing(api: Api) -> None:
    assert promote(api, "nope").status_code == 404
    again = promote(api, "tiny-1")
    assert (again.status_code, again.json()["type"]) == (409, "/problems/wrong-state")
    assert "is the champion already" in again.json()["detail"]
    assert promote(api, "%2e%2e").status_code == 422
    assert promote(api, note="x" * 2_001).status_code == 422
    path = "/v1/models/tiny-2/promote"
    assert api.ask("POST", path, api.key(), json={"nota": ""}).status_code == 422
    assert history(api)[0] == "promote tiny-1"
    assert api.log("model.promote") == []


def test_nothing_to_roll_back_to(api: Api) -> None:
    def roll_back() -> Any:
        return api.ask("POST", "/v1/models/rollback", api.key(), json={})

    assert roll_back().json()["serving"] == SHIPPED
    over = roll_back()
    assert over.status_code == 409
    assert f"no model was the champion before {SHIPPED}" in over.json()["detail"]


def test_damaged_model_is_refused_and_the_present_one_goes_on(api: Api, settings: Settings) -> None:
    (settings.home / "models" / "tiny-2" / "model.onnx").write_bytes(b"rust")
    refused = promote(api)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/model-unusable")
    assert "forecourt models add" in refused.json()["detail"]
    assert api.service.model_version == "tiny-1"
    assert history(api)[0] == "promote tiny-1"


def test_model_damaged_after_its_promotion_is_told(api: Api, settings: Settings) -> None:
    """Somebody promotes it elsewhere, and here its folder cannot be read."""
    with writing(api.service.engine) as connection:
        release.promote(connection, settings.home, "tiny-2", by="bob", note="", at=START)
    (settings.home / "models" / "tiny-2" / "model.onnx").unlink()
    told = api.ask("GET", "/v1/models", api.key()).json()
    assert told["serving"] == "tiny-1"
    assert "tiny-2 is the champion" in told["warnings"][0]


def test_history_comes_in_pages(api: Api) -> None:
    for version in ("tiny-2", "tiny-1", "tiny-2"):
        promote(api, version)
    headers, found, cursor = api.key(Role.STAFF), [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = api.ask("GET", "/v1/promotions", headers, params=params).json()
        found.append([one["model_version"] for one in page["items"]])
        if (cursor := page["next_cursor"]) is None:
            break
    assert found == [["tiny-2", "tiny-1"], ["tiny-2", "tiny-1"], [SHIPPED]]


def test_card_is_markdown(api: Api) -> None:
    card = api.ask("GET", "/v1/models/tiny-1/card", api.key())
    assert card.headers["content-type"] == "text/markdown; charset=utf-8"
    assert card.text == "# Tiny\n"
    assert api.ask("GET", f"/v1/models/{SHIPPED}/card", api.key()).text.startswith("# ")
    assert api.ask("GET", "/v1/models/nope/card", api.key()).status_code == 404


@pytest.fixture
def pinned(settings: Settings, tiny_bundle: Path) -> Iterator[Api]:
    vision = settings.vision.model_copy(update={"bundle": tiny_bundle})
    found = settings.model_copy(update={"vision": vision})
    with (
        open_workspace(found) as workspace,
        open_engines(workspace) as engines,
        open_api(engines) as api,
    ):
        yield api


def test_pinned_model_goes_on_answering_and_that_is_told(pinned: Api, tiny_bundle: Path) -> None:
    version = json.loads((tiny_bundle / "bundle.json").read_text())["version"]
    told = promote(pinned).json()
    assert (told["model_version"], told["serving"]) == ("tiny-2", version)
    assert "FORECOURT_VISION__BUNDLE pins" in told["warnings"][0]
    assert pinned.ask("GET", "/v1/models", pinned.key()).json()["warnings"] == told["warnings"]
