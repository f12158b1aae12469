"""What the server answers with: opened once, shared by all requests."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Annotated

import sqlalchemy as sa
from fastapi import Depends, Request

from forecourt.core.rate_limit import RateLimiter
from forecourt.core.settings import Settings
from forecourt.jobs.asking import Asker
from forecourt.jobs.engines import Engines
from forecourt.jobs.metrics import Metrics
from forecourt.jobs.pictures import Pictures
from forecourt.jobs.runner import Runner


@dataclass(frozen=True, slots=True)
class Service:
    """The engines, who runs the jobs, and the limits of callers.

    Attributes:
        chores: Small writes that no answer waits for: on SQLite they stand behind an import.
    """

    engines: Engines
    runner: Runner
    limiter: RateLimiter
    asker: Asker
    pictures: Pictures
    chores: Executor

    @property
    def metrics(self) -> Metrics:
        """What Prometheus is told."""
        return self.engines.metrics

    @property
    def engine(self) -> sa.Engine:
        """The store."""
        return self.engines.workspace.engine

    @property
    def settings(self) -> Settings:
        """All settings."""
        return self.engines.workspace.settings

    @property
    def model_version(self) -> str:
        """The champion's version, as it is now."""
        return self.engines.models.bundle.version

    def version_for(self, advertiser: str | None) -> str:
        """Return the version of the model that answers an advertiser now; None: the champion's."""
        if advertiser is None:
            return self.model_version
        return self.engines.models.version_for(advertiser)


async def _find_service(request: Request) -> Service:  # on the event loop: no thread for this
    service: Service = request.app.state.service
    return service


Served = Annotated[Service, Depends(_find_service)]
