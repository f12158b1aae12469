"""Manual fixes on both databases: what is shown, who may do what, and that nothing is ever lost."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from forecourt import review
from forecourt.core.errors import NotFoundError, UsageError
from forecourt.core.fixes import FixField
from forecourt.core.labels import Color, ImageType
from forecourt.core.records import Role
from forecourt.store.engine import reading, writing
from forecourt.store.schema import vehicle_images
from tests.support.shop import ACME, START, URLS, ZENITH, Shop


@pytest.fixture
def shop(engine: sa.Engine) -> Shop:
    return Shop(engine)


STOCK = review.Change(image_type=ImageType.STOCK)
BLUE = review.Change(color=Color.BLUE, sets_color=True)


def test_fix__holds_for_its_advertiser_whatever_the_model_says_later(shop: Shop) -> None:
    shop.fix(ACME, STOCK)
    shop.promote("m2")
    shop.scrape(ACME)
    assert shop.shown(ACME)[0] == ("Stock", "Grey")
    assert shop.shown(ZENITH)[0] == ("Dealer", "Grey")


def test_fix__everywhere_yields_to_the_advertisers_own(shop: Shop) -> None:
    shop.fix(ZENITH, BLUE, role=Role.ADVERTISER)
    shop.fix(ACME, review.Change(color=Color.RED, sets_color=True), everywhere=True)
    assert shop.shown(ACME)[0] == ("Dealer", "Red")
    assert shop.shown(ZENITH)[0] == ("Dealer", "Blue")


def test_fix__records_what_who_when_and_which_model_was_wrong(shop: Shop) -> None:
    shop.fix(ACME, review.Change(image_type=ImageType.PLACEHOLDER, sets_color=True))
    of_type, of_color = shop.history(ACME)
    assert (of_type.value_from, of_type.value) == ("Dealer", "Placeholder")
    assert (of_color.field, of_color.value_from, of_color.value) == (FixField.COLOR, "Grey", None)
    assert (of_type.by, of_type.role, of_type.advertiser) == ("Ada", "staff", ACME)
    assert (of_type.vehicle_id, of_type.url, of_type.model_version) == ("v0", URLS[0], "m1")
    assert of_type.at == shop.now


def test_fix__to_placeholder_shows_no_color_even_where_the_scrape_has_one(shop: Shop) -> None:
    shop.scrape(ACME, color="Brilliant Red")
    assert shop.shown(ACME)[0] == ("Dealer", "Red")
    shop.fix(ACME, review.Change(image_type=ImageType.PLACEHOLDER))
    assert shop.shown(ACME)[0] == ("Placeholder", None)


def test_bulk_fix__is_one_act_and_is_undone_as_one(shop: Shop) -> None:
    done = shop.fix(ACME, STOCK, urls=URLS)
    assert len(done.fixes) == 3
    assert {one[0] for one in shop.shown(ACME)} == {"Stock"}
    undone = shop.revert(act_id=done.act_id)
    assert {one[0] for one in shop.shown(ACME)} == {"Dealer"}
    shop.revert(act_id=undone.act_id)  # undo the undo
    assert {one[0] for one in shop.shown(ACME)} == {"Stock"}


def test_revert__of_one_fix_leaves_the_rest_of_its_act(shop: Shop) -> None:
    done = shop.fix(ACME, STOCK, urls=URLS)
    shop.revert(fix_id=done.fixes[1].id)
    assert [one[0] for one in shop.shown(ACME)] == ["Stock", "Dealer", "Stock"]
    with pytest.raises(UsageError, match="undone before"):
        shop.revert(fix_id=done.fixes[1].id)


def test_history__can_be_asked_as_it_stood(shop: Shop) -> None:
    done = shop.fix(ACME, STOCK)
    before_revert = shop.now
    shop.revert(act_id=done.act_id)
    assert [fix.is_live for fix in shop.history(ACME)] == [False]
    assert [fix.is_live for fix in shop.history(ACME, until=before_revert)] == [True]
    assert shop.history(ACME, until=START) == []


def test_history__of_one_url_and_of_one_advertiser(shop: Shop) -> None:
    shop.fix(ACME, STOCK, urls=URLS[:1])
    shop.fix(ACME, STOCK, urls=URLS[1:2])
    shop.fix(ZENITH, STOCK, urls=URLS[1:2])
    assert len(shop.history(ACME)) == 2
    assert [fix.url for fix in shop.history(ACME, url=URLS[1])] == [URLS[1]]


def test_fix__of_an_image_that_never_came_holds_for_its_url(shop: Shop) -> None:
    with writing(shop.engine) as connection:
        connection.execute(
            sa.update(vehicle_images)
            .where(vehicle_images.c.url == URLS[2])
            .values(image_id=None, state="skipped", skip_reason="http_error")
        )
    assert shop.shown(ACME)[2] == ("Placeholder", None)
    shop.fix(ACME, review.Change(image_type=ImageType.DEALER), urls=URLS[2:])
    assert shop.shown(ACME)[2][0] == "Dealer"
    assert shop.shown(ZENITH)[2] == ("Placeholder", None)


def test_fix__url_that_is_not_there_changes_nothing(shop: Shop) -> None:
    with pytest.raises(NotFoundError, match=r"gone\.jpg is not in the sitemap"):
        shop.fix(ACME, STOCK, urls=[URLS[0], "https://cdn.example.com/gone.jpg"])
    assert shop.history(ACME) == []
    with pytest.raises(NotFoundError, match="no scrape of 'nobody'"):
        shop.fix("nobody", STOCK)


def test_advertiser__may_change_and_undo_their_own_only(shop: Shop) -> None:
    staffs = shop.fix(ACME, STOCK)
    with pytest.raises(UsageError, match="Only staff"):
        shop.fix(ACME, STOCK, role=Role.ADVERTISER, everywhere=True)
    with pytest.raises(UsageError, match="not acme's"):
        shop.revert(act_id=staffs.act_id, role=Role.ADVERTISER, advertiser=ACME)
    own = shop.fix(ACME, BLUE, role=Role.ADVERTISER)
    with pytest.raises(NotFoundError, match="no act"):  # others are not told which there are
        shop.revert(act_id=own.act_id, role=Role.ADVERTISER, advertiser=ZENITH)
    shop.revert(act_id=own.act_id)  # staff may, and the advertiser sees it in the history
    assert [fix.is_live for fix in shop.history(ACME)] == [True, False]
    with writing(shop.engine) as connection, pytest.raises(UsageError, match="acme only"):
        review.fix_images(
            connection,
            shop.act(Role.ADVERTISER, ACME),
            advertiser=ZENITH,
            urls=URLS[:1],
            change=STOCK,
            model_version="m1",
        )


def test_change__must_say_something_that_can_be() -> None:
    with pytest.raises(UsageError, match="Say what to fix"):
        review.Change()
    with pytest.raises(UsageError, match="no colour"):
        review.Change(image_type=ImageType.PLACEHOLDER, color=Color.RED, sets_color=True)


def test_two_advertisers_against_each_other__each_sees_its_own_and_one_conflict(
    shop: Shop,
) -> None:
    for _turn in range(50):
        shop.fix(ACME, BLUE, role=Role.ADVERTISER)
        shop.fix(ZENITH, review.Change(color=Color.BLACK, sets_color=True), role=Role.ADVERTISER)
    assert shop.shown(ACME)[0] == ("Dealer", "Blue")
    assert shop.shown(ZENITH)[0] == ("Dealer", "Black")
    with reading(shop.engine) as connection:
        (conflict,) = review.list_conflicts(connection)
    assert [(fix.advertiser, fix.value) for fix in conflict.positions] == [
        (ACME, "Blue"),
        (ZENITH, "Black"),
    ]
    assert len(conflict.history) == 100


def test_conflict__ends_when_one_side_gives_in(shop: Shop) -> None:
    shop.fix(ACME, STOCK, role=Role.ADVERTISER)
    staffs = shop.fix(ACME, review.Change(image_type=ImageType.DEALER))
    with reading(shop.engine) as connection:
        assert len(review.list_conflicts(connection)) == 1
    shop.revert(act_id=staffs.act_id)
    with reading(shop.engine) as connection:
        assert review.list_conflicts(connection) == []
