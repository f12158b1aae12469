"""Fixtures for the command line: settings by the environment, in this process and as another."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from forecourt import cli
from tests.support.command_line import Ended, Run, Start, write_feed
from tests.support.image_host import ImageHost
from tests.support.pictures import jpeg
from tests.support.tiny_bundle import MAGENTA, PAINTS

FORECOURT = str(Path(sys.executable).with_name("forecourt"))


@pytest.fixture
def command_settings(tmp_path: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set everything by the environment, as a person would."""
    monkeypatch.setenv("FORECOURT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FORECOURT_VISION__BUNDLE", str(tiny_bundle))
    monkeypatch.setenv("FORECOURT_VISION__THREADS", "1")
    monkeypatch.setenv("FORECOURT_FETCH__ALLOW_NETWORKS", "127.0.0.0/8")
    monkeypatch.setenv("FORECOURT_FETCH__RETRIES", "0")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process, through the very entry point of the script."""

    def run_command(*arguments: str | Path) -> Ended:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["forecourt", *map(str, arguments)])
        code: Any = 0
        try:
            cli.main()
        except SystemExit as end:
            code = end.code or 0
        return Ended(code, *capsys.readouterr())

    return run_command


@pytest.fixture
def feed(host: ImageHost, tmp_path: Path) -> Path:
    """An inventory of two vehicles: a photo, a card and an image that is not there."""
    return write_feed(
        tmp_path,
        {
            "stock-1": [host.put("/red.jpg", jpeg(PAINTS["Red"])), host.url("/missing.jpg")],
            "stock-2": [host.put("/card.jpg", jpeg(MAGENTA))],
        },
    )


@pytest.fixture
def start() -> Iterator[Start]:
    """Start the script as a process of its own; none outlives its test.

    Shells let what runs in the background ignore Ctrl-C, and children inherit that: here a command
    is always started as in the foreground.
    """
    with ExitStack() as stack:
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            stack.callback(signal.signal, signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGINT, signal.default_int_handler)

        def start_process(*arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
            process = subprocess.Popen(  # noqa: S603
                [FORECOURT, *map(str, arguments)],
                stdout=options.pop("stdout", subprocess.PIPE),
                stderr=options.pop("stderr", subprocess.PIPE),
                text=True,
                env={**os.environ, "TERM": "xterm", "PYTHONWARNINGS": "default", **options},
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield start_process
