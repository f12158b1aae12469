"""`serve` and `worker` as processes: they drain at the first signal, and end at the second."""

from __future__ import annotations

import json
import os
import re
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from forecourt.store import worklist
from forecourt.store.engine import create_engine, reading
from forecourt.store.scrapes import ScrapeStatus
from tests.support.command_line import Run, Start
from tests.support.image_host import ImageHost
from tests.support.pictures import jpeg
from tests.support.processes import PATIENCE_S, Process, start_server
from tests.support.tiny_bundle import PAINTS

pytestmark = pytest.mark.usefixtures("command_settings")

IMAGES = 400


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The dialect; the commands find an empty database of it."""
    if request.param == "postgresql":
        monkeypatch.setenv("FORECOURT_DATABASE", request.getfixturevalue("postgres_url"))
    monkeypatch.setenv("FORECOURT_FETCH__PER_HOST", "2")
    monkeypatch.setenv("FORECOURT_VISION__BATCH", "4")
    monkeypatch.setenv("FORECOURT_ACCESS__RATE_PER_MINUTE", "100000")
    return str(request.param)


@pytest.fixture
def key(run: Run, database: str) -> str:  # noqa: ARG001  # it is there before the key is made
    made = run("keys", "create", "shop", "--role", "staff", "--by", "ada", "--json")
    assert made.code == 0, made.err
    return str(next(one for one in made.json.values() if str(one).startswith("fc_")))


@pytest.fixture
def serve(start: Start) -> Callable[..., tuple[Process, str]]:
    def start_serving(*options: str) -> tuple[Process, str]:
        return start_server(start, *options)

    return start_serving


def ask(url: str, key: str, body: Any = None) -> Any:
    request = urllib.request.Request(  # noqa: S310
        url,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310
        return json.load(answer)


def inventory(host: ImageHost) -> dict[str, Any]:
    pictures = [jpeg(PAINTS["Red"], seed=n) for n in range(IMAGES)]
    urls = [host.put(f"/{n}.jpg", data, delay_s=0.05) for n, data in enumerate(pictures)]
    return {"advertiser": "acme", "vehicles": [{"id": "one", "images": urls}]}


def count_settled(scrape_id: int, home: Path) -> int:
    """Return how many of the images are settled, while no process is there to ask."""
    url = os.environ.get("FORECOURT_DATABASE")
    engine = create_engine(url or f"sqlite:///{home / 'forecourt.db'}")
    try:
        with reading(engine) as connection:
            return IMAGES - worklist.count_pending(connection, scrape_id)
    finally:
        engine.dispose()


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until, "it does not come"
        time.sleep(0.1)


def options_of(database: str) -> tuple[str, ...]:
    """On PostgreSQL too, the server tags by itself here."""
    return () if database == "sqlite" else ("--workers", "2")


def test_a_server_drains_and_the_next_one_goes_on(
    database: str,
    key: str,
    serve: Callable[..., tuple[Process, str]],
    host: ImageHost,
    tmp_path: Path,
) -> None:
    process, base = serve(*options_of(database))
    scrape = ask(f"{base}/v1/advertisers/acme/scrapes", key, inventory(host))
    path = f"/v1/scrapes/{scrape['id']}"
    wait_until(lambda: ask(base + path, key)["done"] >= 8)
    slow = host.put("/slow.jpg", jpeg(PAINTS["Blue"]), delay_s=1.0)
    slow = slow.replace("127.0.0.1", "localhost")  # as another host: it waits for no other request
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask, f"{base}/v1/classify", key, {"urls": [slow]})
        wait_until(lambda: host.is_asked("/slow.jpg"))
        process.popen.send_signal(signal.SIGTERM)
        (result,) = answer.result()["results"]
    assert result["status"] == "tagged"
    assert process.end() == 0
    with pytest.raises(urllib.error.URLError):
        ask(base + path, key)

    bodies, settled = host.bodies(), count_settled(scrape["id"], tmp_path / "home")
    assert 8 <= settled < IMAGES  # it ended in the midst of it
    process, base = serve(*options_of(database))
    wait_until(lambda: ask(base + path, key)["status"] == ScrapeStatus.FINISHED)
    assert ask(base + path, key)["done"] == IMAGES
    assert host.bodies() - bodies <= IMAGES - settled  # what was settled was not asked for again
    process.popen.send_signal(signal.SIGINT)
    assert process.end() == 0


def test_a_second_signal_ends_a_server_at_once(
    database: str, key: str, serve: Callable[..., tuple[Process, str]], host: ImageHost
) -> None:
    process, base = serve(*options_of(database))
    never = host.put("/never.jpg", jpeg(PAINTS["Blue"]), delay_s=2 * PATIENCE_S)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask, f"{base}/v1/classify", key, {"urls": [never]})
        wait_until(lambda: host.is_asked("/never.jpg"))
        process.popen.send_signal(signal.SIGTERM)
        process.wait_for("process.ending")
        process.popen.send_signal(signal.SIGTERM)
        assert process.end() == -signal.SIGTERM
        with pytest.raises(OSError, match=r"."):
            answer.result()


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_worker_drains_and_the_next_one_goes_on(
    database: str,
    key: str,
    serve: Callable[..., tuple[Process, str]],
    start: Start,
    host: ImageHost,
) -> None:
    assert database == "postgresql"
    _server, base = serve()
    scrape = ask(f"{base}/v1/advertisers/acme/scrapes", key, inventory(host))
    path = f"{base}/v1/scrapes/{scrape['id']}"
    worker = Process(start("worker", "--metrics-port", "0"))
    (metrics,) = re.findall(r"http://\S+/metrics", worker.wait_for("Metrics on"))
    wait_until(lambda: ask(path, key)["done"] >= 8)
    with urllib.request.urlopen(metrics, timeout=PATIENCE_S) as answer:  # noqa: S310
        text = answer.read().decode()
    assert float(re.findall(r'forecourt_images_total\{outcome="classified"\} (\S+)', text)[0]) >= 8
    worker.popen.send_signal(signal.SIGTERM)
    assert worker.end() == 0
    bodies, settled = host.bodies(), ask(path, key)["done"]
    assert 8 <= settled < IMAGES
    worker = Process(start("worker"))
    wait_until(lambda: ask(path, key)["status"] == ScrapeStatus.FINISHED)
    assert host.bodies() - bodies <= IMAGES - settled
    worker.popen.send_signal(signal.SIGTERM)
    assert worker.end() == 0
