"""Accepted work is finished, on one process with SQLite and on a queue with PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from forecourt.jobs import runner as jobs_runner
from forecourt.jobs.workspace import Workspace
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.engine import writing
from forecourt.store.scrapes import Scrape, ScrapeStatus
from tests.contract.jobs.conftest import Runner, get, paints, wait_for, wait_until_finished
from tests.support.image_host import ImageHost

Accept = Callable[..., Scrape]
MakeRunner = Callable[..., Runner]


def test_submitted_scrape_is_finished(
    workspace: Workspace, accept: Accept, make_runner: MakeRunner, host: ImageHost
) -> None:
    runner = make_runner()
    runner.start()
    scrape = accept(paints(host, 5))
    runner.submit(scrape)
    wait_until_finished(workspace, scrape)
    finished = get(workspace, scrape.id)
    assert finished.tally is not None
    assert finished.tally["classified"] == 5
    assert finished.started_at is not None
    assert finished.failures == 0


def test_scrape_whose_submission_was_lost_is_found_by_the_sweep(
    workspace: Workspace, accept: Accept, make_runner: MakeRunner, host: ImageHost
) -> None:
    scrape = accept(paints(host, 3))
    make_runner().start()
    wait_until_finished(workspace, scrape)


def test_submitting_often_tags_once(
    workspace: Workspace, accept: Accept, make_runner: MakeRunner, host: ImageHost
) -> None:
    runner = make_runner()
    scrape = accept(paints(host, 4))
    for _ in range(5):
        runner.submit(scrape)
    runner.start()
    wait_until_finished(workspace, scrape)
    runner.submit(scrape)
    assert host.bodies() == 4


def test_same_picture_wanted_by_many_scrapes_is_downloaded_and_classified_once(
    workspace: Workspace,
    accept: Accept,
    make_runner: MakeRunner,
    host: ImageHost,
) -> None:
    urls = paints(host, 12, delay_s=0.1)
    scrapes = [accept(urls, advertiser=f"advertiser-{number}") for number in range(4)]
    runner = make_runner(scrapes_at_once=4)
    for scrape in scrapes:
        runner.submit(scrape)
    runner.start()
    wait_until_finished(workspace, *scrapes)
    tallies = [get(workspace, scrape.id).tally or {} for scrape in scrapes]
    assert host.bodies() == 12
    assert sum(tally["classified"] for tally in tallies) == 12
    assert all(tally["done"] == 12 for tally in tallies)


def test_same_picture_under_other_addresses_is_classified_once(
    workspace: Workspace, accept: Accept, make_runner: MakeRunner, host: ImageHost
) -> None:
    plain = paints(host, 8, delay_s=0.1)
    scrapes = [
        accept([f"{url}?at={number}" for url in plain], advertiser=f"advertiser-{number}")
        for number in range(3)
    ]
    runner = make_runner(scrapes_at_once=3)
    for scrape in scrapes:
        runner.submit(scrape)
    runner.start()
    wait_until_finished(workspace, *scrapes)
    tallies = [get(workspace, scrape.id).tally or {} for scrape in scrapes]
    assert sum(tally["classified"] for tally in tallies) == 8


def test_cancelled_scrape_ends_soon_and_keeps_what_is_tagged(
    workspace: Workspace, accept: Accept, make_runner: MakeRunner, host: ImageHost
) -> None:
    scrape = accept(paints(host, 64, delay_s=0.5))
    runner = make_runner()
    runner.submit(scrape)
    runner.start()
    wait_for(lambda: get(workspace, scrape.id).status is ScrapeStatus.RUNNING)
    with writing(workspace.engine) as connection:
        assert stored_scrapes.cancel(connection, scrape.id, at=scrape.received_at)
    runner.stop()
    assert get(workspace, scrape.id).status is ScrapeStatus.CANCELLED
    assert host.bodies() < 64


def test_stopped_runner_leaves_the_rest_to_the_next(
    workspace: Workspace, accept: Accept, make_runner: MakeRunner, host: ImageHost
) -> None:
    scrape = accept(paints(host, 64, delay_s=0.3))
    first = make_runner()
    first.submit(scrape)
    first.start()
    wait_for(lambda: host.bodies() > 8)
    first.stop()
    assert get(workspace, scrape.id).status is ScrapeStatus.RUNNING
    make_runner().start()
    wait_until_finished(workspace, scrape)
    assert host.bodies() <= 64 + workspace.settings.fetch.per_host  # those in flight at the stop
    tally = get(workspace, scrape.id).tally or {}
    assert tally["earlier"] > 0
    assert tally["done"] == 64


def test_scrape_that_breaks_off_is_tried_again_and_says_why(
    workspace: Workspace,
    accept: Accept,
    make_runner: MakeRunner,
    host: ImageHost,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = 0
    run_scrape = jobs_runner.run_scrape

    def fail_first(*arguments: object, **named: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise RuntimeError("https://user:secret@img.example.com/a.jpg?token=1 broke it")
        return run_scrape(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(jobs_runner, "run_scrape", fail_first)
    scrape = accept(paints(host, 2))
    runner = make_runner()
    runner.submit(scrape)
    runner.start()
    wait_until_finished(workspace, scrape)
    after = get(workspace, scrape.id)
    assert after.failures == 1
    assert after.last_error == "RuntimeError: https://img.example.com/a.jpg broke it"


def test_one_advertisers_scrapes_never_run_at_once(
    workspace: Workspace, accept: Accept, make_runner: MakeRunner, host: ImageHost
) -> None:
    first = accept(paints(host, 40, delay_s=0.3))
    runner = make_runner(scrapes_at_once=4)
    runner.submit(first)
    runner.start()
    wait_for(lambda: get(workspace, first.id).status is ScrapeStatus.RUNNING)
    second = accept(paints(host, 3, "Blue"))
    runner.submit(second)
    wait_until_finished(workspace, second)
    assert get(workspace, first.id).status is ScrapeStatus.CANCELLED


def test_higher_priority_goes_first(
    workspace: Workspace, accept: Accept, make_runner: MakeRunner, host: ImageHost
) -> None:
    low = accept(paints(host, 2), "low")
    high = accept(paints(host, 2, "Blue"), "high", priority=10)
    runner = make_runner(scrapes_at_once=1)
    runner.submit(low)
    runner.submit(high)
    runner.start()
    wait_until_finished(workspace, low, high)
    first, second = (get(workspace, one.id).started_at for one in (high, low))
    assert first is not None
    assert second is not None
    assert first < second


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_dead_workers_job_does_not_hold_up_the_one_that_was_submitted_since(
    workspace: Workspace, accept: Accept, make_runner: MakeRunner, host: ImageHost
) -> None:
    scrape = accept(paints(host, 3))
    runner = make_runner()
    runner.submit(scrape)
    with writing(workspace.engine) as connection:  # as a killed worker leaves it
        connection.execute(sa.text("UPDATE procrastinate_jobs SET status = 'doing'"))
    runner.submit(scrape)
    runner.start()
    wait_until_finished(workspace, scrape)
