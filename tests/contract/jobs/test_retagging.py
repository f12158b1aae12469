"""Stored images are answered anew, from thumbnails, behind other work and through kills."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from forecourt import release, review
from forecourt.core.errors import NotFoundError, StateError
from forecourt.core.findings import Level
from forecourt.core.fixes import Actor, ActSource, NewAct
from forecourt.core.labels import Color
from forecourt.core.records import Role
from forecourt.core.settings import Settings
from forecourt.core.trials import Retag, RetagStatus
from forecourt.jobs.doctor_database import judge_retags
from forecourt.jobs.engines import Engines
from forecourt.jobs.retagging import attempt_retag, claim_of, run_retag
from forecourt.jobs.tasks import run_scrape
from forecourt.jobs.workspace import Workspace
from forecourt.store import retags as stored_retags
from forecourt.store.engine import reading, writing
from forecourt.store.schema import images
from forecourt.store.scrapes import Scrape
from tests.contract.jobs.conftest import Runner, paints, wait_for
from tests.support.image_host import ImageHost
from tests.support.pictures import jpeg
from tests.support.tiny_bundle import PAINTS
from tests.support.trials import NOW, answers, register_three, said_by, shown

Accept = Callable[..., Scrape]


@pytest.fixture
def settings(settings: Settings, database: str | None, tmp_path: Path) -> Settings:
    return register_three(settings, database, tmp_path)


def tag(engines: Engines, accept: Accept, urls: list[str], advertiser: str = "acme") -> None:
    run_scrape(engines, accept(urls, advertiser).id)


def promote(workspace: Workspace, version: str) -> release.Promoted:
    with writing(workspace.engine) as connection:
        return release.promote(
            connection, workspace.settings.home, version, by="ann", note="", at=NOW
        )


def ask(workspace: Workspace, version: str | None = None, advertiser: str | None = None) -> Retag:
    with writing(workspace.engine) as connection:
        return release.request_retag(connection, version, advertiser=advertiser, by="ann", at=NOW)


def find(workspace: Workspace, retag_id: int) -> Retag:
    with reading(workspace.engine) as connection:
        return release.find_retag(connection, retag_id)


def test_images_are_answered_by_the_champion_without_a_download_and_fixes_stay(
    engines: Engines, accept: Accept, host: ImageHost
) -> None:
    workspace = engines.workspace
    urls = paints(host, 3) + paints(host, 2, "Blue")
    tag(engines, accept, urls)
    act = NewAct(actor=Actor(name="ada", role=Role.STAFF), at=NOW, source=ActSource.API)
    with writing(workspace.engine) as connection:
        review.fix_images(
            connection,
            act,
            advertiser="acme",
            urls=urls[:1],
            change=review.Change(color=Color.PINK, sets_color=True),
            model_version="tiny-1",
        )
    promote(workspace, "tiny-2")
    before = shown(workspace.engine, "tiny-2")
    assert [color for color, _ in before] == ["Pink", "Red", "Red", "Blue", "Blue"]
    assert [reason for _, reason in before[1:]] == ["stale_model"] * 4
    bodies = host.bodies()

    done = run_retag(workspace, ask(workspace).id, threads=1)

    assert done.status is RetagStatus.FINISHED
    assert (done.model_version, done.images, done.looked_at, done.answered, done.missed) == (
        "tiny-2", 5, 5, 5, 0,
    )  # fmt: skip
    after = shown(workspace.engine, "tiny-2")
    red, blue = said_by("tiny-2", "Red"), said_by("tiny-2", "Blue")
    assert [color for color, _ in after] == ["Pink", red, red, blue, blue]
    assert "stale_model" not in {reason for _, reason in after}
    assert host.bodies() == bodies
    again = run_retag(workspace, ask(workspace).id, threads=1)
    assert (again.looked_at, again.answered) == (5, 0), "a prediction per image and version"
    assert again.id != done.id


def test_only_what_an_advertiser_shows_now(
    engines: Engines, accept: Accept, host: ImageHost
) -> None:
    workspace = engines.workspace
    old, new = paints(host, 2), paints(host, 3, "Green")
    tag(engines, accept, old)
    tag(engines, accept, new)  # the first two are shown by nobody any more
    tag(engines, accept, paints(host, 4, "Black"), "zenith")
    promote(workspace, "tiny-2")
    done = run_retag(workspace, ask(workspace, advertiser="acme").id, threads=1)
    assert (done.looked_at, done.answered) == (3, 3)
    assert set(answers(workspace.engine, "tiny-2").values()) == {said_by("tiny-2", "Green")}
    rest = run_retag(workspace, ask(workspace).id, threads=1)
    assert (rest.looked_at, rest.answered) == (7, 4)


def test_stopped_run_goes_on_where_it_was(
    engines: Engines, accept: Accept, host: ImageHost
) -> None:
    """Three advertisers of one portion each: it stops after the first, and once more in between."""
    workspace = engines.workspace
    for number, name in enumerate(("acme", "bravo", "chas")):
        tag(engines, accept, paints(host, 2, list(PAINTS)[number]), name)
    promote(workspace, "tiny-2")
    retag = ask(workspace)
    looks: list[int] = []
    for until in (1, 2):
        stopped = run_retag(
            workspace,
            retag.id,
            threads=1,
            is_stopping=lambda until=until: len(answers(workspace.engine, "tiny-2")) >= 2 * until,
            on_progress=lambda one: looks.append(one.looked_at),
        )
        assert stopped.status is RetagStatus.RUNNING
        assert find(workspace, retag.id).looked_at == 2 * until
        assert ask(workspace).id == retag.id, "the same command again goes on"
    done = run_retag(
        workspace, retag.id, threads=1, on_progress=lambda one: looks.append(one.looked_at)
    )
    assert (done.status, done.looked_at, done.answered) == (RetagStatus.FINISHED, 6, 6)
    assert looks == [0, 2, 2, 4, 4, 6]
    assert run_retag(workspace, retag.id, threads=1) == done, "one that has ended is left alone"


def test_run_that_was_overtaken_ends_and_counts_nothing_twice(
    engines: Engines, accept: Accept, host: ImageHost
) -> None:
    workspace = engines.workspace
    for number, name in enumerate(("acme", "bravo")):
        tag(engines, accept, paints(host, 2, list(PAINTS)[number]), name)
    promote(workspace, "tiny-2")
    retag = ask(workspace)

    def overtake() -> bool:
        run_retag(workspace, retag.id, threads=1)
        return False

    seen = run_retag(workspace, retag.id, threads=1, is_stopping=overtake)
    assert (seen.status, seen.looked_at, seen.answered) == (RetagStatus.FINISHED, 4, 4)


def test_cancelled_run_ends_and_keeps_its_answers(
    engines: Engines, accept: Accept, host: ImageHost
) -> None:
    workspace = engines.workspace
    for number, name in enumerate(("acme", "bravo")):
        tag(engines, accept, paints(host, 2, list(PAINTS)[number]), name)
    retag = ask(workspace, "tiny-2")

    def cancel_it() -> bool:
        with writing(workspace.engine) as connection:
            release.cancel_retag(connection, retag.id, at=NOW)
        return False

    ended = run_retag(workspace, retag.id, threads=1, is_stopping=cancel_it)
    assert ended.status is RetagStatus.CANCELLED
    assert len(answers(workspace.engine, "tiny-2")) == 2
    with writing(workspace.engine) as connection:
        assert release.cancel_retag(connection, retag.id, at=NOW) == ended, "twice is once"
    finished = run_retag(workspace, ask(workspace).id, threads=1)
    with writing(workspace.engine) as connection, pytest.raises(StateError, match="is finished"):
        release.cancel_retag(connection, finished.id, at=NOW)


def test_images_without_a_thumbnail_are_counted(
    engines: Engines, accept: Accept, host: ImageHost
) -> None:
    workspace = engines.workspace
    tag(engines, accept, paints(host, 3))
    with writing(workspace.engine) as connection:
        first, second, _ = connection.scalars(sa.select(images.c.id).order_by(images.c.id))
        connection.execute(sa.update(images).where(images.c.id == first).values(thumbnail=None))
        address = connection.scalar(sa.select(images.c.thumbnail).where(images.c.id == second))
    path = workspace.media.path(str(address))
    assert path is not None
    path.write_bytes(b"rust")
    done = run_retag(workspace, ask(workspace, "tiny-2").id, threads=1)
    assert (done.status, done.looked_at, done.answered, done.missed) == (
        RetagStatus.FINISHED, 3, 1, 2,
    )  # fmt: skip


def test_answers_ahead_of_a_promotion_are_shown_to_nobody_until_then(
    engines: Engines, accept: Accept, host: ImageHost
) -> None:
    """tiny-2 answers ahead; then tiny-3 is promoted: what is stale is tiny-1's, which was shown."""
    workspace = engines.workspace
    tag(engines, accept, paints(host, 1))
    assert run_retag(workspace, ask(workspace, "tiny-2").id, threads=1).is_ahead
    promote(workspace, "tiny-3")
    assert shown(workspace.engine, "tiny-3") == [("Red", "stale_model")]
    promote(workspace, "tiny-2")
    assert [color for color, _ in shown(workspace.engine, "tiny-2")] == [said_by("tiny-2", "Red")]
    promote(workspace, "tiny-3")  # and from now on, tiny-2's is the latest that was shown
    assert shown(workspace.engine, "tiny-3") == [(said_by("tiny-2", "Red"), "stale_model")]


