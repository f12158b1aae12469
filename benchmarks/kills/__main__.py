"""Kills at random while scrapes run.

A server on SQLite, or a server, two workers and PostgreSQL, tag scrapes of 2,000 images from a slow
local host, and take fixes. Again and again one of the processes, the database's among them, gets
SIGKILL and is started again. In the end every scrape that was accepted has to be finished, with
each image once in its results, every fix that was acknowledged has to hold, and no scrape may have
stood still for 60 seconds.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.image_host import RunningHost, serving
from benchmarks.kills.caller import Caller, Posted
from benchmarks.kills.fleet import Fleet

_LONGEST_STANDSTILL_S = 60.0
_SETTLED_WITHIN_S = 120.0
_AT_ONCE = 2


@dataclass
class Outcome:
    """What became of everything.

    `ended`: processes that gave up by themselves; `wrong`: sentences, none is what there should be.
    """

    kills: Counter[str]
    ended: int = 0
    scrapes: int = 0
    images: int = 0
    fixes: int = 0
    longest_standstill_s: float = 0.0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


def make_images(folder: Path, count: int) -> list[str]:
    rng = np.random.default_rng(5)
    names = [f"{number}.jpg" for number in range(count)]
    for name in names:
        pixels = rng.integers(0, 255, (8, 8, 3), np.uint8)
        Image.fromarray(pixels).resize((96, 96)).save(folder / name, quality=70)
    return names


def run(
    database: str,
    *,
    kills: int,
    images: int,
    seed: int = 1,
    settings: dict[str, str] | None = None,
    pause_s: tuple[float, float] = (1.0, 5.0),
) -> Outcome:
    """Kill so often, and return what became of the work."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="forecourt-kills-") as scratch:
        folder = Path(scratch, "images")
        folder.mkdir()
        names = make_images(folder, images)
        with serving(folder, delay_s=0.05) as host:
            fleet = Fleet(
                Path(scratch),
                database,
                workers=2,
                settings={
                    "FORECOURT_FETCH__ALLOW_NETWORKS": "127.0.0.0/8",
                    "FORECOURT_ACCESS__RATE_PER_MINUTE": "1000000",
                    "FORECOURT_ACCESS__RATE_BURST": "1000000",
                    "FORECOURT_VISION__THREADS": "1",
                    **(settings or {}),
                },
            )
            is_right = False
            try:
                outcome = _kill_and_look(fleet, host, names, kills, rng, pause_s)
                is_right = not outcome.wrong
                return outcome
            finally:
                if not is_right:
                    for log in sorted(Path(scratch).glob("*.log")):
                        print(f"--- {log.name}\n{log.read_text()[-8000:]}", file=sys.stderr)
                fleet.close()


