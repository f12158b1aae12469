"""Engines and transactions for both dialects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import ArgumentError, OperationalError

from forecourt.core.errors import SettingsError, StoreError

_MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_TIMEOUT_S = 30


def create_engine(url: str) -> sa.Engine:
    """Return an engine for a SQLite or PostgreSQL URL. Opens no connection yet.

    Raises:
        SettingsError: the URL is malformed or names another database.
    """
    try:
        parsed = sa.make_url(url)
    except ArgumentError as error:
        raise SettingsError(f"FORECOURT_DATABASE is not a database URL: {error}") from error
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _create_sqlite_engine(parsed)
    if backend == "postgresql":
        return sa.create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    raise SettingsError(f"FORECOURT_DATABASE names {backend!r}; use sqlite or postgresql.")


def _create_sqlite_engine(url: sa.URL) -> sa.Engine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url, connect_args={"timeout": _BUSY_TIMEOUT_S})

    @sa.event.listens_for(engine, "connect")
    def _set_pragmas(connection: Any, _record: Any) -> None:
        # The driver must not open transactions by itself: `writing` says BEGIN IMMEDIATE.
        connection.isolation_level = None
        for pragma in (
            "journal_mode = WAL",  # readers never wait for the writer
            "synchronous = FULL",  # a committed fix survives a power cut; commits come in batches
            "foreign_keys = ON",
            "cache_size = -65536",  # KiB, a bound: memory must not grow with the inventory
            "temp_store = MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # IMMEDIATE takes the write lock at once. A deferred transaction that reads and then writes
        # fails with SQLITE_BUSY when another writer came between, and no timeout helps it.
        mode = "IMMEDIATE" if connection.get_execution_options().get("writes") else "DEFERRED"
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection on one consistent snapshot; nothing is written."""
    with _connect(engine) as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection in one transaction: committed at the end, rolled back by any exception."""
    with _connect(engine) as connection, connection.execution_options(writes=True).begin():
        yield connection


@contextmanager
def _connect(engine: sa.Engine) -> Iterator[sa.Connection]:
    try:
        connection = engine.connect()
    except OperationalError as error:
        where = engine.url.render_as_string(hide_password=True)
        raise StoreError(f"Cannot open the database {where}: {error.orig}") from error
    with connection:
        yield connection


def migrate(engine: sa.Engine) -> None:
    """Bring the database to this release's schema; an up-to-date one is left alone.

    Raises:
        StoreError: the database is of a later release, or cannot be opened.
    """
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    with _connect(engine) as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        connection.rollback()
        if current == scripts.get_current_head():
            return
        known = {script.revision for script in scripts.walk_revisions()}
        if current is not None and current not in known:
            raise StoreError(
                f"The database has schema {current}, which this release does not know; it was "
                "written by a later release. Upgrade forecourt, or restore a backup."
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
