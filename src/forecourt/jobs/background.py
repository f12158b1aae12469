"""Work that gives way to everything else on the machine."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_NICENESS = 15


def run_behind_others(work: Callable[[], T]) -> T:
    """Do something in a thread of its own, at low priority, and return what it returns.

    Of its own: a thread that has given way cannot take that back. What it starts, decoding and
    inference, inherits it. Elsewhere than on Linux priority belongs to the whole process, and
    nothing is changed.
    """
    found: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        give_way()
        try:
            found.append(work())
        except BaseException as error:  # noqa: BLE001  # raised again by whoever waits
            failed.append(error)

    thread = threading.Thread(target=run, name=threading.current_thread().name)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return found[0]


def give_way() -> None:
    """Let this thread, and what it starts from now on, give way to all others."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