class Traffic:
    """Scrapes and fixes that keep coming while processes die, each in a thread of its own."""

    def __init__(self, caller: Caller, host: RunningHost, names: list[str], seed: float) -> None:
        self._caller = caller
        self._urls = [f"{host.base}/{name}" for name in names]
        self._rng = random.Random(seed)
        self._is_over = threading.Event()
        self.failed: list[BaseException] = []
        self._threads = [self._thread(work) for work in (self._post, self._fix, self._watch)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def end(self, tend: Callable[[], int]) -> None:
        """Post no more, and wait until what is accepted is finished, or has had time enough."""
        self._is_over.set()
        until = time.monotonic() + _SETTLED_WITHIN_S
        while time.monotonic() < until and any(one.is_alive() for one in self._threads):
            tend()
            time.sleep(0.5)
        if self.failed:
            raise self.failed[0]

    def _thread(self, work: Callable[[], None]) -> threading.Thread:
        def guarded() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001  # told in the end
                self.failed.append(error)

        return threading.Thread(target=guarded, daemon=True)

    def _post(self) -> None:
        number = 0
        while not self._is_over.is_set() or not number:
            if len(self._caller.unfinished) < _AT_ONCE:
                urls = [f"{url}?scrape={number}" for url in self._urls]
                self._caller.post_scrape(f"advertiser-{number}", urls)
                number += 1
            self._is_over.wait(0.2)

    def _fix(self) -> None:
        while not self._is_over.wait(0.3):
            if self._caller.scrapes:
                self._caller.post_fix(self._rng)

    def _watch(self) -> None:
        while not self._is_over.is_set() or self._caller.unfinished:
            self._caller.look()
            time.sleep(0.3)


def _kill_and_look(
    fleet: Fleet,
    host: RunningHost,
    names: list[str],
    kills: int,
    rng: random.Random,
    pause_s: tuple[float, float],
) -> Outcome:
    started = time.monotonic()
    key = fleet.run("keys", "create", "kills", "--role", "admin")
    fleet.start()
    caller = Caller(fleet.base, key)
    caller.wait_until_up()
    traffic = Traffic(caller, host, names, rng.random())
    traffic.start()
    ended = 0
    for _ in range(kills):
        time.sleep(rng.uniform(*pause_s))
        fleet.kill_one(rng)
        ended += fleet.tend()
        if traffic.failed:
            break
    traffic.end(fleet.tend)
    outcome = Outcome(fleet.kills, ended=ended, seconds=time.monotonic() - started)
    _check(outcome, caller, fleet.log)
    caller.close()
    return outcome


def _check(outcome: Outcome, caller: Caller, kills: list[tuple[float, str]]) -> None:
    outcome.scrapes = len(caller.scrapes)
    outcome.fixes = len(caller.fixes)
    begun, ended = max((one.longest for one in caller.scrapes), key=lambda one: one[1] - one[0])
    outcome.longest_standstill_s = ended - begun
    if outcome.longest_standstill_s > _LONGEST_STANDSTILL_S:
        meanwhile = ", ".join(
            f"{name} after {at - begun:.0f} s" for at, name in kills if begun <= at <= ended
        )
        outcome.wrong.append(
            f"a scrape stood still for {outcome.longest_standstill_s:.0f} s; killed meanwhile: "
            f"{meanwhile}"
        )
    last: dict[tuple[str, str], str] = {
        (advertiser, url): color for advertiser, url, color in caller.fixes
    }
    for scrape in caller.scrapes:
        if scrape.status != "finished":
            outcome.wrong.append(f"scrape {scrape.id} is {scrape.status}")
            continue
        _check_scrape(outcome, caller, scrape, last)


def _check_scrape(
    outcome: Outcome, caller: Caller, scrape: Posted, last: dict[tuple[str, str], str]
) -> None:
    lines = caller.read_results(scrape)
    outcome.images += len(lines)
    if Counter(line["url"] for line in lines) != Counter(scrape.urls):
        outcome.wrong.append(f"scrape {scrape.id} has {len(lines)} images, or one of them twice")
    if pending := [line["url"] for line in lines if line["status"] != "tagged"]:
        outcome.wrong.append(f"scrape {scrape.id} has {len(pending)} images without an answer")
    shown = {line["url"]: line["color"]["value"] for line in lines}
    wanted = Counter(
        (url, color) for advertiser, url, color in caller.fixes if advertiser == scrape.advertiser
    )
    kept = caller.count_fixes(scrape.advertiser)
    if kept != wanted:
        outcome.wrong.append(
            f"{scrape.advertiser}: fixes {wanted - kept} lost, {kept - wanted} new"
        )
    for (advertiser, url), color in last.items():
        if advertiser == scrape.advertiser and shown[url] != color:
            outcome.wrong.append(f"{url} shows {shown[url]}, and was fixed to {color}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--images", type=int, default=2_000, help="of each scrape")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--database", choices=("sqlite", "postgresql"), action="append", help="default: both"
    )
    arguments = parser.parse_args()
    missed = False
    for database in arguments.database or ("sqlite", "postgresql"):
        outcome = run(database, kills=arguments.kills, images=arguments.images, seed=arguments.seed)
        counts = ", ".join(f"{count} {name}" for name, count in sorted(outcome.kills.items()))
        print(
            f"{database}: {outcome.kills.total()} kills ({counts}) in {outcome.seconds:.0f} s; "
            f"{outcome.scrapes} scrapes with {outcome.images:,} images finished, {outcome.fixes} "
            f"fixes; longest standstill {outcome.longest_standstill_s:.1f} s; "
            f"{outcome.ended} processes ended by themselves"
        )
        for sentence in outcome.wrong[:20]:
            print(f"  WRONG: {sentence}")
        missed |= bool(outcome.wrong)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
