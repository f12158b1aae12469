"""Images that are known already: what tagging them again costs in memory and time.

A store is filled, through its own functions, with an inventory whose every image is known: its
host is trusted and its last answer is fresh. Then the same feed is tagged again, in a process of
its own: it is read, imported and settled; no request is made (there is no host). Measured at
10,000 and 100,000 images, with --full at 1,000,000 too: seconds, CPU seconds (what else runs on the
machine is not in them; by them the steps are compared), and the highest resident memory above what
the process held once everything was loaded and a feed of one image had been tagged. Memory is read
from /proc: Linux only.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

from forecourt.core.labels import Color, ImageType
from forecourt.core.records import (
    Decision,
    ImageKey,
    KeySource,
    Prediction,
    RefusedRow,
    Validators,
)
from forecourt.core.settings import Settings
from forecourt.identity.hosts import HostRecord, HostState
from forecourt.identity.urls import make_url_key
from forecourt.jobs.engines import Engines, open_engines
from forecourt.jobs.tasks import accept_feed, run_scrape
from forecourt.jobs.workspace import Workspace, open_workspace
from forecourt.store import images as stored_images
from forecourt.store.engine import writing
from forecourt.store.hosts import save_host
from forecourt.store.images import NewImage, StoredAnswer, UrlState

_HOST = "images.example"
_PER_VEHICLE = 20
_BATCH = 5_000
_BYTES_EACH = 150
_BYTES_AT = 100_000
_TIME_SPREAD = 1.5  # how much more than the cheapest step's the dearest step's image may cost


@dataclass(frozen=True)
class Cost:
    """What one run over known images cost."""

    images: int
    fill_s: float
    seconds: float
    cpu_seconds: float
    growth_bytes: int

    @property
    def bytes_each(self) -> float:
        """Memory growth for one image."""
        return self.growth_bytes / self.images

    @property
    def microseconds_each(self) -> float:
        """CPU time for one image."""
        return self.cpu_seconds / self.images * 1e6


def make_url(number: int) -> str:
    return f"https://{_HOST}/inventory/{number:09d}.jpg"


def write_feed(path: Path, count: int) -> None:
    with path.open("w") as file:
        file.write('{"advertiser": "benchmark", "vehicles": [\n')
        for start in range(0, count, _PER_VEHICLE):
            urls = [make_url(number) for number in range(start, min(start + _PER_VEHICLE, count))]
            vehicle = {"id": f"stock-{start}", "title": "2024 Estate", "images": urls}
            file.write((",\n" if start else "") + json.dumps(vehicle))
        file.write("]}")


def fill(workspace: Workspace, count: int) -> None:
    """Let `count` images be known: stored, answered, and fresh at a trusted host."""
    at = datetime.now(UTC)
    record = HostRecord(host=_HOST, state=HostState.TRUSTED, why="50 header hits confirmed")
    with writing(workspace.engine) as connection:
        save_host(connection, _HOST, state=record.state, record=asdict(record), at=at)
    answer = _make_answer(workspace.champion.version)
    for start in range(0, count, _BATCH):
        numbers = range(start, min(start + _BATCH, count))
        with writing(workspace.engine) as connection:
            new = [_make_image(number, at) for number in numbers]
            ids = stored_images.add_images(connection, new)
            states = [
                _make_url_state(number, ids[one.bytes_key], at)
                for number, one in zip(numbers, new, strict=True)
            ]
            aliases = {state.key: state.image_id for state in states}
            stored_images.add_aliases(connection, aliases, at=at)  # type: ignore[arg-type]
            stored_images.save_urls(connection, states)
            stored_images.add_answers(connection, dict.fromkeys(ids.values(), answer), at=at)


def _make_answer(model_version: str) -> StoredAnswer:
    prediction = Prediction(
        model_version=model_version,
        image_type_probs=dict.fromkeys(ImageType, 1 / 3),
        color_probs=dict.fromkeys(Color, 1 / 12),
        color_visible=0.9,
    )
    decision = Decision(
        model_version=model_version,
        image_type=ImageType.DEALER,
        image_type_confidence=0.9,
        image_type_reason="argmax",
        color=Color.RED,
        color_confidence=0.9,
        color_reason="argmax",
        review=False,
    )
    return StoredAnswer(prediction, decision)


def _make_image(number: int, at: datetime) -> NewImage:
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    return NewImage(
        bytes_key=digest,
        format="JPEG",
        width=640,
        height=480,
        size_bytes=60_000,
        thumbnail=digest,
        created_at=at,
    )


def _make_url_state(number: int, image_id: int, at: datetime) -> UrlState:
    url = make_url(number)
    url_key = make_url_key(url)
    etag = f'"{number:016x}"'
    return UrlState(
        url_key=url_key,
        url=url,
        host=_HOST,
        image_id=image_id,
        validators=Validators(etag=etag),
        key=ImageKey(KeySource.ETAG, f"{url_key}:{number:032x}"),
        skip_reason=None,
        checked_at=at,
        fresh_until=at + timedelta(days=1),
        scrape_id=0,
        is_verified=False,
    )


def tag_feed(engines: Engines, feed: Path) -> None:
    def fail(row: RefusedRow) -> None:
        raise AssertionError(row)

    accepted = accept_feed(engines.workspace, feed, advertiser=None, on_refused=fail)
    tally, _ending = run_scrape(engines, accepted.scrape.id)
    assert tally.fresh == tally.total, tally


def prepare(home: Path, count: int) -> float:
    """Fill the store and tag the feed a first time, so that its vehicles are known too."""
    started = time.perf_counter()
    write_feed(home / "one.json", 1)
    write_feed(home / "feed.json", count)
    with open_workspace(Settings(home=home)) as workspace:
        fill(workspace, count)
        with open_engines(workspace) as engines:
            tag_feed(engines, home / "feed.json")
    return time.perf_counter() - started


def run_again(home: Path) -> tuple[float, float, int]:
    """Tag the feed again; return seconds, CPU seconds and bytes of growth."""
    with open_workspace(Settings(home=home)) as workspace, open_engines(workspace) as engines:
        tag_feed(engines, home / "one.json")
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew from here
        before = _memory_bytes("VmRSS")
        started, cpu_started = time.perf_counter(), time.process_time()
        tag_feed(engines, home / "feed.json")
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    return seconds, cpu_seconds, _memory_bytes("VmHWM") - before


def _memory_bytes(name: str) -> int:
    """Return the resident memory (VmRSS) or its peak (VmHWM) of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(name)


