"""One advertiser in a scratch home, scraped through the real job functions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from forecourt import review
from forecourt.core.fixes import Actor, ActSource, NewAct
from forecourt.core.labels import Color, ImageType
from forecourt.core.records import RefusedRow, Role
from forecourt.core.settings import Settings
from forecourt.jobs.tasks import accept_feed, tag
from forecourt.jobs.workspace import Workspace, open_workspace
from forecourt.sitemap import image_to_json, iter_sitemap
from forecourt.store.engine import reading, writing
from forecourt.store.schema import carries, vehicle_images
from forecourt.tagging import Tally

ADVERTISER = "acme"
_PER_VEHICLE = 10


class Yard:
    """Scrapes, fixes and looks at one advertiser's inventory."""

    def __init__(self, workspace: Workspace, folder: Path) -> None:
        self._workspace = workspace
        self._folder = folder
        self._scrapes = 0

    def scrape(self, urls: Sequence[str], *, prefix: str = "stock") -> Tally:
        """Scrape an inventory of ten images a vehicle; vehicles have no VIN."""
        self._scrapes += 1
        vehicles = [
            {"id": f"{prefix}-{start}", "images": list(urls[start : start + _PER_VEHICLE])}
            for start in range(0, len(urls), _PER_VEHICLE)
        ]
        feed = self._folder / f"feed-{self._scrapes}.json"
        feed.write_text(
            json.dumps({"advertiser": ADVERTISER, "n": self._scrapes, "vehicles": vehicles})
        )
        accepted = accept_feed(self._workspace, feed, advertiser=None, on_refused=_fail)
        return tag(self._workspace, accepted.scrape.id)

    def fix_all(self) -> dict[str, tuple[str, str | None]]:
        """Fix every image to what the model did not say; return what each URL now shows."""
        groups: dict[tuple[ImageType, Color], list[str]] = {}
        for image in self.images():
            is_dealer = image["image_type"]["value"] == "Dealer"
            kind = ImageType.STOCK if is_dealer else ImageType.DEALER
            color = Color.GREEN if image["color"]["value"] == "Purple" else Color.PURPLE
            groups.setdefault((kind, color), []).append(image["url"])
        for (kind, color), urls in groups.items():
            act = NewAct(
                actor=Actor(name="benchmark", role=Role.STAFF),
                at=datetime.now(UTC),
                source=ActSource.API,
            )
            change = review.Change(image_type=kind, color=color, sets_color=True)
            with writing(self._workspace.engine) as connection:
                review.fix_images(
                    connection,
                    act,
                    advertiser=ADVERTISER,
                    urls=urls,
                    change=change,
                    model_version=self._workspace.champion.version,
                )
        return {url: (kind, color) for (kind, color), urls in groups.items() for url in urls}

    def images(self) -> list[dict[str, Any]]:
        """Return the sitemap's images, in the order of the feed."""
        version = self._workspace.champion.version
        with reading(self._workspace.engine) as connection:
            return [
                image_to_json(image)
                for entry in iter_sitemap(connection, ADVERTISER, model_version=version)
                for image in entry.images
            ]

    def carried(self) -> list[tuple[str, str, int, float]]:
        """Return (URL, URL it was carried from, bits, colour distance) of every carry shown now."""
        shown, fixed = vehicle_images.alias(), self._fixed_urls()
        with reading(self._workspace.engine) as connection:
            rows = connection.execute(
                sa.select(
                    shown.c.url,
                    carries.c.from_image_id,
                    carries.c.pdq_distance,
                    carries.c.grid_distance,
                ).join(carries, carries.c.image_id == shown.c.image_id)
            )
            return [(row[0], fixed.get(row[1], ""), row[2], row[3]) for row in rows]

    def _fixed_urls(self) -> dict[int, str]:
        with reading(self._workspace.engine) as connection:
            history = review.history(connection, advertiser=ADVERTISER)
            return {fix.image_id: fix.url for fix in history if fix.image_id is not None}


@contextmanager
def open_yard(folder: Path) -> Iterator[Yard]:
    """Open a fresh home below a folder."""
    fetch = {"allow_networks": "127.0.0.0/8", "retries": 0}
    settings = Settings(home=folder / "home", fetch=fetch)
    with open_workspace(settings) as workspace:
        yield Yard(workspace, folder)


def _fail(row: RefusedRow) -> None:
    raise AssertionError(row)
