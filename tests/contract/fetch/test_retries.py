"""Failures that may pass: retries, pauses, time limits, connections."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from tests.contract.fetch.conftest import Ask, body_of, reason_of
from tests.support.image_host import ImageHost

# ---- retries -------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_passing_failure_is_tried_again(host: ImageHost, ask: Ask, status: int) -> None:
    url = host.put("/a.jpg", b"bytes", statuses=[status, status])
    assert body_of(ask(url, retries=2)[0]) == b"bytes"
    assert [entry.status for entry in host.log] == [status, status, 200]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 501])
def test_a_lasting_failure_is_not(host: ImageHost, ask: Ask, status: int) -> None:
    ask(host.put("/a.jpg", b"bytes", statuses=[status]), retries=2)
    assert len(host.log) == 1


def test_retries_end(host: ImageHost, ask: Ask) -> None:
    (outcome,) = ask(host.put("/a.jpg", b"bytes", status=503), retries=3)
    assert reason_of(outcome) == "server_error"
    assert len(host.log) == 4


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses between attempts, written down instead of waited for."""
    noted: list[float] = []

    async def note(pause: float) -> None:
        noted.append(pause)

    monkeypatch.setattr("forecourt.fetch.exchange.asyncio.sleep", note)
    return noted


def test_pauses_double_with_jitter(host: ImageHost, ask: Ask, pauses: list[float]) -> None:
    ask(host.put("/a.jpg", b"", status=500), retries=4, backoff_s=8.0)
    for pause, ceiling in zip(pauses, [8, 16, 32, 64], strict=True):
        assert ceiling / 2 <= pause <= ceiling


@pytest.mark.parametrize(("said", "waited"), [("7", 7.0), ("0", 0.0), (" 7 ", 7.0)])
def test_retry_after__seconds(
    host: ImageHost, ask: Ask, pauses: list[float], said: str, waited: float
) -> None:
    ask(host.put("/a.jpg", b"x", statuses=[429], headers={"Retry-After": said}))
    assert pauses == [waited]
    assert len(host.log) == 2


def test_retry_after__date(host: ImageHost, ask: Ask, pauses: list[float]) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    past = format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True)
    ask(host.put("/a.jpg", b"x", statuses=[503], headers={"Retry-After": soon}))
    ask(host.put("/a.jpg", b"x", statuses=[503], headers={"Retry-After": past}))
    assert 10 < pauses[0] <= 20
    assert pauses[1] == 0


@pytest.mark.parametrize("said", ["31", "999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_retry_after__longer_than_anyone_waits_gives_up(
    host: ImageHost, ask: Ask, pauses: list[float], said: str
) -> None:
    (outcome,) = ask(host.put("/a.jpg", b"x", status=429, headers={"Retry-After": said}))
    assert reason_of(outcome) == "rate_limited"
    assert (pauses, len(host.log)) == ([], 1)


@pytest.mark.parametrize("said", ["soon", "-1", "1.5", "", "²", "Mon, 99 Nov 2026"])
def test_retry_after__nonsense_is_none(
    host: ImageHost, ask: Ask, pauses: list[float], said: str
) -> None:
    (outcome,) = ask(
        host.put("/a.jpg", b"x", statuses=[429], headers={"Retry-After": said}), backoff_s=1.0
    )
    assert body_of(outcome) == b"x"
    assert 0.5 <= pauses[0] <= 1.0


# ---- time ----------------------------------------------------------------------------------------


def test_slow_headers_are_a_timeout_and_tried_again(host: ImageHost, ask: Ask) -> None:
    (outcome,) = ask(host.put("/a.jpg", b"x", delay_s=30), timeout_s=0.1, retries=1)
    assert reason_of(outcome) == "timeout"


def test_a_dripping_body_is_a_timeout(host: ImageHost, ask: Ask) -> None:
    (outcome,) = ask(host.put("/a.jpg", bytes(1600), drip_s=0.1), timeout_s=0.4, retries=0)
    assert reason_of(outcome) == "timeout"


def test_the_limit_counts_all_redirects_of_an_attempt(host: ImageHost, ask: Ask) -> None:
    for n in range(1, 6):
        host.put(f"/{n}", b"", status=302, delay_s=0.2, headers={"Location": f"/{n - 1}"})
    host.put("/0", b"bytes")
    (outcome,) = ask(host.url("/5"), timeout_s=0.5, retries=0)
    assert reason_of(outcome) == "timeout"


# ---- connections ---------------------------------------------------------------------------------


def test_nobody_listens(ask: Ask) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert reason_of(ask(f"http://127.0.0.1:{port}/a.jpg", retries=1)[0]) == "connect_failed"


def test_no_tls_where_it_was_asked_for(host: ImageHost, ask: Ask) -> None:
    (outcome,) = ask(host.put("/a.jpg", b"x").replace("http:", "https:"))
    assert reason_of(outcome) == "tls_failed"
    assert host.log == []


@pytest.fixture
def self_signed(tmp_path: Path) -> Iterator[int]:
    """The port of a TLS server whose certificate nobody vouches for."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the program openssl is not there to make a certificate")
    pem = tmp_path / "self-signed.pem"
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-keyout", str(pem), "-out", str(tmp_path / "cert.pem"), "-days", "1"]
    subprocess.run(  # noqa: S603
        [*command, "-subj", "/CN=localhost"], check=True, capture_output=True
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", pem)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)

        def shake_hands() -> None:
            connection, _peer = server.accept()
            with connection, pytest.raises(OSError, match=r"."):
                context.wrap_socket(connection, server_side=True).close()

        thread = threading.Thread(target=shake_hands)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def test_a_certificate_that_nobody_vouches_for(self_signed: int, ask: Ask) -> None:
    assert reason_of(ask(f"https://127.0.0.1:{self_signed}/a.jpg")[0]) == "tls_failed"
