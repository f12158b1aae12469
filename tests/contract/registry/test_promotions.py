"""Who is the champion: promotions and rollbacks, one after the other and at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecourt import release
from forecourt.core.errors import NotFoundError, UsageError
from forecourt.core.promotions import PromotionKind
from forecourt.core.settings import Settings, VisionSettings
from forecourt.store.engine import writing
from forecourt.store.schema import models, promotions
from tests.support.registry import NOW, Desk

Ship = Callable[[str], Path]


def test_shipped_model_is_the_champion_before_any_promotion(desk: Desk, ship: Ship) -> None:
    desk.add("a")
    assert desk.champion == release.Champion("shipped-1", promotion_id=None, folder=None)
    assert desk.load() == "shipped-1"
    assert desk.folders == ["a"]  # no copy of it
    ship("shipped-2")
    assert desk.load() == "shipped-2"


def test_promoted_model_answers_and_the_promotion_can_be_announced(desk: Desk) -> None:
    desk.add("a")
    done = desk.promote("a", by=" ann\n", note="better\non vans", reason="passed the gate")
    assert done.replaced == "shipped-1"
    one = done.promotion
    assert (one.kind, one.model_version, one.at) == (PromotionKind.PROMOTE, "a", NOW)
    assert (one.by, one.note, one.reason) == ("ann", "better on vans", "passed the gate")
    assert desk.champion == release.Champion("a", promotion_id=one.id, folder="a")
    assert desk.load() == "a"


def test_rollbacks_walk_back_to_the_shipped_model_and_then_say_so(desk: Desk) -> None:
    desk.add("a", "b")
    desk.promote("a")
    desk.promote("b")
    done = desk.rollback()
    assert (done.promotion.kind, done.replaced) == (PromotionKind.ROLLBACK, "b")
    assert done.promotion.reason == "back from b"
    assert desk.load() == "a"
    desk.rollback()
    assert desk.load() == "shipped-1"
    with pytest.raises(UsageError, match=r"no model was the champion before shipped-1\. Promote"):
        desk.rollback()
    assert [kind for kind, _ in desk.history()] == ["default", *["promote"] * 2, *["rollback"] * 2]


def test_nothing_to_roll_back_to_before_the_first_promotion(desk: Desk) -> None:
    with pytest.raises(UsageError, match=r"no model was the champion before shipped-1"):
        desk.rollback()
    assert desk.history() == []


def test_rollback_finds_the_earlier_releases_model_after_an_upgrade(desk: Desk, ship: Ship) -> None:
    desk.add("a")
    desk.promote("a")
    ship("shipped-2")
    assert desk.rollback().promotion.model_version == "shipped-1"
    assert desk.load() == "shipped-1"
    desk.promote("shipped-2")
    assert desk.load() == "shipped-2"


def test_promoting_the_shipped_model_holds_it_over_an_upgrade(desk: Desk, ship: Ship) -> None:
    desk.promote("shipped-1")
    ship("shipped-2")
    assert desk.load() == "shipped-1"
    assert desk.history() == [("promote", "shipped-1")]


@pytest.mark.parametrize(
    ("version", "given", "error", "message"),
    [
        ("nope", {}, NotFoundError, "no model 'nope'; `forecourt models list`"),
        ("a", {"by": " \x00 "}, UsageError, "Say who does it"),
        ("a", {"by": "x" * 201}, UsageError, "has 201 characters; at most 200"),
    ],
)
def test_promotion_that_cannot_be_changes_nothing(
    desk: Desk, version: str, given: dict[str, str], error: type[Exception], message: str
) -> None:
    desk.add("a")
    with pytest.raises(error, match=message):
        desk.promote(version, **given)
    assert desk.history() == []
    assert set(desk.listed()) == {"a", "shipped-1"}
    assert desk.folders == ["a"]


def test_champion_is_not_promoted_again(desk: Desk) -> None:
    desk.add("a")
    desk.promote("a")
    before = desk.history()
    with pytest.raises(UsageError, match="a is the champion already"):
        desk.promote("a")
    assert desk.history() == before


def test_pinned_bundle_goes_before_the_registry(desk: Desk) -> None:
    desk.add("a", "b")
    desk.promote("a")
    pin = desk.bundle("pinned")
    assert desk.load(pin) == "pinned"
    warning = release.explain_pin(Settings(vision=VisionSettings(bundle=pin)))
    assert warning is not None
    assert f"pins the model in {pin}" in warning
    assert release.explain_pin(Settings()) is None


def test_concurrent_promotions_end_in_one_order(desk: Desk) -> None:
    """Each says what it replaced: together that is one chain, which the history tells alike."""
    versions = [f"m{number}" for number in range(6)]
    desk.add(*versions)
    done: list[release.Promoted] = []
    start = threading.Barrier(len(versions))

    def work(version: str) -> None:
        start.wait()
        done.append(desk.promote(version))

    threads = [threading.Thread(target=work, args=(version,)) for version in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    chain = sorted(done, key=lambda one: one.promotion.id)
    order = [one.promotion.model_version for one in chain]
    assert [one.replaced for one in chain] == ["shipped-1", *order[:-1]]
    expected = [("default", "shipped-1"), *(("promote", version) for version in order)]
    assert desk.history() == expected
    assert sorted(order) == versions
    assert desk.champion.version == order[-1]


ACTS = st.lists(st.sampled_from(["shipped-1", "a", "b", "rollback", "rollback"]), max_size=12)


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(acts=ACTS)
def test_any_sequence_gives_the_champion_that_a_list_says(desk: Desk, acts: list[str]) -> None:
    """A promotion is laid on top of a pile, a rollback takes the top away; the last one stays."""
    with writing(desk.engine) as connection:
        connection.execute(sa.delete(promotions))
        connection.execute(sa.delete(models))
    desk.add("a", "b")
    pile, is_fresh = ["shipped-1"], True
    for act in acts:
        refused = len(pile) < 2 if act == "rollback" else act == pile[-1] and not is_fresh
        if refused:
            with pytest.raises(UsageError):
                desk.rollback() if act == "rollback" else desk.promote(act)
        else:
            before = pile[-1]
            done = desk.rollback() if act == "rollback" else desk.promote(act)
            if act == "rollback":
                pile.pop()
            elif act != pile[-1]:
                pile.append(act)
            is_fresh = False
            assert (done.replaced, done.promotion.model_version) == (before, pile[-1])
        assert desk.champion.version == desk.load() == pile[-1]
        assert [one.version for one in desk.listed().values() if one.is_champion] == pile[-1:]
