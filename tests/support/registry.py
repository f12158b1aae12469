"""Somebody at work on a registry of models."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from forecourt import release
from forecourt.core.settings import Settings, VisionSettings
from forecourt.store.engine import reading, writing
from tests.support.tiny_bundle import write_tiny_bundle

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


class Desk:
    """Somebody at work on a registry."""

    def __init__(self, engine: sa.Engine, folder: Path) -> None:
        self.engine = engine
        self.home = folder / "home"
        self._folder = folder

    def bundle(self, version: str, *, floor: float = 0.5) -> Path:
        folder = write_tiny_bundle(self._folder / f"{version}-{floor}", version=version)
        path = folder / "bundle.json"
        manifest = json.loads(path.read_text())
        manifest["thresholds"]["placeholder_floor"] = floor
        path.write_text(json.dumps(manifest))
        return folder

    def add(self, *versions: str) -> None:
        for version in versions:
            self.add_folder(self.bundle(version))

    def add_folder(self, folder: Path, by: str = "ann") -> None:
        with writing(self.engine) as connection:
            release.register(connection, self.home, folder, by=by, at=NOW)

    def promote(self, version: str, **given: str) -> release.Promoted:
        words = {"by": "ann", "note": ""} | given
        with writing(self.engine) as connection:
            return release.promote(connection, self.home, version, at=NOW, **words)

    def rollback(self) -> release.Promoted:
        with writing(self.engine) as connection:
            return release.rollback(connection, self.home, by="ann", note="", at=NOW)

    @property
    def champion(self) -> release.Champion:
        with reading(self.engine) as connection:
            return release.champion(connection)

    def load(self, bundle: Path | None = None) -> str:
        """Load what answers; return its version."""
        given = Settings(home=self.home, vision=VisionSettings(bundle=bundle))
        with reading(self.engine) as connection:
            return release.load_champion(connection, given).version

    def listed(self) -> dict[str, release.ListedModel]:
        with reading(self.engine) as connection:
            return {one.version: one for one in release.list_models(connection)}

    def history(self) -> list[tuple[str, str]]:
        with reading(self.engine) as connection:
            return [(one.kind, one.model_version) for one in release.list_promotions(connection)]

    @property
    def folders(self) -> list[str]:
        return sorted(path.name for path in (self.home / "models").iterdir())
