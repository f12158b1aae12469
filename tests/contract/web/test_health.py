"""What those are told who watch: /healthz, /readyz and /metrics, on both databases."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from forecourt.core.errors import UsageError
from forecourt.jobs.engines import Engines
from forecourt.jobs.metrics import Metrics
from forecourt.jobs.runner import attempt
from forecourt.jobs.runners import make_runner as runner_of
from forecourt.jobs.workspace import Workspace
from forecourt.store.engine import writing
from forecourt.store.scrapes import Scrape
from forecourt.web.app import create_app
from forecourt.web.serve import open_service
from tests.contract.jobs.conftest import (  # noqa: F401  # fixtures
    accept,
    engines,
    paints,
    workspace,
)
from tests.support.image_host import ImageHost

Accept = Callable[..., Scrape]


@pytest.fixture
def client(engines: Engines) -> Iterator[TestClient]:  # noqa: F811
    engines.metrics.watch_queue(engines.workspace.engine)
    runner = runner_of(engines, scrapes_at_once=None)
    with open_service(engines, runner) as service, TestClient(create_app(service)) as opened:
        yield opened
    if engines.workspace.engine.dialect.name == "postgresql":
        runner.stop()  # it was never started, but holds connections


def sample(text: str, name: str) -> float:
    """The value of a metric, labels included in its name."""
    (found,) = re.findall(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found)


def never() -> bool:
    return False


def break_store(workspace: Workspace) -> None:  # noqa: F811
    """Let the database be another one, which is not there."""
    url = workspace.engine.url
    gone = (
        url.set(database="/proc/gone/forecourt.db")
        if url.get_backend_name() == "sqlite"
        else url.set(host="127.0.0.1", port=1, query={})
    )
    workspace.engine.dispose()
    workspace.engine.url = gone
    made = sa.create_engine(gone)
    workspace.engine.pool = made.pool


def test_a_server_that_is_well_says_so(client: TestClient) -> None:
    for path in ("/healthz", "/readyz"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["status"]) == (200, "ok")


def test_a_broken_database_is_no_reason_to_restart_but_one_to_wait(
    client: TestClient,
    workspace: Workspace,  # noqa: F811
) -> None:
    break_store(workspace)
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"]
    assert answer.json()["type"] == "/problems/store-unavailable"
    metrics = client.get("/metrics")  # what needs no database is told all the same
    assert metrics.status_code == 200
    assert "forecourt_http_request_seconds_count" in metrics.text
    assert "forecourt_oldest_scrape_seconds" not in metrics.text


def test_thumbnails_that_cannot_be_kept_are_a_reason_to_wait(
    client: TestClient,
    workspace: Workspace,  # noqa: F811
) -> None:
    workspace.settings.home.mkdir(exist_ok=True)
    (workspace.settings.home / "media").write_text("no folder")
    assert client.get("/readyz").status_code == 503


def test_metrics_tell_of_images_hits_fetches_inference_and_the_queue(
    client: TestClient,
    engines: Engines,  # noqa: F811
    accept: Accept,  # noqa: F811
    host: ImageHost,
) -> None:
    urls = paints(host, 3)
    scrape = accept([*urls, host.url("/missing.jpg")])
    waiting = client.get("/metrics").text
    assert sample(waiting, 'forecourt_scrapes{status="accepted"}') == 1
    assert sample(waiting, "forecourt_oldest_scrape_seconds") >= 0
    attempt(engines, scrape.id, is_stopping=never)
    attempt(engines, accept([*urls, urls[0] + "?again=1"]).id, is_stopping=never)
    text = client.get("/metrics").text
    images = "forecourt_images_total"
    assert sample(text, f'{images}{{outcome="classified"}}') == 3
    assert sample(text, f'{images}{{outcome="skipped_not_found"}}') == 1
    known = sum(
        float(value)
        for value in re.findall(r"^forecourt_cache_hits_total{.*} (\S+)$", text, re.MULTILINE)
    )
    assert known == 4
    assert sample(text, 'forecourt_cache_hits_total{key_source="bytes"}') >= 1
    fetches = "forecourt_fetch_seconds_count"
    assert sample(text, f'{fetches}{{host_state="unproven",outcome="not_found"}}') == 1
    assert sample(text, "forecourt_inferred_images_total") == 3
    assert sample(text, "forecourt_inference_seconds_count") >= 1
    assert sample(text, 'forecourt_scrapes{status="accepted"}') == 0
    assert sample(text, "forecourt_oldest_scrape_seconds") == 0


def test_routes_are_told_as_declared(client: TestClient) -> None:
    client.get("/v1/scrapes/12345")
    client.get("/healthz")
    client.get("/v1/advertisers/hunter22%2F1/sitemap")
    client.get("/nowhere/hunter22")
    text = client.get("/metrics").text
    assert 'route="/v1/scrapes/{scrape_id}"' in text
    assert 'route="/healthz"' in text
    assert 'route="/v1/advertisers/{advertiser}/sitemap"' in text
    assert "12345" not in text
    assert "hunter22" not in text


def test_workers_tell_their_metrics_by_themselves() -> None:
    metrics = Metrics()
    metrics.fixed(field="color", role="staff", count=2)
    with metrics.served("127.0.0.1", 0) as port:
        address = f"http://127.0.0.1:{port}/metrics"
        with urllib.request.urlopen(address, timeout=60) as answer:
            text = answer.read().decode()
        assert sample(text, 'forecourt_fixes_total{field="color",role="staff"}') == 2
        with (
            pytest.raises(UsageError, match="--metrics-port"),
            Metrics().served("127.0.0.1", port),
        ):
            pass
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address, timeout=60)


def test_a_failing_scrape_leaves_the_queue_visible(
    client: TestClient,
    workspace: Workspace,  # noqa: F811
    accept: Accept,  # noqa: F811
    host: ImageHost,
) -> None:
    scrape = accept(paints(host, 1))
    with writing(workspace.engine) as connection:
        connection.execute(
            sa.text("UPDATE scrapes SET status = 'running' WHERE id = :id"), {"id": scrape.id}
        )
    assert sample(client.get("/metrics").text, 'forecourt_scrapes{status="running"}') == 1
