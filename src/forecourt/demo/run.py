"""Runs the demo: the ordinary job functions over three days of the sample inventory.

Everything happens in one folder of its own, which is emptied first. Nothing is printed here.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from forecourt.core.errors import UsageError
from forecourt.core.records import RefusedRow
from forecourt.core.settings import FetchSettings, Settings
from forecourt.demo.host import DemoHost, HostLog
from forecourt.demo.inventory import Day, Inventory
from forecourt.jobs.tasks import accept_feed, tag
from forecourt.jobs.workspace import Workspace, open_workspace
from forecourt.sitemap import SitemapVehicle, iter_sitemap
from forecourt.store.engine import reading
from forecourt.tagging import Tally

_MARKER = ".forecourt-demo"
# The sample host has some 60 pictures, so it must be able to earn trust with fewer than a real one.
_VERIFY_FIRST = 20

OnProgress = Callable[[str, Tally], None]


@dataclass(frozen=True, slots=True)
class DayReport:
    """What tagging one day's scrape took. `log` is the host's own count."""

    day: Day
    tally: Tally
    log: HostLog
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Return the report for machines."""
        return {
            "name": self.day.name,
            "seconds": round(self.seconds, 3),
            "host": self.log.to_json(),
            **self.tally.to_json(),
        }


class Demo:
    """An open demo: a host that serves, a workspace that tags."""

    def __init__(
        self, host: DemoHost, workspace: Workspace, inventory: Inventory, folder: Path
    ) -> None:
        self._host = host
        self.workspace = workspace
        self.inventory = inventory
        self.folder = folder

    def run_day(self, number: int, *, on_progress: OnProgress) -> DayReport:
        """Let the host serve a day (from 0), and tag that day's scrape."""
        day = self.inventory.day(number, self._host.base)
        self._host.serve(day.resources)
        feed = self.folder / f"scrape-{number + 1}.json"
        feed.write_text(json.dumps(day.scrape, ensure_ascii=False, indent=1), encoding="utf-8")
        accepted = accept_feed(self.workspace, feed, advertiser=None, on_refused=_refuse)
        self._host.take_log()
        started = time.monotonic()
        tally = tag(
            self.workspace,
            accepted.scrape.id,
            on_progress=lambda tally: on_progress(day.name, tally),
        )
        return DayReport(day, tally, self._host.take_log(), time.monotonic() - started)

    def read_sitemap(self, day: Day) -> list[SitemapVehicle]:
        """Return the sitemap as it stands."""
        with reading(self.workspace.engine) as connection:
            return list(
                iter_sitemap(
                    connection,
                    day.scrape["advertiser"],
                    model_version=self.workspace.champion.version,
                )
            )


@contextmanager
def open_demo(settings: Settings, folder: Path) -> Iterator[Demo]:
    """Empty the folder, start the host and open a workspace there.

    Raises:
        UsageError: the folder holds something that no demo has put there.
    """
    _start_afresh(folder)
    fetch = settings.fetch.model_dump() | {
        "allow_networks": "127.0.0.0/8",
        "verify_first": _VERIFY_FIRST,
    }
    own = settings.model_copy(
        update={
            "home": folder / "home",
            "database": None,
            "fetch": FetchSettings.model_validate(fetch),
        }
    )
    own.home.mkdir()
    with DemoHost() as host, open_workspace(own) as workspace:
        yield Demo(host, workspace, Inventory(), folder)


def path_of(url: str) -> str:
    """Return the path under which the host serves a URL."""
    return urlsplit(url).path


def _start_afresh(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file. Name a folder with --out.")
    if folder.is_dir() and any(folder.iterdir()):
        if not (folder / _MARKER).is_file():
            raise UsageError(
                f"{folder} holds something else than an earlier demo, and the demo starts with an "
                "empty folder. Name another one with --out."
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARKER).touch()


def _refuse(row: RefusedRow) -> None:
    # The feed is our own: a refused row is a defect of the demo, and must not go unseen.
    raise UsageError(f"The sample feed was refused at {row.field}: {row.reason}. {row.hint}")
