"""The sitemap's two shapes, which other programs are written against."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from forecourt.core.errors import NotFoundError
from forecourt.core.labels import COLORS, IMAGE_TYPES, Color, ImageType
from forecourt.core.records import Decision, ImageKey, KeySource, Prediction, Vehicle
from forecourt.core.skips import SkipReason
from forecourt.sitemap import CSV_COLUMNS, SkippedImages, iter_sitemap, write_csv, write_json
from forecourt.store import images as stored_images
from forecourt.store import inventory, worklist
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.engine import create_engine, migrate, reading, writing
from forecourt.store.images import NewImage, StoredAnswer
from forecourt.store.inventory import KeyedVehicle
from forecourt.store.scrapes import NewScrape
from forecourt.store.worklist import Settlement

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


class Stock:
    """An inventory in a store, put together image by image."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._images = 0

    def put(self, *vehicles: Vehicle) -> None:
        """Store vehicles as a scrape whose images are all pending."""
        new = NewScrape(
            advertiser="acme",
            feed_name="feed.json",
            feed_format="scrape",
            feed_digest="d",
            scraped_at=None,
            received_at=NOW,
        )
        keyed = [KeyedVehicle(n, one, one.images) for n, one in enumerate(vehicles)]
        with writing(self.engine) as connection:
            self.scrape_id = stored_scrapes.add_scrape(connection, new)
            inventory.add_vehicles(connection, self.scrape_id, "acme", keyed)

    def tag(
        self,
        url: str,
        image_type: ImageType,
        color: Color | None,
        *,
        version: str = "m-2",
        recheck_failed: SkipReason | None = None,
    ) -> None:
        """Let `version` have decided on the image behind a URL."""
        self._images += 1
        bytes_key = f"bytes-{self._images}"
        is_card = image_type is ImageType.PLACEHOLDER
        decision = Decision(
            model_version=version,
            image_type=image_type,
            image_type_confidence=0.98765,
            image_type_reason="most_probable",
            color=color,
            color_confidence=0.9,
            color_reason="placeholder_has_no_color" if is_card else "most_probable",
            review=False,
        )
        prediction = Prediction(
            model_version=version,
            image_type_probs=dict.fromkeys(IMAGE_TYPES, 1 / 3),
            color_probs=dict.fromkeys(COLORS, 1 / 12),
            color_visible=1.0,
        )
        with writing(self.engine) as connection:
            new = NewImage(
                bytes_key=bytes_key,
                format="JPEG",
                width=64,
                height=48,
                size_bytes=1,
                thumbnail="",
                created_at=NOW,
            )
            image_id = stored_images.add_images(connection, [new])[bytes_key]
            answers = {image_id: StoredAnswer(prediction, decision)}
            stored_images.add_answers(connection, answers, at=NOW)
        self._settle(url, image_id, recheck_failed)

    def skip(self, url: str, reason: SkipReason) -> None:
        """Let the image behind a URL be out of reach, and never seen."""
        self._settle(url, None, reason)

    def _settle(self, url: str, image_id: int | None, reason: SkipReason | None) -> None:
        with writing(self.engine) as connection:
            pending = worklist.read_pending(connection, self.scrape_id, after_id=0, limit=100)
            settlements = [
                Settlement(
                    id=one.id,
                    image_id=image_id,
                    key=ImageKey(KeySource.ETAG, f"e{image_id}") if image_id else None,
                    skip_reason=reason,
                    checked_at=NOW,
                )
                for one in pending
                if one.url == url
            ]
            worklist.settle(connection, self.scrape_id, settlements)

    def json(self, skipped: SkippedImages = SkippedImages.PLACEHOLDER) -> Any:
        with reading(self.engine) as connection:
            stream = io.StringIO()
            entries = iter_sitemap(connection, "acme", model_version="m-2", skipped=skipped)
            write_json(stream, "acme", entries)
        return json.loads(stream.getvalue())

    def csv(self, skipped: SkippedImages = SkippedImages.PLACEHOLDER) -> list[dict[str, str]]:
        with reading(self.engine) as connection:
            stream = io.StringIO()
            entries = iter_sitemap(connection, "acme", model_version="m-2", skipped=skipped)
            write_csv(stream, "acme", entries)
        return list(csv.DictReader(io.StringIO(stream.getvalue(), newline="")))


