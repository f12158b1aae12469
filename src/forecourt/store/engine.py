"""Engines and transactions for both dialects."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from forecourt.core.errors import SettingsError, StoreError

_MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_TIMEOUT_S = 300  # the import of a million images is one transaction of a minute or two
# One connection a request at work; a stream of results holds its own for as long as it is read.
_WAL_RETRY_S = 0.01
_POOL: dict[str, Any] = {"pool_size": 5, "max_overflow": 20, "pool_timeout": 10}
_MIGRATION_LOCK = 0x464F5245  # an advisory lock of PostgreSQL; the number only has to be ours

_ADVICE = (
    (
        ("unable to open", "readonly", "read-only"),
        "Let FORECOURT_HOME name a folder that can be written, and see that the file is yours.",
    ),
    (
        ("disk is full", "no space left"),
        "Make room on its disk and run the same command again; what was settled is kept.",
    ),
    (
        ("malformed", "not a database"),
        "The file is damaged: put a backup in its place, or move it away (docs/operations.md).",
    ),
    (("locked",), "Another command is writing; run this one again when that has ended."),
)


def create_engine(url: str, *, wait_s: int | None = None) -> sa.Engine:
    """Return an engine for a SQLite or PostgreSQL URL. Opens no connection yet.

    Args:
        url: As SQLAlchemy writes it.
        wait_s: Longest wait for SQLite's lock, or for a connection to PostgreSQL; None: as long as
            accepted work is worth, and as the system has it.

    Raises:
        SettingsError: the URL is malformed or names another database.
        StoreError: the folder of a SQLite database cannot be made.
    """
    try:
        parsed = sa.make_url(url)
    except ArgumentError as error:
        raise SettingsError(f"FORECOURT_DATABASE is not a database URL: {error}") from error
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _create_sqlite_engine(parsed, _BUSY_TIMEOUT_S if wait_s is None else wait_s)
    if backend == "postgresql":
        return sa.create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            **_POOL,
            connect_args={} if wait_s is None else {"connect_timeout": wait_s},
        )
    raise SettingsError(f"FORECOURT_DATABASE names {backend!r}; use sqlite or postgresql.")


def _create_sqlite_engine(url: sa.URL, wait_s: int) -> sa.Engine:
    if url.database and url.database != ":memory:":
        folder = Path(url.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"Cannot make the folder {folder}: {error.strerror}. Let FORECOURT_HOME name a "
                "folder that can be written."
            ) from error
    is_file = url.database not in {None, "", ":memory:"}
    pool = _POOL if is_file else {}
    engine = sa.create_engine(url, connect_args={"timeout": wait_s}, **pool)

    @sa.event.listens_for(engine, "connect")
    def _set_pragmas(connection: Any, _record: Any) -> None:
        # The driver must not open transactions by itself: `writing` says BEGIN IMMEDIATE.
        connection.isolation_level = None
        _switch_to_wal(connection, wait_s)
        for pragma in (
            "synchronous = FULL",  # a committed fix survives a power cut; commits come in batches
            "foreign_keys = ON",
            "cache_size = -8192",  # KiB; more saves little time, and a run's memory is mostly this
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


def _switch_to_wal(connection: sqlite3.Connection, wait_s: float) -> None:
    """Let readers never wait for the writer: a property of the file, which the first open sets.

    SQLite does not wait its busy timeout where another connection is about to write, or to switch
    too: waiting with a read lock in hand could wait for ever. Trying again has none in hand.
    """
    deadline = time.monotonic() + wait_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            primary = error.sqlite_errorcode & 0xFF  # the higher bits say which kind of busy
            if primary != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                raise
            time.sleep(_WAL_RETRY_S)
        else:
            return


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection on one consistent snapshot; nothing is written."""
    with _connect(engine) as connection:
        if connection.dialect.name == "postgresql":
            # SQLite gives every transaction a snapshot; here each statement would have its own.
            connection = connection.execution_options(  # noqa: PLW2901
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        with connection.begin():
            yield connection


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection in one transaction: committed at the end, rolled back by any exception."""
    with _connect(engine) as connection, connection.execution_options(writes=True).begin():
        yield connection


def wait_for_turn(connection: sa.Connection, lock: int) -> None:
    """Wait until no other transaction holds `lock`, and hold it until this one ends.

    `lock` is a number that only one purpose uses. SQLite's write lock does the same by itself.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock)))


@contextmanager
def _connect(engine: sa.Engine) -> Iterator[sa.Connection]:
    with explained(engine), engine.connect() as connection:
        yield connection


@contextmanager
def explained(engine: sa.Engine) -> Iterator[None]:
    """Turn the database's own trouble into an error that says what to do.

    Raises:
        StoreError: the database cannot be used just now.
    """
    try:
        yield
    except PoolTimeoutError as error:
        raise StoreError(
            "All connections of this process to the database are in use; try again in a moment. "
            "Where it happens often, run more servers."
        ) from error
    except DatabaseError as error:
        # These two are the database's trouble (locked, full, gone, damaged); their other
        # subclasses are defects of ours, which keep their traceback.
        if type(error) not in {OperationalError, DatabaseError}:
            raise
        where = engine.url.render_as_string(hide_password=True)
        reason = " ".join(str(error.orig).split())
        advice = _advise(reason, engine.dialect.name)
        raise StoreError(f"The database {where} cannot be used: {reason}. {advice}") from error


def _advise(reason: str, dialect: str) -> str:
    for words, advice in _ADVICE:
        if any(word in reason.lower() for word in words):
            return advice
    if dialect == "postgresql":
        return "See that its server runs, and that FORECOURT_DATABASE names it rightly."
    return "See that FORECOURT_HOME names a folder on a working disk (docs/operations.md)."


def migrate(engine: sa.Engine) -> None:
    """Bring the database to this release's schema; an up-to-date one is left alone.

    Raises:
        StoreError: the database is of a later release, or cannot be opened.
    """
    config = _config()
    with reading(engine) as connection:
        current, head, known = schema_revisions(connection)
        if current == head:
            return
    with writing(engine) as connection:
        # A server and its workers start together, on an empty database too.
        wait_for_turn(connection, _MIGRATION_LOCK)
        current = _revision(connection)
        if current is not None and current not in known:
            raise StoreError(
                f"The database has schema {current}, which this release does not know; it was "
                "written by a later release. Upgrade forecourt, or restore a backup."
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def schema_revisions(connection: sa.Connection) -> tuple[str | None, str, frozenset[str]]:
    """Return the database's revision, this release's, and all that this release knows."""
    head, known = _released()
    return _revision(connection), head, known


@cache
def _released() -> tuple[str, frozenset[str]]:
    """Return the revision of this release, and all that it knows: read once, not at every look."""
    scripts = ScriptDirectory.from_config(_config())
    known = frozenset(script.revision for script in scripts.walk_revisions())
    return str(scripts.get_current_head()), known


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def _revision(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
