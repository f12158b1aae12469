"""Two advertisers that show the same pictures, set up in a store without a network."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from forecourt import review
from forecourt.core.fixes import Actor, ActSource, Fix, NewAct
from forecourt.core.records import Role, Vehicle
from forecourt.identity.urls import make_url_key
from forecourt.sitemap import iter_sitemap
from forecourt.store import inventory
from forecourt.store.engine import reading, writing
from forecourt.store.schema import images, metadata, predictions, vehicle_images

START = datetime(2026, 11, 24, 8, tzinfo=UTC)
URLS = [f"https://cdn.example.com/{number}.jpg" for number in range(3)]
ACME, ZENITH = "acme", "zenith"


class Shop:
    """Two advertisers that show the same three images, each tagged Dealer, Grey by the model."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.now = START
        self.model = "m1"
        with writing(engine) as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(sa.delete(table))
            self.image_ids = [
                connection.execute(
                    sa.insert(images)
                    .values(
                        bytes_key=f"{number:064}",
                        format="JPEG",
                        width=640,
                        height=480,
                        size_bytes=1,
                        created_at=START,
                    )
                    .returning(images.c.id)
                ).scalar_one()
                for number in range(len(URLS))
            ]
        for advertiser in (ACME, ZENITH):
            self.scrape(advertiser)
        self.promote("m1")

    def tick(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now

    def scrape(self, advertiser: str, color: str | None = None) -> None:
        new = inventory.NewScrape(
            advertiser=advertiser,
            feed_name="feed.json",
            feed_format="scrape-json",
            feed_digest=str(self.tick()),
            scraped_at=None,
            received_at=self.now,
        )
        keyed = [
            inventory.KeyedVehicle(
                number, Vehicle(id=f"v{number}", images=(url,), color=color), (make_url_key(url),)
            )
            for number, url in enumerate(URLS)
        ]
        with writing(self.engine) as connection:
            scrape_id = inventory.add_scrape(connection, new)
            inventory.add_vehicles(connection, scrape_id, advertiser, keyed)
            for image_id, url in zip(self.image_ids, URLS, strict=True):
                connection.execute(
                    sa.update(vehicle_images)
                    .where(vehicle_images.c.url == url)
                    .values(image_id=image_id, state="tagged")
                )

    def promote(self, version: str) -> None:
        self.model = version
        with writing(self.engine) as connection:
            for image_id in self.image_ids:
                connection.execute(
                    sa.insert(predictions).values(
                        image_id=image_id,
                        model_version=version,
                        image_type="Dealer",
                        image_type_confidence=0.9,
                        image_type_reason="most_probable",
                        color="Grey",
                        color_confidence=0.8,
                        color_reason="most_probable",
                        review=False,
                        review_reasons=[],
                        answer={},
                        created_at=self.tick(),
                    )
                )

    def act(self, role: Role = Role.STAFF, advertiser: str | None = None) -> NewAct:
        name = "Ada" if role is Role.STAFF else f"{advertiser}'s owner"
        actor = Actor(
            name=name, role=role, advertiser=advertiser if role is Role.ADVERTISER else None
        )
        return NewAct(actor=actor, at=self.tick(), source=ActSource.API)

    def fix(
        self,
        advertiser: str,
        change: review.Change,
        *,
        urls: list[str] = URLS[:1],
        role: Role = Role.STAFF,
        everywhere: bool = False,
    ) -> review.Done:
        with writing(self.engine) as connection:
            return review.fix_images(
                connection,
                self.act(role, advertiser),
                advertiser=advertiser,
                urls=urls,
                change=change,
                model_version=self.model,
                everywhere=everywhere,
            )

    def revert(
        self,
        *,
        act_id: int | None = None,
        fix_id: int | None = None,
        role: Role = Role.STAFF,
        advertiser: str | None = None,
    ) -> review.Done:
        with writing(self.engine) as connection:
            return review.revert(
                connection, self.act(role, advertiser), act_id=act_id, fix_id=fix_id
            )

    def shown(self, advertiser: str) -> list[tuple[str, str | None]]:
        with reading(self.engine) as connection:
            return [
                (image.resolved.image_type.value, image.resolved.color.value)
                for entry in iter_sitemap(connection, advertiser, model_version=self.model)
                for image in entry.images
            ]

    def history(self, advertiser: str, **filters: object) -> list[Fix]:
        with reading(self.engine) as connection:
            return list(review.history(connection, advertiser=advertiser, **filters))  # type: ignore[arg-type]
