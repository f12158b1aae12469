"""Conflicts, oddities, what is misclassified, and hosts, over the API."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest

from forecourt import review
from forecourt.core.access import Scope
from forecourt.core.conflicts import Ruling
from forecourt.core.fixes import FixField
from forecourt.core.labels import Color, ImageType
from forecourt.core.records import Role
from forecourt.identity.hosts import HostRecord, HostState
from forecourt.review.forms import conflict_to_json, misclassified_to_json, oddity_to_json
from forecourt.store.engine import reading, writing
from forecourt.store.hosts import load_hosts, save_host
from tests.support.api import Api
from tests.support.gate import START
from tests.support.shop import ACME, URLS, ZENITH, Shop

Headers = dict[str, str]
COLOR = FixField.COLOR


def colored(color: Color | None) -> review.Change:
    return review.Change(color=color, sets_color=True)


@pytest.fixture
def disputed(shop: Shop) -> Shop:
    """Both advertisers say something else of the first two images; of the first one's type too."""
    own = Role.ADVERTISER
    shop.fix(ACME, colored(Color.BLUE), urls=URLS[:2], role=own)
    shop.fix(ZENITH, colored(Color.RED), urls=URLS[:2], role=own)
    shop.fix(ACME, review.Change(image_type=ImageType.STOCK), role=own)
    shop.fix(ZENITH, review.Change(image_type=ImageType.PLACEHOLDER), role=own)
    return shop


