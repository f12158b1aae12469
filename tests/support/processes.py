"""A process that serves, and what it writes."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
import time
from contextlib import suppress

import pytest

from tests.support.command_line import Start

PATIENCE_S = 120


class Process:
    """A process that serves, and what it writes, line by line."""

    def __init__(self, popen: subprocess.Popen[str]) -> None:
        self.popen = popen
        self.lines: list[str] = []
        self._incoming: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.popen.stderr is not None
        # Whoever ends the test closes the pipe, perhaps in the middle of a line.
        with suppress(ValueError):
            for line in self.popen.stderr:
                self.lines.append(line)
                self._incoming.put(line)

    def wait_for(self, words: str) -> str:
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                line = self._incoming.get(timeout=max(until - time.monotonic(), 0.01))
            except queue.Empty:
                pytest.fail(f"{words!r} never came: {''.join(self.lines)}")
            if words in line:
                return line

    def end(self) -> int:
        code = self.popen.wait(PATIENCE_S)
        self._reader.join()
        return code


def start_server(start: Start, *options: str) -> tuple[Process, str]:
    """Start `forecourt serve` on a free port; return it and its address once it listens."""
    process = Process(start("--json-logs", "serve", "--port", "0", *options))
    port = json.loads(process.wait_for("server.listening"))["port"]
    return process, f"http://127.0.0.1:{port}"
