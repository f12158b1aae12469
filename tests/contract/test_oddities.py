"""Oddities and misclassified images as the store shows them, on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pytest
import sqlalchemy as sa

from forecourt import review
from forecourt.core.errors import NotFoundError
from forecourt.core.labels import ImageType
from forecourt.core.oddities import Oddity
from forecourt.core.records import Role
from forecourt.identity.hosts import HostRecord, HostState
from forecourt.store.engine import reading, writing
from forecourt.store.hosts import save_host
from forecourt.store.oddities import keep_class_counts
from forecourt.store.schema import (
    class_counts,
    predictions,
    urls,
    vehicle_images,
)
from tests.contract.test_history_files import bring_text
from tests.support.big_shop import BigShop
from tests.support.shop import ACME, START, URLS, ZENITH, Shop

PLACEHOLDER = review.Change(image_type=ImageType.PLACEHOLDER)
STOCK = review.Change(image_type=ImageType.STOCK)


@pytest.fixture
def shop(engine: sa.Engine) -> Shop:
    return Shop(engine)


def look(shop: Shop, advertiser: str | None = None) -> list[Oddity]:
    with reading(shop.engine) as connection:
        return review.list_oddities(connection, model_version=shop.model, advertiser=advertiser)


def brief(found: Sequence[Oddity]) -> list[tuple[object, ...]]:
    return [(one.kind, one.advertiser, one.host, one.count, one.of) for one in found]


@pytest.fixture
def big(engine: sa.Engine) -> BigShop:
    return BigShop(engine)


def test_nothing_is_odd_in_an_ordinary_shop(shop: Shop) -> None:
    shop.fix(ACME, STOCK)
    assert look(shop) == []
    with pytest.raises(NotFoundError, match="no advertiser 'nobody'"):
        look(shop, "nobody")


# ---- scrapes -------------------------------------------------------------------------------------


def test_skipped_run__names_the_host_and_the_reasons(big: BigShop) -> None:
    big.stock(["Dealer"] * 6 + [None] * 4)
    (found,) = look(big, ACME)
    assert brief([found]) == [("skipped_run", ACME, "img.example.com", 4, 10)]
    assert "4 of 10 images of img.example.com could not be had (timeout 4)" in found.seen
    assert [asdict(one) for one in found.examples] == [
        {
            "advertiser": ACME,
            "vehicle_id": f"v{n}",
            "url": f"https://img.example.com/{n}.jpg",
            "image_id": None,
            "fix_id": None,
        }
        for n in (6, 7, 8)
    ]
    assert look(big, ZENITH) == []


def test_skipped_run__one_reason_over_many_hosts(big: BigShop) -> None:
    big.stock(["Dealer"] * 4 + [None] * 6)
    with writing(big.engine) as connection:
        for number in range(10):  # every image on a host of its own: none of them is a run
            connection.execute(
                sa.update(urls)
                .where(urls.c.url == f"https://img.example.com/{number}.jpg")
                .values(host=f"{number}.example.com")
            )
    assert brief(look(big)) == [("skipped_run", ACME, None, 6, 10)]


def test_skipped_run__ends_with_the_next_scrape_and_counts_no_pending(big: BigShop) -> None:
    big.stock([None] * 10)
    assert len(look(big)) == 1
    big.stock(["Dealer"] * 10)
    assert look(big) == []
    big.stock([None] * 10)
    with writing(big.engine) as connection:
        connection.execute(sa.update(vehicle_images).values(state="pending"))
    assert look(big) == []


def test_skipped_run__known_images_that_cannot_be_had_again_count_too(big: BigShop) -> None:
    big.stock(["Dealer"] * 10)
    with writing(big.engine) as connection:
        connection.execute(sa.update(vehicle_images).values(skip_reason="connect_failed"))
    assert brief(look(big, ACME)) == [("skipped_run", ACME, "img.example.com", 10, 10)]


def test_class_shares__jump_against_the_scrapes_before(big: BigShop) -> None:
    for _scrape in range(3):
        big.stock(["Dealer"] * 90 + ["Stock"] * 10)
    assert look(big) == []
    big.stock(["Dealer"] * 40 + ["Stock"] * 60)
    (found,) = look(big)
    assert brief([found])[0][:2] == ("class_shares", ACME)
    assert found.seen == (
        "By image type, Dealer is 40% of 100 images, after 90% in the 3 scrapes before (PSI 1.27)."
    )
    assert look(big, ZENITH) == []


def test_class_shares__say_when_the_model_was_changed(big: BigShop) -> None:
    big.stock(["Dealer"] * 90 + ["Stock"] * 10)
    big.promote("m2")
    big.stock(["Stock"] * 100)
    (found,) = look(big)
    assert found.seen.endswith("The model was changed in between (m1).")


def test_class_shares__small_inventories_do_not_cry_wolf(big: BigShop) -> None:
    big.stock(["Dealer"] * 20)
    big.stock(["Stock"] * 20)
    assert look(big) == []


def test_class_counts__are_kept_once_and_only_a_week_is_compared(big: BigShop) -> None:
    big.stock(["Placeholder"] * 100)
    for _day in range(8):
        scrape_id = big.stock(["Dealer"] * 100)
    with writing(big.engine) as connection:
        keep_class_counts(connection, scrape_id, model_version="m1")  # a run that was repeated
        kept = connection.execute(
            sa.select(class_counts.c.field, class_counts.c.value, class_counts.c.images)
            .where(class_counts.c.scrape_id == scrape_id)
            .order_by(class_counts.c.field)
        ).all()
    assert [tuple(one) for one in kept] == [("color", "Grey", 100), ("image_type", "Dealer", 100)]
    assert look(big) == []


# ---- fixes ---------------------------------------------------------------------------------------


def test_placeholder_fix__of_an_advertiser(shop: Shop) -> None:
    done = shop.fix(ACME, PLACEHOLDER, urls=URLS[:2], role=Role.ADVERTISER)
    shop.fix(ZENITH, PLACEHOLDER)
    shop.revert(fix_id=done.fixes[1].id)
    (found,) = look(shop)
    assert brief([found]) == [("placeholder_fix", ACME, None, 1, None)]
    assert found.examples[0].url == URLS[0]
    assert look(shop, ZENITH) == []
    with writing(shop.engine) as connection:
        connection.execute(sa.update(predictions).values(image_type="Placeholder"))
    assert look(shop) == []


def test_legacy_rows__placeholder_with_a_color_and_not_available(
    shop: Shop, tmp_path: Path
) -> None:
    text = (
        "date,user,dealer,image_url,type,color\n"
        f"2021-01-01,bob,acme,{URLS[0]},Placeholder,Red\n"
        f"2021-01-01,bob,acme,{URLS[1]},Placeholder,N/A\n"
        f"2021-01-01,bob,acme,{URLS[2]},,N/A\n"
    )
    bring_text(shop, tmp_path / "t.csv", text)
    with_color, not_available = look(shop)
    assert brief([with_color, not_available]) == [
        ("placeholder_with_color", ACME, None, 1, None),
        ("legacy_no_color", ACME, None, 2, None),
    ]
    assert "2 images, of which 1 show a vehicle" in not_available.seen
    assert [one.url for one in not_available.examples] == [URLS[2]]


def test_criteria_differ__from_three_images_on(shop: Shop) -> None:
    shop.fix(ACME, STOCK, urls=URLS[:2], everywhere=True)
    shop.fix(ACME, review.Change(image_type=ImageType.DEALER), urls=URLS, role=Role.ADVERTISER)
    assert look(shop) == []
    shop.fix(ACME, STOCK, urls=URLS[2:])
    assert brief(look(shop, ACME)) == [("criteria_differ", ACME, None, 3, None)]


def test_advertisers_disagree__each_is_told_of_the_other(shop: Shop) -> None:
    shop.fix(ACME, STOCK)
    shop.fix(ZENITH, review.Change(image_type=ImageType.DEALER))
    assert brief(look(shop)) == [
        ("advertisers_disagree", ACME, None, 1, None),
        ("advertisers_disagree", ZENITH, None, 1, None),
    ]
    (found,) = look(shop, ACME)
    assert found.seen == "Others say another type (zenith): 1 image."


# ---- hosts ---------------------------------------------------------------------------------------


def test_host_lost_trust__with_what_brought_it_there(big: BigShop) -> None:
    big.stock(["Dealer"] * 3)
    record = HostRecord(host="img.example.com", state=HostState.BYTES_ONLY, why="it lied", lies=1)
    with writing(big.engine) as connection:
        for host in ("img.example.com", "elsewhere.example.com"):
            save_host(
                connection,
                host,
                state=record.state,
                record=asdict(record) | {"host": host},
                at=START,
            )
    found = look(big)
    assert [one.host for one in found] == ["elsewhere.example.com", "img.example.com"]
    assert found[1].seen == (
        "Since 2026-11-24 its headers are not believed: it lied (1 lies, 0 churns)."
    )
    assert (len(found[0].examples), len(found[1].examples)) == (0, 3)
    assert brief(look(big, ACME)) == [("host_lost_trust", ACME, "img.example.com", 1, None)]
    assert look(big, ZENITH) == []


def test_fixes_on_host__counts_images_and_not_fixes(big: BigShop) -> None:
    images = [f"https://img.example.com/{number}.jpg" for number in range(12)]
    big.stock(["Dealer"] * 12)
    with writing(big.engine) as connection:
        for number, url in enumerate(images):
            image_id = connection.execute(
                sa.text(
                    "INSERT INTO images (bytes_key, format, width, height, size_bytes, created_at)"
                    " VALUES (:key, 'JPEG', 1, 1, 1, '2026-11-24 08:00:00') RETURNING id"
                ),
                {"key": f"n{number}"},
            ).scalar_one()
            for table in (urls, vehicle_images):
                connection.execute(
                    sa.update(table).where(table.c.url == url).values(image_id=image_id)
                )
    big.fix(ACME, PLACEHOLDER, urls=images)  # as it is shown: confirmed
    assert look(big) == []
    for _again in range(2):
        big.fix(ACME, STOCK, urls=images[:9])
    assert look(big) == []
    big.fix(ACME, STOCK, urls=images[9:10])
    for advertiser in (None, ACME):
        assert brief(look(big, advertiser)) == [
            ("fixes_on_host", advertiser, "img.example.com", 10, 12)
        ]