def test_next_promotion_cancels_what_the_one_before_asked_for(workspace: Workspace) -> None:
    done = promote(workspace, "tiny-2")
    with writing(workspace.engine) as connection:
        asked = release.request_retag(
            connection, "tiny-2", promotion_id=done.promotion.id, by="ann", at=NOW
        )
    own = ask(workspace, "tiny-3")
    with writing(workspace.engine) as connection:
        release.rollback(connection, workspace.settings.home, by="ann", note="", at=NOW)
    assert find(workspace, asked.id).status is RetagStatus.CANCELLED
    assert find(workspace, own.id).status is RetagStatus.ACCEPTED, "a person asked for that one"


def test_what_there_is_not_is_said(workspace: Workspace) -> None:
    with pytest.raises(NotFoundError, match="no model 'nope'"):
        ask(workspace, "nope")
    with pytest.raises(NotFoundError, match="no advertiser 'acme'"):
        ask(workspace, advertiser="acme")
    with pytest.raises(NotFoundError, match=r"no re-tag 7; `forecourt models retags`"):
        run_retag(workspace, 7, threads=1)
    done = run_retag(workspace, ask(workspace).id, threads=1)
    assert (done.status, done.images) == (RetagStatus.FINISHED, 0)


def test_one_that_somebody_is_at_is_left_to_them(engines: Engines) -> None:
    workspace, claims = engines.workspace, engines.claims
    retag = ask(workspace)
    assert claims.take([claim_of(retag.id)])
    never = lambda: False  # noqa: E731
    assert attempt_retag(workspace, claims, retag.id, is_stopping=never) is None
    assert find(workspace, retag.id).status is RetagStatus.ACCEPTED
    claims.release([claim_of(retag.id)])
    assert attempt_retag(workspace, claims, retag.id, is_stopping=never) is RetagStatus.FINISHED


