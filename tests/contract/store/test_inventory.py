"""Scrapes: what an advertiser's inventory holds, and what it held before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from forecourt.core.records import ImageKey, KeySource, Vehicle
from forecourt.store import images as stored_images
from forecourt.store import inventory, worklist
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.engine import reading, writing
from forecourt.store.images import NewImage
from forecourt.store.inventory import KeyedVehicle
from forecourt.store.schema import scrapes, vehicle_images, vehicles
from forecourt.store.scrapes import NewScrape, ScrapeStatus
from forecourt.store.worklist import Settlement

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


def scrape(digest: str = "d1", *, advertiser: str = "acme", hours: int = 0) -> NewScrape:
    return NewScrape(
        advertiser=advertiser,
        feed_name="feed.json",
        feed_format="scrape",
        feed_digest=digest,
        scraped_at=None,
        received_at=NOW + timedelta(hours=hours),
    )


def add(
    connection: sa.Connection,
    feed: dict[str, list[str]],
    new: NewScrape | None = None,
    **fields: str,
) -> int:
    """Store a scrape given as vehicle id → image URLs, whose keys are the URLs themselves."""
    new = new or scrape()
    scrape_id = stored_scrapes.add_scrape(connection, new)
    batch = [
        KeyedVehicle(n, Vehicle(id=name, images=tuple(urls), **fields), tuple(urls))
        for n, (name, urls) in enumerate(feed.items())
    ]
    inventory.add_vehicles(connection, scrape_id, new.advertiser, batch)
    images = sum(map(len, feed.values()))
    inventory.close_import(
        connection, scrape_id, vehicles_count=len(feed), images=images, refused=0
    )
    return scrape_id


def shown(connection: sa.Connection, advertiser: str = "acme") -> dict[str, list[str]]:
    """Return vehicle id → image URLs of the latest scrape."""
    latest = stored_scrapes.find_latest(connection, advertiser)
    assert latest is not None
    found: dict[str, list[str]] = {}
    for page in inventory.iter_vehicles(connection, latest.id):
        images = inventory.load_vehicle_images(connection, latest.id, [one.row_id for one in page])
        for one in page:
            found[one.vehicle.id] = [image.url for image in images.get(one.row_id, [])]
    return found


def test_an_inventory_comes_back_in_the_order_of_the_feed(engine: sa.Engine) -> None:
    feed = {"b": ["2", "1", "3"], "a": [], "c": ["9"]}
    with writing(engine) as connection:
        add(connection, feed)
    with reading(engine) as connection:
        assert list(shown(connection).items()) == list(feed.items())


def test_the_same_scrape_again_gives_the_same_inventory(engine: sa.Engine) -> None:
    feed = {"a": ["1", "2"], "b": ["3"]}
    with writing(engine) as connection:
        for hours in range(3):
            add(connection, feed, scrape(hours=hours))
        assert shown(connection) == feed
        counts = [
            connection.scalar(sa.select(sa.func.count()).select_from(table))
            for table in (vehicles, vehicle_images, scrapes)
        ]
    assert counts == [2, 3, 3]


def test_a_vehicle_keeps_when_it_was_first_seen_and_takes_its_new_words(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        add(connection, {"a": ["1"]}, title="old", color="Red")
        add(connection, {"a": ["1"]}, scrape(hours=5), title="new")
        row = connection.execute(sa.select(vehicles)).one()
    assert (row.title, row.color, row.first_seen_at) == ("new", None, NOW)


def test_images_and_vehicles_that_are_gone_are_not_shown(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        add(connection, {"a": ["1", "2", "3"], "b": ["4"]})
        add(connection, {"a": ["3", "1"]}, scrape(hours=1))
        assert shown(connection) == {"a": ["3", "1"]}


def test_advertisers_do_not_touch_each_other(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        add(connection, {"stock-1": ["1"]})
        add(connection, {"stock-1": ["2"]}, scrape(advertiser="beta"))
        assert shown(connection) == {"stock-1": ["1"]}
        assert shown(connection, "beta") == {"stock-1": ["2"]}
        assert stored_scrapes.list_advertisers(connection) == ["acme", "beta"]


def test_a_new_scrape_takes_the_place_of_an_unfinished_one(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        first = add(connection, {"a": ["1"]}, scrape("d1"))
        stored_scrapes.start(connection, first, at=NOW)
        other = add(connection, {"a": ["1"]}, scrape("d1", advertiser="beta"))
        second = add(connection, {"a": ["2"]}, scrape("d2"))
        statuses = {
            number: found.status
            for number in (first, other, second)
            if (found := stored_scrapes.get_scrape(connection, number))
        }
        assert statuses == {
            first: ScrapeStatus.CANCELLED,
            other: ScrapeStatus.ACCEPTED,
            second: ScrapeStatus.ACCEPTED,
        }
        assert stored_scrapes.find_unfinished(connection, "acme", "d1") is None
        resumed = stored_scrapes.find_unfinished(connection, "acme", "d2")
        assert resumed is not None
        assert resumed.id == second


def test_a_finished_scrape_is_not_resumed(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        number = add(connection, {"a": ["1"]})
        stored_scrapes.finish(connection, number, tally={}, at=NOW)
        assert stored_scrapes.find_unfinished(connection, "acme", "d1") is None
        latest = stored_scrapes.find_latest(connection, "acme")
        assert latest is not None
        assert (latest.id, latest.finished_at) == (number, NOW)
        assert stored_scrapes.find_latest(connection, "nobody") is None
        assert stored_scrapes.get_scrape(connection, 999) is None


def test_an_image_keeps_what_it_shows_as_long_as_its_url_stays(engine: sa.Engine) -> None:
    """While a scrape runs, the sitemap shows the earlier tags instead of nothing."""
    key = ImageKey(KeySource.ETAG, "e")
    with writing(engine) as connection:
        first = add(connection, {"a": ["same", "old"]})
        ids = stored_images.add_images(
            connection,
            [
                NewImage(
                    bytes_key="b",
                    format="PNG",
                    width=20,
                    height=20,
                    size_bytes=1,
                    thumbnail="",
                    created_at=NOW,
                )
            ],
        )
        pending = worklist.read_pending(connection, first, after_id=0, limit=10)
        worklist.settle(
            connection,
            first,
            [
                Settlement(id=one.id, image_id=ids["b"], key=key, skip_reason=None, checked_at=NOW)
                for one in pending
            ],
        )
        assert worklist.count_pending(connection, first) == 0
        second = add(connection, {"a": ["same", "new"]}, scrape("d2", hours=1))
        assert worklist.count_pending(connection, second) == 2
        (page,) = inventory.iter_vehicles(connection, second)
        (images,) = inventory.load_vehicle_images(connection, second, [page[0].row_id]).values()
    same, new = images
    assert (same.image_id, same.key) == (ids["b"], key)
    assert (new.image_id, new.key) == (None, None)


def test_large_inventories_come_in_pages(engine: sa.Engine) -> None:
    feed = {f"v{n}": [f"u{n}"] for n in range(1_201)}
    with writing(engine) as connection:
        number = add(connection, feed)
        pages = list(inventory.iter_vehicles(connection, number))
    assert [len(page) for page in pages] == [500, 500, 201]
    assert [one.vehicle.id for page in pages for one in page] == list(feed)


def test_an_exception_rolls_everything_back(engine: sa.Engine) -> None:
    def write_and_fail() -> None:
        with writing(engine) as connection:
            add(connection, {"a": ["1"]})
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        write_and_fail()
    with reading(engine) as connection:
        assert stored_scrapes.list_advertisers(connection) == []


def test_reading_sees_one_snapshot_and_writes_nothing(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        add(connection, {"a": ["1"]})
    with reading(engine) as connection:
        assert shown(connection) == {"a": ["1"]}
        with writing(engine) as other:
            add(other, {"b": ["2"]}, scrape("d2"))
        assert shown(connection) == {"a": ["1"]}
    with reading(engine) as connection:
        assert shown(connection) == {"b": ["2"]}
