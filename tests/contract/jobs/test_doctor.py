"""The doctor finds what is broken for real, says how to mend it, and changes nothing."""

from __future__ import annotations

import resource
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from forecourt.core.findings import Finding, Level, findings_to_json, worst
from forecourt.core.settings import Settings
from forecourt.fetch.client import Fetcher
from forecourt.jobs import doctor
from forecourt.jobs.doctor_database import judge_clock, judge_queue
from forecourt.jobs.doctor_egress import check_egress
from forecourt.jobs.queue_health import QueueHealth
from forecourt.jobs.tasks import run_scrape
from forecourt.jobs.workspace import Workspace, open_workspace
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.engine import create_engine, writing
from tests.contract.jobs.conftest import Runner, paints, wait_for
from tests.support.image_host import ImageHost

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


def look(settings: Settings, egress: str | None = None) -> dict[str, Finding]:
    found = list(doctor.examine(settings, egress=egress))
    by_name = {one.check: one for one in found}
    assert len(by_name) == len(found)
    assert all(one.mend for one in found if one.level is Level.FAILED)
    return by_name


def grave(found: dict[str, Finding]) -> dict[str, Level]:
    return {name: one.level for name, one in found.items() if one.level is not Level.OK}


def pinned(level: Level = Level.WARNING) -> dict[str, Level]:
    """The tests pin a model, which the doctor tells."""
    return {"model": level}


# ---- all is well ---------------------------------------------------------------------------------


def test_a_sound_installation_is_found_sound(
    workspace: Workspace, engines: object, accept: Callable[..., object], host: ImageHost
) -> None:
    scrape = accept(paints(host, 4))
    run_scrape(engines, scrape.id)  # type: ignore[arg-type,attr-defined]
    found = look(workspace.settings)
    absent = {} if workspace.engine.dialect.name == "sqlite" else {"workers": Level.WARNING}
    assert grave(found) == pinned() | absent
    assert "all of 4 thumbnails" in found["media"].found
    assert "answers" in found["model"].found


def test_nothing_is_made_by_looking(settings: Settings) -> None:
    found = look(settings)
    assert not settings.home.exists()
    assert grave(found) == {"home": Level.WARNING, "database": Level.WARNING} | pinned()


def test_an_empty_database_stays_empty(settings: Settings, database: str | None) -> None:
    given = settings.model_copy(update={"database": database})
    engine = create_engine(given.database_url)
    with engine.begin() as connection:
        if database is not None:  # it comes migrated
            connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            connection.execute(sa.text("CREATE SCHEMA public"))
    found = look(given)
    assert found["schema"].level is Level.WARNING
    assert "forecourt migrate" in found["schema"].mend
    assert sa.inspect(engine).get_table_names() == []
    engine.dispose()


def test_a_schema_of_a_later_release_fails(workspace: Workspace) -> None:
    with writing(workspace.engine) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    found = look(workspace.settings)
    assert found["schema"].level is Level.FAILED
    assert "9999" in found["schema"].found


# ---- disk ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("below", ["file", "/proc"])
def test_a_home_that_cannot_be_written_fails(
    settings: Settings, tmp_path: Path, below: str
) -> None:
    (tmp_path / "file").write_text("")
    home = tmp_path / below / "home"
    assert grave(look(settings.model_copy(update={"home": home})))["home"] is Level.FAILED


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process may grow, as on a full disk; nor may pytest's own output."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


def test_a_full_disk_fails(tmp_path: Path) -> None:
    with full_disk():
        (found,) = doctor.check_home(tmp_path)
    assert found.level is Level.FAILED
    assert "make room" in found.mend


@pytest.mark.parametrize(
    ("free", "level"),
    [(2**40, Level.OK), (2**30, Level.OK), (2**30 - 1, Level.WARNING), (2**20, Level.FAILED)],
)
def test_little_room_is_told_before_it_is_none(free: int, level: Level) -> None:
    assert doctor.judge_room(free=free, total=2**41).level is level


