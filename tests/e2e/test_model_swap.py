"""Models are promoted and rolled back while a real server is under load."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from zlib import crc32

import httpx2
import pytest

from forecourt import access, release
from forecourt.core.labels import COLORS
from forecourt.core.records import Role
from forecourt.core.settings import Settings
from forecourt.jobs.workspace import open_store
from forecourt.store.engine import writing
from tests.support.command_line import Start
from tests.support.gate import make_admin
from tests.support.image_host import ImageHost
from tests.support.pictures import jpeg
from tests.support.tiny_bundle import PAINTS, write_tiny_bundle

PATIENCE_S = 60.0
SHIFTS = {"tiny-1": 0, "tiny-2": 1}  # tiny-2 answers with the next colour, so it shows whose it is
PICTURES = ["Red", "Blue", "Green", "Black"] * 2


@pytest.fixture
def base_url(
    start: Start,
    database: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:
    """A server as a process of its own; on PostgreSQL a worker is beside it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = {
        "FORECOURT_HOME": str(tmp_path / "home"),
        "FORECOURT_DATABASE": database or "",
        "FORECOURT_FETCH__ALLOW_NETWORKS": "127.0.0.0/8",
        "FORECOURT_VISION__THREADS": "1",
        "FORECOURT_ACCESS__RATE_PER_MINUTE": "1000000",
        "FORECOURT_ACCESS__RATE_BURST": "1000000",
        "FORECOURT_SERVE__CHAMPION_CHECKED_S": "0.2",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    register_models(tmp_path)
    with (tmp_path / "log").open("w") as log:
        commands = [["serve", "--port", str(port)]] + ([["worker"]] if database else [])
        processes = [start(*one, stdout=log, stderr=log) for one in commands]
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: is_up(url))
        yield url
        for process in processes:
            process.terminate()
        assert [process.wait(PATIENCE_S) for process in processes] == [0] * len(processes)


def register_models(folder: Path) -> None:
    settings, now = Settings(), datetime.now(UTC)
    with open_store(settings) as engine, writing(engine) as connection:
        for version, shift in SHIFTS.items():
            bundle = write_tiny_bundle(folder / version, version=version, shift=shift)
            release.register(connection, settings.home, bundle, by="ann", at=now)
        release.promote(connection, settings.home, "tiny-1", by="ann", note="", at=now)


@pytest.fixture
def client(base_url: str) -> Iterator[httpx2.Client]:
    new = access.NewKey(name="ci", role=Role.ADMIN)
    with open_store(Settings()) as engine, writing(engine) as connection:
        _key, token = access.create_key(connection, make_admin(), new, now=datetime.now(UTC))
    headers = {"Authorization": f"Bearer {token}"}
    with httpx2.Client(base_url=base_url, headers=headers, timeout=PATIENCE_S) as client:
        yield client


