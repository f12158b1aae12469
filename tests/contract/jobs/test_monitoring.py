"""The monitor as a job: with the champion's own bundle, and webhooks that are told of alarms."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import procrastinate
import pytest
import sqlalchemy as sa
from procrastinate.jobs import Job

from forecourt import monitor, webhooks
from forecourt.core.errors import NotFoundError
from forecourt.core.looks import looks_to_json, summarize
from forecourt.core.monitor_rules import Rule
from forecourt.jobs.monitoring import run_monitor
from forecourt.jobs.queue import QueueRunner, _Elsewhere, _StoppedError
from forecourt.jobs.workspace import Workspace
from forecourt.store.engine import reading, writing
from forecourt.store.schema import deliveries
from tests.contract.jobs.conftest import wait_for
from tests.support.watched import Watched, mixed


@pytest.fixture
def watched(workspace: Workspace) -> Watched:
    found = Watched(workspace.engine)
    found.promote(workspace.champion.version)
    return found


@pytest.fixture(autouse=True)
def _webhooks(workspace: Workspace) -> None:
    with writing(workspace.engine) as connection:
        for advertiser in (None, "acme"):
            webhooks.create(
                connection,
                url="https://ops.example.com/hook",
                advertiser=advertiser,
                by="ops",
                at=datetime.now(UTC),
            )


def told(workspace: Workspace) -> list[dict[str, Any]]:
    with reading(workspace.engine) as connection:
        bodies = connection.scalars(sa.select(deliveries.c.body).order_by(deliveries.c.id))
        return [json.loads(body) for body in bodies]


def look(workspace: Workspace, watched: Watched, **given: Any) -> monitor.Kept:
    return run_monitor(workspace.engine, workspace.settings, at=watched.now, **given)


def test_new_alarms_are_told_once_by_rule_and_to_who_runs_the_model(
    workspace: Workspace, watched: Watched
) -> None:
    model = workspace.champion.version
    for name in ("acme", "other"):
        watched.scrape(name, {model: mixed(60)})
        watched.fix(name, range(30), "Stock", model=model)
    watched.scrape("well", {model: mixed(60)})
    look(workspace, watched.later(1))
    many, retrain = told(workspace)
    assert (many["type"], many["advertiser"]) == ("alarm.raised", None)
    assert many["timestamp"] == watched.now.isoformat()
    data = many["data"]
    assert (data["kind"], data["scrape_id"], data["is_overall"]) == ("many_fixed", None, True)
    assert (data["advertisers"], data["advertisers_count"]) == (["acme", "other"], 2)
    assert data["detail"].startswith(
        "All advertisers: 60 of 180 images (33%) were corrected in 1 day. So it is with 2 others. "
    )
    assert retrain["data"]["kind"] == "retrain_suggested"
    assert retrain["data"]["advertisers"] == []
    look(workspace, watched.later(1))
    assert len(told(workspace)) == 2


def test_one_advertiser_alone(workspace: Workspace, watched: Watched) -> None:
    model = workspace.champion.version
    for name in ("acme", "other"):
        watched.scrape(name, {model: mixed(60)})
        watched.fix(name, range(30), "Stock", model=model)
    kept = look(workspace, watched.later(1), advertiser="other")
    assert [one.advertiser for one in kept.measured] == ["other"]
    (event,) = told(workspace)
    assert event["data"]["detail"].startswith("other: 30 of 60 images (50%)")
    with pytest.raises(NotFoundError, match="no advertiser 'nobody'"):
        look(workspace, watched, advertiser="nobody")


def test_looks_of_the_champions_bundle_are_compared_with(
    workspace: Workspace, watched: Watched
) -> None:
    model, folder = workspace.champion.version, workspace.champion.folder
    watched.scrape("acme", {model: mixed(120)}, grid=bytes([200] * 192))
    assert look(workspace, watched).measured[0].figures.looked_at == 0  # it does not say
    looks = summarize(bytes([90] * 192) * 200)
    assert looks is not None
    kept_there = Path(folder) / "looks.json"
    kept_there.write_text(looks_to_json(looks))
    try:
        kept = look(workspace, watched, advertiser="acme")
    finally:
        kept_there.unlink()  # the bundle is all tests'
    (found,) = kept.measured[0].findings
    assert found.rule is Rule.UNLIKE_TRAINING


def test_progress_is_told_and_may_end_the_run(workspace: Workspace, watched: Watched) -> None:
    for name in ("a", "b"):
        watched.scrape(name, {workspace.champion.version: mixed(3)})
    seen: list[tuple[int, int]] = []
    look(workspace, watched, on_progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]

    def stop(_done: int, _total: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        look(workspace, watched, on_progress=stop)
    with reading(workspace.engine) as connection:
        assert len(monitor.load_trend(connection, monitor.ALL, limit=9)) == 1


def test_a_stopping_worker_leaves_it_to_another_and_a_failure_waits_for_the_next_night() -> None:
    job = Job(
        id=1, queue="upkeep", lock=None, queueing_lock=None, task_name="monitor", worker_id=None
    )
    again = _Elsewhere().get_retry_decision(exception=_StoppedError(), job=job)
    assert again is not None
    assert _Elsewhere().get_retry_decision(exception=ValueError(), job=job) is None


def test_workers_take_it_from_the_queue(
    workspace: Workspace,
    watched: Watched,
    make_runner: Callable[..., object],
    database: str | None,
) -> None:
    if database is None:
        pytest.skip("The queue is on PostgreSQL; on SQLite there is the command.")
    watched.scrape("acme", {workspace.champion.version: mixed(3)})
    runner = make_runner(scrapes_at_once=1)
    assert isinstance(runner, QueueRunner)
    runner.start()
    connector = procrastinate.SyncPsycopgConnector(conninfo=database)
    app = procrastinate.App(connector=connector)
    with app.open():
        app.configure_task(name="monitor", queue="upkeep").defer(timestamp=0)

    def has_run() -> bool:
        with reading(workspace.engine) as connection:
            return monitor.latest_run(connection) is not None

    wait_for(has_run)
