"""`forecourt doctor` as people and machines see it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import Run

pytestmark = pytest.mark.usefixtures("command_settings")


def test_a_sound_installation_ends_with_0(run: Run) -> None:
    run("migrate")
    ended = run("doctor", "--json")
    assert ended.code == 0
    assert ended.json["status"] == "warning"  # the tests pin a model
    assert {one["level"] for one in ended.json["checks"]} == {"ok", "warning"}
    assert list(ended.json["checks"][0]) == ["check", "level", "found", "mend"]


def test_what_is_broken_ends_with_1_and_advice(run: Run, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "forecourt.db").write_bytes(b"no database" * 1000)
    ended = run("doctor")
    assert ended.code == 1
    assert "failed   database" in ended.out
    assert "backup" in ended.out


def test_settings_that_make_no_sense_are_a_finding(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORECOURT_FETCH__TIMEOUT_S", "soon")
    ended = run("doctor", "--json")
    assert ended.code == 1
    (check,) = ended.json["checks"]
    assert (check["check"], check["level"]) == ("settings", "failed")
    assert "FORECOURT_FETCH__TIMEOUT_S" in check["found"]
