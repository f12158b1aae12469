"""A feed becomes a scrape: whole or not at all."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from forecourt import intake
from forecourt.core.errors import FeedError
from forecourt.core.records import RefusedRow, Vehicle
from forecourt.store import inventory, worklist
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.engine import create_engine, migrate, reading, writing
from forecourt.store.scrapes import NewScrape

SCRAPE = NewScrape(
    advertiser="acme",
    feed_name="feed.csv",
    feed_format="dealer",
    feed_digest="d",
    scraped_at=None,
    received_at=datetime(2026, 11, 23, tzinfo=UTC),
)


@pytest.fixture
def store(tmp_path: Path) -> sa.Engine:
    engine = create_engine(f"sqlite:///{tmp_path / 'store.db'}")
    migrate(engine)
    return engine


def refusal(row: int) -> RefusedRow:
    return RefusedRow(line=row + 1, row=row, field="image", reason="no URL", hint="give one")


def test_refused_rows_are_told_and_cost_no_other_row(store: sa.Engine) -> None:
    rows = [
        refusal(1),
        Vehicle(id="a", images=("https://x.example/1.jpg", "https://x.example/2.jpg")),
        refusal(3),
        Vehicle(id="b"),
    ]
    refused: list[RefusedRow] = []
    with writing(store) as connection:
        accepted = intake.accept(connection, rows, SCRAPE, on_refused=refused.append)
    assert (accepted.vehicles, accepted.images, accepted.refused) == (2, 2, 2)
    assert [row.row for row in refused] == [1, 3]
    with reading(store) as connection:
        scrape = stored_scrapes.get_scrape(connection, accepted.scrape_id)
        assert scrape is not None
        assert (scrape.vehicles, scrape.images, scrape.refused) == (2, 2, 2)
        assert worklist.count_pending(connection, scrape.id) == 2


def test_feed_without_one_good_row_does_not_empty_the_inventory(store: sa.Engine) -> None:
    with writing(store) as connection:
        first = intake.accept(connection, [Vehicle(id="a")], SCRAPE, on_refused=pytest.fail)
    with (
        pytest.raises(FeedError, match="Every row of the feed was refused"),
        writing(store) as other,
    ):
        intake.accept(other, [refusal(1)], SCRAPE, on_refused=lambda _row: None)
    with reading(store) as connection:
        latest = stored_scrapes.find_latest(connection, "acme")
    assert latest is not None
    assert latest.id == first.scrape_id


def test_feed_without_rows_empties_the_inventory_only_where_somebody_says_so(
    store: sa.Engine,
) -> None:
    with writing(store) as connection:
        first = intake.accept(connection, [Vehicle(id="a")], SCRAPE, on_refused=pytest.fail)
    with pytest.raises(FeedError, match=r"stays as it was.*--allow-empty"), writing(store) as other:
        intake.accept(other, [], SCRAPE, on_refused=pytest.fail)
    with reading(store) as connection:
        latest = stored_scrapes.find_latest(connection, "acme")
    assert latest is not None
    assert latest.id == first.scrape_id
    with writing(store) as connection:
        empty = intake.accept(connection, [], SCRAPE, on_refused=pytest.fail, allow_empty=True)
        latest = stored_scrapes.find_latest(connection, "acme")
    assert latest is not None
    assert (latest.id, latest.vehicles, empty.warnings) == (empty.scrape_id, 0, ())


def lot(vehicles: int, images: int) -> list[Vehicle]:
    urls = tuple(f"https://x.example/{n}.jpg" for n in range(images))
    return [Vehicle(id=str(n), images=urls) for n in range(vehicles)]


@pytest.mark.parametrize(
    ("before", "now", "warning"),
    [
        (None, (3, 1), None),
        (None, (3, 0), "No vehicle of this feed has an image"),
        ((20, 2), (20, 2), None),
        ((20, 2), (10, 2), None),
        ((20, 2), (9, 2), "holds 9 vehicles; the scrape before held 20"),
        ((20, 5), (20, 2), "holds 40 images; the scrape before held 100"),
        ((20, 2), (20, 0), "No vehicle of this feed has an image"),
        ((9, 1), (1, 1), None),  # of so few, any share is chance
    ],
)
def test_what_looks_like_a_broken_scraper_is_warned_of(
    store: sa.Engine,
    before: tuple[int, int] | None,
    now: tuple[int, int],
    warning: str | None,
) -> None:
    with writing(store) as connection:
        if before is not None:
            intake.accept(connection, lot(*before), SCRAPE, on_refused=pytest.fail)
        accepted = intake.accept(connection, lot(*now), SCRAPE, on_refused=pytest.fail)
    assert len(accepted.warnings) == (warning is not None)
    assert all(warning in one for one in accepted.warnings if warning)


def test_many_images_are_stored_in_batches_too(store: sa.Engine) -> None:
    urls = tuple(f"https://x.example/{number}.jpg" for number in range(900))
    rows = [Vehicle(id=str(number), images=urls) for number in range(5)]
    with writing(store) as connection:
        accepted = intake.accept(connection, rows, SCRAPE, on_refused=pytest.fail)
    with reading(store) as connection:
        assert worklist.count_pending(connection, accepted.scrape_id) == 4_500


@pytest.mark.parametrize("count", [499, 500, 501, 1000])
def test_every_vehicle_of_every_batch_is_stored(store: sa.Engine, count: int) -> None:
    rows = (Vehicle(id=f"v{n}", images=(f"https://x.example/{n}.jpg",)) for n in range(count))
    with writing(store) as connection:
        accepted = intake.accept(connection, rows, SCRAPE, on_refused=pytest.fail)
        pages = list(inventory.iter_vehicles(connection, accepted.scrape_id))
    assert [one.vehicle.id for page in pages for one in page] == [f"v{n}" for n in range(count)]


def test_a_feed_that_breaks_off_leaves_nothing(store: sa.Engine) -> None:
    def rows() -> object:
        for n in range(700):
            yield Vehicle(id=f"v{n}")
        raise FeedError("the file ends in the middle of a vehicle")

    with pytest.raises(FeedError), writing(store) as connection:
        intake.accept(connection, rows(), SCRAPE, on_refused=pytest.fail)  # type: ignore[arg-type]
    with reading(store) as connection:
        assert stored_scrapes.find_latest(connection, "acme") is None


def test_digest_is_that_of_the_whole_file(tmp_path: Path) -> None:
    data = bytes(range(256)) * 10_000
    (tmp_path / "feed").write_bytes(data)
    assert intake.digest_file(tmp_path / "feed") == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("name", "message"), [("missing.csv", "No such file"), ("", "Is a directory")]
)
def test_feed_that_cannot_be_read_says_why(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(FeedError, match=message):
        intake.digest_file(tmp_path / name)
