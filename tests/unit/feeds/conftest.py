"""One fixture: bytes or text → what the reader makes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from forecourt.core.records import RefusedRow, Vehicle
from forecourt.feeds.read import Feed, read_feed


@dataclass(frozen=True)
class Read:
    """A feed that was read to its end."""

    feed: Feed
    vehicles: list[Vehicle]
    refused: list[RefusedRow]

    @property
    def ids(self) -> list[str]:
        return [vehicle.id for vehicle in self.vehicles]

    @property
    def vehicle(self) -> Vehicle:
        (only,) = self.vehicles
        assert self.refused == []
        return only

    @property
    def refusal(self) -> RefusedRow:
        (only,) = self.refused
        return only


ReadFeed = Callable[..., Read]


@pytest.fixture
def read(tmp_path: Path) -> ReadFeed:
    def run(content: str | bytes, name: str = "feed") -> Read:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        with read_feed(path) as feed:
            rows = list(feed)
        vehicles = [row for row in rows if isinstance(row, Vehicle)]
        return Read(feed, vehicles, [row for row in rows if isinstance(row, RefusedRow)])

    return run
