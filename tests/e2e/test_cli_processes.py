"""Commands as processes: terminals, pipes and Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command_line import Run, Start, write_feed
from tests.support.image_host import ImageHost
from tests.support.pictures import jpeg
from tests.support.tiny_bundle import PAINTS

pytestmark = pytest.mark.usefixtures("command_settings")


@pytest.fixture
def run_python() -> Callable[[str], tuple[int, str]]:
    def run_script(script: str) -> tuple[int, str]:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
        )
        return done.returncode, done.stderr

    return run_script


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 180
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.01)


def test_progress_is_shown_on_a_terminal_and_json_stays_clean(start: Start, feed: Path) -> None:
    ours, theirs = pty.openpty()
    process = start("tag", feed, "--json", stderr=theirs)
    out, _ = process.communicate(timeout=180)
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 65_536):
            shown += chunk
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(ours)
    assert json.loads(out)["done"] == 3
    assert b"cached 0" in shown
    assert b"skipped 1" in shown


def test_a_reader_that_goes_away_is_no_crash(
    host: ImageHost, run: Run, start: Start, tmp_path: Path
) -> None:
    url = host.put("/red.jpg", jpeg(PAINTS["Red"]))
    run("tag", write_feed(tmp_path, {f"stock-{n}": [url] for n in range(3_000)}))
    process = start("export", "-a", "acme", "--format", "json")
    assert process.stdout is not None
    assert process.stdout.readline().startswith('{"advertiser": "acme"')
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(180) == 1


@pytest.mark.parametrize("asked", [3, 60])
def test_ctrl_c_stops_cleanly_and_the_next_run_goes_on(
    host: ImageHost, start: Start, tmp_path: Path, asked: int
) -> None:
    urls = [
        host.put(f"/{n}.jpg", jpeg(PAINTS["Red"], seed=n), delay_s=0.1, etag=f'"{n}"')
        for n in range(150)
    ]
    feed = write_feed(tmp_path, {"a": urls})
    process = start("tag", feed, "--json", FORECOURT_VISION__BATCH="8")
    wait_for(lambda: len(host.log) >= asked)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert (out, err) == ("", "Stopped. Run the same command again to go on.\n")

    host.log.clear()
    process = start("tag", feed, "--json")
    out, err = process.communicate(timeout=180)
    assert process.returncode == 0, err
    assert err == "Going on with the interrupted run of this feed.\n"
    summary = json.loads(out)
    assert summary["resumed"] is True
    assert summary["done"] == summary["images"] == 150
    # What was settled is neither asked for nor classified again.
    assert asked < 60 or summary["earlier"] > 0
    assert summary["requests"] == len(host.log) == 150 - summary["earlier"]
    assert summary["classified"] == 150 - summary["earlier"]


@pytest.mark.parametrize("module", ["forecourt.cli", "forecourt.core.settings", "onnxruntime"])
def test_ctrl_c_is_no_traceback_while_the_command_starts(
    run_python: Callable[[str], tuple[int, str]], tmp_path: Path, module: str
) -> None:
    (tmp_path / "red.jpg").write_bytes(jpeg(PAINTS["Red"]))
    script = f"""
import builtins, os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
inner = builtins.__import__
def stopping(name, *rest):
    if name == {module!r}:
        builtins.__import__ = inner
        os.kill(os.getpid(), signal.SIGINT)
    return inner(name, *rest)
builtins.__import__ = stopping
sys.argv = ["forecourt", "classify", {str(tmp_path / "red.jpg")!r}]
from forecourt.__main__ import main
main()
"""
    assert run_python(script) == (130, "Stopped.\n")


def test_a_full_disk_for_the_output_is_told_in_one_line(
    run: Run, start: Start, feed: Path, tmp_path: Path
) -> None:
    picture = tmp_path / "red.jpg"
    picture.write_bytes(jpeg(PAINTS["Red"]))
    run("tag", feed)
    for arguments in (
        ("export", "-a", "acme", "--format", "json"),
        ("export", "-a", "acme", "--format", "csv"),
        ("classify", picture, "--jsonl"),
        ("classify", picture),
        ("tag", feed),
    ):
        with Path("/dev/full").open("w") as full:
            process = start(*arguments, stdout=full)
            _out, err = process.communicate(timeout=180)
        assert (process.returncode, err.count("\n")) == (2, 1), err
        assert err.startswith("forecourt: Cannot write the output: No space left on device. Make")


def test_a_second_run_of_a_feed_that_is_being_tagged_is_told(
    host: ImageHost, start: Start, tmp_path: Path
) -> None:
    picture, locks = jpeg(PAINTS["Red"]), tmp_path / "home" / "locks"
    feed = write_feed(tmp_path, {"a": [host.put("/a.jpg", picture, delay_s=20)]})
    first = start("tag", feed, "--json")
    wait_for(lambda: any(path.read_text() for path in locks.glob("*")))
    second = start("tag", feed, "--json")
    out, err = second.communicate(timeout=60)
    assert (second.returncode, out) == (2, "")
    assert err.startswith(
        f"forecourt: This feed is being tagged already, by process {first.pid} on"
    )
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=60)
    host.put("/a.jpg", picture)
    again = start("tag", feed, "--json")
    out, err = again.communicate(timeout=180)
    assert (again.returncode, err) == (0, "Going on with the interrupted run of this feed.\n")
    assert json.loads(out)["done"] == 1
    assert {path.name for path in locks.iterdir()} == {"claims"}  # its bytes are free again


def test_nothing_is_left_in_the_home_of_the_account(start: Start, tmp_path: Path) -> None:
    # ONNX Runtime's official builds keep an identifier and a queue of reports to their maker there.
    account = tmp_path / "account"
    account.mkdir()
    picture = tmp_path / "red.jpg"
    picture.write_bytes(jpeg(PAINTS["Red"]))
    process = start("classify", picture, "--jsonl", HOME=str(account), XDG_CACHE_HOME="")
    out, err = process.communicate(timeout=180)
    assert json.loads(out)["image_type"] == "Dealer", err
    assert list(account.rglob("*")) == []
