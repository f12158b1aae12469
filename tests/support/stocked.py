"""A store with an inventory that was tagged, of any size, without a network or a model."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from PIL import Image

from forecourt.core.labels import COLORS, IMAGE_TYPES
from forecourt.core.records import Vehicle
from forecourt.identity.urls import host_of, make_url_key
from forecourt.store import inventory
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.engine import writing
from forecourt.store.media import MediaFolder
from forecourt.store.oddities import keep_class_counts
from forecourt.store.schema import images, predictions, urls, vehicle_images
from tests.support.pictures import encode
from tests.support.scenes import card, scene

AT = datetime(2026, 11, 24, 8, tzinfo=UTC)
HOST = "img.example.com"
_PAINTS = {
    "Black": (22, 22, 24),
    "Blue": (30, 80, 190),
    "Brown": (98, 62, 36),
    "Burgundy": (100, 16, 36),
    "Green": (30, 110, 60),
    "Grey": (140, 144, 150),
    "Orange": (230, 120, 20),
    "Pink": (235, 110, 165),
    "Purple": (105, 55, 170),
    "Red": (200, 22, 36),
    "White": (240, 240, 240),
    "Yellow": (240, 205, 30),
}
_MAKES = ("Corsa Edition", "Octavia Combi", "Transit Custom", "Duster Prestige", "Model S90")
_BATCH = 500


@dataclass(frozen=True)
class Shown:
    """What stands at one place of an inventory; no type: it could not be had."""

    image_type: str | None = "Dealer"
    color: str | None = "Grey"
    confidence: float = 0.97
    review: bool = False


def usual(vehicle: int, position: int) -> Shown:
    """What stands where: mostly photos; some stock, some cards, some not to be had."""
    color = COLORS[vehicle % len(COLORS)].value
    if vehicle % 7 == 6 and position == 1:
        return Shown(None)
    if vehicle % 4 == 3 and position == 0:
        return Shown("Placeholder", None, 0.99)
    if vehicle % 5 == 4:
        return Shown("Stock", color, 0.93)
    if position == 2:
        return Shown("Dealer", None, 0.88)
    return Shown("Dealer", color, 0.55 + 0.08 * (vehicle % 5), review=vehicle % 5 == 0)


def stock(
    engine: sa.Engine,
    advertiser: str,
    *,
    vehicles_count: int,
    images_each: int,
    model_version: str,
    media: MediaFolder | None = None,
    shown: Callable[[int, int], Shown] = usual,
    at: datetime = AT,
    host: str = HOST,
) -> int:
    """Let an advertiser show so many vehicles; return the scrape. Each place has its own image.

    `media`: where drawn thumbnails are kept; without one, addresses lead nowhere.
    """
    new = stored_scrapes.NewScrape(
        advertiser=advertiser,
        feed_name="feed.json",
        feed_format="scrape-json",
        feed_digest=hashlib.sha256(f"{advertiser} {at}".encode()).hexdigest(),
        scraped_at=at,
        received_at=at,
    )
    with writing(engine) as connection:
        scrape_id = stored_scrapes.add_scrape(connection, new)
        stored_scrapes.start(connection, scrape_id, at=at)
        for batch in _batches(vehicles_count):
            keyed = [
                _vehicle(advertiser, number, images_each, shown(number, 0), host)
                for number in batch
            ]
            inventory.add_vehicles(connection, scrape_id, advertiser, keyed)
            _settle(connection, keyed, shown, model_version, media, at)
        inventory.close_import(
            connection,
            scrape_id,
            vehicles_count=vehicles_count,
            images=vehicles_count * images_each,
            refused=0,
        )
        stored_scrapes.finish(connection, scrape_id, tally={}, at=at)
        keep_class_counts(connection, scrape_id, model_version=model_version)
    return scrape_id


def _batches(count: int) -> Iterator[range]:
    for start in range(0, count, _BATCH):
        yield range(start, min(start + _BATCH, count))


def _vehicle(
    advertiser: str, number: int, images_each: int, first: Shown, host: str
) -> inventory.KeyedVehicle:
    places = tuple(
        f"https://{host}/{advertiser}/{number}/{place}.jpg" for place in range(images_each)
    )
    vehicle = Vehicle(
        id=f"stock-{number}",
        vin=f"1HGCM82633A{number:06}",
        title=f"{2015 + number % 11} {_MAKES[number % len(_MAKES)]}",
        condition=("New", "Used", "Certified")[number % 3],
        body_type=("SUV", "Van", "Saloon", "Motorcycle")[number % 4],
        color=first.color if number % 3 == 0 else None,
        url=f"https://www.example.com/{advertiser}/{number}",
        images=places,
    )
    return inventory.KeyedVehicle(number, vehicle, tuple(map(make_url_key, places)))


def _settle(
    connection: sa.Connection,
    keyed: list[inventory.KeyedVehicle],
    shown: Callable[[int, int], Shown],
    model_version: str,
    media: MediaFolder | None,
    at: datetime,
) -> None:
    places = [
        (one.position, place, url, key, shown(one.position, place))
        for one in keyed
        for place, (url, key) in enumerate(zip(one.vehicle.images, one.url_keys, strict=True))
    ]
    rows = [
        {
            "bytes_key": hashlib.sha256(url.encode()).hexdigest(),
            "format": "JPEG",
            "width": 640,
            "height": 480,
            "size_bytes": 60_000,
            "thumbnail": _draw(media, what, vehicle + place),
            "created_at": at,
        }
        for vehicle, place, url, _key, what in places
        if what.image_type
    ]
    connection.execute(sa.insert(images), rows)
    ids = dict(
        connection.execute(
            sa.select(images.c.bytes_key, images.c.id).where(
                images.c.bytes_key.in_([row["bytes_key"] for row in rows])
            )
        ).all()
    )
    settled = [
        (url, key, ids.get(hashlib.sha256(url.encode()).hexdigest()), what)
        for _vehicle, _place, url, key, what in places
    ]
    connection.execute(
        sa.update(vehicle_images)
        .where(vehicle_images.c.url_key == sa.bindparam("key"))
        .values(
            state=sa.bindparam("new_state"),
            image_id=sa.bindparam("new_image"),
            key_source=sa.bindparam("new_source"),
            key_value=sa.bindparam("new_value"),
            skip_reason=sa.bindparam("new_reason"),
            checked_at=at,
        ),
        [
            {
                "key": key,
                "new_state": "tagged" if image_id else "skipped",
                "new_image": image_id,
                "new_source": "bytes" if image_id else None,
                "new_value": hashlib.sha256(url.encode()).hexdigest() if image_id else None,
                "new_reason": None if image_id else "timeout",
            }
            for url, key, image_id, _what in settled
        ],
    )
    connection.execute(
        sa.insert(urls),
        [
            {
                "url_key": key,
                "url": url,
                "host": host_of(url),
                "image_id": image_id,
                "skip_reason": None if image_id else "timeout",
                "checked_at": at,
                "fresh_until": at,
                "checked_scrape_id": 1,
                "is_verified": True,
            }
            for url, key, image_id, _what in settled
        ],
    )
    connection.execute(
        sa.insert(predictions),
        [
            _answer(image_id, what, model_version, at)
            for _url, _key, image_id, what in settled
            if image_id
        ],
    )


def _answer(image_id: int, what: Shown, model_version: str, at: datetime) -> dict[str, object]:
    rest = (1 - what.confidence) / 2
    types = {one.value: what.confidence if one == what.image_type else rest for one in IMAGE_TYPES}
    return {
        "image_id": image_id,
        "model_version": model_version,
        "image_type": what.image_type,
        "image_type_confidence": what.confidence,
        "image_type_reason": "most_probable",
        "color": what.color,
        "color_confidence": what.confidence,
        "color_reason": "most_probable" if what.color else "no_paint_seen",
        "review": what.review,
        "review_reasons": ["image_type_uncertain"] if what.review else [],
        "answer": {
            "image_type_probs": types,
            "color_probs": {
                one.value: (what.confidence if one == what.color else 0.0) for one in COLORS
            },
            "color_visible": 0.9 if what.color else 0.1,
            "box": [0.2, 0.3, 0.85, 0.85],
            "several_vehicles": 0.0,
            "kind_probs": {"car": 0.9, "motorcycle": 0.1},
            "view_probs": {"exterior": 0.9, "interior": 0.1},
        },
        "created_at": at,
    }


def _draw(media: MediaFolder | None, what: Shown, seed: int) -> str:
    seed %= 12  # few pictures serve many places
    if media is None:
        return hashlib.sha256(f"{what.image_type} {what.color} {seed}".encode()).hexdigest()
    paint = _PAINTS[what.color or "Grey"]
    if what.image_type == "Placeholder":
        picture = card(words="Photo coming soon")
    elif what.image_type == "Stock":
        picture = _on_white(paint)
    else:
        picture = scene(seed, paint=paint)
    return media.put(encode(picture.resize((320, 240))))


def _on_white(paint: tuple[int, int, int]) -> Image.Image:
    """Return a vehicle before nothing."""
    drawn = scene(3, paint=paint)
    white = Image.new("RGB", drawn.size, (255, 255, 255))
    white.paste(drawn.crop((60, 160, 600, 395)), (60, 160))
    return white
