"""Challengers and re-tags as a person types them, and a re-tag killed in the middle."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from forecourt.core.settings import Settings
from forecourt.jobs.workspace import open_store
from forecourt.store.engine import reading
from forecourt.store.media import MediaFolder
from forecourt.store.schema import predictions, retags
from tests.support.command_line import Run, Start
from tests.support.image_host import ImageHost
from tests.support.stocked import stock
from tests.support.tiny_bundle import write_tiny_bundle
from tests.support.trials import SHIFTS, said_by

PATIENCE_S = 60.0


@pytest.fixture
def three(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command_settings: None,  # noqa: ARG001  # it pins a model
) -> None:
    """tiny-1 is the champion, tiny-2 and tiny-3 are registered; none is pinned."""
    monkeypatch.delenv("FORECOURT_VISION__BUNDLE")
    for version, shift in SHIFTS.items():
        bundle = write_tiny_bundle(tmp_path / version, version=version, shift=shift)
        assert run("models", "add", bundle, "--by", "ann").code == 0
    assert run("models", "promote", "tiny-1", "--by", "ann").code == 0


def color(run: Run) -> str:
    """What the sitemap says of the first image: red."""
    (vehicle, *_) = run("export", "--advertiser", "acme", "--format", "json").json["vehicles"]
    found: str = vehicle["images"][0]["color"]["value"]
    return found


@pytest.mark.usefixtures("three")
def test_challenger_in_the_shadow(run: Run, feed: Path) -> None:
    started = run("models", "shadow", "start", "tiny-2", "--by", "ann", "--note", "vans", "--json")
    assert (started.json["kind"], started.json["share"]) == ("start", 1.0)
    assert run("tag", feed).code == 0
    assert color(run) == "Red"
    (one,) = run("models", "disagreements", "--json").json["items"]
    assert (one["advertiser"], one["champion"]["color"]) == ("acme", "Red")
    assert one["challenger"]["color"] == said_by("tiny-2", "Red")
    told = run("models", "disagreements").out
    assert one["url"] in told
    agreement = run("models", "agreement", "tiny-2", "--json").json
    assert (agreement["images"], agreement["agreeing"]) == (2, 1)
    assert agreement["by_type"]["Placeholder"] == {"images": 1, "agreeing": 1}
    assert "tiny-2 says what tiny-1 says of 1 of 2 images" in run("models", "agreement").out
    assert run("models", "shadow", "stop", "--by", "ann").code == 0
    assert [one["kind"] for one in run("models", "shadow", "history", "--json").json] == [
        "stop",
        "start",
    ]
    for arguments, told in (
        (["shadow", "stop", "--by", "ann"], "No model is in the shadow"),
        (["shadow", "start", "tiny-2", "--by", "ann", "--share", "2"], "A share is above 0"),
        (["shadow", "start", "nope", "--by", "ann"], "There is no model 'nope'"),
        (["disagreements"], "say which one is to be compared"),
    ):
        wrong = run("models", *arguments)
        assert (wrong.code, wrong.err.count("\n")) == (2, 1)
        assert told in wrong.err


@pytest.mark.usefixtures("three")
def test_canary_with_a_retag(run: Run, feed: Path, host: ImageHost) -> None:
    run("tag", feed)
    bodies = host.bodies()
    command = ["models", "canary", "start", "tiny-2", "-a", "acme", "--by", "ann", "--retag"]
    assert [one["advertiser"] for one in run(*command, "--json").json] == ["acme"]
    assert color(run) == "Red", "until the re-tag is carried out"
    waiting = run("models", "retags", "--json").json
    assert [one["status"] for one in waiting] == ["accepted"]
    done = run("models", "retag", "--advertiser", "acme", "--by", "ann", "--json").json
    assert (done["id"], done["model_version"]) == (waiting[0]["id"], "tiny-2")
    assert (done["status"], done["answered"], host.bodies()) == ("finished", 2, bodies)
    assert color(run) == said_by("tiny-2", "Red")
    assert "acme" in run("models", "canary", "list").out
    ended = run("models", "canary", "end", "--promote", "--by", "ann", "--json").json
    assert (ended["model_version"], ended["reason"]) == ("tiny-2", "was a canary")
    assert run("models", "canary", "list", "--json").json == []
    assert color(run) == said_by("tiny-2", "Red")
    steps = run("models", "canary", "history", "--json").json
    assert [one["kind"] for one in steps] == ["promote", "start"]
    nobody = run("models", "canary", "end", "--by", "ann")
    assert (nobody.code, "answered by the champion already" in nobody.err) == (2, True)
    assert run("models", "canary", "end", "--promote", "--by", "ann").code == 2


@pytest.mark.usefixtures("three")
def test_promotion_that_asks_for_a_retag(run: Run, feed: Path) -> None:
    run("tag", feed)
    assert run("models", "promote", "tiny-2", "--by", "ann", "--retag").code == 0
    (asked,) = run("models", "retags", "--json").json
    assert (asked["model_version"], asked["status"]) == ("tiny-2", "accepted")
    assert asked["promotion_id"] is not None
    shown = run("models", "retag", "--by", "ann").out
    assert f"Re-tag {asked['id']}" in shown
    assert "is finished: 2 images looked at, 2 answered." in shown
    assert color(run) == said_by("tiny-2", "Red")
    later = run("models", "retag", "tiny-3", "--later", "--by", "ann", "--json").json
    assert later["status"] == "accepted"
    cancelled = run("models", "cancel-retag", str(later["id"]), "--by", "ann", "--json").json
    assert cancelled["status"] == "cancelled"
    assert "cancelled" in run("models", "retags").out
    assert run("models", "cancel-retag", "99", "--by", "ann").code == 2


@pytest.mark.usefixtures("three")
def test_killed_in_the_middle_it_goes_on_where_it_was(run: Run, start: Start) -> None:
    settings = Settings()
    with open_store(settings) as engine:
        stock(
            engine,
            "acme",
            vehicles_count=300,
            images_each=6,
            model_version="tiny-1",
            media=MediaFolder(settings.home / "media"),
        )

        def ask(query: sa.Select[tuple[int]]) -> int:
            with reading(engine) as connection:
                return connection.scalar(query) or 0

        of_tiny_2 = predictions.c.model_version == "tiny-2"
        count = sa.select(sa.func.count()).select_from(predictions).where(of_tiny_2)
        process = start("models", "retag", "tiny-2", "--by", "ann")
        wait_for(lambda: ask(count) > 0)
        process.kill()
        process.wait(PATIENCE_S)
        looked_at = ask(sa.select(retags.c.looked_at))
        kept = ask(count)
    assert looked_at == kept, "answers, and how far it is, are kept together"
    ended = run("models", "retag", "tiny-2", "--by", "ann", "--json").json
    assert (ended["status"], ended["images"]) == ("finished", ended["looked_at"])
    assert ended["answered"] == ended["images"] > 1_000


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until, "it does not come"
        time.sleep(0.01)