def get(api: Api, headers: Headers, path: str, **query: Any) -> Any:
    answer = api.ask("GET", f"/v1{path}", headers, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def resolve(api: Api, headers: Headers, shop: Shop, **body: Any) -> Any:
    given = {"image_id": shop.image_ids[0], "field": "color", "ruling": "keep_both"}
    return api.ask("POST", "/v1/conflicts/resolve", headers, json=given | body)


# ---- conflicts -----------------------------------------------------------------------------------


def test_conflicts__are_what_the_command_prints(api: Api, disputed: Shop, staff: Headers) -> None:
    disputed.rule(0, COLOR, Ruling.KEEP_BOTH)
    for with_ruled in (False, True):
        expected = [conflict_to_json(one) for one in disputed.conflicts(with_ruled=with_ruled)]
        assert len(expected) == 2 + with_ruled
        answer = get(api, staff, "/conflicts", all=with_ruled)
        assert answer == {"items": expected, "next_cursor": None}


@pytest.mark.parametrize("limit", [1, 2])
def test_conflicts__pages_hold_each_once(
    api: Api, disputed: Shop, staff: Headers, limit: int
) -> None:
    found: list[tuple[int, str]] = []
    query: dict[str, Any] = {"limit": limit}
    while True:
        page = get(api, staff, "/conflicts", **query)
        assert len(page["items"]) <= limit
        found += [(one["image_id"], one["field"]) for one in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    first, second, _third = disputed.image_ids
    assert found == [(first, "color"), (first, "image_type"), (second, "color")]


def test_ruling__for_everyone_holds_and_can_be_undone(
    api: Api, disputed: Shop, staff: Headers
) -> None:
    answer = resolve(api, staff, disputed, ruling="everyone", value="White", note="seen on site")
    assert answer.status_code == 201
    assert disputed.shown(ACME)[0][1] == "White"
    made = [one for one in answer.json()["fixes"] if one["everywhere"]]
    assert [(one["to"], one["note"], one["source"]) for one in made] == [
        ("White", "seen on site", "api")
    ]
    (entry,) = api.log("conflict.resolve")
    assert entry.target == str(answer.json()["act_id"])
    assert entry.detail == {
        "image": disputed.image_ids[0],
        "field": "color",
        "ruling": "everyone",
    }
    undone = api.ask("POST", f"/v1/acts/{answer.json()['act_id']}/undo", staff)
    assert undone.status_code == 201
    assert disputed.shown(ACME)[0][1] == "Blue"


def test_ruling__of_what_is_no_more_is_refused(api: Api, disputed: Shop, staff: Headers) -> None:
    def version() -> str:
        first = get(api, staff, "/conflicts", all=True)["items"][0]
        return str(first["version"])

    seen = version()
    kept = resolve(api, staff, disputed, version=seen)
    assert kept.status_code == 201
    second = resolve(api, staff, disputed, ruling="everyone", value="White", version=seen)
    assert second.status_code == 409
    assert "has ruled on it; nothing was changed" in second.json()["detail"]
    assert disputed.shown(ACME)[0][1] == "Blue"
    assert version() != seen
    api.ask("POST", f"/v1/acts/{kept.json()['act_id']}/undo", staff)
    assert version() == seen  # and all is as it was seen
    disputed.fix(ACME, colored(Color.GREEN), role=Role.ADVERTISER)
    third = resolve(api, staff, disputed, version=seen)
    assert third.status_code == 409
    assert "somebody has fixed, reverted or ruled" in third.json()["detail"]
    disputed.fix(ACME, colored(Color.RED), role=Role.ADVERTISER)  # now nobody disagrees
    assert resolve(api, staff, disputed, ruling="ambiguous", version=seen).status_code == 409
    assert resolve(api, staff, disputed, ruling="ambiguous").status_code == 201  # without a look


def test_ruling__no_colour_is_a_word_of_its_own(api: Api, disputed: Shop, staff: Headers) -> None:
    assert resolve(api, staff, disputed, ruling="everyone", value="none").status_code == 201
    assert disputed.shown(ACME)[0][1] is None


def test_ruling__a_type_for_everyone(api: Api, disputed: Shop, staff: Headers) -> None:
    body = {"field": "image_type", "ruling": "everyone", "value": "Dealer"}
    assert resolve(api, staff, disputed, **body).status_code == 201
    assert disputed.shown(ZENITH)[0][0] == "Dealer"


REFUSED: list[tuple[dict[str, Any], int]] = [
    ({"ruling": "everyone"}, 422),
    ({"ruling": "keep_both", "value": "Red"}, 422),
    ({"ruling": "everyone", "value": "Stock"}, 422),
    ({"ruling": "everyone", "value": "Red", "field": "image_type"}, 422),
    ({"ruling": "everyone", "value": "none", "field": "image_type"}, 422),
    ({"ruling": "toss a coin"}, 422),
    ({"image_id": 999_999}, 404),
    ({"image_id": 2**63}, 422),
]


def test_ruling__what_cannot_be_is_refused(api: Api, disputed: Shop, staff: Headers) -> None:
    for body, status in REFUSED:
        assert resolve(api, staff, disputed, **body).status_code == status, body
    assert len(disputed.conflicts()) == 3
    assert api.log("conflict.resolve") == []


def test_ruling__needs_a_disagreement_and_something_new(
    api: Api, disputed: Shop, staff: Headers
) -> None:
    nobody = resolve(api, staff, disputed, image_id=disputed.image_ids[2])
    assert nobody.status_code == 409
    assert resolve(api, staff, disputed).status_code == 201
    assert resolve(api, staff, disputed).status_code == 409


def test_ruling__sent_twice_is_made_once(api: Api, disputed: Shop, staff: Headers) -> None:
    headers = staff | {"Idempotency-Key": "a"}
    first, again = (resolve(api, headers, disputed) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert len(api.log("conflict.resolve")) == 1


# ---- oddities, misclassified ---------------------------------------------------------------------


def test_oddities__are_what_the_command_prints(api: Api, disputed: Shop, staff: Headers) -> None:
    disputed.fix(ACME, review.Change(image_type=ImageType.PLACEHOLDER), role=Role.ADVERTISER)
    for advertiser in (None, ACME):
        with reading(disputed.engine) as connection:
            found = review.list_oddities(
                connection, model_version=disputed.model, advertiser=advertiser
            )
        assert found
        query = {} if advertiser is None else {"advertiser": advertiser}
        assert get(api, staff, "/oddities", **query)["items"] == [oddity_to_json(o) for o in found]
    answer = api.ask("GET", "/v1/oddities", staff, params={"advertiser": "nobody"})
    assert answer.status_code == 404


@pytest.mark.parametrize("by", [None, *review.By])
def test_misclassified__is_what_the_command_prints(
    api: Api, disputed: Shop, staff: Headers, by: review.By | None
) -> None:
    with reading(disputed.engine) as connection:
        found = review.count_misclassified(connection, model_version=disputed.model, by=by)
    assert found
    query = {} if by is None else {"by": by}
    answer = get(api, staff, "/misclassified", **query)
    assert answer["items"] == [misclassified_to_json(one) for one in found]
    assert answer["wrong"] == sum(one.wrong for one in found)
    short = get(api, staff, "/misclassified", limit=1, **query)
    assert short == answer | {"items": answer["items"][:1]}


def test_misclassified__since(api: Api, disputed: Shop, staff: Headers) -> None:
    late = (disputed.now + timedelta(minutes=1)).isoformat()
    assert get(api, staff, "/misclassified", since=late)["items"] == []
    early = (disputed.now - timedelta(days=1)).isoformat()
    assert get(api, staff, "/misclassified", since=early)["wrong"] > 0


# ---- hosts ---------------------------------------------------------------------------------------


@pytest.fixture
def hosts(disputed: Shop) -> list[HostRecord]:
    records = [
        HostRecord(host=f"cdn{number}.example.com:8080", state=HostState.BYTES_ONLY, lies=number)
        for number in range(3)
    ]
    with writing(disputed.engine) as connection:
        for one in records:
            save_host(connection, one.host, state=one.state, record=asdict(one), at=START)
    return records


def test_hosts__come_by_name_in_pages(api: Api, hosts: list[HostRecord], staff: Headers) -> None:
    assert get(api, staff, "/hosts") == {
        "items": [asdict(one) for one in hosts],
        "next_cursor": None,
    }
    first = get(api, staff, "/hosts", limit=2)
    rest = get(api, staff, "/hosts", limit=2, cursor=first["next_cursor"])
    assert [one["host"] for one in first["items"] + rest["items"]] == [one.host for one in hosts]
    assert rest["next_cursor"] is None


def test_host__that_is_reset_begins_anew(
    api: Api, disputed: Shop, hosts: list[HostRecord], staff: Headers
) -> None:
    name = hosts[1].host
    answer = api.ask("POST", f"/v1/hosts/{name}/reset", staff)
    assert answer.status_code == 200
    assert answer.json() == asdict(HostRecord(host=name, why="reset by a person"))
    with reading(disputed.engine) as connection:
        assert load_hosts(connection, [name])[name] == answer.json()
    (entry,) = api.log("host.reset")
    assert (entry.target, entry.by) == (name, "ci")
    unknown = api.ask("POST", "/v1/hosts/nowhere.example.com/reset", staff)
    assert unknown.status_code == 404
    assert len(api.log("host.reset")) == 1


# ---- who may -------------------------------------------------------------------------------------

READS = ["/conflicts", "/oddities", f"/oddities?advertiser={ACME}", "/misclassified", "/hosts"]
WRITES = ["/conflicts/resolve", "/hosts/cdn1.example.com:8080/reset"]


@pytest.mark.parametrize("path", READS + WRITES)
@pytest.mark.usefixtures("hosts")
def test_who_may(api: Api, disputed: Shop, path: str) -> None:
    def status(headers: Headers) -> int:
        if path in READS:
            answer = api.ask("GET", f"/v1{path}", headers)
        elif path.startswith("/conflicts"):
            answer = resolve(api, headers, disputed)
        else:
            answer = api.ask("POST", f"/v1{path}", headers)
        code: int = answer.status_code
        return code

    scope, other = (Scope.READ, Scope.FIX) if path in READS else (Scope.FIX, Scope.READ)
    assert status({}) == 401
    assert status(api.key(Role.ADVERTISER, ACME)) == 403
    assert status(api.key(Role.STAFF, None, other)) == 403
    assert status(api.key(Role.STAFF, None, scope)) in {200, 201}
