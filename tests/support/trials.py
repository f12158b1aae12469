"""Three registered models that tell whose an answer is: each names the colour one place further."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from forecourt import release
from forecourt.core.labels import COLORS
from forecourt.core.settings import Settings
from forecourt.jobs.workspace import open_store
from forecourt.sitemap import iter_sitemap
from forecourt.store.engine import reading, writing
from forecourt.store.schema import predictions
from tests.support.tiny_bundle import write_tiny_bundle

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
SHIFTS = {"tiny-1": 0, "tiny-2": 1, "tiny-3": 2}


def register_three(settings: Settings, database: str | None, folder: Path) -> Settings:
    """Return settings that pin no model; tiny-1 is the champion, the others are registered."""
    vision = settings.vision.model_copy(update={"bundle": None})
    found = settings.model_copy(update={"vision": vision, "database": database})
    with open_store(found) as engine, writing(engine) as connection:
        for version, shift in SHIFTS.items():
            bundle = write_tiny_bundle(folder / version, version=version, shift=shift)
            release.register(connection, found.home, bundle, by="ann", at=NOW)
        release.promote(connection, found.home, "tiny-1", by="ann", note="", at=NOW)
    return found


def said_by(version: str, paint: str) -> str:
    """What a model says of a picture in a paint."""
    return COLORS[(COLORS.index(paint) + SHIFTS[version]) % len(COLORS)]


def answers(engine: sa.Engine, version: str) -> dict[int, str | None]:
    """The colours that a model has said, by image."""
    query = sa.select(predictions.c.image_id, predictions.c.color).where(
        predictions.c.model_version == version
    )
    with reading(engine) as connection:
        return {row.image_id: row.color for row in connection.execute(query)}


def shown(engine: sa.Engine, version: str, advertiser: str = "acme") -> list[tuple[str, str]]:
    """Colour and its reason of each image of a sitemap, where a model is the one that answers."""
    with reading(engine) as connection:
        return [
            (str(image.resolved.color.value), str(image.resolved.color.reason))
            for entry in iter_sitemap(connection, advertiser, model_version=version)
            for image in entry.images
        ]
