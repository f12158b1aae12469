"""Claims between threads, processes and sessions of the database."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from forecourt.store import claims as stored_claims
from forecourt.store.claims import Claims
from forecourt.store.schema import flights

_TAKE_AND_WAIT = """
import sys
from pathlib import Path
from forecourt.store.claims import Claims
from forecourt.store.engine import create_engine
claims = Claims(create_engine(sys.argv[1]), Path(sys.argv[2]))
print(len(claims.take(sys.argv[3:])), flush=True)
sys.stdin.read()
"""

Other = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def claims(engine: sa.Engine, tmp_path: Path) -> Iterator[Claims]:
    opened = Claims(engine, tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def other(engine: sa.Engine, tmp_path: Path) -> Iterator[Other]:
    """Let another process claim keys, and wait until it has."""
    started: list[subprocess.Popen[str]] = []
    url = engine.url.render_as_string(hide_password=False)

    def start(*keys: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", _TAKE_AND_WAIT, url, str(tmp_path), *keys],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert int(process.stdout.readline()) == len(keys)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_what_one_thread_has_taken_another_does_not_get(claims: Claims) -> None:
    assert claims.take({"a", "b"}) == {"a", "b"}
    assert claims.take({"b", "c"}) == {"c"}
    claims.release({"b"})
    assert claims.take({"a", "b"}) == {"b"}


def test_what_another_process_has_taken_nobody_gets(claims: Claims, other: Other) -> None:
    other("a", "b")
    assert claims.take({"a", "b", "c"}) == {"c"}


def test_a_killed_process_gives_its_claims_back_while_others_keep_theirs(
    claims: Claims, other: Other
) -> None:
    dying, living = other("a", "b"), other("c")
    assert claims.take({"d"}) == {"d"}
    dying.kill()
    dying.wait()
    wanted = {"a", "b"}
    for _ in range(100):  # the server notices a moment later
        if claims.take(wanted) == wanted:
            break
        claims.release(wanted)
        threading.Event().wait(0.05)
    else:
        pytest.fail("the claims of a dead process are never given back")
    assert claims.take({"c"}) == set()
    assert living.poll() is None


def test_holding_waits_for_whoever_is_at_it(claims: Claims) -> None:
    claims.take({"a"})
    given_back = threading.Event()

    def give_back() -> None:
        given_back.set()
        claims.release({"a"})

    timer = threading.Timer(0.2, give_back)
    timer.start()
    with claims.hold({"a", "b"}):
        assert given_back.is_set()
        assert claims.take({"a", "b"}) == set()
    assert claims.take({"a", "b"}) == {"a", "b"}
    timer.join()


def test_nobody_waits_for_ever(claims: Claims, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_claims, "PATIENCE_S", 0.1)
    claims.take({"a"})
    with claims.hold({"a", "b"}):
        pass
    assert claims.take({"a"}) == set()  # still theirs


def test_a_lost_session_is_replaced(postgresql_engine: sa.Engine, tmp_path: Path) -> None:
    claims = Claims(postgresql_engine, tmp_path)
    assert claims.take({"a"}) == {"a"}
    with postgresql_engine.begin() as connection:
        connection.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid = (SELECT pid FROM flights LIMIT 1)"
            )
        )
    claims.release({"a"})
    assert claims.take({"a", "b"}) == {"a", "b"}
    claims.close()
    with postgresql_engine.connect() as connection:
        left = connection.execute(sa.select(sa.func.count()).select_from(flights)).scalar_one()
    assert left == 0
