"""Dataset versions over the API: looked through by many, decided on, taken back."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from forecourt.core.access import Scope
from forecourt.core.dataset import Item
from forecourt.core.records import Role
from forecourt.jobs.looking import _open
from forecourt.store.datasets import load_decisions
from forecourt.store.engine import reading
from forecourt.store.versions import DatasetVersion
from tests.support.api import Api
from tests.support.dataset_versions import rank_dataset, write_dataset
from tests.support.shop import ACME

Headers = dict[str, str]


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    yield
    _open.cache_clear()


@pytest.fixture
def version(api: Api) -> DatasetVersion:
    return write_dataset(api.service.settings.home)


@pytest.fixture
def doubtful(version: DatasetVersion) -> list[Item]:
    return rank_dataset(version)


@pytest.fixture
def ada(api: Api) -> Headers:
    return api.make_key(Role.STAFF, name="Ada")[1]


def get(api: Api, headers: Headers, path: str = "", **query: Any) -> Any:
    answer = api.ask("GET", f"/v1/datasets{path}", headers, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def decide(api: Api, headers: Headers, *keys: str, **body: Any) -> Any:
    given = {"keys": list(keys), "verdict": "keep", **body}
    return api.ask("POST", "/v1/datasets/v1/decisions", headers, json=given)


def undo(api: Api, headers: Headers, *ids: int, name: str = "v1") -> Any:
    return api.ask("POST", f"/v1/datasets/{name}/decisions/undo", headers, json={"ids": list(ids)})


def standing(api: Api, key: str) -> Any:
    with reading(api.service.engine) as connection:
        return load_decisions(connection, [key]).get(key)


# ---- versions ------------------------------------------------------------------------------------


def test_no_version_here_is_said(api: Api, ada: Headers) -> None:
    answer = get(api, ada)
    assert answer["items"] == []
    assert "on another machine" in answer["warnings"][0]


def test_versions_are_listed_the_newest_first(
    api: Api, ada: Headers, version: DatasetVersion
) -> None:
    write_dataset(api.service.settings.home, "v2", pictures=3)
    answer = get(api, ada)
    assert [one["name"] for one in answer["items"]] == ["v2", "v1"]
    assert answer["warnings"] == []
    told = answer["items"][1]
    assert (told["images"], told["left_out"]) == (12, {"too_small": 1})
    assert told["counts"]["train"]["image_type"] == version.summary.counts["train"]["image_type"]


def test_a_version_tells_what_to_collect_and_how_far_people_are(
    api: Api, ada: Headers, doubtful: list[Item]
) -> None:
    decide(api, ada, doubtful[0].key)
    told = get(api, ada, "/v1")
    assert told["review"] == {
        "ranked_at": "2026-11-24T09:30:00Z",
        "model_version": "m1",
        "doubtful": 6,
        "decided": 1,
    }
    (pink,) = [
        (one["images"], one["wanted"])
        for one in told["collect"]
        if (one["split"], one["slice"]) == ("train", "color=Pink")
    ]
    assert pink == (0, 100)
    card = api.ask("GET", "/v1/datasets/v1/card", ada)
    assert card.text.startswith("# Dataset version v1\n")


@pytest.mark.usefixtures("version")
def test_a_version_that_nobody_ranked_says_so(api: Api, ada: Headers) -> None:
    assert get(api, ada, "/v1")["review"]["ranked_at"] is None
    assert get(api, ada, "/v1/items")["items"] == []
    assert len(get(api, ada, "/v1/items", only="all")["items"]) == 12


@pytest.mark.usefixtures("doubtful")
def test_a_ranking_of_another_version_of_that_name_is_none(api: Api, ada: Headers) -> None:
    assert get(api, ada, "/v1")["review"]["doubtful"] == 6
    folder = api.service.settings.home / "datasets" / "v1"
    folder.rename(folder.with_name("old"))
    write_dataset(api.service.settings.home, pictures=9)
    told = get(api, ada, "/v1")
    assert (told["images"], told["review"]["doubtful"]) == (9, 0)


def test_a_ranking_that_cannot_be_read_is_none(
    api: Api, ada: Headers, version: DatasetVersion
) -> None:
    rank_dataset(version)
    path = version.folder.parent / ".rankings" / "v1.json"
    for damaged in ("", "[]", path.read_text().replace("image_type", "price")):
        path.write_text(damaged)
        assert get(api, ada, "/v1")["review"]["doubtful"] == 0


UNKNOWN = ["/v2", "/v2/card", "/v2/items", "/v2/decisions", f"/v2/pictures/{'0' * 64}"]


@pytest.mark.parametrize("path", [*UNKNOWN, f"/v1/pictures/{'0' * 64}"])
@pytest.mark.usefixtures("version")
def test_what_is_not_there_is_not_found(api: Api, ada: Headers, path: str) -> None:
    assert api.ask("GET", f"/v1/datasets{path}", ada).status_code == 404


def test_a_damaged_version_is_said(api: Api, ada: Headers, version: DatasetVersion) -> None:
    (version.folder / "manifest.parquet").write_bytes(b"PAR1")
    answer = api.ask("GET", "/v1/datasets/v1", ada)
    assert answer.status_code == 503
    assert "is not the manifest" in answer.json()["detail"]


def test_without_pyarrow_versions_are_listed_and_not_looked_through(
    api: Api, ada: Headers, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecourt.store.manifest.find_spec", lambda _name: None)
    assert [one["name"] for one in get(api, ada)["items"]] == [version.name]
    answer = api.ask("GET", "/v1/datasets/v1/items", ada)
    assert answer.status_code == 409
    assert "forecourt[train]" in answer.json()["detail"]


# ---- pictures ------------------------------------------------------------------------------------


def test_doubtful_pictures_come_the_worst_first_with_the_guess(
    api: Api, ada: Headers, doubtful: list[Item]
) -> None:
    items = get(api, ada, "/v1/items")["items"]
    assert [one["key"] for one in items] == [one.key for one in doubtful]
    first = items[0]
    assert first["doubt"]["score"] == -0.9
    assert first["doubt"]["is_issue"]
    assert first["doubt"]["likely_type"] != first["image_type"]
    assert first["doubt"]["likely_color"] is None
    assert first["decision"] is None
    assert first["url"] == doubtful[0].url


@pytest.mark.parametrize("only", ["doubtful", "all"])
def test_pages_hold_each_picture_once_whatever_is_decided_meanwhile(
    api: Api, ada: Headers, version: DatasetVersion, doubtful: list[Item], only: str
) -> None:
    query: dict[str, Any] = {"only": only, "limit": 2, "decided": False}
    found: list[str] = []
    while True:
        page = get(api, ada, "/v1/items", **query)
        found += [one["key"] for one in page["items"]]
        decide(api, ada, *[one["key"] for one in page["items"]], verdict="drop")
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert found == [one.key for one in (doubtful if only == "doubtful" else version.items)]


def test_filters(api: Api, ada: Headers, version: DatasetVersion) -> None:
    decide(api, ada, version.items[0].key)
    expected = {
        ("split", "test"): [one for one in version.items if one.split == "test"],
        ("image_type", "Stock"): [one for one in version.items if one.image_type == "Stock"],
        ("color", "Red"): [one for one in version.items if one.color == "Red"],
        ("color", "none"): [one for one in version.items if one.color is None],
        ("advertiser", "a1"): [one for one in version.items if one.advertiser == "a1"],
        ("decided", "true"): list(version.items[:1]),
        ("decided", "false"): list(version.items[1:]),
    }
    for (name, value), items in expected.items():
        assert 0 < len(items) < 12
        found = get(api, ada, "/v1/items", only="all", **{name: value})["items"]
        assert [one["key"] for one in found] == [one.key for one in items], name


def test_our_own_thumbnail_is_given_as_it_lies_there(
    api: Api, ada: Headers, version: DatasetVersion
) -> None:
    item = next(one for one in version.items if one.is_thumbnail)
    answer = api.ask("GET", f"/v1/datasets/v1/pictures/{item.key}", ada)
    assert hashlib.sha256(answer.content).hexdigest() == item.sha256
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize("tail", [b"", b"<script>alert(1)</script>"])
def test_an_imported_picture_is_encoded_anew(
    api: Api, ada: Headers, version: DatasetVersion, tail: bytes
) -> None:
    item = next(one for one in version.items if not one.is_thumbnail)
    path = version.path_of(item)
    path.write_bytes(path.read_bytes() + tail)
    answer = api.ask("GET", f"/v1/datasets/v1/pictures/{item.key}", ada)
    picture = Image.open(io.BytesIO(answer.content))
    assert (picture.format, picture.size) == ("JPEG", (640, 480))
    assert b"script" not in answer.content


def test_a_thumbnail_that_is_not_what_we_made_is_encoded_anew(
    api: Api, ada: Headers, version: DatasetVersion
) -> None:
    item = next(one for one in version.items if one.is_thumbnail)
    path = version.path_of(item)
    path.write_bytes(path.read_bytes() + b"<script>")
    answer = api.ask("GET", f"/v1/datasets/v1/pictures/{item.key}", ada)
    assert answer.status_code == 200
    assert b"<script>" not in answer.content


def test_a_picture_that_is_gone_or_damaged_is_said(
    api: Api, ada: Headers, version: DatasetVersion
) -> None:
    path = version.path_of(version.items[0])
    path.write_bytes(b"no picture")
    damaged = api.ask("GET", f"/v1/datasets/v1/pictures/{version.items[0].key}", ada)
    assert damaged.status_code == 409
    path.unlink()
    gone = api.ask("GET", f"/v1/datasets/v1/pictures/{version.items[0].key}", ada)
    assert gone.status_code == 404


# ---- decisions -----------------------------------------------------------------------------------


def test_a_decision_is_kept_for_the_next_build(
    api: Api, ada: Headers, doubtful: list[Item]
) -> None:
    keys = [one.key for one in doubtful[:2]]
    answer = decide(
        api, ada, *keys, verdict="relabel", image_type="Stock", color="none", note=" seen "
    )
    assert answer.status_code == 201
    made = answer.json()["items"]
    assert [one["key"] for one in made] == keys
    assert (made[0]["image_type"], made[0]["color"], made[0]["by"]) == ("Stock", "none", "Ada")
    kept = standing(api, keys[1])
    assert (kept.opinion.image_type, kept.opinion.sets_color) == ("Stock", True)
    assert (kept.opinion.note, kept.by, kept.version) == ("seen", "Ada", "v1")
    shown = {one["key"]: one for one in get(api, ada, "/v1/items")["items"]}
    assert shown[keys[0]]["decision"] == made[0]
    (entry,) = api.log("dataset.decide")
    assert (entry.target, entry.by) == ("v1", "Ada")
    assert entry.detail == {"verdict": "relabel", "pictures": 2, "first": made[0]["id"]}


def test_what_was_taken_back_lets_the_word_before_count_again(
    api: Api, ada: Headers, doubtful: list[Item]
) -> None:
    key = doubtful[0].key
    first = decide(api, ada, key, verdict="relabel", color="Blue").json()["items"][0]
    second = decide(api, ada, key, verdict="drop").json()["items"][0]
    answer = undo(api, ada, second["id"])
    assert answer.status_code == 201
    assert answer.json()["items"] == [first]
    assert standing(api, key).opinion.verdict == "relabel"
    assert undo(api, ada, first["id"]).json()["items"] == []
    assert standing(api, key) is None
    told = get(api, ada, "/v1/decisions")["items"]
    assert [(one["id"], one["undone_by"]) for one in told] == [
        (second["id"], "Ada"),
        (first["id"], "Ada"),
    ]
    assert [one.detail["decisions"] for one in api.log("dataset.undo")] == [1, 1]


def test_an_undo_is_done_once_and_as_a_whole(api: Api, ada: Headers, doubtful: list[Item]) -> None:
    made = decide(api, ada, doubtful[0].key, doubtful[1].key).json()["items"]
    ids = [one["id"] for one in made]
    assert undo(api, ada, ids[0], 999).status_code == 404
    assert undo(api, ada, ids[0], name="v9").status_code == 404
    assert undo(api, ada, ids[0]).status_code == 201
    again = undo(api, ada, *ids)
    assert again.status_code == 409
    assert "taken back already, by Ada" in again.json()["detail"]
    assert standing(api, doubtful[1].key) is not None
    assert len(api.log("dataset.undo")) == 1


def test_sent_twice_is_decided_once(api: Api, ada: Headers, doubtful: list[Item]) -> None:
    headers = ada | {"Idempotency-Key": "a"}
    first, again = (decide(api, headers, doubtful[0].key) for _ in range(2))
    assert first.json() == again.json()
    assert len(get(api, ada, "/v1/decisions")["items"]) == 1
    assert decide(api, headers, doubtful[1].key).status_code == 422


REFUSED: list[tuple[dict[str, Any], int]] = [
    ({"verdict": "relabel"}, 422),
    ({"verdict": "keep", "color": "Red"}, 422),
    ({"verdict": "drop", "image_type": "Stock"}, 422),
    ({"verdict": "relabel", "image_type": "Placeholder", "color": "Red"}, 422),
    ({"verdict": "perhaps"}, 422),
    ({"keys": []}, 422),
    ({"keys": ["0" * 64]}, 404),
    ({"keys": ["abc"]}, 422),
    ({"other": 1}, 422),
]


def test_what_cannot_be_is_refused(api: Api, ada: Headers, doubtful: list[Item]) -> None:
    for body, status in REFUSED:
        assert decide(api, ada, doubtful[0].key, **body).status_code == status, body
    assert get(api, ada, "/v1/decisions")["items"] == []
    assert api.log("dataset.decide") == []


def test_decisions_come_in_pages(api: Api, ada: Headers, version: DatasetVersion) -> None:
    decide(api, ada, *[one.key for one in version.items])
    first = get(api, ada, "/v1/decisions", limit=7)
    rest = get(api, ada, "/v1/decisions", limit=7, cursor=first["next_cursor"])
    ids = [one["id"] for one in first["items"] + rest["items"]]
    assert (len(ids), rest["next_cursor"]) == (12, None)
    assert ids == sorted(ids, reverse=True)


# ---- who may -------------------------------------------------------------------------------------

READS = ["", "/v1", "/v1/card", "/v1/items", "/v1/decisions", "/v1/pictures/{key}"]
WRITES = ["/v1/decisions", "/v1/decisions/undo"]


@pytest.mark.parametrize(
    ("method", "path"), [*(("GET", one) for one in READS), *(("POST", one) for one in WRITES)]
)
def test_who_may(api: Api, ada: Headers, doubtful: list[Item], method: str, path: str) -> None:
    key = doubtful[0].key
    made = decide(api, ada, key).json()["items"][0]["id"]
    body = None
    if method == "POST":
        body = {"ids": [made]} if path.endswith("undo") else {"keys": [key], "verdict": "keep"}

    def status(headers: Headers) -> int:
        address = f"/v1/datasets{path.format(key=key)}"
        return api.ask(method, address, headers, json=body).status_code

    scope, other = (Scope.READ, Scope.FIX) if method == "GET" else (Scope.FIX, Scope.READ)
    assert status({}) == 401
    assert status(api.key(Role.ADVERTISER, ACME)) == 403
    assert status(api.key(Role.STAFF, None, other)) == 403
    assert status(api.key(Role.STAFF, None, scope)) in {200, 201}
