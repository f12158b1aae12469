"""The API on each database."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from forecourt.core.records import Role
from forecourt.core.settings import Settings
from forecourt.jobs.engines import open_engines
from forecourt.jobs.workspace import open_workspace
from tests.support.api import Api, open_api
from tests.support.gate import use_cheap_hashes
from tests.support.shop import ACME, ZENITH, Shop


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    use_cheap_hashes(monkeypatch)


@pytest.fixture
def api(
    settings: Settings, database: str | None, place_sqlite: Callable[[Settings], Settings]
) -> Iterator[Api]:
    found = place_sqlite(settings.model_copy(update={"database": database}))
    with (
        open_workspace(found) as workspace,
        open_engines(workspace) as engines,
        open_api(engines) as opened,
    ):
        yield opened


@pytest.fixture
def shop(api: Api) -> Shop:
    """Two advertisers that show the same three images, which the champion takes for Dealer, Grey.

    It empties the database: make keys after it.
    """
    found = Shop(api.service.engine)
    found.promote(api.service.model_version)
    return found


@pytest.fixture
def staff(api: Api, shop: Shop) -> dict[str, str]:  # noqa: ARG001  # the shop empties the database
    """Headers of staff."""
    headers: dict[str, str] = api.key(Role.STAFF)
    return headers


@pytest.fixture
def acme(api: Api, shop: Shop) -> dict[str, str]:  # noqa: ARG001
    """Headers of an advertiser."""
    headers: dict[str, str] = api.key(Role.ADVERTISER, ACME)
    return headers


@pytest.fixture
def zenith(api: Api, shop: Shop) -> dict[str, str]:  # noqa: ARG001
    """Headers of another advertiser."""
    headers: dict[str, str] = api.key(Role.ADVERTISER, ZENITH)
    return headers
