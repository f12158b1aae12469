"""Everything that a job works with, opened from the settings and closed together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa

from forecourt.core.settings import Settings
from forecourt.release import load_champion
from forecourt.store.engine import create_engine, migrate, reading
from forecourt.store.media import MediaFolder
from forecourt.vision.bundle import Bundle


@dataclass(frozen=True, slots=True)
class Workspace:
    """The store, the media folder and the champion."""

    settings: Settings
    engine: sa.Engine
    media: MediaFolder
    champion: Bundle


@contextmanager
def open_store(settings: Settings) -> Iterator[sa.Engine]:
    """Open the store alone, bringing its schema up to date: no model is needed."""
    engine = create_engine(settings.database_url)
    try:
        migrate(engine)
        yield engine
    finally:
        engine.dispose()


@contextmanager
def open_workspace(settings: Settings) -> Iterator[Workspace]:
    """Open the store (bringing its schema up to date) and load the champion's bundle.

    Raises:
        BundleError: the champion's folder, or the pinned one, is gone or damaged.
    """
    with open_store(settings) as engine:
        with reading(engine) as connection:
            champion = load_champion(connection, settings)
        yield Workspace(
            settings=settings,
            engine=engine,
            media=MediaFolder(settings.home / "media"),
            champion=champion,
        )
