"""A shop with many images on hosts of your choice, each settled as you say."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from forecourt.core.records import Vehicle
from forecourt.identity.urls import host_of, make_url_key
from forecourt.store import inventory
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.engine import writing
from forecourt.store.oddities import keep_class_counts
from forecourt.store.schema import (
    predictions,
    urls,
    vehicle_images,
)
from tests.support.shop import ACME, Shop


class BigShop(Shop):
    """A shop in which one advertiser shows many images of two hosts; classes are chosen."""

    def stock(
        self, types: Sequence[str | None], *, host: str = "img.example.com", finish: bool = True
    ) -> int:
        """Scrape acme anew; an image of the type None could not be had (a timeout)."""
        images = [f"https://{host}/{number}.jpg" for number in range(len(types))]
        new = stored_scrapes.NewScrape(
            advertiser=ACME,
            feed_name="f",
            feed_format="scrape",
            feed_digest=str(self.tick()),
            scraped_at=None,
            received_at=self.now,
        )
        keyed = [
            inventory.KeyedVehicle(n, Vehicle(id=f"v{n}", images=(url,)), (make_url_key(url),))
            for n, url in enumerate(images)
        ]
        image_of = dict(zip(("Dealer", "Stock", "Placeholder"), self.image_ids, strict=True))
        with writing(self.engine) as connection:
            scrape_id = stored_scrapes.add_scrape(connection, new)
            inventory.add_vehicles(connection, scrape_id, ACME, keyed)
            for url, kind in zip(images, types, strict=True):
                self._settle(connection, url, image_of.get(kind or ""))
            for kind, image_id in image_of.items():
                connection.execute(
                    sa.update(predictions)
                    .where(predictions.c.image_id == image_id)
                    .values(image_type=kind)
                )
            stored_scrapes.finish(connection, scrape_id, tally={}, at=self.now)
            if finish:
                keep_class_counts(connection, scrape_id, model_version=self.model)
        return scrape_id

    def _settle(self, connection: sa.Connection, url: str, image_id: int | None) -> None:
        reason = None if image_id else "timeout"
        connection.execute(
            sa.update(vehicle_images)
            .where(vehicle_images.c.url == url)
            .values(
                image_id=image_id, state="tagged" if image_id else "skipped", skip_reason=reason
            )
        )
        key = make_url_key(url)
        connection.execute(sa.delete(urls).where(urls.c.url_key == key))
        connection.execute(
            sa.insert(urls).values(
                url_key=key,
                url=url,
                host=host_of(url),
                image_id=image_id,
                skip_reason=reason,
                checked_at=self.now,
                fresh_until=self.now,
                checked_scrape_id=1,
                is_verified=True,
            )
        )
