"""Keeps the models at work in step with the registry, whoever changed it, and where."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from forecourt import release
from forecourt.core.errors import ForecourtError
from forecourt.jobs.engines import Engines
from forecourt.store.engine import reading
from forecourt.vision.bundle import Bundle

_log = structlog.get_logger(__name__)


def follow_champion(engines: Engines) -> bool:
    """Put the registry's champion to work, where another one is; requests go on meanwhile.

    Returns:
        Whether the champion is at work. Where its bundle cannot be loaded, or the database cannot
        be asked, the present model goes on, and the log says so.
    """
    workspace = engines.workspace
    if workspace.settings.vision.bundle is not None:
        return True  # pinned

    def load() -> Bundle:
        with reading(workspace.engine) as connection:
            return release.load_champion(connection, workspace.settings)

    try:
        with reading(workspace.engine) as connection:
            version = release.champion(connection).version
    except ForecourtError as error:
        _log.error("champion.not_read", error=str(error))
        return False
    return version == engines.models.bundle.version or engines.models.swap(load)


def follow_trials(engines: Engines) -> None:
    """Put the registry's canaries and its challenger in the shadow to work, where others are."""
    workspace = engines.workspace

    def load(version: str) -> Bundle:
        with reading(workspace.engine) as connection:
            return release.load_version(connection, workspace.settings.home, version)

    try:
        with reading(workspace.engine) as connection:
            canaries = release.load_canaries(connection, workspace.settings)
            challenger = release.shadow(connection)
    except ForecourtError as error:
        _log.error("trials.not_read", error=str(error))
        return
    if canaries != engines.models.canaries:
        engines.models.set_canaries(canaries, load)
    engines.shadow.follow(challenger)


def follow_registry(engines: Engines) -> None:
    """Put to work what the registry says: the champion, canaries, and who is in the shadow."""
    follow_champion(engines)
    follow_trials(engines)


@contextmanager
def following_registry(engines: Engines) -> Iterator[None]:
    """Look now and then whether the registry was changed, in a thread of its own."""
    is_over = threading.Event()
    pause_s = engines.workspace.settings.serve.champion_checked_s

    def look() -> None:
        while not is_over.wait(pause_s):
            follow_registry(engines)

    thread = threading.Thread(target=look, name="registry", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
