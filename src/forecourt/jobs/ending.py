"""How a process that runs for days is told to end."""

from __future__ import annotations

import signal
from collections.abc import Callable

import structlog

_log = structlog.get_logger(__name__)
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def end_when_told(ask: Callable[[], None]) -> None:
    """Call `ask` at the first SIGTERM or SIGINT; a second one ends the process at once.

    Nothing is lost by that: what a batch settled is stored, and another run does the rest.
    """

    def begin_to_end(number: int, _frame: object) -> None:
        for one in _SIGNALS:
            signal.signal(one, signal.SIG_DFL)
        _log.info("process.ending", signal=signal.Signals(number).name)
        ask()

    for number in _SIGNALS:
        signal.signal(number, begin_to_end)
