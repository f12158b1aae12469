"""History files, oddities and what is misclassified most, from the shell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click.testing
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from forecourt.cli import app
from forecourt.core.errors import FeedError, NotFoundError, UsageError
from forecourt.core.settings import Settings
from forecourt.store.engine import create_engine, reading
from forecourt.store.schema import class_counts
from tests.support.command_line import write_feed
from tests.support.image_host import ImageHost
from tests.support.pictures import jpeg
from tests.support.tiny_bundle import PAINTS


class Shell:
    """Runs commands in one home."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._home = home
        self._patch = monkeypatch

    def run(self, *arguments: object) -> click.testing.Result:
        self._patch.setenv("FORECOURT_HOME", str(self._home))
        words = [str(one) for one in arguments]
        result = CliRunner().invoke(app, words, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result

    def json(self, *arguments: object) -> Any:
        return json.loads(self.run(*arguments, "--json").stdout)


@pytest.fixture
def shell(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("FORECOURT_VISION__BUNDLE", str(settings.vision.bundle))
    monkeypatch.setenv("FORECOURT_FETCH__ALLOW_NETWORKS", "127.0.0.0/8")
    monkeypatch.setenv("FORECOURT_FETCH__RETRIES", "0")
    return Shell(settings.home, monkeypatch)


def put(host: ImageHost, count: int) -> list[str]:
    return [host.put(f"/{n}.jpg", jpeg(PAINTS["Red"], seed=n)) for n in range(count)]


def test_history_goes_out_and_comes_in(
    shell: Shell,
    host: ImageHost,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    urls = put(host, 2)
    feed = write_feed(tmp_path, {"v0": urls})
    shell.run("tag", feed)
    fix = ("fix", "--advertiser", "acme", "--by", "Ada")
    shell.run(*fix, "--url", urls[0], "--type", "Stock", "--color", "none")
    made = shell.json(*fix, "--url", urls[1], "--type", "Placeholder")
    shell.run("revert", "--act", made["act_id"], "--by", "Bob")
    before = shell.json("history", "--advertiser", "acme")
    for name in ("h.csv", "h.jsonl"):
        path = tmp_path / name
        shell.run("history", "--all", "--format", path.suffix[1:], "--out", path)
        other = Shell(tmp_path / name.replace(".", "-"), monkeypatch)
        done = other.json("import-fixes", path)
        assert (done["fixes"], done["events"], done["unmatched"]) == (3, 1, 3)
        assert other.json("import-fixes", path)["known"] == 4
        after = other.json("history", "--advertiser", "acme")
        assert [one["live"] for one in after] == [True, True, False]
        assert {one["source"] for one in after} == {"import"}
        same = set(before[0]) - {"source"}
        assert [{k: one[k] for k in same} for one in after] == [
            {k: one[k] for k in same} for one in before
        ]
        other.run("tag", feed)
        other.run(
            "export", "--advertiser", "acme", "--format", "json", "--out", tmp_path / "s.json"
        )
        (vehicle,) = json.loads((tmp_path / "s.json").read_text())["vehicles"]
        shown = [(one["image_type"]["value"], one["color"]["value"]) for one in vehicle["images"]]
        assert shown == [("Stock", None), ("Dealer", "Red")]
    printed = shell.run("history", "--advertiser", "acme", "--format", "csv", "--url", urls[1])
    assert [line.split(",")[0] for line in printed.stdout.splitlines()] == [
        "event",
        "fix",
        "revert",
    ]


def test_import_says_what_it_could_not_take(shell: Shell, tmp_path: Path) -> None:
    table = tmp_path / "old.csv"
    good = "2021-11-03,acme,https://img.example.com/{n}.jpg,Stock\n"
    table.write_text(
        "date,dealer,image_url,type\n"
        + "".join(good.format(n=n) for n in range(3))
        + "soon,acme,https://img.example.com/1.jpg,Stock\n" * 25
    )
    report = tmp_path / "report.jsonl"
    result = shell.run("import-fixes", table, "--by", "old panel", "--report", report)
    assert "28 rows: 3 fixes and 0 reverts are new, 25 refused." in result.stdout
    assert "line 5, date: 'soon' is no time. Write ISO 8601" in result.stderr
    assert "... and 5 more; --report FILE lists all." in result.stderr
    assert "Unknown advertisers until now: 1 (acme)." in result.stdout
    notes = [json.loads(line) for line in report.read_text().splitlines()]
    assert [note["is_kept"] for note in notes].count(True) == 3
    assert len(notes) == 28
    again = shell.json("import-fixes", table, "--by", "old panel")
    assert (again["known"], again["fixes"], len(again["notes"])) == (3, 0, 25)
    table.write_text("PK\x03\x04")
    with pytest.raises(FeedError, match="ZIP"):
        shell.run("import-fixes", table, "--by", "x")


def test_history_wants_to_know_whose(shell: Shell, tmp_path: Path) -> None:
    for wrong in (
        ("history",),
        ("history", "--all"),
        ("history", "--all", "--advertiser", "acme", "--format", "csv"),
        ("history", "--advertiser", "acme", "--out", tmp_path / "x"),
        ("history", "--advertiser", "acme", "--format", "csv", "--json"),
    ):
        with pytest.raises(UsageError):
            shell.run(*wrong)


def test_oddities_and_misclassified(shell: Shell, host: ImageHost, tmp_path: Path) -> None:
    urls = put(host, 3)
    gone = [urls[0].replace("/0.jpg", f"/gone-{n}.jpg") for n in range(4)]
    shell.run("tag", write_feed(tmp_path, {"v0": urls, "v1": gone}))
    fix = ("fix", "--advertiser", "acme", "--by", "owner", "--role", "advertiser")
    shell.run(*fix, "--url", urls[0], "--type", "Placeholder")
    run, slip = shell.json("oddities")
    assert (run["kind"], run["advertiser"], run["count"], run["of"]) == (
        "skipped_run", "acme", 4, 7,
    )  # fmt: skip
    assert "(not_found 4)" in run["seen"]
    first = run["examples"][0]
    assert (first["advertiser"], first["vehicle_id"], first["url"]) == ("acme", "v1", gone[0])
    assert (first["image_id"], first["fix_id"]) == (None, None)
    assert (slip["kind"], slip["count"]) == ("placeholder_fix", 1)
    assert all(one["why"] and one["advice"] for one in (run, slip))
    text = shell.run("oddities", "--advertiser", "acme").stdout
    assert "Skipped run: acme, 127.0.0.1" in text
    assert f"e.g. acme v1: {gone[0]}" in text
    assert text.endswith("2 oddities.\n")
    (wrong,) = shell.json("misclassified", "--by", "advertiser")
    assert wrong == {
        "group": "acme",
        "field": "image_type",
        "from": "Dealer",
        "to": "Placeholder",
        "wrong": 1,
        "images": 3,
        "share": 0.3333,
    }
    assert "1 wrong answer." in shell.run("misclassified", "--by", "host").stdout
    assert shell.json("misclassified", "--since", "2099-01-01") == []
    with pytest.raises(NotFoundError, match="no advertiser 'nobody'"):
        shell.run("oddities", "--advertiser", "nobody")


def test_tag_keeps_how_classes_are_shared_out(
    shell: Shell, host: ImageHost, settings: Settings, tmp_path: Path
) -> None:
    shell.run("tag", write_feed(tmp_path, {"v0": put(host, 4)}))
    engine = create_engine(settings.database_url)
    with reading(engine) as connection:
        kept = connection.execute(
            sa.select(class_counts.c.field, class_counts.c.value, class_counts.c.images)
        ).all()
    engine.dispose()
    assert sorted(map(tuple, kept)) == [("color", "Red", 4), ("image_type", "Dealer", 4)]
