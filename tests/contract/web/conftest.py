"""The API on each database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from forecourt.core.settings import Settings
from forecourt.jobs.engines import open_engines
from forecourt.jobs.workspace import open_workspace
from tests.support.api import Api, open_api
from tests.support.gate import use_cheap_hashes


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    use_cheap_hashes(monkeypatch)


@pytest.fixture
def api(settings: Settings, database: str | None) -> Iterator[Api]:
    found = settings.model_copy(update={"database": database})
    with (
        open_workspace(found) as workspace,
        open_engines(workspace) as engines,
        open_api(engines) as api,
    ):
        yield api
