"""A second run over an unchanged inventory: no body but the verification sample, and fast.

2,000 JPEGs of 640x480 pixels, all different, stand on a local host. They are tagged again and again
with nothing changed. The first run fetches and classifies; in the second the host is new and its
first header hits are verified; from the third on it is proved. Timed: import of the feed and
tagging. Not timed: interpreter, imports, opening the database, loading the model.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import simplejpeg
from PIL import Image

from benchmarks.image_host import HostLog, RunningHost, serving
from forecourt.core.records import RefusedRow
from forecourt.core.settings import Settings
from forecourt.jobs.engines import open_engines
from forecourt.jobs.tasks import accept_feed, run_scrape
from forecourt.jobs.workspace import Workspace, open_workspace
from forecourt.tagging import Tally

_PER_VEHICLE = 20
_PROVED_RUNS = 5
_TIMES_FASTER = 20


@dataclass(frozen=True)
class Run:
    """One run over the inventory: what it cost, what it says, what the host says.

    `cpu_seconds`: of this process, all threads; the host's own are not in it.
    """

    name: str
    seconds: float
    cpu_seconds: float
    tally: Tally
    log: HostLog


def make_images(folder: Path, count: int) -> list[str]:
    """Write pictures of about 50 kB that have large and small structure; return their names."""
    rng = np.random.default_rng(1)
    names = []
    for number in range(count):
        shapes = Image.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8))
        smooth = np.asarray(shapes.resize((640, 480), Image.Resampling.BICUBIC), np.int16)
        grain = rng.integers(-9, 10, (480, 640, 1), np.int16)
        picture = np.clip(smooth + grain, 0, 255).astype(np.uint8)
        name = f"{number}.jpg"
        (folder / name).write_bytes(simplejpeg.encode_jpeg(picture, quality=80))
        names.append(name)
    return names


def write_feed(path: Path, urls: list[str]) -> None:
    vehicles = [
        {"id": f"stock-{start}", "images": urls[start : start + _PER_VEHICLE]}
        for start in range(0, len(urls), _PER_VEHICLE)
    ]
    path.write_text(json.dumps({"advertiser": "benchmark", "vehicles": vehicles}))


def tag_once(workspace: Workspace, host: RunningHost, feed: Path, name: str) -> Run:
    def fail(row: RefusedRow) -> None:
        raise AssertionError(row)

    with open_engines(workspace) as engines:
        host.take_log()
        started, cpu_started = time.perf_counter(), time.process_time()
        accepted = accept_feed(workspace, feed, advertiser=None, on_refused=fail)
        tally, _ending = run_scrape(engines, accepted.scrape.id)
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    return Run(name, seconds, cpu_seconds, tally, host.take_log())


def measure(count: int) -> list[Run]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "images")
        folder.mkdir()
        names = make_images(folder, count)
        fetch = {"allow_networks": "127.0.0.0/8"}
        settings = Settings(home=Path(scratch, "home"), fetch=fetch)
        with serving(folder) as host, open_workspace(settings) as workspace:
            feed = Path(scratch, "feed.json")
            write_feed(feed, [f"{host.base}/{name}" for name in names])
            order = ["first", "second", *(f"proved {n + 1}" for n in range(_PROVED_RUNS))]
            return [tag_once(workspace, host, feed, name) for name in order]


def report(runs: Iterable[Run], first: Run) -> None:
    heads = ("run", "s", "CPU s", "images/s", "times", "requests", "bodies", "verified")
    print("".join(f"{head:>10}" for head in heads))
    for run in runs:
        print(
            f"{run.name:>10}{run.seconds:10.2f}{run.cpu_seconds:10.2f}"
            f"{run.tally.total / run.seconds:10.0f}{first.seconds / run.seconds:10.1f}"
            f"{run.log.requests:10}{run.log.bodies:10}{run.tally.verified:10}"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=2_000)
    runs = measure(parser.parse_args().images)
    first, second, *proved = runs
    report(runs, first)
    assert first.tally.classified == first.tally.total, first.tally
    unchecked = [run for run in (second, *proved) if run.log.bodies != run.tally.verified]
    times = first.seconds / statistics.median(run.seconds for run in proved)
    print(f"bodies that were no verification: {unchecked or 'none'}")
    cpu_times = first.cpu_seconds / statistics.median(run.cpu_seconds for run in proved)
    print(f"proved host: {times:.1f} times faster than the first run (bar: {_TIMES_FASTER}),")
    print(f"and {cpu_times:.1f} times less CPU time")
    return bool(unchecked) or times < _TIMES_FASTER


if __name__ == "__main__":
    sys.exit(main())
