"""Only one process tags a scrape from a home folder."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from forecourt.core.errors import StoreError, UsageError
from forecourt.jobs.locks import only_run
from forecourt.jobs.workspace import Workspace


def lock_file(workspace: Workspace, scrape_id: int) -> Path:
    return workspace.settings.home / "locks" / f"scrape-{scrape_id}"


def test_the_second_is_told_who_is_at_work(workspace: Workspace) -> None:
    told = f"being tagged already, by process {os.getpid()} on"
    with (
        only_run(workspace, 1),
        only_run(workspace, 2),
        pytest.raises(UsageError, match=told),
        only_run(workspace, 1),
    ):
        pytest.fail("two at once")
    with only_run(workspace, 1):  # and again, when the first has ended
        pass
    assert list(lock_file(workspace, 1).parent.iterdir()) == []


def test_what_a_dead_process_left_holds_nobody_up(workspace: Workspace) -> None:
    left = lock_file(workspace, 1)
    left.parent.mkdir()
    left.write_text(json.dumps({"pid": 1, "host": "gone", "since": "2026-11-23 06:00"}) * 2)
    with only_run(workspace, 1):
        assert json.loads(left.read_text())["pid"] == os.getpid()


def test_an_error_inside_gives_the_lock_back(workspace: Workspace) -> None:
    with pytest.raises(KeyboardInterrupt), only_run(workspace, 1):
        raise KeyboardInterrupt
    assert not lock_file(workspace, 1).exists()


def test_a_home_that_cannot_be_written_says_so(workspace: Workspace) -> None:
    (workspace.settings.home / "locks").touch()
    with pytest.raises(StoreError, match="Let FORECOURT_HOME name"), only_run(workspace, 1):
        pass


def test_postgresql_is_left_to_its_queue(workspace: Workspace) -> None:
    other = replace(workspace, engine=sa.create_engine("postgresql+psycopg://127.0.0.1:1/none"))
    with only_run(other, 1), only_run(other, 1):
        assert not lock_file(workspace, 1).parent.exists()