def is_up(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/readyz").status_code == 200
    except httpx2.TransportError:
        return False


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until, "it does not come"
        time.sleep(0.05)


def put_pictures(host: ImageHost, name: str) -> list[str]:
    return [
        host.put(f"/{name}-{n}.jpg", jpeg(PAINTS[paint], seed=crc32(f"{name}-{n}".encode())))
        for n, paint in enumerate(PICTURES)
    ]


def shown_by(version: str) -> list[str]:
    """What a model answers for the pictures."""
    return [COLORS[(COLORS.index(one) + SHIFTS[version]) % len(COLORS)] for one in PICTURES]


@dataclass
class Load:
    """Clients that ask without a pause, and what was wrong with the answers."""

    client: httpx2.Client
    host: ImageHost
    known: list[str]
    is_over: threading.Event = field(default_factory=threading.Event)
    wrong: list[str] = field(default_factory=list)
    classified: Counter[str] = field(default_factory=Counter)
    scraped: Counter[str] = field(default_factory=Counter)

    def ask(self, urls: list[str]) -> str | None:
        """Classify known pictures and others; return which model it was."""
        answer = self.client.post("/v1/classify", json={"urls": self.known + urls})
        if answer.status_code != 200:
            self.wrong.append(answer.text)
            return None
        told = answer.json()
        version: str = told["model_version"]
        if {one["model_version"] for one in told["results"]} != {version}:
            self.wrong.append(f"mixed: {answer.text}")
        elif [one["color"] for one in told["results"]] != shown_by(version) * 2:
            self.wrong.append(f"not the answers of {version}: {answer.text}")
        self.classified[version] += 1
        return version

    def classify(self, name: str) -> None:
        """Ask until it is over, each time also for pictures that no scrape has brought."""
        urls = put_pictures(self.host, name)
        while not self.is_over.is_set():
            self.ask(urls)

    def scrape(self) -> None:
        """Send scrapes until it is over, each with known pictures and with new ones."""
        for number in count():
            if self.is_over.is_set():
                return
            new = put_pictures(self.host, f"scrape-{number}")
            lines = send_scrape(self.client, self.known + new)[len(self.known) :]
            versions = {one["predicted"]["model_version"] for one in lines}
            if len(versions) != 1:
                self.wrong.append(f"mixed scrape: {lines}")
                continue
            (version,) = versions
            if [one["predicted"]["color"] for one in lines] != shown_by(version):
                self.wrong.append(f"not the answers of {version}: {lines}")
            self.scraped[version] += 1


def send_scrape(client: httpx2.Client, urls: list[str]) -> list[dict[str, Any]]:
    """Have pictures tagged; return the results."""
    feed = {"vehicles": [{"id": "one", "images": urls}]}
    accepted = client.post("/v1/advertisers/acme/scrapes", json=feed)
    assert accepted.status_code == 202, accepted.text
    path = f"/v1/scrapes/{accepted.json()['id']}"
    wait_for(lambda: client.get(path).json()["status"] == "finished")
    results = client.get(f"{path}/results")
    assert results.status_code == 200, results.text
    return [json.loads(line) for line in results.text.splitlines()]


def test_swaps_under_load_fail_no_request_and_mix_no_batch(
    client: httpx2.Client, host: ImageHost, database: str | None
) -> None:
    known = put_pictures(host, "known")
    send_scrape(client, known)
    load = Load(client, host, known)
    rounds = 50 if database is None else 5
    with ThreadPoolExecutor() as pool:
        at_work = [pool.submit(load.classify, f"other-{n}") for n in range(3)]
        at_work.append(pool.submit(load.scrape))
        try:
            for number in range(rounds):
                for path, version in (("tiny-2/promote", "tiny-2"), ("rollback", "tiny-1")):
                    done = client.post(f"/v1/models/{path}", json={"note": f"round {number}"})
                    assert (done.status_code, done.json()["serving"]) == (200, version), done.text
                    assert load.ask(known) == version, "whoever asks from now on gets the new one"
        finally:
            load.is_over.set()
        for one in at_work:
            one.result(PATIENCE_S)
    assert load.wrong == []
    # More than the swapping thread's own: the others were answered by both models too.
    assert load.classified["tiny-1"] > rounds
    assert load.classified["tiny-2"] > rounds
    assert load.scraped.total() > 0
    history = client.get("/v1/promotions", params={"limit": 500}).json()["items"]
    assert len(history) == 2 + 2 * rounds


def test_canary_and_shadow_are_at_work_in_running_processes(
    client: httpx2.Client, host: ImageHost
) -> None:
    """They are started here, which is another process than the server and the worker."""
    settings = Settings()
    counter = count()

    def scraped() -> list[str]:
        """The colours of new pictures in a new scrape."""
        urls = put_pictures(host, f"trial-{next(counter)}")
        return [one["predicted"]["color"] for one in send_scrape(client, urls)]

    assert scraped() == shown_by("tiny-1")
    words = {"by": "ann", "note": "", "at": datetime.now(UTC)}
    with open_store(settings) as engine:
        with writing(engine) as connection:
            release.start_canary(connection, settings.home, "tiny-2", ["acme"], **words)
        wait_for(lambda: scraped() == shown_by("tiny-2"))
        with writing(engine) as connection:
            release.drop_canaries(connection, None, **words)
        wait_for(lambda: scraped() == shown_by("tiny-1"))
        with writing(engine) as connection:
            release.start_shadow(connection, settings.home, "tiny-2", **words)
        wait_for(
            lambda: (
                scraped() == shown_by("tiny-1")
                and client.get("/v1/models/tiny-2/agreement").json()["images"] > 0
            )
        )
        with writing(engine) as connection:
            retag = release.request_retag(
                connection, "tiny-2", advertiser="acme", by="ann", at=datetime.now(UTC)
            )
        path = f"/v1/retags/{retag.id}"
        wait_for(lambda: client.get(path).json()["status"] == "finished")
    done = client.get(path).json()
    assert (done["looked_at"], done["failures"]) == (done["images"], 0)