def test_failure_is_kept_with_it_and_it_is_tried_again(
    engines: Engines, settings: Settings
) -> None:
    workspace = engines.workspace
    retag = ask(workspace, "tiny-2")
    network = settings.home / "models" / "tiny-2" / "model.onnx"
    good = network.read_bytes()
    network.write_bytes(b"rust")
    with pytest.raises(Exception, match="cannot be used"):
        attempt_retag(workspace, engines.claims, retag.id, is_stopping=lambda: False)
    failed = find(workspace, retag.id)
    assert (failed.failures, failed.is_unfinished) == (1, True)
    assert "BundleError: Model tiny-2 cannot be used" in (failed.last_error or "")
    finding = judge_retags([ask(workspace), failed])
    assert finding.level is Level.WARNING
    assert f"{failed.id} has broken off 1 times: BundleError" in finding.found
    assert f"cancel-retag {failed.id}" in (finding.mend or "")
    assert judge_retags([ask(workspace)]).level is Level.OK
    network.write_bytes(good)
    attempt_retag(workspace, engines.claims, retag.id, is_stopping=lambda: False)
    assert find(workspace, retag.id).status is RetagStatus.FINISHED


def test_runner_carries_out_what_is_asked_for(
    engines: Engines,
    accept: Accept,
    host: ImageHost,
    make_runner: Callable[..., Runner],
) -> None:
    workspace = engines.workspace
    tag(engines, accept, [host.put("/red.jpg", jpeg(PAINTS["Red"]))])
    promote(workspace, "tiny-2")
    retag = ask(workspace)
    make_runner(scrapes_at_once=1).start()
    wait_for(lambda: not find(workspace, retag.id).is_unfinished)
    done = find(workspace, retag.id)
    assert (done.status, done.answered) == (RetagStatus.FINISHED, 1)
    assert list(answers(workspace.engine, "tiny-2").values()) == [said_by("tiny-2", "Red")]
    with reading(workspace.engine) as connection:
        assert stored_retags.list_unfinished(connection) == []
