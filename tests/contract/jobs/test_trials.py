"""Challengers beside the champion: in the shadow, and as canaries of chosen advertisers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from forecourt import release
from forecourt.core.agreement import Share
from forecourt.core.errors import NotFoundError, StateError, UsageError
from forecourt.core.settings import Settings
from forecourt.core.trials import CanaryKind, ShadowKind, ShadowStep
from forecourt.jobs import shadow as jobs_shadow
from forecourt.jobs.engines import Engines, open_engines
from forecourt.jobs.shadow import Shadow, is_drawn
from forecourt.jobs.tasks import run_scrape
from forecourt.jobs.watch import follow_registry
from forecourt.jobs.workspace import Workspace, open_workspace
from forecourt.release import agreement
from forecourt.store.engine import reading, writing
from forecourt.store.scrapes import Scrape, take_turn
from forecourt.tagging import Ending
from forecourt.vision.bundle import Bundle
from tests.contract.jobs.conftest import paints, wait_for
from tests.support.image_host import ImageHost
from tests.support.trials import NOW, answer_like, answers, register_three, said_by, shown

Accept = Callable[..., Scrape]


@pytest.fixture
def settings(settings: Settings, database: str | None, tmp_path: Path) -> Settings:
    return register_three(settings, database, tmp_path)


def tag(engines: Engines, accept: Accept, urls: list[str], advertiser: str = "acme") -> Ending:
    return run_scrape(engines, accept(urls, advertiser).id)[1]


def start_shadow(workspace: Workspace, version: str = "tiny-2", share: float = 1.0) -> ShadowStep:
    with writing(workspace.engine) as connection:
        home = workspace.settings.home
        return release.start_shadow(
            connection, home, version, share=share, by="ann", note="", at=NOW
        )


def start_canary(workspace: Workspace, *advertisers: str, version: str = "tiny-2") -> None:
    with writing(workspace.engine) as connection:
        home = workspace.settings.home
        release.start_canary(connection, home, version, advertisers, by="ann", note="", at=NOW)


def promote(workspace: Workspace, version: str) -> None:
    with writing(workspace.engine) as connection:
        release.promote(connection, workspace.settings.home, version, by="ann", note="", at=NOW)


@contextmanager
def at_work(settings: Settings) -> Iterator[Engines]:
    """Another process, opened after what was done before."""
    with open_workspace(settings) as workspace, open_engines(workspace) as engines:
        yield engines


# ---- shadow --------------------------------------------------------------------------------------


def test_challenger_answers_what_scrapes_bring_and_nobody_is_shown_it(
    engines: Engines, accept: Accept, host: ImageHost
) -> None:
    workspace = engines.workspace
    known = paints(host, 2, "Blue")
    tag(engines, accept, known)
    start_shadow(workspace)
    follow_registry(engines)
    tag(engines, accept, known + paints(host, 3))
    wait_for(lambda: len(answers(workspace.engine, "tiny-2")) == 3)
    red = said_by("tiny-2", "Red")
    assert set(answers(workspace.engine, "tiny-2").values()) == {red}
    assert [color for color, _ in shown(workspace.engine, "tiny-1")] == ["Blue"] * 2 + ["Red"] * 3
    promote(workspace, "tiny-3")
    assert set(shown(workspace.engine, "tiny-3")) == {
        ("Blue", "stale_model"),
        ("Red", "stale_model"),
    }


def test_share_is_drawn_by_a_hash(engines: Engines, accept: Accept, host: ImageHost) -> None:
    step = start_shadow(engines.workspace, share=0.5)
    follow_registry(engines)
    tag(engines, accept, paints(host, 24))
    engines.shadow.close()
    found = set(answers(engines.workspace.engine, "tiny-2"))
    all_of_them = answers(engines.workspace.engine, "tiny-1")
    assert found == {image_id for image_id in all_of_them if is_drawn(image_id, step)}
    assert 0 < len(found) < 24
    drawn = Counter(is_drawn(number, step) for number in range(10_000))
    assert 4_800 < drawn[True] < 5_200


def test_what_was_offered_is_answered_before_the_process_ends(
    settings: Settings, workspace: Workspace, accept: Accept, host: ImageHost
) -> None:
    start_shadow(workspace)
    with at_work(settings) as engines:
        tag(engines, accept, paints(host, 5))
    assert len(answers(workspace.engine, "tiny-2")) == 5


def test_challenger_that_cannot_be_loaded_fails_no_scrape(
    engines: Engines, accept: Accept, host: ImageHost, settings: Settings
) -> None:
    start_shadow(engines.workspace)
    (settings.home / "models" / "tiny-2" / "model.onnx").write_bytes(b"rust")
    follow_registry(engines)
    assert tag(engines, accept, paints(host, 3)) is Ending.FINISHED
    engines.shadow.close()
    assert answers(engines.workspace.engine, "tiny-2") == {}
    assert len(answers(engines.workspace.engine, "tiny-1")) == 3


def test_slow_challenger_holds_up_nothing_and_its_pile_is_bounded(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_shadow, "_MOST_PICTURES", 10)
    asked: list[str] = []

    def never(version: str) -> Bundle:
        asked.append(version)
        raise NotFoundError("It takes for ever.")

    step = start_shadow(workspace)
    shadow = Shadow(workspace.engine, workspace.settings.vision, never)
    shadow.offer({1: b"nobody is in the shadow yet"})
    assert (len(shadow._pile), asked) == (0, [])
    shadow._challenger = step  # without its thread: as slow as can be
    shadow.offer(dict.fromkeys(range(1000), b"x"))
    assert len(shadow._pile) == 10
    monkeypatch.setattr(jobs_shadow, "_MOST_PICTURES", 100)
    monkeypatch.setattr(jobs_shadow, "_MOST_BYTES", 12)
    shadow.offer({1: b"xxx"})
    assert (len(shadow._pile), shadow._passed_over) == (10, 991)


def test_the_last_step_says_who_is_in_the_shadow(workspace: Workspace) -> None:
    def stop() -> None:
        with writing(workspace.engine) as connection:
            release.stop_shadow(connection, by="ann", note="", at=NOW)

    def now() -> str | None:
        with reading(workspace.engine) as connection:
            step = release.shadow(connection)
        return step.model_version if step else None

    with pytest.raises(StateError, match="No model is in the shadow"):
        stop()
    start_shadow(workspace)
    with pytest.raises(StateError, match="tiny-2 is in the shadow already"):
        start_shadow(workspace)
    start_shadow(workspace, share=0.5)
    start_shadow(workspace, "tiny-3")
    assert now() == "tiny-3"
    stop()
    assert now() is None
    start_shadow(workspace)
    promote(workspace, "tiny-2")
    assert now() is None
    for wrong, error in (("tiny-2", "is the champion"), ("nope", "no model 'nope'")):
        with pytest.raises((StateError, NotFoundError), match=error):
            start_shadow(workspace, wrong)
    for share in (0.0, 1.5, float("nan")):
        with pytest.raises(UsageError, match="above 0 and at most 1"):
            start_shadow(workspace, "tiny-3", share)
    with reading(workspace.engine) as connection:
        steps = release.latest_shadow_steps(connection, limit=10)
        assert release.latest_shadow_steps(connection, before_id=steps[0].id, limit=10) == steps[1:]
    assert [(one.kind, one.model_version, one.reason) for one in steps[:3]] == [
        (ShadowKind.STOP, "tiny-2", "became the champion"),
        (ShadowKind.START, "tiny-2", ""),
        (ShadowKind.STOP, "tiny-3", ""),
    ]


def test_challenger_is_exchanged_while_at_work(
    engines: Engines, accept: Accept, host: ImageHost
) -> None:
    workspace = engines.workspace
    for version, paint in (("tiny-2", "Red"), ("tiny-3", "Blue")):
        start_shadow(workspace, version)
        follow_registry(engines)
        tag(engines, accept, paints(host, 2, paint))
        wait_for(lambda version=version: len(answers(workspace.engine, version)) == 2)
    assert set(answers(workspace.engine, "tiny-3").values()) == {said_by("tiny-3", "Blue")}


# ---- agreement -----------------------------------------------------------------------------------


def test_disagreements_are_listed_in_pages_and_counted_by_class_and_advertiser(
    engines: Engines, accept: Accept, host: ImageHost
) -> None:
    """tiny-2 names another colour everywhere, and the same type."""
    workspace = engines.workspace
    start_shadow(workspace)
    follow_registry(engines)
    shared = paints(host, 1)
    tag(engines, accept, shared + paints(host, 2, "Blue"))
    tag(engines, accept, [*shared, *paints(host, 1, "Green")], "zenith")
    wait_for(lambda: len(answers(workspace.engine, "tiny-2")) == 4)
    with reading(workspace.engine) as connection:
        found = release.count_agreement(connection, "tiny-2")
        of_zenith = release.count_agreement(connection, "tiny-2", advertiser="zenith")
        with_itself = release.count_agreement(connection, "tiny-2", against="tiny-2")
        first = release.list_disagreements(connection, "tiny-2", limit=3)
        rest = release.list_disagreements(connection, "tiny-2", before_id=first.before_id, limit=3)
        zenith = release.list_disagreements(connection, "tiny-2", advertiser="zenith", limit=9)
        with pytest.raises(NotFoundError, match="no model 'nope'"):
            release.count_agreement(connection, "nope")
    assert (found.against, found.total) == ("tiny-1", Share(4, 0))
    assert found.by_type == {"Dealer": Share(4, 4)}
    assert found.by_color == {"Blue": Share(2, 0), "Green": Share(1, 0), "Red": Share(1, 0)}
    assert found.by_advertiser == {"acme": Share(3, 0), "zenith": Share(2, 0)}
    assert (of_zenith.total, of_zenith.by_advertiser) == (Share(2, 0), {"zenith": Share(2, 0)})
    assert with_itself.total == Share(4, 4)
    assert len({one.image_id for one in (*first.found, *rest.found)}) == 4
    assert {(one.champion.color, one.challenger.color) for one in (*first.found, *rest.found)} == {
        (paint, said_by("tiny-2", paint)) for paint in ("Red", "Blue", "Green")
    }
    assert {(one.advertiser, one.url) for one in zenith.found} >= {("zenith", shared[0])}
    assert len(zenith.found) == 2
    assert all(one.thumbnail and 0 < one.challenger.color_confidence <= 1 for one in zenith.found)
    assert (rest.before_id, zenith.before_id) == (None, None)


def test_two_models_that_agree_on_millions_are_looked_through_in_windows(
    engines: Engines, accept: Accept, host: ImageHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = engines.workspace
    tag(engines, accept, paints(host, 5))
    answer_like(workspace.engine, "tiny-2", "tiny-1", every=5)  # another colour of the first alone
    monkeypatch.setattr(agreement, "LATEST", 2)
    pages, before_id = [], None
    for _ in range(4):
        with reading(workspace.engine) as connection:
            page = release.list_disagreements(connection, "tiny-2", before_id=before_id, limit=50)
        pages.append(len(page.found))
        if (before_id := page.before_id) is None:
            break
    assert pages == [0, 0, 1]
    with reading(workspace.engine) as connection:
        assert release.count_agreement(connection, "tiny-2").total == Share(2, 2)
        of_acme = release.count_agreement(connection, "tiny-2", advertiser="acme")
        assert of_acme.by_advertiser == {"acme": Share(2, 2)}


# ---- canaries ------------------------------------------------------------------------------------


def test_chosen_advertisers_are_answered_by_the_canary_and_others_are_not(
    engines: Engines, settings: Settings, accept: Accept, host: ImageHost
) -> None:
    workspace = engines.workspace
    urls = paints(host, 2)
    for name in ("acme", "zenith"):
        tag(engines, accept, urls, name)
    start_canary(workspace, "acme")
    assert engines.models.version_for("acme") == "tiny-1", "until this process has looked"
    follow_registry(engines)
    assert (engines.models.version_for("acme"), engines.models.version_for("zenith")) == (
        "tiny-2", "tiny-1",
    )  # fmt: skip
    for name in ("acme", "zenith"):
        tag(engines, accept, urls + paints(host, 1, "Blue"), name)
    mine = [color for color, _ in shown(workspace.engine, "tiny-2", "acme")]
    red, blue = said_by("tiny-2", "Red"), said_by("tiny-2", "Blue")
    assert mine == [red, red, blue]
    theirs = [color for color, _ in shown(workspace.engine, "tiny-1", "zenith")]
    assert theirs == ["Red", "Red", "Blue"]
    with at_work(settings) as later:  # whoever starts now knows it at once
        assert later.models.canaries == {"acme": "tiny-2"}
        assert later.workspace.version_for("acme") == "tiny-2"
        assert later.workspace.version_for("zenith") == "tiny-1"


def test_canaries_end_by_being_dropped_or_promoted(
    engines: Engines, accept: Accept, host: ImageHost
) -> None:
    workspace = engines.workspace
    for name in ("acme", "zenith", "third"):
        tag(engines, accept, paints(host, 1), name)
    start_canary(workspace, "acme", "zenith")
    start_canary(workspace, "third", version="tiny-3")
    follow_registry(engines)

    def drop(*names: str) -> None:
        with writing(workspace.engine) as connection:
            release.drop_canaries(connection, names or None, by="bob", note="worse", at=NOW)

    drop("acme")
    follow_registry(engines)
    assert engines.models.canaries == {"zenith": "tiny-2", "third": "tiny-3"}
    with pytest.raises(StateError, match="acme: answered by the champion already"):
        drop("acme", "zenith")
    promote(workspace, "tiny-2")
    follow_registry(engines)
    assert engines.models.bundle.version == "tiny-2"
    assert engines.models.canaries == {"third": "tiny-3"}, "another model's canary goes on"
    drop()
    follow_registry(engines)
    assert engines.models.canaries == {}
    with pytest.raises(StateError, match="Nobody: answered by the champion already"):
        drop()
    with reading(workspace.engine) as connection:
        steps = release.latest_canary_steps(connection, limit=10)
    assert [(one.kind, one.advertiser) for one in steps[:3]] == [
        (CanaryKind.DROP, "third"),
        (CanaryKind.PROMOTE, "zenith"),
        (CanaryKind.DROP, "acme"),
    ]


def test_canary_that_cannot_be_loaded_answers_nobody(
    engines: Engines, accept: Accept, host: ImageHost, settings: Settings
) -> None:
    workspace = engines.workspace
    tag(engines, accept, paints(host, 1))
    start_canary(workspace, "acme")
    network = settings.home / "models" / "tiny-2" / "model.onnx"
    good = network.read_bytes()
    network.write_bytes(b"rust")
    follow_registry(engines)
    assert engines.models.version_for("acme") == "tiny-1"
    assert tag(engines, accept, paints(host, 2)) is Ending.FINISHED
    network.write_bytes(good)
    follow_registry(engines)
    assert engines.models.version_for("acme") == "tiny-2"


def test_run_keeps_the_model_that_it_began_with(engines: Engines, workspace: Workspace) -> None:
    with writing(workspace.engine) as connection:
        take_turn(connection, "acme", at=NOW)
    start_canary(workspace, "acme")
    with engines.models.pipeline("acme") as before:
        follow_registry(engines)
        with engines.models.pipeline("acme") as now:
            assert (before.model_version, now.model_version) == ("tiny-1", "tiny-2")
            with writing(workspace.engine) as connection:
                release.drop_canaries(connection, None, by="ann", note="", at=NOW)
            follow_registry(engines)
            assert now.run([b"no picture"]), "it is closed by its last user, not before"
    assert now._pool._shutdown


def test_pinned_model_answers_everybody(
    engines: Engines, settings: Settings, accept: Accept, host: ImageHost
) -> None:
    tag(engines, accept, paints(host, 1))
    start_canary(engines.workspace, "acme")
    vision = settings.vision.model_copy(update={"bundle": settings.home / "models" / "tiny-3"})
    with at_work(settings.model_copy(update={"vision": vision})) as pinned:
        assert pinned.models.version_for("acme") == "tiny-3"
        follow_registry(pinned)
        assert pinned.models.version_for("acme") == "tiny-3"


def test_wrong_canaries_are_refused(engines: Engines, accept: Accept, host: ImageHost) -> None:
    workspace = engines.workspace
    tag(engines, accept, paints(host, 1))
    with pytest.raises(UsageError, match="Say which advertisers"):
        start_canary(workspace)
    with pytest.raises(NotFoundError, match="no advertiser 'nobody'"):
        start_canary(workspace, "acme", "nobody")
    with pytest.raises(StateError, match="tiny-1 is the champion"):
        start_canary(workspace, "acme", version="tiny-1")
    with pytest.raises(NotFoundError, match="no model 'nope'"):
        start_canary(workspace, "acme", version="nope")
    start_canary(workspace, "acme")
    with pytest.raises(StateError, match="tiny-2 answers them already"):
        start_canary(workspace, "acme")
    start_canary(workspace, "acme", version="tiny-3")
    with reading(workspace.engine) as connection:
        assert [one.model_version for one in release.list_canaries(connection)] == ["tiny-3"]
