"""A scrape that is finished lets its images wait in the review queue."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from forecourt import review
from forecourt.core.errors import StoreError
from forecourt.jobs import tasks
from forecourt.jobs.tasks import tag
from forecourt.jobs.workspace import Workspace
from forecourt.store.engine import reading
from forecourt.store.schema import queue_entries
from forecourt.store.scrapes import Scrape, ScrapeStatus
from tests.contract.jobs.conftest import get, paints
from tests.support.image_host import ImageHost


def entries(workspace: Workspace) -> list[tuple[int, str]]:
    with reading(workspace.engine) as connection:
        rows = connection.execute(
            sa.select(queue_entries.c.id, queue_entries.c.advertiser).order_by(queue_entries.c.id)
        )
        return [(row.id, row.advertiser) for row in rows]


def test_finished_scrape_fills_the_queue(
    workspace: Workspace, host: ImageHost, accept: Callable[..., Scrape]
) -> None:
    tag(workspace, accept(paints(host, 2)).id)
    tag(workspace, accept(paints(host, 2), advertiser="zenith").id)
    assert [advertiser for _id, advertiser in entries(workspace)] == ["acme", "zenith"]


def test_scrape_that_another_has_followed_leaves_the_queue_alone(
    workspace: Workspace, host: ImageHost, accept: Callable[..., Scrape]
) -> None:
    first = accept(paints(host, 2))
    tag(workspace, first.id)
    before = entries(workspace)
    accept(paints(host, 3))  # nothing of it is tagged yet
    tasks._fill_queue(workspace.engine, first.id, "tiny-1")
    assert entries(workspace) == before


def test_queue_that_cannot_be_filled_does_a_scrape_no_harm(
    workspace: Workspace,
    host: ImageHost,
    accept: Callable[..., Scrape],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_arguments: object, **_more: object) -> None:
        raise StoreError("The database is locked.")

    monkeypatch.setattr(review, "find_candidates", fail)
    scrape = accept(paints(host, 2))
    tag(workspace, scrape.id)
    assert get(workspace, scrape.id).status is ScrapeStatus.FINISHED
    assert entries(workspace) == []
