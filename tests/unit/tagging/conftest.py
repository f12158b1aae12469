"""Everything here on each database."""

from __future__ import annotations

import pytest

from forecourt.core.settings import Settings


@pytest.fixture
def settings(settings: Settings, database: str | None) -> Settings:
    return settings.model_copy(update={"database": database})
