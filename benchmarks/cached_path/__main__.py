"""Questions about 100 known pictures: requests a second and latency, side by side with a baseline.

Both servers run on one SQLite database with 20,000 known pictures, each a process of its own. The
same client asks them in turns, round by round, with several connections; every question names 100
URLs drawn at random. The answers of both are compared first. The baseline stands in `baseline.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.kills.fleet import free_port
from benchmarks.known_images import fill, make_url
from forecourt.core.settings import Settings
from forecourt.jobs.workspace import open_workspace

_URLS = 100
_TIMES_FASTER = 3.0
_OURS_ONLY = {"color_second", "color_between"}


@dataclass
class Measured:
    """Rounds of one server."""

    per_second: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """Return a latency in milliseconds."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@contextmanager
def started(command: list[str], env: dict[str, str], base: str) -> Iterator[None]:
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, *command], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        asyncio.run(_wait_for(base))
        yield
    finally:
        process.terminate()
        process.wait()


async def _wait_for(base: str) -> None:
    async with aiohttp.ClientSession() as session:
        for _attempt in range(300):
            try:
                async with session.get(f"{base}/readyz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)
    raise AssertionError(f"{base} does not come up")


async def ask(
    base: str, key: str, bodies: list[bytes], *, connections: int, seconds: float
) -> tuple[int, list[float]]:
    """Ask for so long; return how many answers came, and how long each took."""
    latencies: list[float] = []
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    until = time.perf_counter() + seconds

    async def work(session: aiohttp.ClientSession, seed: int) -> None:
        rng = random.Random(seed)
        while time.perf_counter() < until:
            began = time.perf_counter()
            async with session.post(f"{base}/v1/classify", data=rng.choice(bodies)) as answer:
                text = await answer.read()
                assert answer.status == 200, text
            latencies.append(time.perf_counter() - began)

    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(headers=headers, connector=connector) as session:
        await asyncio.gather(*(work(session, seed) for seed in range(connections)))
    return len(latencies), latencies


async def ask_once(base: str, key: str, body: bytes) -> Any:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{base}/v1/classify", data=body) as answer,
    ):
        return await answer.json()


def compare(ours: Any, theirs: Any) -> None:
    """Both must say the same, or the comparison is worth nothing."""
    for mine, other in zip(ours["results"], theirs["results"], strict=True):
        assert mine["cached"]
        common = {name: value for name, value in mine.items() if name not in _OURS_ONLY}
        assert common == other, (common, other)


def make_bodies(pictures: int, count: int) -> list[bytes]:
    rng = random.Random(3)
    return [
        json.dumps({"urls": [make_url(n) for n in rng.sample(range(pictures), _URLS)]}).encode()
        for _ in range(count)
    ]


def measure(pictures: int, *, rounds: int, seconds: float, connections: int) -> dict[str, Measured]:
    with tempfile.TemporaryDirectory(prefix="forecourt-cached-") as home:
        with open_workspace(Settings(home=Path(home))) as workspace:
            fill(workspace, pictures)
            version = workspace.champion.version
        env = {name: value for name, value in os.environ.items() if "FORECOURT_" not in name}
        env |= {
            "FORECOURT_HOME": home,
            "FORECOURT_ACCESS__RATE_PER_MINUTE": "100000000",
            "FORECOURT_ACCESS__RATE_BURST": "100000000",
            "BASELINE_MODEL": version,
        }
        key = subprocess.run(
            [sys.executable, "-m", "forecourt", "keys", "create", "bench", "--role", "staff"],
            env=env,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        ports = {"forecourt": free_port(), "baseline": free_port()}
        bases = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        bodies = make_bodies(pictures, 200)
        ours = ["-m", "forecourt", "serve", "--port", str(ports["forecourt"])]
        theirs = ["-m", "uvicorn", "benchmarks.cached_path.baseline:app", "--no-access-log"]
        theirs += ["--port", str(ports["baseline"])]
        results = {name: Measured() for name in bases}
        with started(ours, env, bases["forecourt"]), started(theirs, env, bases["baseline"]):
            compare(*(asyncio.run(ask_once(base, key, bodies[0])) for base in bases.values()))
            for number in range(rounds + 1):
                for name, base in bases.items():
                    count, latencies = asyncio.run(
                        ask(base, key, bodies, connections=connections, seconds=seconds)
                    )
                    if number:  # the first round warms both up
                        results[name].per_second.append(count / seconds)
                        results[name].seconds += latencies
        return results


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cached_path", description=__doc__)
    parser.add_argument("--pictures", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each round")
    parser.add_argument("--connections", type=int, default=8)
    given = parser.parse_args()
    results = measure(
        given.pictures,
        rounds=given.rounds,
        seconds=given.seconds,
        connections=given.connections,
    )
    print(f"{'server':<12}{'requests/s':>12}{'URLs/s':>12}{'p50 ms':>10}{'p99 ms':>10}")
    for name, one in results.items():
        rate = statistics.median(one.per_second)
        print(
            f"{name:<12}{rate:>12.0f}{rate * _URLS:>12,.0f}"
            f"{one.percentile(0.5):>10.1f}{one.percentile(0.99):>10.1f}"
        )
    pairs = zip(results["forecourt"].per_second, results["baseline"].per_second, strict=True)
    ratio = statistics.median(mine / theirs for mine, theirs in pairs)
    print(f"{ratio:.1f} times as many requests (bar {_TIMES_FASTER:g}), median of the rounds")
    return int(ratio < _TIMES_FASTER)


if __name__ == "__main__":
    sys.exit(main())
