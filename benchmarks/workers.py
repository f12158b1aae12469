"""One, two, four and eight workers on one PostgreSQL: throughput, and is anything done twice?

The image host answers after 100 ms, and each worker has four connections and one scrape at a time,
so that one of them leaves most of a core idle. Many scrapes of different advertisers, every picture
another one, are submitted at once when all workers are up; the clock runs from then until the last
scrape is finished. The host counts the bodies that it sends: were a picture fetched twice, it would
know. Cores in use are those of the workers alone, from /proc: the host, the database and whatever
else runs come on top. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from benchmarks.image_host import serving
from benchmarks.kills.__main__ import make_images
from benchmarks.kills.fleet import Postgres
from forecourt.core.records import RefusedRow
from forecourt.core.settings import Settings
from forecourt.jobs.queue import Queue
from forecourt.jobs.queue_schema import install_queue
from forecourt.jobs.tasks import accept_feed
from forecourt.jobs.workspace import Workspace, open_workspace
from forecourt.store.engine import reading

_WORKERS = (1, 2, 4, 8)
_DELAY_S = 0.1
_CONNECTIONS = 4
_GROWTH = 1.8
_FULL = 0.75  # of the cores, taken by the workers alone: the rest is the host's and the database's
_PATIENCE_S = 600
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Row:
    """One number of workers. `twice`: bodies sent beyond the first of each picture."""

    workers: int
    seconds: float
    images: int
    cores: float
    twice: int
    classified: int

    @property
    def per_second(self) -> float:
        """Images tagged in a second."""
        return self.images / self.seconds


def measure(workers: int, scrapes: int, images: int) -> Row:
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="forecourt-work-")))
        data = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="forecourt-pg-", ignore_cleanup_errors=True)
        )
        postgres = Postgres(Path(data))
        stack.callback(postgres.close)
        folder = scratch / "images"
        folder.mkdir()
        names = make_images(folder, scrapes * images)
        host = stack.enter_context(serving(folder, delay_s=_DELAY_S))
        settings = Settings(home=scratch / "home", database=postgres.url)
        workspace = stack.enter_context(open_workspace(settings))
        install_queue(workspace.engine)
        started = [_start_worker(settings, scratch / f"{n}.log") for n in range(workers)]
        for process in started:
            stack.callback(process.wait)
            stack.callback(process.terminate)
        _wait_for_workers(workspace, workers)
        host.take_log()
        cpu = sum(map(_cpu_s, started))
        began = time.perf_counter()
        _submit(workspace, scratch, [f"{host.base}/{name}" for name in names], images)
        _wait_until_finished(workspace, scrapes)
        seconds = time.perf_counter() - began
        log = host.take_log()
        tallies = _tallies(workspace)
        return Row(
            workers=workers,
            seconds=seconds,
            images=sum(tally["done"] for tally in tallies),
            cores=(sum(map(_cpu_s, started)) - cpu) / seconds,
            twice=log.bodies - len(names),
            classified=sum(tally["classified"] for tally in tallies),
        )


def _start_worker(settings: Settings, log: Path) -> subprocess.Popen[bytes]:
    env = {name: value for name, value in os.environ.items() if "FORECOURT_" not in name}
    env |= {
        "FORECOURT_HOME": str(settings.home),
        "FORECOURT_DATABASE": settings.database_url,
        "FORECOURT_FETCH__ALLOW_NETWORKS": "127.0.0.0/8",
        "FORECOURT_FETCH__CONCURRENCY": str(_CONNECTIONS),
        "FORECOURT_FETCH__PER_HOST": str(_CONNECTIONS),
        "FORECOURT_VISION__THREADS": "1",
    }
    with log.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "forecourt", "worker", "--concurrency", "1"],
            env=env,
            stdout=file,
            stderr=file,
        )


def _wait_for_workers(workspace: Workspace, workers: int) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        with reading(workspace.engine) as connection:
            # Each process has a worker for scrapes and one for upkeep.
            found = connection.scalar(sa.text("SELECT count(*) FROM procrastinate_workers"))
        if found == 2 * workers:
            time.sleep(1)
            return
        time.sleep(0.2)
    raise AssertionError("the workers do not come up")


def _submit(workspace: Workspace, scratch: Path, urls: list[str], images: int) -> None:
    def fail(row: RefusedRow) -> None:
        raise AssertionError(row)

    queue = Queue(workspace.settings.database_url)
    for number, start in enumerate(range(0, len(urls), images)):
        feed = scratch / "feed.json"
        vehicles = [{"id": "one", "images": urls[start : start + images]}]
        feed.write_text(json.dumps({"advertiser": f"a{number}", "vehicles": vehicles}))
        queue.submit(accept_feed(workspace, feed, advertiser=None, on_refused=fail).scrape)
    queue.close()


def _wait_until_finished(workspace: Workspace, scrapes: int) -> None:
    until = time.monotonic() + _PATIENCE_S
    query = sa.text("SELECT count(*) FROM scrapes WHERE status = 'finished'")
    while time.monotonic() < until:
        with reading(workspace.engine) as connection:
            if connection.scalar(query) == scrapes:
                return
        time.sleep(0.05)
    raise AssertionError("the scrapes do not finish")


def _tallies(workspace: Workspace) -> list[dict[str, int]]:
    with reading(workspace.engine) as connection:
        return list(connection.scalars(sa.text("SELECT tally FROM scrapes")))


def _cpu_s(process: subprocess.Popen[bytes]) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.workers", description=__doc__)
    parser.add_argument("--scrapes", type=int, default=32)
    parser.add_argument("--images", type=int, default=80, help="of each scrape")
    given = parser.parse_args()
    cores = os.cpu_count() or 1
    print(f"{'workers':>8}{'images/s':>10}{'growth':>8}{'cores':>8}{'twice':>7}{'classified':>12}")
    missed = False
    before: Row | None = None
    for workers in _WORKERS:
        row = measure(workers, given.scrapes, given.images)
        growth = row.per_second / before.per_second if before else None
        shown = "" if growth is None else f"{growth:.2f}"
        print(
            f"{workers:>8}{row.per_second:>10.1f}{shown:>8}{row.cores:>8.2f}{row.twice:>7}"
            f"{row.classified:>12}",
            flush=True,
        )
        missed |= row.twice > 0 or row.classified != row.images
        missed |= growth is not None and growth < _GROWTH and row.cores < _FULL * cores
        before = row
    print(f"bar: {_GROWTH} times per doubling until the cores ({cores}) are full; nothing twice")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
