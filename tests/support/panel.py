"""The panel, served on a free port with a drawn inventory, and people who sign in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from forecourt import access
from forecourt.core.records import Role
from forecourt.core.settings import Settings
from forecourt.jobs.engines import open_engines
from forecourt.jobs.workspace import open_workspace
from forecourt.store.engine import writing
from forecourt.store.media import MediaFolder
from forecourt.web.serve import open_service
from forecourt.web.service import Service
from tests.support.api import IdleRunner
from tests.support.gate import PASSWORD, make_admin
from tests.support.served import listening
from tests.support.shop import ACME, ZENITH
from tests.support.stocked import stock

USERS = {"ada": (Role.STAFF, None), "root": (Role.ADMIN, None), "acme": (Role.ADVERTISER, ACME)}


@dataclass(frozen=True)
class Panel:
    """A running panel. acme shows 12 vehicles with 6 images each, zenith 3 with 4."""

    address: str
    service: Service

    @property
    def engine(self) -> sa.Engine:
        """The store."""
        return self.service.engine

    @property
    def media(self) -> MediaFolder:
        """Where thumbnails are kept."""
        return self.service.engines.workspace.media


@contextmanager
def serving_panel(settings: Settings) -> Iterator[Panel]:
    """Serve; nothing is tagged meanwhile."""
    with (
        open_workspace(settings) as workspace,
        open_engines(workspace) as engines,
        open_service(engines, IdleRunner()) as service,
    ):
        fill(service)
        with listening(service) as address:
            yield Panel(address, service)


def fill(service: Service) -> None:
    """Let the users of `USERS` and the two inventories of a `Panel` be there."""
    workspace = service.engines.workspace
    add_people(workspace.engine)
    for advertiser, vehicles, images in ((ACME, 12, 6), (ZENITH, 3, 4)):
        stock(
            workspace.engine,
            advertiser,
            vehicles_count=vehicles,
            images_each=images,
            model_version=service.model_version,
            media=workspace.media,
        )


def add_people(engine: sa.Engine) -> None:
    """Make the users of `USERS`; their password is `gate.PASSWORD`."""
    with writing(engine) as connection:
        for name, (role, advertiser) in USERS.items():
            new = access.NewUser(name=name, password=PASSWORD, role=role, advertiser=advertiser)
            access.create_user(connection, make_admin(), new, now=datetime.now(UTC))
