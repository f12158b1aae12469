"""Stage: a feed becomes a scrape in the store: accepted work, in one transaction.

Either the whole feed is stored, refused rows reported, or nothing is. What is stored will be
tagged, now or by whoever resumes it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from forecourt.core.errors import FeedError
from forecourt.core.records import RefusedRow, Vehicle
from forecourt.identity.urls import make_url_key
from forecourt.store import inventory
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.inventory import KeyedVehicle
from forecourt.store.scrapes import NewScrape, Scrape

_BATCH_VEHICLES = 500
_BATCH_IMAGES = 2_000  # what takes the memory: a vehicle may have many
_CHUNK = 1 << 20


_SHRUNK = 0.5  # of what the scrape before held; sold vehicles never explain as much in a day
_FEW = 10  # below this many any share is chance


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What a feed held. `warnings`: what looks like a mistake of whoever made it, in words."""

    scrape_id: int
    vehicles: int
    images: int
    refused: int
    warnings: tuple[str, ...] = ()


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file, by which an interrupted run of the same feed is found again.

    Raises:
        FeedError: the file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise FeedError(f"Cannot read {path}: {error.strerror}.") from error
    return digest.hexdigest()


def accept(
    connection: sa.Connection,
    rows: Iterable[Vehicle | RefusedRow],
    scrape: NewScrape,
    *,
    on_refused: Callable[[RefusedRow], None],
    allow_empty: bool = False,
) -> Accepted:
    """Store every vehicle of a feed as one scrape. Does not commit.

    Args:
        connection: A writing connection.
        rows: The feed, in its order.
        scrape: Whose it is and where it came from.
        on_refused: Told of every row that could not be used.
        allow_empty: A feed without any row says that the inventory is empty; else it is taken for
            a mistake.

    Raises:
        FeedError: there are rows, and none could be used; or there are none. Whoever holds the
            transaction rolls back.
    """
    before = stored_scrapes.find_latest(connection, scrape.advertiser)
    scrape_id = stored_scrapes.add_scrape(connection, scrape)
    vehicles = images = refused = waiting = 0
    batch: list[KeyedVehicle] = []
    for row in rows:
        if isinstance(row, RefusedRow):
            refused += 1
            on_refused(row)
            continue
        batch.append(KeyedVehicle(vehicles, row, tuple(make_url_key(url) for url in row.images)))
        vehicles += 1
        images += len(row.images)
        waiting += len(row.images)
        if len(batch) >= _BATCH_VEHICLES or waiting >= _BATCH_IMAGES:
            inventory.add_vehicles(connection, scrape_id, scrape.advertiser, batch)
            batch, waiting = [], 0
    if batch:
        inventory.add_vehicles(connection, scrape_id, scrape.advertiser, batch)
    if refused and not vehicles:
        raise FeedError(
            f"Every row of the feed was refused ({refused}). The inventory stays as it was."
        )
    if not vehicles and not allow_empty:
        raise FeedError(
            "The feed holds no vehicles. The inventory stays as it was; where it really is empty, "
            "say so with --allow-empty, over HTTP with allow_empty=true."
        )
    inventory.close_import(
        connection, scrape_id, vehicles_count=vehicles, images=images, refused=refused
    )
    return Accepted(
        scrape_id=scrape_id,
        vehicles=vehicles,
        images=images,
        refused=refused,
        warnings=tuple(_find_warnings(before, vehicles=vehicles, images=images)),
    )


def _find_warnings(before: Scrape | None, *, vehicles: int, images: int) -> Iterator[str]:
    """Yield what a broken scraper or an unknown field name does to an inventory."""
    if vehicles and not images:
        yield (
            "No vehicle of this feed has an image. Is the field called as in docs/feeds.md? "
            "`images` is always understood."
        )
    if before is None:
        return
    held = (("vehicles", vehicles, before.vehicles), ("images", images, before.images))
    for name, now, then in held:
        if then >= _FEW and 0 < now < then * _SHRUNK:
            yield (
                f"This feed holds {now:,} {name}; the scrape before held {then:,}. Where that is a "
                "mistake, tag the earlier feed again."
            )
            return
