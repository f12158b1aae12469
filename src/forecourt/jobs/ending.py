"""How a process that runs for days is told to end."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

import structlog

_log = structlog.get_logger(__name__)
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def end_when_told(ask: Callable[[], None]) -> None:
    """Call `ask` at the first SIGTERM or SIGINT; a second one ends the process at once.

    Nothing is lost by that: what a batch settled is stored, and another run does the rest. To be
    called in the main thread; `ask` is called in another.
    """
    reader, writer = os.pipe()

    def tell(number: int, _frame: object) -> None:
        # Python runs this in the main thread, between any two of its steps: it may hold a lock just
        # then, of a logger or of an event. Whoever took one here would wait for ever.
        for one in _SIGNALS:
            signal.signal(one, signal.SIG_DFL)
        os.write(writer, bytes([number]))

    def wait() -> None:
        number = os.read(reader, 1)[0]
        _log.info("process.ending", signal=signal.Signals(number).name)
        ask()

    threading.Thread(target=wait, name="ending", daemon=True).start()
    for number in _SIGNALS:
        signal.signal(number, tell)