@pytest.fixture
def stock(tmp_path: Path) -> Iterator[Stock]:
    engine = create_engine(f"sqlite:///{tmp_path / 'store.db'}")
    migrate(engine)
    yield Stock(engine)
    engine.dispose()


CAR = Vehicle(
    id="stock-1",
    vin="1FTFW1E50MFA00001",
    title="2024 Ford F-150, “Lariat”",
    condition="Used",
    body_type="Truck",
    color=None,
    url="https://acme.example/1",
    images=("https://cdn.example/1.jpg", "https://cdn.example/2.jpg", "https://cdn.example/3.jpg"),
)


def test_json_is_exactly_the_contract(stock: Stock) -> None:
    stock.put(CAR, Vehicle(id="stock-2"))
    stock.tag(CAR.images[0], ImageType.DEALER, Color.RED)
    stock.tag(CAR.images[1], ImageType.PLACEHOLDER, None)
    stock.skip(CAR.images[2], SkipReason.NOT_FOUND)
    tagged, card, skipped = stock.json()["vehicles"][0]["images"]
    assert stock.json() == {
        "advertiser": "acme",
        "vehicles": [
            {
                "id": "stock-1",
                "vin": "1FTFW1E50MFA00001",
                "title": "2024 Ford F-150, “Lariat”",
                "condition": "Used",
                "body_type": "Truck",
                "color": None,
                "url": "https://acme.example/1",
                "images": [tagged, card, skipped],
            },
            {
                "id": "stock-2",
                "vin": None,
                "title": None,
                "condition": None,
                "body_type": None,
                "color": None,
                "url": None,
                "images": [],
            },
        ],
    }
    assert tagged == {
        "url": "https://cdn.example/1.jpg",
        "position": 0,
        "status": "tagged",
        "skip_reason": None,
        "image_key": "etag:e1",
        "key_source": "etag",
        "image_type": {
            "value": "Dealer",
            "source": "model",
            "confidence": 0.9877,
            "reason": "most_probable",
        },
        "color": {
            "value": "Red",
            "source": "model",
            "confidence": 0.9,
            "reason": "most_probable",
        },
        "carried_from": None,
        "review": False,
        "predicted": {"image_type": "Dealer", "color": "Red", "model_version": "m-2"},
    }
    assert list(tagged) == list(card) == list(skipped)
    assert card["color"] == {
        "value": None,
        "source": "model",
        "confidence": 0.9877,
        "reason": "placeholder_has_no_color",
    }
    assert skipped == {
        "url": "https://cdn.example/3.jpg",
        "position": 2,
        "status": "skipped",
        "skip_reason": "not_found",
        "image_key": None,
        "key_source": None,
        "image_type": {
            "value": "Placeholder",
            "source": "default",
            "confidence": None,
            "reason": "not_found",
        },
        "color": {"value": None, "source": "default", "confidence": None, "reason": "not_found"},
        "carried_from": None,
        "review": False,
        "predicted": None,
    }


def test_csv_is_exactly_the_contract(stock: Stock) -> None:
    stock.put(CAR, Vehicle(id="stock-2"))
    stock.tag(CAR.images[0], ImageType.STOCK, Color.GREY)
    stock.skip(CAR.images[1], SkipReason.TIMEOUT)
    first, second, third = stock.csv()
    assert tuple(first) == CSV_COLUMNS
    assert first == {
        "advertiser": "acme",
        "vehicle_id": "stock-1",
        "vin": "1FTFW1E50MFA00001",
        "title": "2024 Ford F-150, “Lariat”",
        "condition": "Used",
        "body_type": "Truck",
        "scrape_color": "",
        "vehicle_url": "https://acme.example/1",
        "position": "0",
        "image_url": "https://cdn.example/1.jpg",
        "status": "tagged",
        "skip_reason": "",
        "image_type": "Stock",
        "image_type_source": "model",
        "image_type_confidence": "0.9877",
        "image_type_reason": "most_probable",
        "color": "Grey",
        "color_source": "model",
        "color_confidence": "0.9",
        "color_reason": "most_probable",
        "carried_from": "",
        "review": "0",
        "predicted_image_type": "Stock",
        "predicted_color": "Grey",
        "model_version": "m-2",
        "image_key": "etag:e1",
        "key_source": "etag",
    }
    assert (second["status"], second["image_type"], second["color"]) == (
        "skipped",
        "Placeholder",
        "",
    )
    assert third["skip_reason"] == "pending"  # the run has not come to it yet