# ---- database ------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [0, 3])
def test_a_damaged_sqlite_file_fails(settings: Settings, page: int) -> None:
    with open_workspace(settings):
        pass
    path = settings.home / "forecourt.db"
    data = bytearray(path.read_bytes())
    data[page * 4096 : page * 4096 + 4096] = b"\xff" * 4096
    path.write_bytes(data)
    found = look(settings)
    assert found["database"].level is Level.FAILED
    assert "backup" in found["database"].mend


def test_a_lock_that_is_held_is_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_WAIT_S", 0)
    with open_workspace(settings) as workspace, writing(workspace.engine):
        found = look(settings)
    assert grave(found) == {"writing": Level.WARNING} | pinned()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://ada:hunter22@127.0.0.1:1/shop", "refused"),
        ("nonsense", "no database URL"),
        ("mysql://ada:hunter22@db/shop", "sqlite or postgresql"),
    ],
)
def test_a_database_that_is_not_there_fails_without_telling_its_password(
    settings: Settings, url: str, words: str
) -> None:
    found = look(settings.model_copy(update={"database": url}))
    assert found["database"].level is Level.FAILED
    assert words in found["database"].found
    assert "hunter22" not in str(found)


@pytest.mark.parametrize("off_s", [-3600, 3600])
def test_a_clock_that_is_wrong_fails(off_s: int) -> None:
    found = judge_clock(NOW, NOW + timedelta(seconds=off_s), None)
    assert found.level is Level.FAILED
    assert "3600 s" in found.found


def test_a_scrape_from_the_future_is_told(
    workspace: Workspace, accept: Callable[..., object], host: ImageHost
) -> None:
    accept(paints(host, 1))
    with writing(workspace.engine) as connection:
        connection.execute(
            sa.update(stored_scrapes.scrapes).values(
                received_at=datetime.now(UTC) + timedelta(hours=2)
            )
        )
    assert look(workspace.settings)["clock"].level is Level.WARNING


# ---- work ----------------------------------------------------------------------------------------


def test_a_scrape_that_waits_too_long_is_told(
    workspace: Workspace, accept: Callable[..., object], host: ImageHost
) -> None:
    scrape = accept(paints(host, 1))
    with writing(workspace.engine) as connection:
        connection.execute(
            sa.update(stored_scrapes.scrapes).values(
                received_at=datetime.now(UTC) - timedelta(hours=2)
            )
        )
    found = look(workspace.settings)["scrapes"]
    assert found.level is Level.WARNING
    assert f"({scrape.id}) for 2 h" in found.found  # type: ignore[attr-defined]


def test_a_scrape_that_breaks_off_is_told_with_its_reason(
    workspace: Workspace, accept: Callable[..., object], host: ImageHost
) -> None:
    scrape = accept(paints(host, 1))
    with writing(workspace.engine) as connection:
        stored_scrapes.note_failure(connection, scrape.id, "no room left")  # type: ignore[attr-defined]
    found = look(workspace.settings)["scrapes"]
    assert found.level is Level.WARNING
    assert "no room left" in found.found


def test_workers_are_counted_by_their_signs_of_life(
    workspace: Workspace,
    accept: Callable[..., object],
    host: ImageHost,
    make_runner: Callable[..., Runner],
) -> None:
    if workspace.engine.dialect.name == "sqlite":
        pytest.skip("no queue on SQLite")
    accept(paints(host, 1))
    assert look(workspace.settings)["workers"].level is Level.FAILED
    make_runner().start()
    wait_for(lambda: look(workspace.settings)["workers"].level is Level.OK)


def test_a_queue_that_lacks_its_tables_or_changes_is_told(workspace: Workspace) -> None:
    if workspace.engine.dialect.name == "sqlite":
        pytest.skip("no queue on SQLite")
    with writing(workspace.engine) as connection:
        connection.execute(
            sa.text(
                "DELETE FROM queue_migrations WHERE name = (SELECT max(name) FROM queue_migrations)"
            )
        )
    assert look(workspace.settings)["queue"].level is Level.WARNING
    with writing(workspace.engine) as connection:
        connection.execute(sa.text("DROP TABLE queue_migrations"))
    assert "not there" in look(workspace.settings)["queue"].found


