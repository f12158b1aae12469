"""The panel on each database, read by browsers without scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from starlette.testclient import TestClient

from forecourt.core.settings import Settings
from forecourt.jobs.engines import open_engines
from forecourt.jobs.workspace import open_workspace
from forecourt.store.engine import writing
from forecourt.store.schema import metadata
from forecourt.web.app import create_app
from forecourt.web.serve import open_service
from forecourt.web.service import Service
from tests.support.api import IdleRunner
from tests.support.gate import PASSWORD, use_cheap_hashes
from tests.support.panel import fill


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    use_cheap_hashes(monkeypatch)


@pytest.fixture
def service(
    settings: Settings, database: str | None, place_sqlite: Callable[[Settings], Settings]
) -> Iterator[Service]:
    """acme shows 12 vehicles with 6 images each, zenith 3 with 4; users as in `support.panel`."""
    found = place_sqlite(settings.model_copy(update={"database": database}))
    with (
        open_workspace(found) as workspace,
        open_engines(workspace) as engines,
        open_service(engines, IdleRunner()) as opened,
    ):
        with writing(workspace.engine) as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())
        fill(opened)
        yield opened


class Visitors:
    """Browsers of people who are signed in."""

    def __init__(self, service: Service) -> None:
        self._app = create_app(service)

    def sign_in(self, name: str) -> TestClient:
        browser = self.stranger()
        sent = {"name": name, "password": PASSWORD, "next": "/panel/"}
        answer = browser.post("/panel/sign-in", data=sent, follow_redirects=False)
        assert answer.status_code == 303
        return browser

    def stranger(self) -> TestClient:
        return TestClient(self._app)


@pytest.fixture
def visitors(service: Service) -> Visitors:
    return Visitors(service)


@pytest.fixture
def staff(visitors: Visitors) -> TestClient:
    return visitors.sign_in("ada")


@pytest.fixture
def admin(visitors: Visitors) -> TestClient:
    return visitors.sign_in("root")


@pytest.fixture
def owner(visitors: Visitors) -> TestClient:
    """A browser of acme's user."""
    return visitors.sign_in("acme")
