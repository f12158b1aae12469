"""What tests of the command line share: how a command ended, and a feed for it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The whole of standard output, which must be one JSON document."""
        return json.loads(self.out)


Run = Callable[..., Ended]
Start = Callable[..., "subprocess.Popen[str]"]


def write_feed(folder: Path, inventory: dict[str, list[str]], *, advertiser: str = "acme") -> Path:
    path = folder / "feed.json"
    vehicles = [{"id": name, "images": urls} for name, urls in inventory.items()]
    path.write_text(json.dumps({"advertiser": advertiser, "vehicles": vehicles}))
    return path
