"""Single flight: who is at work on what, so that nobody else does the same meanwhile.

A claim lives as long as the process that holds it, and not a moment longer: nothing expires, and
nothing has to be cleaned up after a crash. On PostgreSQL it is a row that names the session of its
holder, and counts while that session is there. Advisory locks would do the same, but a hundred
workers with a thousand images each in flight would fill the server's lock table. On SQLite, whose
database is one machine's, it is a locked byte of a file in the home folder, which the system frees.

A claim saves work. It protects nothing: what two processes store of one image is the same.
"""

from __future__ import annotations

import hashlib
import os
import random
import sys
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import SQLAlchemyError

from forecourt.store.chunks import chunks
from forecourt.store.engine import explained
from forecourt.store.schema import flights

if sys.platform != "win32":
    import fcntl

PATIENCE_S = 20.0  # with whoever is at work on the same; a batch takes a second or two
_PAUSE_S = (0.01, 0.05)
_SESSIONS = sa.table("pg_stat_activity", sa.column("pid"), sa.column("backend_start"))


class _Shared(Protocol):
    """Claims between processes; called by one thread at a time."""

    def take(self, keys: Collection[str]) -> set[str]: ...

    def release(self, keys: Collection[str]) -> None: ...

    def close(self) -> None: ...


class Claims:
    """What this process is at work on. Safe to use from several threads.

    Args:
        engine: The store.
        folder: Where a file can be made that the machine's other processes see.
    """

    def __init__(self, engine: sa.Engine, folder: Path) -> None:
        self._lock = threading.Lock()
        self._held: set[str] = set()
        is_postgresql = engine.dialect.name == "postgresql"
        self._shared: _Shared = _Rows(engine) if is_postgresql else _Bytes(folder / "claims")

    def take(self, keys: Collection[str]) -> set[str]:
        """Claim what nobody is at work on, and return it. Never waits.

        Raises:
            StoreError: the database is gone.
        """
        with self._lock:
            free = set(keys) - self._held
            granted = self._shared.take(free) if free else set()
            self._held |= granted
            return granted

    def release(self, keys: Collection[str]) -> None:
        """Let others have what is done. Safe to repeat."""
        with self._lock:
            held = self._held.intersection(keys)
            self._held -= held
            if held:
                self._shared.release(held)

    @contextmanager
    def hold(self, keys: Collection[str]) -> Iterator[None]:
        """Claim all of `keys`, waiting for those who are at work on them.

        Whoever is at it for so long is stuck: then the context is entered all the same. What was
        looked up before may have changed, also where nobody had to be waited for: somebody may have
        come and gone in between.
        """
        wanted = set(keys)
        until = time.monotonic() + PATIENCE_S
        while (granted := self.take(wanted)) != wanted and time.monotonic() < until:
            # Never hold some while waiting for others: two who did would wait for ever.
            self.release(granted)
            time.sleep(random.uniform(*_PAUSE_S))  # noqa: S311
        try:
            yield
        finally:
            self.release(granted)

    def close(self) -> None:
        """Give everything back."""
        with self._lock:
            self._held.clear()
            self._shared.close()


class _Rows:
    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._connection: sa.Connection | None = None
        self._session: tuple[int, object] = (0, None)

    def take(self, keys: Collection[str]) -> set[str]:
        granted: set[str] = set()
        with explained(self._engine):
            for chunk in chunks(keys):
                granted.update(self._take(self._connect(), chunk))
        return granted

    def release(self, keys: Collection[str]) -> None:
        if self._connection is None:
            return
        try:
            for chunk in chunks(keys):
                self._connection.execute(
                    sa.delete(flights).where(flights.c.key.in_(chunk), self._is_mine())
                )
        except SQLAlchemyError:  # the session is lost, and with it all that it claimed
            self._drop()

    def close(self) -> None:
        if self._connection is not None:
            with suppress(SQLAlchemyError):
                self._connection.execute(sa.delete(flights).where(self._is_mine()))
            self._drop()

    def _take(self, connection: sa.Connection, keys: Collection[str]) -> Collection[str]:
        pid, started = self._session
        rows = [{"key": key, "pid": pid, "started": started} for key in keys]
        insert = postgresql.insert(flights).values(rows)
        # Not EXISTS: outside a SELECT, SQLAlchemy would let that look at all rows of `flights`.
        alive = sa.select(_SESSIONS.c.pid, _SESSIONS.c.backend_start).where(
            _SESSIONS.c.backend_start.is_not(None)
        )
        is_orphaned = sa.tuple_(flights.c.pid, flights.c.started).not_in(alive)
        statement = insert.on_conflict_do_update(
            index_elements=["key"],
            set_={"pid": insert.excluded.pid, "started": insert.excluded.started},
            where=sa.or_(is_orphaned, self._is_mine()),
        ).returning(flights.c.key)
        try:
            return connection.scalars(statement).all()
        except SQLAlchemyError:
            self._drop()
            raise

    def _connect(self) -> sa.Connection:
        if self._connection is None:
            opened = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            self._connection = opened
            row = opened.execute(
                sa.select(_SESSIONS.c.pid, _SESSIONS.c.backend_start).where(
                    _SESSIONS.c.pid == sa.func.pg_backend_pid()
                )
            ).one()
            self._session = (row.pid, row.backend_start)
        return self._connection

    def _is_mine(self) -> sa.ColumnElement[bool]:
        pid, started = self._session
        return sa.and_(flights.c.pid == pid, flights.c.started == started)

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(SQLAlchemyError):
                self._connection.invalidate()
                self._connection.close()
            self._connection = None


class _Bytes:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def take(self, keys: Collection[str]) -> set[str]:
        return {key for key in keys if self._lock(key)}

    def release(self, keys: Collection[str]) -> None:
        if sys.platform == "win32" or self._file is None:
            return
        for key in keys:
            with suppress(OSError):
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _offset(key))

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)  # gives all of its locks back
            self._file = None

    def _lock(self, key: str) -> bool:
        if sys.platform == "win32":
            return True
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _offset(key))
        except (BlockingIOError, PermissionError):  # POSIX allows either
            return False
        except OSError:  # a file system without locks
            return True
        return True


def _offset(key: str) -> int:
    """Return the byte that stands for a key: file offsets have 63 bits."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) >> 2
