"""`forecourt webhooks` as people and programs use it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from forecourt import webhooks
from forecourt.access import list_audit
from forecourt.cli import app
from forecourt.core.settings import FetchSettings
from forecourt.core.webhooks import EventType
from forecourt.fetch.post import Poster
from forecourt.store.engine import create_engine, reading, writing
from tests.support.command_line import Run
from tests.support.receiver import Receiver

pytestmark = pytest.mark.usefixtures("command_settings")


def send(home: Path, settings: FetchSettings) -> None:
    """What a server does when a scrape has finished."""
    engine = create_engine(f"sqlite:///{home / 'forecourt.db'}")
    now = datetime.now(UTC)
    with writing(engine) as connection:
        ids = webhooks.announce(
            connection, EventType.SCRAPE_FINISHED, advertiser="acme", data={"images": 2}, at=now
        )
    with Poster(settings) as poster:
        for one in ids:
            webhooks.deliver(engine, poster, one, now=now)
    engine.dispose()


def test_the_life_of_a_webhook(run: Run, tmp_path: Path, fetch_settings: FetchSettings) -> None:
    with Receiver() as receiver:
        url = receiver.put("/hook", status=500, body=b"[bold]out of order[/bold]")
        added = run("webhooks", "add", url, "--by", "Ada", "-a", "acme", "--json").json
        assert added["secret"].startswith("whsec_")
        send(tmp_path / "home", fetch_settings)
    listed = run("webhooks", "list", "--json")
    (webhook,) = listed.json
    assert (webhook["url"], webhook["active"], webhook["events"]) == (url, True, [])
    assert added["secret"] not in listed.out
    shown = run("webhooks", "deliveries").out
    assert "pending, next" in shown
    assert "500 [bold]out of order[/bold]" in shown
    page = run("webhooks", "deliveries", "--state", "pending", "--webhook", "1", "--json").json
    (delivery,) = page["deliveries"]
    assert page["next_cursor"] is None
    assert delivery["body"]["data"] == {"images": 2}
    assert delivery["log"][0]["status"] == 500
    assert "failing since" in run("webhooks", "list").out
    assert "disabled" in run("webhooks", "disable", "1").out
    assert run("webhooks", "list", "--json").json[0]["disabled_reason"] == "by_hand"
    assert run("webhooks", "enable", "1", "--json").json[0]["active"] is True
    rotated = run("webhooks", "rotate", "1").out
    assert "whsec_" in rotated
    assert added["secret"] not in rotated
    refused = run("webhooks", "replay", "1")
    assert refused.code == 2
    assert "Only what is delivered or failed can be replayed" in refused.err


def test_who_did_what_is_in_the_audit_log(
    run: Run, tmp_path: Path, fetch_settings: FetchSettings
) -> None:
    by = ("--by", "Ada")
    with Receiver() as receiver:
        run("webhooks", "add", receiver.put("/hook"), *by, "-a", "acme")
        send(tmp_path / "home", fetch_settings)
    for words in (("disable", "1"), ("enable", "1"), ("rotate", "1"), ("replay", "1")):
        assert run("webhooks", *words, *by).code == 0
    engine = create_engine(f"sqlite:///{tmp_path / 'home' / 'forecourt.db'}")
    with reading(engine) as connection:
        entries = list_audit(connection).entries
    engine.dispose()
    assert sorted((one.action, one.by, one.target, one.advertiser) for one in entries) == [
        ("webhook.create", "Ada", "1", "acme"),
        ("webhook.disable", "Ada", "1", None),
        ("webhook.enable", "Ada", "1", None),
        ("webhook.replay", "Ada", "1", None),
        ("webhook.rotate", "Ada", "1", None),
    ]


def test_a_delivered_one_is_replayed(
    run: Run, tmp_path: Path, fetch_settings: FetchSettings
) -> None:
    with Receiver() as receiver:
        run("webhooks", "add", receiver.put("/hook"), "--by", "Ada")
        send(tmp_path / "home", fetch_settings)
    assert run("webhooks", "replay", "1", "--json").json == {"id": 2, "replay_of": 1}
    shown = run("webhooks", "deliveries", "--limit", "1")
    assert "2 (replay of 1)" in shown.out
    assert shown.err == "More: --cursor 2\n"
    assert "200 ok" in run("webhooks", "deliveries", "--cursor", "2").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("add", "example.com", "--by", "Ada"), "Give one that starts with https://"),
        (("add", "https://example.com", "--by", "Ada", "--event", "x"), "scrape.finished"),
        (("disable", "9"), "There is no webhook 9. `forecourt webhooks list` lists them."),
        (("replay", "9"), "There is no delivery 9. `forecourt webhooks deliveries` lists them."),
        (("deliveries", "--limit", "0"), "A page has 1 to 1,000 deliveries, not 0."),
    ],
)
def test_bad_input_ends_with_2_and_says_what_to_do(
    run: Run, arguments: tuple[str, ...], message: str
) -> None:
    ended = run("webhooks", *arguments)
    assert ended.code == 2
    assert message in ended.err


def test_every_command_has_its_help() -> None:
    group = typer.main.get_command(app).commands["webhooks"]  # type: ignore[attr-defined]
    assert sorted(group.commands) == [
        "add",
        "deliveries",
        "disable",
        "enable",
        "list",
        "replay",
        "rotate",
    ]
    assert CliRunner().invoke(app, ["webhooks", "--help"]).exit_code == 0
