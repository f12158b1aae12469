"""One run a scrape, one server and one training a home folder.

The first two for SQLite, whose database is one machine's.

Who runs a command twice at once is told, instead of asking all hosts twice. On Windows, which has
no `flock`, nobody is held back.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from forecourt.core.errors import StoreError, UsageError
from forecourt.jobs.workspace import Workspace

if sys.platform != "win32":
    import fcntl


@contextmanager
def only_run(workspace: Workspace, scrape_id: int) -> Iterator[None]:
    """Hold the only right to tag a scrape from this home; the system gives it back if we die.

    Raises:
        UsageError: another process is tagging it; the message says which.
        StoreError: the home folder cannot be written.
    """
    with _only_one(
        workspace,
        f"scrape-{scrape_id}",
        "This feed is being tagged already, by {holder}. Wait for its end, or stop it and run this "
        "command again: it will go on where that one stopped.",
    ):
        yield


@contextmanager
def only_server(workspace: Workspace) -> Iterator[None]:
    """Hold the only right to serve this home.

    Raises:
        UsageError: another process serves it; the message says which.
        StoreError: the home folder cannot be written.
    """
    with _only_one(
        workspace,
        "server",
        "This home folder is being served already, by {holder}. Stop that one first, give this one "
        "another FORECOURT_HOME, or use PostgreSQL for several servers.",
    ):
        yield


@contextmanager
def only_training(workspace: Workspace) -> Iterator[None]:
    """Hold the only right to train in this home: runs lie in it, whatever the database is.

    Raises:
        UsageError: another process trains; the message says which.
        StoreError: the home folder cannot be written.
    """
    with _locked(
        workspace,
        "training",
        "Candidates are being trained in this home folder already, by {holder}. Wait for its end, "
        "or stop it and run this command again: it will go on where that one stopped.",
    ):
        yield


@contextmanager
def _only_one(workspace: Workspace, name: str, refusal: str) -> Iterator[None]:
    if workspace.engine.dialect.name != "sqlite":
        yield
        return
    with _locked(workspace, name, refusal):
        yield


@contextmanager
def _locked(workspace: Workspace, name: str, refusal: str) -> Iterator[None]:
    if sys.platform == "win32":
        yield
        return
    path = workspace.settings.home / "locks" / name
    handle = _take(path, refusal)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)  # before others can take it: they look whether it is there
        os.close(handle)


def _take(path: Path, refusal: str) -> int:
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise StoreError(
                f"Cannot write {path}: {error.strerror}. Let FORECOURT_HOME name a folder that can "
                "be written."
            ) from error
        if not _try_lock(handle):
            holder = _read_holder(handle)
            os.close(handle)
            raise UsageError(refusal.format(holder=holder))
        if _is_still_there(handle, path):
            mine = {"pid": os.getpid(), "host": socket.gethostname(), "since": _now()}
            os.truncate(handle, 0)
            os.write(handle, json.dumps(mine).encode())
            return handle
        os.close(handle)  # its holder finished and removed it in between


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: as on Windows
        return True
    return True


def _is_still_there(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _read_holder(handle: int) -> str:
    try:
        holder = json.loads(os.pread(handle, 1000, 0))
        return f"process {holder['pid']} on {holder['host']} since {holder['since']} UTC"
    except (ValueError, KeyError, TypeError):  # it has not written its name yet
        return "another process"


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M}"
