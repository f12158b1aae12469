"""Ctrl-C while a batch is being stored waits until it is stored."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def held_back() -> Iterator[None]:
    """Deliver a SIGINT that comes meanwhile at the end.

    Raised inside a transaction, KeyboardInterrupt keeps its frames and with them the connection
    alive: SQLite's write lock then stays taken while the run is being wound up. Other threads than
    the main one are never interrupted.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[FrameType | None] = []
    before = signal.signal(signal.SIGINT, lambda _number, frame: received.append(frame))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if received and callable(before):
            before(signal.SIGINT, received[0])
