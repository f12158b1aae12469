"""Webhooks are told how scrapes end, and of what people should look at."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from forecourt import webhooks
from forecourt.jobs import runner as jobs_runner
from forecourt.jobs import tasks
from forecourt.jobs.engines import Engines
from forecourt.jobs.runner import attempt
from forecourt.jobs.workspace import Workspace
from forecourt.store.engine import reading, writing
from forecourt.store.schema import deliveries
from forecourt.store.scrapes import Scrape
from tests.contract.jobs.conftest import paints
from tests.support.image_host import ImageHost

Accept = Callable[..., Scrape]


@pytest.fixture(autouse=True)
def _webhook(workspace: Workspace) -> None:
    with writing(workspace.engine) as connection:
        webhooks.create(
            connection, url="https://ops.example.com/hook", by="ops", at=datetime.now(UTC)
        )


def never() -> bool:
    return False


def told(workspace: Workspace) -> list[dict[str, Any]]:
    with reading(workspace.engine) as connection:
        bodies = connection.scalars(sa.select(deliveries.c.body).order_by(deliveries.c.id))
        return [json.loads(body) for body in bodies]


def test_finished_scrape_is_told_with_its_counts(
    engines: Engines, accept: Accept, host: ImageHost
) -> None:
    scrape = accept([*paints(host, 2), host.url("/gone.jpg")])
    attempt(engines, scrape.id, is_stopping=never)
    (event,) = told(engines.workspace)
    assert (event["type"], event["advertiser"]) == ("scrape.finished", "acme")
    assert event["data"]["scrape_id"] == scrape.id
    assert (event["data"]["tagged"], event["data"]["skipped"]) == (2, 1)


def test_cancelled_and_replaced_scrapes_are_told(
    engines: Engines, accept: Accept, host: ImageHost
) -> None:
    first = accept(paints(host, 2))
    second = accept(paints(host, 2, "Blue"))
    with writing(engines.workspace.engine) as connection:
        tasks.cancel(connection, second.id, at=datetime.now(UTC))
        tasks.cancel(connection, second.id, at=datetime.now(UTC))  # told once
    events = told(engines.workspace)
    assert [event["type"] for event in events] == ["scrape.cancelled"] * 2
    assert [event["data"]["scrape_id"] for event in events] == [first.id, second.id]


def test_many_skipped_images_raise_an_alarm(
    engines: Engines, accept: Accept, host: ImageHost
) -> None:
    scrape = accept([*paints(host, 2), *(host.url(f"/gone-{n}.jpg") for n in range(20))])
    attempt(engines, scrape.id, is_stopping=never)
    finished, alarm = told(engines.workspace)
    assert finished["type"] == "scrape.finished"
    assert alarm["type"] == "alarm.raised"
    assert alarm["data"]["kind"] == "many_skipped"
    assert alarm["data"]["reasons"] == {"not_found": 20}
    assert "retry" in alarm["data"]["detail"]


def test_host_that_lies_raises_an_alarm(engines: Engines, accept: Accept, host: ImageHost) -> None:
    urls = paints(host, 3, etag='"same"')
    attempt(engines, accept(urls).id, is_stopping=never)
    for number, other in enumerate(paints(host, 3, "Blue", etag='"same"')):
        host.resources[f"/Red-{number}.jpg"] = host.resources["/" + other.rpartition("/")[2]]
    attempt(engines, accept(urls).id, is_stopping=never)
    alarms = [event["data"] for event in told(engines.workspace) if "alarm" in event["type"]]
    assert [alarm["kind"] for alarm in alarms] == ["host_distrusted"]
    assert alarms[0]["hosts"] == [host.base.removeprefix("http://")]


def test_scrape_that_breaks_off_again_and_again_raises_one_alarm(
    engines: Engines, accept: Accept, host: ImageHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_named: object) -> None:
        raise RuntimeError("no luck")

    monkeypatch.setattr(jobs_runner, "run_scrape", fail)
    scrape = accept(paints(host, 1))
    for _ in range(5):
        with pytest.raises(RuntimeError):
            attempt(engines, scrape.id, is_stopping=never)
    (alarm,) = told(engines.workspace)
    assert alarm["data"]["kind"] == "scrape_breaks_off"
    assert "no luck" in alarm["data"]["detail"]
