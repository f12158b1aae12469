"""Two advertisers that show the same pictures, set up in a store without a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from forecourt import review
from forecourt.core.conflicts import Conflict, Ruling
from forecourt.core.fixes import Actor, ActSource, Fix, FixField, NewAct
from forecourt.core.labels import Color, ImageType
from forecourt.core.promotions import PromotionKind, RegisteredModel, find_standing
from forecourt.core.records import Role, Vehicle
from forecourt.identity.urls import make_url_key
from forecourt.sitemap import iter_sitemap
from forecourt.store import carries as stored_carries
from forecourt.store import comparison, inventory, registry
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.engine import reading, writing
from forecourt.store.schema import images, metadata, predictions, vehicle_images

START = datetime(2026, 11, 24, 8, tzinfo=UTC)
URLS = [f"https://cdn.example.com/{number}.jpg" for number in range(3)]
ACME, ZENITH = "acme", "zenith"


@dataclass(frozen=True)
class Answer:
    """What a model makes of an image."""

    image_type: str = "Dealer"
    image_type_confidence: float = 0.9
    color: str | None = "Grey"
    color_confidence: float = 0.8
    review: bool = False


class Shop:
    """Two advertisers that show the same three images, each tagged Dealer, Grey by the model."""

    TICK = timedelta(minutes=1)

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.now = START
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
        self.now += self.TICK
        return self.now

    def scrape(
        self,
        advertiser: str,
        color: str | None = None,
        *,
        vehicles: Sequence[Vehicle] | None = None,
        shown: Mapping[str, int | None] | None = None,
    ) -> None:
        """Settle a scrape; `shown` says which image a URL shows, None where it cannot be had."""
        if vehicles is None:
            vehicles = [
                Vehicle(id=f"v{number}", images=(url,), color=color)
                for number, url in enumerate(URLS)
            ]
        if shown is None:
            shown = {url: number for number, url in enumerate(URLS)}
        new = stored_scrapes.NewScrape(
            advertiser=advertiser,
            feed_name="feed.json",
            feed_format="scrape-json",
            feed_digest=str(self.tick()),
            scraped_at=None,
            received_at=self.now,
        )
        keyed = [
            inventory.KeyedVehicle(number, one, tuple(map(make_url_key, one.images)))
            for number, one in enumerate(vehicles)
        ]
        with writing(self.engine) as connection:
            scrape_id = stored_scrapes.add_scrape(connection, new)
            inventory.add_vehicles(connection, scrape_id, advertiser, keyed)
            for url, number in shown.items():
                connection.execute(
                    sa.update(vehicle_images)
                    .where(vehicle_images.c.url == url, vehicle_images.c.scrape_id == scrape_id)
                    .values(
                        image_id=None if number is None else self.image_ids[number],
                        state="skipped" if number is None else "tagged",
                        skip_reason="timeout" if number is None else None,
                    )
                )
            comparison.bind_fixes(connection, scrape_id, advertiser)

    def promote(self, version: str, answers: Mapping[int, Answer] | None = None) -> None:
        """Make a model the champion; it has seen the images of `answers`, or else all of them."""
        self._add_promotion(PromotionKind.PROMOTE, version)
        answers = dict.fromkeys(range(len(URLS)), Answer()) if answers is None else answers
        with writing(self.engine) as connection:
            for number, answer in answers.items():
                connection.execute(
                    sa.insert(predictions).values(
                        image_id=self.image_ids[number],
                        model_version=version,
                        image_type=answer.image_type,
                        image_type_confidence=answer.image_type_confidence,
                        image_type_reason="most_probable",
                        color=answer.color,
                        color_confidence=answer.color_confidence,
                        color_reason="most_probable",
                        review=answer.review,
                        review_reasons=[],
                        answer={},
                        created_at=self.tick(),
                    )
                )

    def roll_back(self) -> None:
        """Let the champion before the present one be the champion again; the first one stays."""
        with reading(self.engine) as connection:
            standing = find_standing(registry.list_promotions(connection))
        if len(standing) > 1:
            self._add_promotion(PromotionKind.ROLLBACK, standing[-2])

    @property
    def model(self) -> str:
        """The champion's version."""
        with reading(self.engine) as connection:
            last = registry.last_promotion(connection)
        assert last is not None
        return last.model_version

    def _add_promotion(self, kind: PromotionKind, version: str) -> None:
        """Promote a model that has no files: here nobody asks it."""
        model = RegisteredModel(
            version=version,
            network_sha256="",
            manifest_sha256="",
            folder=version,
            registered_at=self.now,
            registered_by="Ada",
        )
        with writing(self.engine) as connection:
            if registry.get_model(connection, version) is None:
                registry.add_model(connection, model)
            registry.add_promotion(
                connection, kind, version, by="Ada", note="", reason="", at=self.now
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

    def fix_selection(
        self,
        advertiser: str,
        change: review.Change,
        selection: review.Selection,
        *,
        role: Role = Role.STAFF,
        everywhere: bool = False,
    ) -> review.Done:
        with writing(self.engine) as connection:
            return review.fix_selection(
                connection,
                self.act(role, advertiser),
                advertiser=advertiser,
                selection=selection,
                change=change,
                model_version=self.model,
                everywhere=everywhere,
            )

    def preview(self, advertiser: str, selection: review.Selection) -> review.Preview:
        with reading(self.engine) as connection:
            return review.preview(connection, advertiser, selection, model_version=self.model)

    def rule(
        self,
        number: int,
        field: FixField,
        ruling: Ruling,
        value: ImageType | Color | None = None,
        *,
        role: Role = Role.STAFF,
        advertiser: str | None = None,
    ) -> review.Done:
        """Rule on the image of that number."""
        with writing(self.engine) as connection:
            return review.resolve_conflict(
                connection,
                self.act(role, advertiser),
                image_id=self.image_ids[number],
                field=field,
                ruling=ruling,
                value=value,
            )

    def carry(self, advertiser: str, number: int, source: int, *, with_color: bool) -> None:
        """Let fixes of one image hold for another, as after a scrape that found them alike."""
        carried = stored_carries.NewCarry(
            image_id=self.image_ids[number],
            from_image_id=self.image_ids[source],
            with_color=with_color,
            pdq_distance=2,
            grid_distance=1.0,
        )
        with writing(self.engine) as connection:
            stored_carries.add_carries(connection, advertiser, [carried], at=self.tick())

    def refuse(
        self,
        advertiser: str,
        url: str,
        *,
        role: Role = Role.STAFF,
        actor_of: str | None = None,
    ) -> review.Done:
        with writing(self.engine) as connection:
            return review.refuse_carried(
                connection, self.act(role, actor_of), advertiser=advertiser, urls=[url]
            )

    def conflicts(self, *, with_ruled: bool = False) -> list[Conflict]:
        with reading(self.engine) as connection:
            return review.list_conflicts(connection, with_ruled=with_ruled)

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
