"""Everything that a job works with, opened from the settings and closed together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa

from forecourt.core.settings import Settings
from forecourt.store.engine import create_engine, migrate
from forecourt.store.media import MediaFolder
from forecourt.vision.bundle import Bundle, load_bundle


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
    """Open the store (bringing its schema up to date) and load the champion's bundle."""
    with open_store(settings) as engine:
        yield Workspace(
            settings=settings,
            engine=engine,
            media=MediaFolder(settings.home / "media"),
            champion=load_bundle(settings.vision.bundle),
        )
