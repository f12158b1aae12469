"""Advertisers whose pictures stand on a local host that encodes them anew, as CDNs do."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image

from forecourt import review
from forecourt.core.fixes import Actor, ActSource, NewAct
from forecourt.core.labels import Color, ImageType
from forecourt.core.records import Role
from forecourt.core.settings import Settings
from forecourt.jobs.tasks import accept_feed, tag
from forecourt.jobs.workspace import Workspace
from forecourt.sitemap import image_to_json, iter_sitemap
from forecourt.store.engine import reading, writing
from forecourt.store.media import MediaFolder
from forecourt.tagging import Tally
from forecourt.vision.bundle import load_bundle
from tests.support.image_host import ImageHost
from tests.support.pictures import encode

ACME, ZENITH = "acme", "zenith"
Vehicles = list[dict[str, Any]]


class Yard:
    """Inventories of a few vehicles, scraped, fixed and scraped again."""

    def __init__(
        self, engine: sa.Engine, settings: Settings, host: ImageHost, folder: Path
    ) -> None:
        self.workspace = Workspace(
            settings=settings,
            engine=engine,
            media=MediaFolder(folder / "media"),
            champion=load_bundle(settings.vision.bundle),
        )
        self._host = host
        self._folder = folder
        self._count = 0
        self.now = datetime.now(UTC) - timedelta(days=1)  # acts come before what is scraped now

    def put(self, image: Image.Image, file_format: str = "JPEG", **options: Any) -> str:
        """Let a new URL show a picture."""
        self._count += 1
        data = encode(image, file_format, **({"quality": 90} | options))
        return self._host.put(f"/{self._count}.jpg", data)

    def scrape(self, vehicles: Vehicles, advertiser: str = ACME) -> Tally:
        """Scrape and tag: vehicles are {"id", "vin", "images"}."""
        self._count += 1
        feed = self._folder / f"scrape-{self._count}.json"
        feed.write_text(
            json.dumps({"advertiser": advertiser, "n": self._count, "vehicles": vehicles})
        )
        accepted = accept_feed(self.workspace, feed, advertiser=None, on_refused=pytest.fail)
        return tag(self.workspace, accepted.scrape.id)

    def act(self, role: Role = Role.STAFF, advertiser: str = ACME) -> NewAct:
        """Return the next act of somebody."""
        self.now += timedelta(minutes=1)
        owner = advertiser if role is Role.ADVERTISER else None
        actor = Actor(name="Ada", role=role, advertiser=owner)
        return NewAct(actor=actor, at=self.now, source=ActSource.API)

    def fix(
        self,
        url: str,
        *,
        image_type: ImageType | None = ImageType.PLACEHOLDER,
        color: Color | None = None,
        sets_color: bool = False,
        everywhere: bool = False,
        advertiser: str = ACME,
        role: Role = Role.STAFF,
    ) -> review.Done:
        """Correct one image."""
        with writing(self.workspace.engine) as connection:
            return review.fix_images(
                connection,
                self.act(role, advertiser),
                advertiser=advertiser,
                urls=[url],
                change=review.Change(image_type=image_type, color=color, sets_color=sets_color),
                model_version=self.workspace.champion.version,
                everywhere=everywhere,
            )

    def refuse(self, url: str, *, advertiser: str = ACME, role: Role = Role.STAFF) -> review.Done:
        """Refuse what was carried to one image."""
        with writing(self.workspace.engine) as connection:
            return review.refuse_carried(
                connection, self.act(role, advertiser), advertiser=advertiser, urls=[url]
            )

    def revert(self, act_id: int, *, role: Role = Role.STAFF, advertiser: str = ACME) -> None:
        """Undo an act."""
        with writing(self.workspace.engine) as connection:
            review.revert(connection, self.act(role, advertiser), act_id=act_id)

    def images(self, advertiser: str = ACME) -> list[dict[str, Any]]:
        """Return the sitemap's images, in the order of the feed."""
        with reading(self.workspace.engine) as connection:
            version = self.workspace.champion.version
            return [
                image_to_json(image)
                for entry in iter_sitemap(connection, advertiser, model_version=version)
                for image in entry.images
            ]

    def types(self, advertiser: str = ACME) -> list[tuple[str, str]]:
        """Return (type, source) of each image."""
        return [
            (one["image_type"]["value"], one["image_type"]["source"])
            for one in self.images(advertiser)
        ]
