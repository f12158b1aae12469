"""Everything that a job works with, opened from the settings and closed together."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import sqlalchemy as sa
import structlog

from forecourt.core.errors import StoreError
from forecourt.core.settings import Settings
from forecourt.release import load_canaries, load_champion
from forecourt.store.engine import create_engine, migrate, reading
from forecourt.store.media import MediaFolder
from forecourt.vision.bundle import Bundle

_log = structlog.get_logger(__name__)
_RETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class Workspace:
    """The store, the media folder, and the models that answer, as they were when it was opened.

    Attributes:
        canaries: Version of the model that answers an advertiser in the champion's place.
    """

    settings: Settings
    engine: sa.Engine
    media: MediaFolder
    champion: Bundle
    canaries: Mapping[str, str] = field(default_factory=dict)

    def version_for(self, advertiser: str) -> str:
        """Return the version of the model that answers an advertiser."""
        return self.canaries.get(advertiser, self.champion.version)


@contextmanager
def open_store(settings: Settings) -> Iterator[sa.Engine]:
    """Open the store alone, bringing its schema up to date: no model is needed."""
    engine = create_engine(settings.database_url)
    try:
        migrate(engine)
        yield engine
    finally:
        engine.dispose()


def wait_for_store(settings: Settings) -> None:
    """Wait until PostgreSQL takes connections: after a power cut it comes up later than we do.

    Raises:
        StoreError: it does not, for as long as the settings say.
    """
    engine = create_engine(settings.database_url)
    if engine.dialect.name != "postgresql":
        return
    until = time.monotonic() + settings.serve.database_wait_s
    try:
        while True:
            try:
                with reading(engine) as connection:
                    connection.execute(sa.select(1))
            except StoreError as error:
                if time.monotonic() >= until:
                    raise
                _log.warning("database.waited_for", error=str(error))
                time.sleep(_RETRY_S)
            else:
                return
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
            canaries = load_canaries(connection, settings)
        yield Workspace(
            settings=settings,
            engine=engine,
            media=MediaFolder(settings.home / "media"),
            champion=champion,
            canaries=canaries,
        )
