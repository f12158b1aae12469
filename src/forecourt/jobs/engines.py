"""The engines that a process runs its jobs on: opened once, shared by all of its threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from forecourt import release
from forecourt.fetch.client import Fetcher
from forecourt.identity.visual import make_visual_key
from forecourt.jobs.metrics import Metrics
from forecourt.jobs.models import Models
from forecourt.jobs.shadow import Shadow
from forecourt.jobs.workspace import Workspace
from forecourt.store.claims import Claims
from forecourt.store.engine import reading
from forecourt.vision.bundle import Bundle
from forecourt.vision.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class Engines:
    """A workspace at work."""

    workspace: Workspace
    fetcher: Fetcher
    claims: Claims
    models: Models
    shadow: Shadow
    metrics: Metrics


@contextmanager
def open_engines(workspace: Workspace) -> Iterator[Engines]:
    """Open what jobs need beside the store."""
    settings = workspace.settings
    metrics = Metrics()

    def load(version: str) -> Bundle:
        with reading(workspace.engine) as connection:
            return release.load_version(connection, settings.home, version)

    def open_pipeline(bundle: Bundle) -> Pipeline:
        return Pipeline(bundle, settings.vision, make_visual_key=make_visual_key, meter=metrics)

    with ExitStack() as stack:
        models = Models(workspace.champion, open_pipeline)
        stack.callback(models.close)
        models.set_canaries(workspace.canaries, load)
        shadow = Shadow(workspace.engine, settings.vision, load)
        stack.callback(shadow.close)
        with reading(workspace.engine) as connection:
            shadow.follow(release.shadow(connection))
        claims = Claims(workspace.engine, settings.home / "locks")
        stack.callback(claims.close)
        fetcher = stack.enter_context(Fetcher(settings.fetch))
        yield Engines(workspace, fetcher, claims, models, shadow, metrics)