def test_jobs_that_nobody_holds_are_told() -> None:
    queue = QueueHealth(is_installed=True, lively=2, silent=2, stalled=1)
    *_, workers = judge_queue(queue, waits=True)
    assert workers.level is Level.WARNING


# ---- thumbnails, model, egress -------------------------------------------------------------------


def thumbnails(workspace: Workspace) -> list[Path]:
    return sorted((workspace.settings.home / "media").rglob("*.jpg"))


def test_thumbnails_that_are_gone_or_altered_are_told(
    workspace: Workspace, engines: object, accept: Callable[..., object], host: ImageHost
) -> None:
    scrape = accept(paints(host, 4))
    run_scrape(engines, scrape.id)  # type: ignore[arg-type,attr-defined]
    first, second, *_ = thumbnails(workspace)
    first.unlink()
    assert look(workspace.settings)["media"].level is Level.WARNING
    second.write_bytes(b"something else")
    found = look(workspace.settings)["media"]
    assert found.level is Level.FAILED
    assert second.stem in found.found


def test_a_media_folder_that_cannot_be_written_fails(workspace: Workspace) -> None:
    workspace.settings.home.mkdir(exist_ok=True)
    (workspace.settings.home / "media").write_text("no folder")
    assert look(workspace.settings)["media"].level is Level.FAILED


def test_a_missing_or_damaged_bundle_fails(
    settings: Settings, tiny_bundle: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    shutil.copytree(tiny_bundle, mine)
    given = settings.model_copy(
        update={"vision": settings.vision.model_copy(update={"bundle": mine})}
    )
    assert look(given)["model"].level is Level.WARNING
    (mine / "model.onnx").write_bytes(b"broken")
    assert look(given)["model"].level is Level.FAILED
    shutil.rmtree(mine)
    assert look(given)["model"].level is Level.FAILED


def test_the_shipped_model_answers_where_nothing_is_pinned(settings: Settings) -> None:
    free = settings.model_copy(
        update={"vision": settings.vision.model_copy(update={"bundle": None})}
    )
    assert look(free)["model"].level is Level.OK


def test_a_request_is_made_only_where_it_is_asked_for(settings: Settings, host: ImageHost) -> None:
    url = host.put("/there.jpg", b"any bytes")
    look(settings)
    assert host.log == []
    found = look(settings, f"{url}?token=s3cret")["egress"]
    assert found.level is Level.OK
    assert "s3cret" not in found.found


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://10.0.0.1/a.jpg?token=s3cret", "blocked_address"),
        ("http://127.0.0.1:1/a.jpg", "connect_failed"),
        ("nowhere", "absolute"),
    ],
)
def test_a_way_out_that_is_barred_is_told(settings: Settings, url: str, reason: str) -> None:
    policy, egress = check_egress(settings.fetch, url, open_fetcher=Fetcher)
    assert policy.level is Level.OK
    assert egress.level is Level.FAILED
    assert reason in egress.found
    assert "s3cret" not in egress.found


def test_a_policy_that_allows_everything_is_told(settings: Settings) -> None:
    wide = settings.fetch.model_validate({"allow_networks": "0.0.0.0/0"})
    (policy,) = check_egress(wide, None, open_fetcher=Fetcher)
    assert policy.level is Level.WARNING


# ---- levels --------------------------------------------------------------------------------------


def test_the_gravest_finding_is_the_whole_ones_level() -> None:
    levels = [Level.OK, Level.FAILED, Level.WARNING]
    found = [Finding(str(level), level, "x") for level in levels]
    assert worst(found) is Level.FAILED
    assert worst([]) is Level.OK
    assert findings_to_json(found)["status"] == "failed"
