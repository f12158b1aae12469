"""Made-up months of inventories: models, answers, fixes and scrapes at times of your choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from forecourt import monitor
from forecourt.core.fixes import ActKind, ActSource, FixField
from forecourt.core.looks import Looks
from forecourt.core.promotions import PromotionKind, RegisteredModel
from forecourt.core.records import Role, Vehicle
from forecourt.identity.urls import make_url_key
from forecourt.store import inventory, registry
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.engine import reading, writing
from forecourt.store.oddities import keep_class_counts
from forecourt.store.schema import (
    acts,
    fix_states,
    fixes,
    images,
    predictions,
    vehicle_images,
)

START = datetime(2026, 9, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Said:
    """What a model makes of an image."""

    image_type: str = "Dealer"
    color: str | None = "Grey"
    sure: float = 0.95
    review: bool = False


class Watched:
    """A store whose clock you set. Vehicles are `v0`, `v1` ... of each advertiser."""

    def __init__(self, engine: sa.Engine, start: datetime = START) -> None:
        self.engine = engine
        self.now = start

    def later(self, days: float) -> Watched:
        self.now += days * DAY
        return self

    def promote(self, version: str, kind: PromotionKind = PromotionKind.PROMOTE) -> None:
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

    def scrape(
        self,
        advertiser: str,
        says: Mapping[str, Sequence[Said]],
        *,
        grid: bytes | None = None,
        every: int = 1,
    ) -> int:
        """Scrape an inventory whose images each model of `says` has answered; return the scrape.

        Args:
            advertiser: Whose.
            says: Model → its answers, image by image; the last model's are counted by class.
            grid: Looks of all images.
            every: Images of one vehicle.
        """
        count = len(next(iter(says.values())))
        urls = [f"https://img.example.com/{advertiser}/{number}.jpg" for number in range(count)]
        shown = [urls[start : start + every] for start in range(0, count, every)]
        new = stored_scrapes.NewScrape(
            advertiser=advertiser,
            feed_name="feed.json",
            feed_format="scrape-json",
            feed_digest=self.now.isoformat(),
            scraped_at=None,
            received_at=self.now,
        )
        keyed = [
            inventory.KeyedVehicle(
                number,
                Vehicle(id=f"v{number}", title=f"Vehicle {number}", images=tuple(some)),
                tuple(map(make_url_key, some)),
            )
            for number, some in enumerate(shown)
        ]
        with writing(self.engine) as connection:
            scrape_id = stored_scrapes.add_scrape(connection, new)
            inventory.add_vehicles(connection, scrape_id, advertiser, keyed)
            ids = [self._image(connection, url, grid) for url in urls]
            for url, image_id in zip(urls, ids, strict=True):
                connection.execute(
                    sa.update(vehicle_images)
                    .where(
                        vehicle_images.c.url_key == make_url_key(url),
                        vehicle_images.c.scrape_id == scrape_id,
                    )
                    .values(image_id=image_id, state="tagged")
                )
            for version, answers in says.items():
                self._say(connection, version, dict(zip(ids, answers, strict=True)))
            inventory.close_import(
                connection, scrape_id, vehicles_count=len(keyed), images=count, refused=0
            )
            stored_scrapes.finish(connection, scrape_id, tally={}, at=self.now)
            keep_class_counts(connection, scrape_id, model_version=list(says)[-1])
        return scrape_id

    def fix(
        self,
        advertiser: str,
        numbers: Sequence[int],
        value: str,
        *,
        model: str,
        field: FixField = FixField.IMAGE_TYPE,
        source: ActSource = ActSource.PANEL,
        is_live: bool = True,
    ) -> None:
        """Fix images by their numbers, as staff."""
        with writing(self.engine) as connection:
            act_id = connection.execute(
                sa.insert(acts)
                .values(
                    kind=ActKind.FIX,
                    by="Ada",
                    role=Role.STAFF,
                    source=source,
                    note="",
                    at=self.now,
                )
                .returning(acts.c.id)
            ).scalar_one()
            for number in numbers:
                url = f"https://img.example.com/{advertiser}/{number}.jpg"
                fix_id = connection.execute(
                    sa.insert(fixes)
                    .values(
                        act_id=act_id,
                        advertiser=advertiser,
                        everywhere=False,
                        image_id=self._image(connection, url, None),
                        url=url,
                        url_key=make_url_key(url),
                        vehicle_id=f"v{number}",
                        vin=None,
                        field=field,
                        value_from=None,
                        value=value,
                        model_version=model,
                    )
                    .returning(fixes.c.id)
                ).scalar_one()
                if not is_live:
                    connection.execute(
                        sa.insert(fix_states).values(act_id=act_id, fix_id=fix_id, is_live=False)
                    )

    def _image(self, connection: sa.Connection, url: str, grid: bytes | None) -> int:
        key = make_url_key(url)
        found = connection.scalar(sa.select(images.c.id).where(images.c.bytes_key == key))
        if found is None:
            found = connection.execute(
                sa.insert(images)
                .values(
                    bytes_key=key,
                    format="JPEG",
                    width=640,
                    height=480,
                    size_bytes=1,
                    lab_grid=grid,
                    created_at=self.now,
                )
                .returning(images.c.id)
            ).scalar_one()
        return int(found)

    def _say(self, connection: sa.Connection, version: str, answers: Mapping[int, Said]) -> None:
        known = set(
            connection.scalars(
                sa.select(predictions.c.image_id).where(predictions.c.model_version == version)
            )
        )
        rows = [
            {
                "image_id": image_id,
                "model_version": version,
                "image_type": one.image_type,
                "image_type_confidence": one.sure,
                "image_type_reason": "most_probable",
                "color": one.color,
                "color_confidence": one.sure,
                "color_reason": "most_probable",
                "review": one.review,
                "review_reasons": [],
                "answer": {},
                "created_at": self.now,
            }
            for image_id, one in answers.items()
            if image_id not in known
        ]
        if rows:
            connection.execute(sa.insert(predictions), rows)


def mixed(
    count: int, *, stock: int = 0, placeholder: int = 0, said: Said | None = None
) -> list[Said]:
    """Return answers: first Placeholders, then Stock, the rest Dealer."""
    said = said or Said()
    kinds = ["Placeholder"] * placeholder + ["Stock"] * stock
    kinds += ["Dealer"] * (count - len(kinds))
    return [
        replace(said, image_type=kind, color=None if kind == "Placeholder" else said.color)
        for kind in kinds
    ]


def look_at_all(
    watched: Watched, model: str, *, advertiser: str | None = None, looks: Looks | None = None
) -> monitor.Kept:
    """Look as `jobs.monitoring` does, with a model that needs no files."""
    with reading(watched.engine) as connection:
        period = monitor.find_period(connection, model, at=watched.now)
        fixed = monitor.count_fixed(connection, period, advertiser=advertiser)
        seen = {
            name: monitor.measure(
                connection,
                name,
                period,
                known_since=since,
                fixed=fixed.get(name, monitor.Fixed()),
                looks=looks,
            )
            for name, since in monitor.list_since(connection).items()
            if advertiser in {None, name}
        }
    with writing(watched.engine) as connection:
        return monitor.keep(connection, period, seen, advertiser=advertiser)


def live_through_a_release(engine: sa.Engine, model: str) -> list[str]:
    """Let some weeks pass, a worse model be released, and people find out; return who is there.

    `model` is the one that answers in the end. The last night is an hour ago.
    """
    names = [f"dealer-{number}" for number in range(8)]
    watched = Watched(engine, datetime.now(UTC) - 21 * DAY - timedelta(hours=1))
    old = {
        name: mixed(120, stock=20 + 3 * number, placeholder=6 + number)
        for number, name in enumerate(names)
    }

    def night(champion: str, answers: Mapping[str, Mapping[str, Sequence[Said]]]) -> None:
        for name, says in answers.items():
            watched.scrape(name, says, every=3)
        look_at_all(watched, champion)

    watched.promote("2026.10.1")
    for day in range(14):
        for number, name in enumerate(names):
            if day and (day + number) % 3 == 0:
                watched.fix(name, [70 + day], "Stock", model="2026.10.1")
        night("2026.10.1", {name: {"2026.10.1": old[name]} for name in names})
        watched.later(1)
    watched.promote(model)
    worse = {name: list(said) for name, said in old.items()}
    for number in range(30, 120, 2):
        worse[names[0]][number] = Said("Stock", "Red", 0.6, review=True)
    for day in range(7):
        watched.later(1)
        watched.fix(names[0], range(30 + 8 * day, 38 + 8 * day, 2), "Dealer", model=model)
        night(model, {name: {"2026.10.1": old[name], model: worse[name]} for name in names})
    return names
