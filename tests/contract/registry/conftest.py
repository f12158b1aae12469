"""A registry on both databases, and an installed release that ships a tiny model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.registry import Desk
from tests.support.tiny_bundle import write_tiny_bundle


@pytest.fixture(autouse=True)
def ship(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Let the installed release be one with a tiny model."""

    def install(version: str) -> Path:
        folder = write_tiny_bundle(tmp_path / "package" / version, version=version)
        for module in ("vision.bundle", "release.models", "release.promotions"):
            monkeypatch.setattr(f"forecourt.{module}.shipped_folder", lambda: folder)
        return folder

    install("shipped-1")
    return install


@pytest.fixture
def desk(engine: sa.Engine, tmp_path: Path) -> Desk:
    return Desk(engine, tmp_path)
