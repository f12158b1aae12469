"""From 300 fixes to a gate decision: the four commands of docs/candidates.md, unattended, timed.

Pictures of FORECOURT_DATA become a dataset version, but for 300 of the training pictures: these
stand on a local host, are tagged, and fixed to their labels. Then a server is started and asked for
a sitemap it has answered before, ten times a second: first alone, then while the four commands run
one after the other. The model is the shipped one, or what FORECOURT_VISION__BUNDLE names.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from benchmarks.image_host import serving

_BAR_MINUTES = 60.0
_BAR_TIMES = 1.5
_IDLE_S = 30.0
_EVERY_S = 0.1
_FIXED_AT = "2026-11-01T12:00:00Z"
_SETTINGS = {"FORECOURT_FETCH__ALLOW_NETWORKS": "127.0.0.0/8"}


class Shell:
    """Runs `forecourt` on a home folder of its own."""

    def __init__(self, home: Path) -> None:
        self.environment = {**os.environ, **_SETTINGS, "FORECOURT_HOME": str(home)}
        self.program = str(Path(sys.executable).with_name("forecourt"))

    def run(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        command = [self.program, *arguments]
        ended = subprocess.run(  # noqa: S603
            command, check=False, env=self.environment, stdout=subprocess.PIPE, text=True
        )
        if ended.returncode not in codes:
            raise SystemExit(f"{' '.join(command)} ended with {ended.returncode}")
        return ended.stdout

    @contextmanager
    def serve(self) -> Iterator[str]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [self.program, "serve", "--port", str(port)]
        with subprocess.Popen(command, env=self.environment, stderr=subprocess.DEVNULL) as process:  # noqa: S603
            try:
                yield f"http://127.0.0.1:{port}"
            finally:
                process.terminate()


class Probe:
    """Asks for what was answered before, and notes how long each answer takes."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url, token
        self.etag = ""
        self.seconds: list[float] = []
        self.failed = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask_on)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()

    def take(self) -> list[float]:
        found, self.seconds = self.seconds, []
        return found

    def ask(self) -> int:
        request = Request(self.url, headers={"Authorization": f"Bearer {self.token}"})  # noqa: S310
        if self.etag:
            request.add_header("If-None-Match", self.etag)
        try:
            with urlopen(request, timeout=60) as answer:  # noqa: S310  # our own server
                answer.read()
                self.etag = answer.headers.get("ETag", "")
                return int(answer.status)
        except HTTPError as error:
            return error.code

    def _ask_on(self) -> None:
        while not self._stop.wait(_EVERY_S):
            since = time.perf_counter()
            try:
                is_fine = self.ask() in {200, 304}
            except OSError:
                is_fine = False
            self.seconds.append(time.perf_counter() - since)
            self.failed += not is_fine


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loop", description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("FORECOURT_DATA"))
    parser.add_argument("--fixes", type=int, default=300)
    parser.add_argument("--candidates", type=int, default=4)
    parser.add_argument("--space", type=Path, help="another search space")
    arguments = parser.parse_args()
    if arguments.data is None:
        print("FORECOURT_DATA is not set: NOT measured.")
        return 0
    with tempfile.TemporaryDirectory(prefix="forecourt-loop-") as folder:
        return measure(arguments, Path(folder))


def measure(arguments: argparse.Namespace, folder: Path) -> int:
    shell = Shell(folder / "home")
    fixed = set_out(arguments.data, folder, arguments.fixes)
    images = ("--images", str(arguments.data))
    shell.run("dataset", "import", str(folder / "base.csv"), *images, "--as", "base")
    with serving(folder / "images") as host:
        write_tables(folder, fixed, host.base)
        shell.run("tag", str(folder / "feed.json"))
        shell.run("import-fixes", str(folder / "fixes.csv"), "--by", "ada", "--json")
    key = json.loads(shell.run("keys", "create", "probe", "--role", "staff", "--json"))
    space = ("--space", str(arguments.space)) if arguments.space else ()
    commands = (
        ("dataset", "build", "next", "--since", "all"),
        ("train", "--dataset", "next", "--candidates", str(arguments.candidates), *space),
        ("evaluate", "--run", "next-1"),
        ("models", "gate", "next-1", "--promote", "--by", "ada"),
    )
    minutes = []
    with shell.serve() as base:
        probe = Probe(f"{base}/v1/advertisers/acme/sitemap", key["token"])
        wait_for(probe)
        with probe:
            time.sleep(_IDLE_S)
            idle = probe.take()
            for command in commands:
                since = time.perf_counter()
                told = shell.run(*command, codes=(0, 1))
                minutes.append((time.perf_counter() - since) / 60)
                print(f"{minutes[-1]:6.1f} min  forecourt {' '.join(command)}", flush=True)
            busy = probe.take()
    print(told)
    return judge(sum(minutes), idle, busy, probe.failed)


def set_out(data: Path, folder: Path, count: int) -> list[dict[str, str]]:
    """Write the table without the pictures that will be fixed; put these on the host's shelf."""
    with (data / "data.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    known = [one for one in rows if one["split"] == "train" and one["color"]]
    fixed = random.Random(0).sample(known, count)
    files = {one["file"] for one in fixed}
    with (folder / "base.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(one for one in rows if one["file"] not in files)
    (folder / "images").mkdir()
    for one in fixed:
        shutil.copyfile(data / one["file"], folder / "images" / Path(one["file"]).name)
    return fixed


def write_tables(folder: Path, fixed: list[dict[str, str]], base: str) -> None:
    """Write a scrape of the pictures, and the fixes that give each its label."""
    urls = [f"{base}/{Path(one['file']).name}" for one in fixed]
    vehicles = [{"id": str(place), "images": [url]} for place, url in enumerate(urls)]
    scrape = {"advertiser": "acme", "vehicles": vehicles}
    (folder / "feed.json").write_text(json.dumps(scrape))
    with (folder / "fixes.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("at", "advertiser", "url", "type_to", "color_to"))
        for one, url in zip(fixed, urls, strict=True):
            writer.writerow((_FIXED_AT, "acme", url, one["image_type"], one["color"]))


def wait_for(probe: Probe) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            if probe.ask() == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("The server does not answer.")


def judge(minutes: float, idle: list[float], busy: list[float], failed: int) -> int:
    before, during = (sorted(one)[int(len(one) * 0.99)] for one in (idle, busy))
    times = during / before
    print(f"four commands: {minutes:.1f} minutes (bar {_BAR_MINUTES:.0f})")
    print(
        f"p99 of {len(busy):,} cached requests {1000 * during:.1f} ms, idle "
        f"{1000 * before:.1f} ms: {times:.2f} times (bar {_BAR_TIMES}); {failed} failed"
    )
    return int(minutes > _BAR_MINUTES or times > _BAR_TIMES or failed > 0)


if __name__ == "__main__":
    sys.exit(main())
