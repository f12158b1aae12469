"""The review queue: what waits in it, in which order, and how it leaves, on each database."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from forecourt import review
from forecourt.core.conflicts import Ruling
from forecourt.core.fixes import ActSource, FixField
from forecourt.core.labels import Color, ImageType
from forecourt.core.records import Role, Vehicle
from forecourt.identity.urls import make_url_key
from forecourt.store import inventory
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.engine import reading, writing
from forecourt.store.evidence import load_evidence, load_mixed_evidence
from forecourt.store.queue import LookedAt
from forecourt.store.schema import images, queue_entries
from tests.support.big_shop import BigShop
from tests.support.plans import check_plans, recording
from tests.support.queue import QueueShop
from tests.support.shop import ACME, URLS, ZENITH, Answer
from tests.support.stocked import Shown, stock

AS_SHOWN = review.Change(image_type=ImageType.DEALER, color=Color.GREY, sets_color=True)
STOCK = review.Change(image_type=ImageType.STOCK)
RED = review.Change(color=Color.RED, sets_color=True)
BLUE = review.Change(color=Color.BLUE, sets_color=True)
NEW = "new_advertiser"


@pytest.fixture
def shop(engine: sa.Engine) -> QueueShop:
    return QueueShop(engine)


def test_doubtful_images_come_first_with_their_reasons(shop: QueueShop) -> None:
    shop.doubt(1)
    shop.scrape(ACME, "Blue Metallic")
    shop.answer(2, color_confidence=0.95)
    shop.fill()
    assert shop.numbers() == [1, 2, 0]
    first, second, _third = shop.waiting()
    assert [one.text for one in first.reasons] == [
        "The model is not sure of the type: Dealer at 60 %.",
        "The feed says Blue, the model sees Grey (80 %).",
        "Hardly any image of this advertiser was looked at so far (0).",
    ]
    assert second.reasons[0].reason == "against_scrape"
    assert first.resolved.color.value is Color.BLUE
    assert (first.image.url, first.vehicle.id) == (URLS[1], "v1")


def test_what_is_confirmed_leaves_holds_and_is_no_mistake_of_the_model(shop: QueueShop) -> None:
    shop.doubt(0, 1)
    shop.fill()
    done = shop.fix(ACME, AS_SHOWN, urls=URLS[1:2])
    assert shop.numbers() == [0, 2]
    assert [(fix.value_from, fix.value) for fix in done.fixes] == [
        ("Dealer", "Dealer"),
        ("Grey", "Grey"),
    ]
    shop.promote("m2", dict.fromkeys(range(3), Answer(image_type="Stock", color="Red")))
    assert shop.shown(ACME)[1] == ("Dealer", "Grey")
    shop.fill()
    assert 1 not in shop.numbers()
    with reading(shop.engine) as connection:
        wrong = review.count_misclassified(connection, model_version="m1")
    assert [(one.value_from, one.value) for one in wrong if one.value_from == one.value] == []


def test_what_is_undone_comes_back(shop: QueueShop) -> None:
    shop.doubt(1)
    shop.fill()
    before = shop.numbers()
    done = shop.fix(ACME, STOCK, urls=URLS[1:2])
    assert 1 not in shop.numbers()
    undoing = shop.revert(act_id=done.act_id)
    assert shop.numbers() == before
    shop.revert(act_id=undoing.act_id)
    assert 1 not in shop.numbers()


def test_what_was_fixed_before_does_not_come_in(shop: QueueShop) -> None:
    shop.doubt(0, 1, 2)
    shop.fix(ACME, STOCK, urls=URLS[:1])
    shop.fix(ZENITH, STOCK, urls=URLS[1:2], everywhere=True)
    shop.fill()
    assert shop.numbers() == [2]


def test_what_a_fix_was_carried_to_does_not_come_in(shop: QueueShop) -> None:
    shop.doubt(1)
    shop.fix(ACME, STOCK, urls=URLS[:1])
    shop.carry(ACME, 1, 0, with_color=False)
    shop.fill()
    assert shop.numbers() == [2]


def test_a_picture_that_several_show_waits_once(shop: QueueShop) -> None:
    shop.doubt(0, 1, 2)
    shop.fill(ACME, ZENITH)
    assert sorted(shop.numbers()) == [0, 1, 2]
    assert sorted(shop.numbers(ZENITH)) == [0, 1, 2]
    one = shop.waiting()[0]
    shop.fix(one.advertiser, STOCK, urls=[one.image.url])
    (again,) = [other for other in shop.waiting() if other.image_id == one.image_id]
    assert again.advertiser != one.advertiser
    shop.fix(again.advertiser, STOCK, urls=[one.image.url], everywhere=True)
    assert one.image_id not in [other.image_id for other in shop.waiting()]


def test_the_same_picture_encoded_anew_waits_once(shop: QueueShop) -> None:
    with writing(shop.engine) as connection:
        for number, grid in enumerate((b"\x80", b"\x81", b"\xb0")):
            connection.execute(
                sa.update(images)
                .where(images.c.id == shop.image_ids[number])
                .values(pdq=b"\x0f" * 32, lab_grid=grid * 192)
            )
    shop.doubt(0, 1, 2)
    shop.answer(1, image_type_confidence=0.4)
    shop.fill()
    assert shop.numbers() == [1, 2]  # the better one of the twins; the third has another paint


def test_what_left_the_inventory_is_not_shown(shop: QueueShop) -> None:
    shop.doubt(0, 1)
    shop.fill()
    shop.scrape(ACME, vehicles=[Vehicle(id="v1", images=(URLS[1],))], shown={URLS[1]: 1})
    assert shop.numbers() == [1]
    shop.scrape(ACME, vehicles=[Vehicle(id="v1", images=(URLS[1],))], shown={URLS[1]: None})
    assert shop.numbers() == []


def test_filling_again_changes_nothing_and_drops_what_was_done(shop: QueueShop) -> None:
    shop.doubt(0, 1, 2)
    shop.fill()
    before = shop.numbers()
    shop.fill()
    assert shop.numbers() == before
    shop.fix(ACME, STOCK, urls=URLS[:1])
    shop.fill()
    with reading(shop.engine) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(queue_entries)) == 2


def test_what_was_looked_at_long_ago_leaves_the_table(shop: QueueShop) -> None:
    shop.doubt(0, 1, 2)
    shop.fill()
    shop.fix(ACME, STOCK, urls=URLS[:1])
    undone = shop.fix(ACME, STOCK, urls=URLS[1:2])
    shop.revert(act_id=undone.act_id)

    def count() -> int | None:
        with reading(shop.engine) as connection:
            of_acme = queue_entries.c.advertiser == ACME
            return connection.scalar(sa.select(sa.func.count()).where(of_acme))

    shop.fill(ZENITH)
    assert count() == 3
    shop.now += timedelta(hours=2)
    shop.fill(ZENITH)
    assert count() == 2
    assert sorted(shop.numbers(ACME)) == [1, 2]


# ---- conflicts -----------------------------------------------------------------------------------


def test_conflicts__wait_for_staff_until_they_rule(shop: QueueShop) -> None:
    own = Role.ADVERTISER
    shop.fix(ACME, RED, role=own)
    shop.fix(ZENITH, BLUE, role=own)
    shop.fill()
    first = shop.waiting()[0]
    assert (first.image_id, first.reasons[0].reason) == (shop.image_ids[0], "conflict")
    assert first.reasons[0].text == (
        "People disagree on it: The colour: acme says Red, zenith says Blue."
    )
    assert 0 not in shop.numbers(ACME, own_only=True)
    shop.rule(0, FixField.COLOR, Ruling.KEEP_BOTH)
    assert 0 not in shop.numbers()


def test_conflicts__a_new_fix_is_a_look_too(shop: QueueShop) -> None:
    shop.fix(ACME, RED, role=Role.ADVERTISER)
    shop.fix(ZENITH, BLUE, role=Role.ADVERTISER)
    shop.fill()
    shop.fix(ACME, BLUE)
    assert 0 not in shop.numbers()


# ---- other reasons -------------------------------------------------------------------------------


def test_kinds_and_several_vehicles_are_read_of_first_images(shop: QueueShop) -> None:
    seen = {"kind_probs": {"boat": 0.9, "car": 0.1}, "several_vehicles": 0.8}
    shop.answer(0, answer=seen)
    shop.scrape(
        ACME,
        vehicles=[Vehicle(id="v", images=(URLS[0], URLS[1]))],
        shown={URLS[0]: 0, URLS[1]: 1},
    )
    shop.answer(1, answer=seen)
    shop.fill()
    assert shop.reasons() == {0: ["several_vehicles", "rare_kind", NEW]}


def test_suddenly_frequent_classes_are_looked_at(engine: sa.Engine) -> None:
    shop = BigShop(engine)
    usual = ["Dealer"] * 90 + ["Stock"] * 10
    shop.stock(usual)
    shop.stock(["Dealer"] * 20 + ["Stock"] * 80)
    queue = QueueShop.__new__(QueueShop)  # the same store, asked for its queue
    queue.__dict__ = shop.__dict__
    queue.fill()
    (shifted,) = [one for one in queue.waiting() if one.reasons[0].reason == "class_shift"]
    assert shifted.reasons[0].text == (
        "Stock is suddenly frequent in this inventory: 80%, after 10% before."
    )
    assert shifted.resolved.image_type.value is ImageType.STOCK


def test_new_advertisers_until_thirty_images_were_looked_at(engine: sa.Engine) -> None:
    shop = QueueShop(engine)
    stock(
        engine,
        "fresh",
        vehicles_count=50,
        images_each=2,
        model_version="m1",
        shown=lambda _vehicle, _place: Shown(),
    )
    shop.fill("fresh")
    found = shop.waiting("fresh", limit=50)
    assert len(found) == 30
    assert {one.image.position for one in found} == {0}
    shop.fix("fresh", AS_SHOWN, urls=[one.image.url for one in found[:20]])
    shop.fill("fresh")
    assert len(shop.waiting("fresh", limit=50)) == 0  # 20 images with two fixes each


# ---- the order -----------------------------------------------------------------------------------


def make_large(engine: sa.Engine, name: str, vehicles: int, confidence: float) -> None:
    stock(
        engine,
        name,
        vehicles_count=vehicles,
        images_each=2,
        model_version="m1",
        shown=lambda _vehicle, place: Shown(
            confidence=confidence if place == 0 else 0.99, review=place == 0
        ),
    )


def test_no_advertiser_fills_the_queue(engine: sa.Engine) -> None:
    shop = QueueShop(engine)
    make_large(engine, "large", 400, 0.4)
    make_large(engine, "small", 3, 0.8)
    shop.fill("large", "small")
    first = [one.advertiser for one in shop.waiting(limit=6)]
    assert first.count("small") == 3
    with reading(engine) as connection:
        counted = dict(
            connection.execute(
                sa.select(queue_entries.c.advertiser, sa.func.count()).group_by(
                    queue_entries.c.advertiser
                )
            ).all()
        )
    assert counted["large"] <= 300


@pytest.mark.parametrize("advertiser", [None, "large"])
def test_pages_hold_each_once_in_order(engine: sa.Engine, advertiser: str | None) -> None:
    shop = QueueShop(engine)
    make_large(engine, "large", 30, 0.4)
    make_large(engine, "small", 3, 0.8)
    shop.fill("large", "small")
    found, after = [], None
    while True:
        page = shop.page(advertiser, limit=7, after=after)
        assert len(page.items) <= 7
        found += [one.id for one in page.items]
        after = page.following
        if after is None:
            break
    everything = [one.id for one in shop.waiting(advertiser, limit=500)]
    assert found == everything
    assert len(set(found)) == len(found) == (30 if advertiser else 33)


def test_pages_are_found_by_an_index(engine: sa.Engine) -> None:
    shop = QueueShop(engine)
    make_large(engine, "large", 100, 0.4)
    shop.fix(ACME, RED, role=Role.ADVERTISER)
    shop.fix(ZENITH, BLUE, role=Role.ADVERTISER)
    shop.fill("large", ACME)
    with recording(engine) as sent:
        page = shop.page(limit=5)
        shop.page(after=page.following, limit=5)
        shop.page("large", limit=5)
        shop.done()
    assert len(sent) > 10
    # Entries are walked in the order of their index, and no further than the page goes.
    check_plans(engine, sent, small=frozenset({"promotions", "anon_1", "entry"}))
    with engine.connect() as connection:
        page_of = next(one for one in sent if "queue_entries" in one[0])
        assert "ix_queue_entries_place_id" in read_plan(connection, *page_of)


def read_plan(connection: sa.Connection, statement: str, parameters: object) -> str:
    is_sqlite = connection.dialect.name == "sqlite"
    how = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN"
    if not is_sqlite:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        connection.exec_driver_sql("SET LOCAL enable_sort = off")
    return "\n".join(
        str(row)
        for row in connection.exec_driver_sql(f"{how} {statement}", parameters)  # type: ignore[arg-type]
    )


# ---- done today ----------------------------------------------------------------------------------


def test_done__counts_acts_by_person_and_leaves_out_what_was_undone(shop: QueueShop) -> None:
    shop.fix(ACME, AS_SHOWN, urls=URLS[:1])
    shop.fix(ACME, STOCK, urls=URLS[1:])
    undone = shop.fix(ACME, RED)
    undoing = shop.revert(act_id=undone.act_id)
    shop.fix(ZENITH, RED, role=Role.ADVERTISER)
    assert shop.done() == LookedAt(own=2, all=3)
    assert shop.done("Bob") == LookedAt(own=0, all=3)
    assert shop.done("zenith's owner", Role.ADVERTISER).own == 1
    assert shop.done("zenith's owner", Role.STAFF).own == 0
    shop.revert(act_id=undoing.act_id)
    assert shop.done().own == 3
    shop.now += timedelta(hours=30)
    assert shop.done() == LookedAt(own=0, all=0)


def test_done__what_was_imported_does_not_count(shop: QueueShop) -> None:
    with writing(shop.engine) as connection:
        review.fix_images(
            connection,
            shop.act_as("Ada", ActSource.IMPORT),
            advertiser=ACME,
            urls=URLS[:1],
            change=STOCK,
            model_version="m1",
        )
    assert shop.done().own == 0


def test_evidence_of_several_sitemaps_is_that_of_each(shop: QueueShop) -> None:
    shop.fix(ACME, STOCK, role=Role.ADVERTISER)
    shop.fix(ZENITH, RED, urls=URLS[:2])
    shop.fix(ZENITH, BLUE, urls=URLS[2:], everywhere=True)
    shop.carry(ACME, 1, 0, with_color=True)
    with reading(shop.engine) as connection:
        places = {
            name: [
                (one.image, one.vehicle.color)
                for one in inventory.locate_images(
                    connection,
                    stored_scrapes.get_latest(connection, name).id,
                    [make_url_key(url) for url in URLS],
                )
            ]
            for name in (ACME, ZENITH)
        }
        each = [
            evidence
            for name, of_name in places.items()
            for evidence in load_evidence(connection, name, of_name, model_version="m1")
        ]
        mixed = load_mixed_evidence(
            connection,
            [(name, *one) for name, of_name in places.items() for one in of_name],
            model_version="m1",
        )
    assert mixed == each
    assert [len(one.type_fixes) for one in mixed] == [1, 1, 0, 0, 0, 0]
    assert [len(one.color_fixes) for one in mixed] == [0, 0, 1, 1, 1, 1]
