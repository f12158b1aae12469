"""Disagreements and what staff make of them, on both databases."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from forecourt import review
from forecourt.core.conflicts import ConflictStatus, Ruling
from forecourt.core.errors import NotFoundError, UsageError
from forecourt.core.fixes import FixField
from forecourt.core.labels import Color, ImageType
from forecourt.core.records import Role
from forecourt.store.conflicts import Contested, iter_contested
from forecourt.store.engine import reading, writing
from tests.support.shop import ACME, URLS, ZENITH, Shop

BLUE = review.Change(color=Color.BLUE, sets_color=True)
BLACK = review.Change(color=Color.BLACK, sets_color=True)
RED = review.Change(color=Color.RED, sets_color=True)
NO_COLOR = review.Change(color=None, sets_color=True)


@pytest.fixture
def shop(engine: sa.Engine) -> Shop:
    return Shop(engine)


@pytest.fixture
def disputed(shop: Shop) -> Shop:
    """Acme says Blue and Zenith Black of the colour of the first image."""
    shop.fix(ACME, BLUE, role=Role.ADVERTISER)
    shop.fix(ZENITH, BLACK, role=Role.ADVERTISER)
    return shop


def colors(shop: Shop) -> tuple[str | None, str | None]:
    return shop.shown(ACME)[0][1], shop.shown(ZENITH)[0][1]


def contested(shop: Shop) -> list[tuple[int, ConflictStatus]]:
    with reading(shop.engine) as connection:
        found: list[Contested] = list(iter_contested(connection))
    return [(shop.image_ids.index(one.image_id), one.status) for one in found]


# ---- the listing ---------------------------------------------------------------------------------


def test_two_advertisers_100_times_against_each_other(shop: Shop) -> None:
    """Each sees its own after every step; one conflict, with the whole history."""
    turns = list(Color)
    for turn in range(100):
        own, others = turns[turn % 12], turns[(turn + 5) % 12]
        shop.fix(ACME, review.Change(color=own, sets_color=True), role=Role.ADVERTISER)
        assert shop.shown(ACME)[0] == ("Dealer", own)
        shop.fix(ZENITH, review.Change(color=others, sets_color=True), role=Role.ADVERTISER)
        assert shop.shown(ZENITH)[0] == ("Dealer", others)
        assert shop.shown(ACME)[0] == ("Dealer", own)
    (conflict,) = shop.conflicts()
    assert (conflict.image_id, conflict.field) == (shop.image_ids[0], FixField.COLOR)
    assert [(fix.advertiser, fix.value) for fix in conflict.positions] == [
        (ACME, turns[99 % 12]),
        (ZENITH, turns[104 % 12]),
    ]
    assert len(conflict.history) == 200
    assert [fix.advertiser for fix in conflict.history] == [ACME, ZENITH] * 100
    assert [fix.at for fix in conflict.history] == sorted(fix.at for fix in conflict.history)


def test_no_conflict_where_one_party_changes_its_mind(shop: Shop) -> None:
    shop.fix(ACME, BLUE, role=Role.ADVERTISER)
    shop.fix(ACME, RED, role=Role.ADVERTISER)
    shop.fix(ZENITH, RED, role=Role.ADVERTISER)
    assert shop.conflicts() == []


def test_no_colour_is_a_position_too(shop: Shop) -> None:
    shop.fix(ACME, BLUE, role=Role.ADVERTISER)
    shop.fix(ZENITH, NO_COLOR, role=Role.ADVERTISER)
    (conflict,) = shop.conflicts()
    assert [fix.value for fix in conflict.positions] == ["Blue", None]


def test_conflicts_of_more_images_than_a_page_are_each_listed_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecourt.store.conflicts._PAGE", 1)
    for change in (BLUE, review.Change(image_type=ImageType.STOCK)):
        shop.fix(ACME, change, role=Role.ADVERTISER, urls=URLS)
    both = review.Change(image_type=ImageType.PLACEHOLDER, sets_color=True)
    shop.fix(ZENITH, both, role=Role.ADVERTISER, urls=URLS)
    shop.rule(1, FixField.COLOR, Ruling.AMBIGUOUS)
    everything = [(number, field) for number in range(3) for field in ("color", "image_type")]
    listed = shop.conflicts(with_ruled=True)
    assert [(shop.image_ids.index(one.image_id), one.field) for one in listed] == everything
    listed = shop.conflicts()
    everything.remove((1, "color"))
    assert [(shop.image_ids.index(one.image_id), one.field) for one in listed] == everything


# ---- keep both -----------------------------------------------------------------------------------


def test_keep_both__each_sees_its_own_and_it_is_listed_no_more(disputed: Shop) -> None:
    done = disputed.rule(0, FixField.COLOR, Ruling.KEEP_BOTH)
    assert done.fixes == ()
    assert colors(disputed) == ("Blue", "Black")
    assert disputed.conflicts() == []
    (ruled,) = disputed.conflicts(with_ruled=True)
    assert ruled.status is ConflictStatus.KEEP_BOTH
    assert [(one.by, one.act_id) for one in ruled.rulings] == [("Ada", done.act_id)]
    assert contested(disputed) == [(0, ConflictStatus.KEEP_BOTH)]
    disputed.revert(act_id=done.act_id)
    assert len(disputed.conflicts()) == 1
    disputed.revert(act_id=done.act_id + 1)  # undo the undo
    assert disputed.conflicts() == []


def test_keep_both__repeating_oneself_is_no_new_disagreement(disputed: Shop) -> None:
    disputed.rule(0, FixField.COLOR, Ruling.KEEP_BOTH)
    disputed.fix(ACME, BLUE, role=Role.ADVERTISER)
    assert disputed.conflicts() == []


def test_keep_both__another_value_another_party_or_an_old_value_is_one(disputed: Shop) -> None:
    disputed.rule(0, FixField.COLOR, Ruling.KEEP_BOTH)
    changed = disputed.fix(ACME, RED, role=Role.ADVERTISER)
    assert len(disputed.conflicts()) == 1
    disputed.revert(act_id=changed.act_id)
    assert disputed.conflicts() == []
    staffs = disputed.fix(ACME, BLACK)  # a third party, with a value that is there already
    assert len(disputed.conflicts()) == 1
    disputed.rule(0, FixField.COLOR, Ruling.KEEP_BOTH)
    assert disputed.conflicts() == []
    disputed.revert(act_id=staffs.act_id)  # one fewer: still what was ruled on
    assert disputed.conflicts() == []


def test_keep_both__an_old_value_that_a_revert_brings_back_is_news(shop: Shop) -> None:
    shop.fix(ACME, RED, role=Role.ADVERTISER)
    later = shop.fix(ACME, BLUE, role=Role.ADVERTISER)
    shop.fix(ZENITH, BLACK, role=Role.ADVERTISER)
    shop.rule(0, FixField.COLOR, Ruling.KEEP_BOTH)
    shop.revert(act_id=later.act_id)
    assert colors(shop) == ("Red", "Black")
    assert len(shop.conflicts()) == 1


# ---- for everyone --------------------------------------------------------------------------------


def test_everyone__sees_it_and_one_revert_brings_everything_back(disputed: Shop) -> None:
    disputed.fix(ACME, RED)  # staff's, beneath acme's own
    disputed.fix(ZENITH, BLUE, role=Role.ADVERTISER)
    disputed.fix(ZENITH, BLACK, role=Role.ADVERTISER)  # over an older one that must not come up
    before = [(fix.id, fix.is_live) for fix in disputed.history(ACME)]
    done = disputed.rule(0, FixField.COLOR, Ruling.EVERYONE, Color.WHITE)
    assert colors(disputed) == ("White", "White")
    (ruled,) = disputed.conflicts(with_ruled=True)
    assert (ruled.status, len(ruled.history)) == (ConflictStatus.EVERYONE, 6)
    assert contested(disputed) == []
    made = disputed.history(ACME)[-1]
    assert (made.everywhere, made.role, made.by, made.value_from, made.value) == (
        True,
        Role.STAFF,
        "Ada",
        "Black",
        "White",
    )
    assert {fix.is_live for fix in disputed.history(ACME)[:-1]} == {False}
    disputed.revert(act_id=done.act_id)
    assert colors(disputed) == ("Blue", "Black")
    assert [(fix.id, fix.is_live) for fix in disputed.history(ACME)[:-1]] == before
    assert len(disputed.conflicts()) == 1


def test_everyone__leaves_the_other_field_and_other_images_alone(disputed: Shop) -> None:
    stock = review.Change(image_type=ImageType.STOCK)
    disputed.fix(ACME, stock, role=Role.ADVERTISER, urls=URLS)
    disputed.fix(ZENITH, BLUE, role=Role.ADVERTISER, urls=URLS[1:])
    disputed.rule(0, FixField.COLOR, Ruling.EVERYONE, None)
    assert disputed.shown(ACME) == [("Stock", None), ("Stock", "Grey"), ("Stock", "Grey")]
    assert disputed.shown(ZENITH) == [("Dealer", None), ("Dealer", "Blue"), ("Dealer", "Blue")]


def test_everyone__the_advertiser_has_the_last_word_and_it_is_a_conflict_again(
    disputed: Shop,
) -> None:
    disputed.rule(0, FixField.COLOR, Ruling.EVERYONE, Color.WHITE)
    disputed.fix(ZENITH, BLACK, role=Role.ADVERTISER)
    assert colors(disputed) == ("White", "Black")
    (conflict,) = disputed.conflicts()
    assert [fix.everywhere for fix in conflict.positions] == [True, False]


def test_everyone__the_value_has_to_be_one_of_the_field(disputed: Shop) -> None:
    with pytest.raises(UsageError, match="Stock is no value of color"):
        disputed.rule(0, FixField.COLOR, Ruling.EVERYONE, ImageType.STOCK)
    assert colors(disputed) == ("Blue", "Black")
    assert disputed.conflicts(with_ruled=True)[0].rulings == ()


# ---- ambiguous -----------------------------------------------------------------------------------


def test_ambiguous__changes_no_sitemap_and_stays_whatever_is_said(disputed: Shop) -> None:
    done = disputed.rule(0, FixField.COLOR, Ruling.AMBIGUOUS)
    assert colors(disputed) == ("Blue", "Black")
    disputed.fix(ACME, RED, role=Role.ADVERTISER)
    assert disputed.conflicts() == []
    assert contested(disputed) == [(0, ConflictStatus.AMBIGUOUS)]
    disputed.revert(act_id=done.act_id)
    assert contested(disputed) == [(0, ConflictStatus.OPEN)]


def test_ambiguous__before_anybody_disagrees(shop: Shop) -> None:
    shop.rule(2, FixField.IMAGE_TYPE, Ruling.AMBIGUOUS)
    assert contested(shop) == [(2, ConflictStatus.AMBIGUOUS)]
    assert shop.conflicts() == []
    (listed,) = shop.conflicts(with_ruled=True)
    assert (listed.positions, listed.history) == ((), ())


def test_the_latest_live_ruling_counts(disputed: Shop) -> None:
    disputed.rule(0, FixField.COLOR, Ruling.KEEP_BOTH)
    done = disputed.rule(0, FixField.COLOR, Ruling.AMBIGUOUS)
    assert contested(disputed) == [(0, ConflictStatus.AMBIGUOUS)]
    disputed.revert(act_id=done.act_id)
    assert contested(disputed) == [(0, ConflictStatus.KEEP_BOTH)]


# ---- who may, and what is refused ----------------------------------------------------------------


def test_an_advertiser_may_neither_rule_nor_undo_a_ruling(disputed: Shop) -> None:
    with pytest.raises(UsageError, match="Only staff may rule"):
        disputed.rule(0, FixField.COLOR, Ruling.KEEP_BOTH, role=Role.ADVERTISER, advertiser=ACME)
    kept = disputed.rule(0, FixField.COLOR, Ruling.KEEP_BOTH)
    fixed = disputed.rule(0, FixField.COLOR, Ruling.EVERYONE, Color.WHITE)
    with pytest.raises(NotFoundError, match="no act"):  # it touched nothing of theirs
        disputed.revert(act_id=kept.act_id, role=Role.ADVERTISER, advertiser=ACME)
    with pytest.raises(UsageError, match="Only staff may rule"):
        disputed.revert(act_id=fixed.act_id, role=Role.ADVERTISER, advertiser=ACME)
    assert colors(disputed) == ("White", "White")


def test_ruling__needs_an_image_a_disagreement_and_something_new(disputed: Shop) -> None:
    with writing(disputed.engine) as connection, pytest.raises(NotFoundError, match="no image 9"):
        review.resolve_conflict(
            connection,
            disputed.act(),
            image_id=999_999,
            field=FixField.COLOR,
            ruling=Ruling.AMBIGUOUS,
        )
    for ruling in (Ruling.KEEP_BOTH, Ruling.EVERYONE):
        with pytest.raises(UsageError, match="Nobody disagrees"):
            disputed.rule(1, FixField.COLOR, ruling)
    for ruling in (Ruling.KEEP_BOTH, Ruling.AMBIGUOUS):
        disputed.rule(0, FixField.COLOR, ruling)
        with pytest.raises(UsageError, match="in force already"):
            disputed.rule(0, FixField.COLOR, ruling)


def test_rulings_are_part_of_the_history_as_it_stood(disputed: Shop) -> None:
    done = disputed.rule(0, FixField.COLOR, Ruling.KEEP_BOTH)
    then = disputed.now
    disputed.revert(act_id=done.act_id)
    other = disputed.rule(1, FixField.COLOR, Ruling.AMBIGUOUS)  # of an image that nobody fixed

    def read(advertiser: str, **filters: object) -> list[tuple[int, bool]]:
        with reading(disputed.engine) as connection:
            found = review.rulings(connection, advertiser=advertiser, **filters)  # type: ignore[arg-type]
        return [(one.act_id, one.is_live) for one in found]

    assert read(ACME) == read(ZENITH) == [(done.act_id, False)]
    assert read(ACME, until=then) == [(done.act_id, True)]
    assert read(ACME, url=URLS[0]) == []  # the test's store has no URLs: nothing was fetched
    disputed.fix(ACME, BLUE, urls=URLS[1:2])
    assert read(ACME) == [(done.act_id, False), (other.act_id, True)]
    assert read(ZENITH) == [(done.act_id, False)]