def test_color_configured_in_the_scrape_is_shown_and_the_models_kept(stock: Stock) -> None:
    stock.put(
        Vehicle(id="a", color="Brilliant Blue Metallic", images=("1", "2")),
        Vehicle(id="b", color="Champagne", images=("3",)),
    )
    stock.tag("1", ImageType.DEALER, Color.BLACK)
    stock.tag("2", ImageType.PLACEHOLDER, None)
    stock.tag("3", ImageType.DEALER, Color.BROWN)
    a, b = stock.json()["vehicles"]
    assert a["color"] == "Brilliant Blue Metallic"
    photo, card = a["images"]
    assert photo["color"] == {
        "value": "Blue",
        "source": "scrape",
        "confidence": None,
        "reason": "scrape_color",
    }
    assert photo["predicted"]["color"] == "Black"
    assert card["color"]["value"] is None
    (unmapped,) = b["images"]
    assert (unmapped["color"]["value"], unmapped["color"]["source"]) == ("Brown", "model")
    assert unmapped["color"]["reason"] == "scrape_color_unmapped"


def test_answer_of_an_earlier_model_is_marked_stale(stock: Stock) -> None:
    stock.put(Vehicle(id="a", images=("1",)))
    stock.tag("1", ImageType.DEALER, Color.RED, version="m-1")
    (image,) = stock.json()["vehicles"][0]["images"]
    assert image["image_type"]["reason"] == image["color"]["reason"] == "stale_model"
    assert image["predicted"]["model_version"] == "m-1"


def test_known_image_that_cannot_be_rechecked_keeps_its_tags(stock: Stock) -> None:
    stock.put(Vehicle(id="a", images=("1",)))
    stock.tag("1", ImageType.DEALER, Color.RED, recheck_failed=SkipReason.TIMEOUT)
    (image,) = stock.json(SkippedImages.OMIT)["vehicles"][0]["images"]
    assert (image["status"], image["skip_reason"]) == ("tagged", None)
    assert image["image_type"]["value"] == "Dealer"
    assert image["image_type"]["reason"] == "recheck_failed"


def test_skipped_images_can_be_left_out(stock: Stock) -> None:
    stock.put(CAR)
    stock.skip(CAR.images[0], SkipReason.FORBIDDEN)
    stock.tag(CAR.images[1], ImageType.DEALER, Color.RED)
    images = stock.json(SkippedImages.OMIT)["vehicles"][0]["images"]
    assert [image["position"] for image in images] == [1]  # positions stay those of the feed
    assert [row["position"] for row in stock.csv(SkippedImages.OMIT)] == ["1"]


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("-12", "-12"),
        ("+4.5", "+4.5"),
        ('2-door, "sport"\nline two', '2-door, "sport"\nline two'),
        ("'quoted'", "'quoted'"),
    ],
)
def test_words_of_a_feed_cannot_run_in_a_spreadsheet(
    stock: Stock, given: str, written: str
) -> None:
    stock.put(Vehicle(id=given, title=given, color=given, images=("https://cdn.example/1",)))
    (row,) = stock.csv()
    assert {row["vehicle_id"], row["title"], row["scrape_color"]} == {written}
    (vehicle,) = stock.json()["vehicles"]
    assert {vehicle["id"], vehicle["title"], vehicle["color"]} == {given}


def test_inventory_without_vehicles(stock: Stock) -> None:
    stock.put()
    assert stock.json() == {"advertiser": "acme", "vehicles": []}
    assert stock.csv() == []


def test_unknown_advertiser_is_told_who_is_known(stock: Stock) -> None:
    stock.put(CAR)
    with (
        reading(stock.engine) as connection,
        pytest.raises(NotFoundError, match=r"no scrape of 'acne'\. Known advertisers: acme\."),
    ):
        iter_sitemap(connection, "acne", model_version="m-2")