def measure(count: int) -> Cost:
    processes = get_context("spawn")
    with tempfile.TemporaryDirectory() as scratch:
        with processes.Pool(1) as pool:
            fill_s = pool.apply(prepare, (Path(scratch), count))
        with processes.Pool(1) as pool:
            seconds, cpu_seconds, growth_bytes = pool.apply(run_again, (Path(scratch),))
    return Cost(count, fill_s, seconds, cpu_seconds, growth_bytes)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="1,000,000 images too (minutes)")
    counts = [10_000, 100_000, 1_000_000] if parser.parse_args().full else [10_000, 100_000]
    costs: dict[int, Cost] = {}
    heads = ("images", "s", "CPU s", "CPU us each", "MB grown", "bytes each", "filled in s")
    print("".join(f"{head:>13}" for head in heads))
    for count in counts:
        cost = costs[count] = measure(count)
        print(
            f"{count:13}{cost.seconds:13.2f}{cost.cpu_seconds:13.2f}{cost.microseconds_each:13.1f}"
            f"{cost.growth_bytes / 1e6:13.1f}{cost.bytes_each:13.1f}{cost.fill_s:13.0f}",
            flush=True,
        )
    return _judge(costs)


def _judge(costs: dict[int, Cost]) -> int:
    bytes_each = costs[_BYTES_AT].bytes_each
    times = [cost.microseconds_each for cost in costs.values()]
    spread = max(times) / min(times)
    print(f"memory growth at {_BYTES_AT:,}: {bytes_each:.0f} bytes each (bar: {_BYTES_EACH})")
    print(f"CPU time for one image: up to {spread:.2f} times apart (bar: {_TIME_SPREAD})")
    return bytes_each > _BYTES_EACH or spread > _TIME_SPREAD


if __name__ == "__main__":
    sys.exit(main())
