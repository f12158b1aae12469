"""What is misclassified most, as the store tells it, on both databases."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from forecourt import review
from forecourt.core.errors import NotFoundError
from forecourt.core.labels import Color, ImageType
from forecourt.review.misclassified import By, Misclassified
from forecourt.store.engine import reading, writing
from forecourt.store.schema import (
    carries,
    predictions,
    vehicle_images,
    vehicles,
)
from tests.contract.test_history_files import bring_text
from tests.support.big_shop import BigShop
from tests.support.shop import ACME, URLS, ZENITH, Shop

STOCK = review.Change(image_type=ImageType.STOCK)
PLACEHOLDER = review.Change(image_type=ImageType.PLACEHOLDER)


@pytest.fixture
def shop(engine: sa.Engine) -> Shop:
    return Shop(engine)


@pytest.fixture
def big(engine: sa.Engine) -> BigShop:
    return BigShop(engine)


def count(
    shop: Shop, by: By | None = None, advertiser: str | None = None
) -> list[tuple[object, ...]]:
    with reading(shop.engine) as connection:
        found = review.count_misclassified(
            connection, model_version=shop.model, by=by, advertiser=advertiser
        )
    return [row(one) for one in found]


def row(one: Misclassified) -> tuple[object, ...]:
    return (one.group, one.value_from, one.value, one.wrong, one.images, one.share)


def test_misclassified__counts_each_answer_once_and_most_often_first(shop: Shop) -> None:
    shop.fix(ACME, STOCK, urls=URLS)
    shop.fix(ACME, STOCK, urls=URLS)  # once more
    shop.fix(ACME, review.Change(color=Color.RED, sets_color=True))
    shop.revert(fix_id=shop.fix(ACME, PLACEHOLDER, urls=URLS[1:2]).fixes[0].id)
    assert count(shop) == [
        (None, "Dealer", "Stock", 3, None, None),
        (None, "Grey", "Red", 1, None, None),
    ]
    assert count(shop, advertiser=ZENITH) == []


def test_misclassified__by_advertiser_with_the_share_of_its_images(shop: Shop) -> None:
    shop.fix(ACME, STOCK, urls=URLS[:2])
    shop.fix(ZENITH, STOCK, urls=URLS[:1])
    assert count(shop) == [(None, "Dealer", "Stock", 2, None, None)]
    assert count(shop, By.ADVERTISER) == [
        (ACME, "Dealer", "Stock", 2, 3, 2 / 3),
        (ZENITH, "Dealer", "Stock", 1, 3, 1 / 3),
    ]
    with writing(shop.engine) as connection:  # what is not shown any more is no part of the share
        connection.execute(
            sa.update(vehicle_images)
            .where(vehicle_images.c.url == URLS[0])
            .values(image_id=None, state="skipped")
        )
    assert count(shop, By.ADVERTISER)[0] == (ACME, "Dealer", "Stock", 2, 2, 1 / 2)


def test_misclassified__by_model_kind_and_host(shop: Shop) -> None:
    shop.fix(ACME, STOCK, urls=URLS[:1])
    shop.promote("m2")
    shop.fix(ACME, STOCK, urls=URLS[:2])
    assert count(shop, By.MODEL) == [
        ("m2", "Dealer", "Stock", 2, 3, 2 / 3),
        ("m1", "Dealer", "Stock", 1, 3, 1 / 3),
    ]
    assert count(shop, By.HOST) == [("cdn.example.com", "Dealer", "Stock", 3, None, None)]
    with writing(shop.engine) as connection:
        connection.execute(
            sa.update(vehicles).where(vehicles.c.vehicle_id == "v0").values(body_type="SUV")
        )
        connection.execute(
            sa.update(predictions).values(answer={"kind_probs": {"car": 0.2, "boat": 0.8}})
        )
    assert count(shop, By.KIND) == [
        ("suv", "Dealer", "Stock", 2, None, None),
        ("boat", "Dealer", "Stock", 1, None, None),
    ]


def test_misclassified__by_host_with_the_share_of_its_images(big: BigShop) -> None:
    big.stock(["Dealer", "Stock", "Placeholder"])
    big.fix(ACME, STOCK, urls=["https://img.example.com/0.jpg"])
    assert count(big, By.HOST) == [("img.example.com", "Dealer", "Stock", 1, 3, 1 / 3)]


def test_misclassified__what_a_fix_was_carried_to_counts_no_more(shop: Shop) -> None:
    shop.fix(ACME, STOCK)
    with writing(shop.engine) as connection:
        connection.execute(
            sa.insert(carries).values(
                advertiser=ACME,
                image_id=shop.image_ids[1],
                from_image_id=shop.image_ids[0],
                with_color=True,
                pdq_distance=0,
                grid_distance=0.0,
                created_at=shop.now,
            )
        )
    assert shop.shown(ACME)[1][0] == "Stock"
    assert count(shop, By.ADVERTISER) == [(ACME, "Dealer", "Stock", 1, 3, 1 / 3)]
    shop.fix(
        ACME, PLACEHOLDER, urls=URLS[1:2]
    )  # of what was carried: the model's answer is its own
    assert count(shop) == [
        (None, "Dealer", "Placeholder", 1, None, None),
        (None, "Dealer", "Stock", 1, None, None),
    ]


def test_misclassified__since(shop: Shop) -> None:
    shop.fix(ACME, STOCK)
    with reading(shop.engine) as connection:
        for since, expected in ((shop.now, 1), (shop.now + timedelta(seconds=1), 0)):
            found = review.count_misclassified(connection, model_version="m1", since=since)
            assert len(found) == expected


def test_misclassified__an_imported_history_tells_of_older_models(
    shop: Shop, tmp_path: Path
) -> None:
    text = (
        "at,by,advertiser,url,field,from,to,model_version\n"
        "2021-01-01,bob,acme,https://old.example.com/1.jpg,type,Stock,Dealer,2021.1\n"
        "2021-01-02,bob,acme,https://old.example.com/1.jpg,type,Dealer,Placeholder,2021.1\n"
        "2021-01-02,bob,acme,https://old.example.com/2.jpg,type,,Dealer,\n"
        f"2021-01-03,bob,acme,{URLS[0]},type,Dealer,Stock,m1\n"
    )
    bring_text(shop, tmp_path / "t.csv", text)
    assert count(shop, By.MODEL) == [
        ("2021.1", "Stock", "Placeholder", 1, None, None),
        ("m1", "Dealer", "Stock", 1, 3, 1 / 3),
    ]
    assert count(shop, By.HOST)[1][0] == "old.example.com"


def test_misclassified__of_nobody(shop: Shop) -> None:
    with pytest.raises(NotFoundError, match="no advertiser 'nobody'"):
        count(shop, advertiser="nobody")
