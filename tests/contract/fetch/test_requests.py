"""What goes over the wire, and what must not."""

from __future__ import annotations

import pytest

from forecourt.core.records import NotFetched
from tests.contract.fetch.conftest import Ask, body_of, redirect
from tests.support.image_host import ImageHost


def test_the_url_is_sent_as_the_feed_gives_it(host: ImageHost, ask: Ask) -> None:
    given = "/%28a%29.jpg?Signature=a%2Bb%3D&n=(1)&w=1+2"
    ask(host.url(given), host.url("/ä b.jpg"))
    targets = {entry.target for entry in host.log}
    assert targets == {given, "/%C3%A4%20b.jpg"}


def test_credentials_go_to_their_own_host_only(host: ImageHost, ask: Ask) -> None:
    host.put("/real.jpg", b"bytes")
    redirect(host, "/a.jpg", f"http://localhost:{host.port}/real.jpg")
    url = host.url("/a.jpg").replace("127", "user:secret@127")
    (outcome,) = ask(url)
    assert body_of(outcome) == b"bytes"
    first, second = host.log
    assert first.headers["Authorization"].startswith("Basic ")
    assert "Authorization" not in second.headers


def test_no_cookie_is_kept(host: ImageHost, ask: Ask) -> None:
    headers = {"Set-Cookie": "a=1; Path=/", "Location": "/b.jpg"}
    host.put("/b.jpg", b"b", headers={"Set-Cookie": "b=2; Path=/"})
    ask(host.put("/a.jpg", b"", status=302, headers=headers), host.url("/b.jpg"), per_host=1)
    ask(host.url("/b.jpg"))
    assert len(host.log) == 4
    assert all("Cookie" not in entry.headers for entry in host.log)


def test_no_proxy_of_the_environment_is_used(
    host: ImageHost, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert body_of(ask(host.put("/a.jpg", b"x"))[0]) == b"x"


def test_no_detail_repeats_a_secret(host: ImageHost, ask: Ask) -> None:
    secret = "X-Amz-Signature=secret"  # noqa: S105
    paths = {
        "/missing": {},
        "/busy": {"status": 503},
        "/cut": {"cut_at": 1},
        "/raw": {"raw": b"nonsense\r\n\r\n"},
        "/away": {"status": 302, "headers": {"Location": "http://10.0.0.1/?secret"}},
    }
    for path, behaviour in paths.items():
        if behaviour:
            host.put(path, b"bytes", **behaviour)
    urls = [f"{host.url(path)}?{secret}" for path in paths]
    urls += [f"http://secret:secret@[::1/?{secret}", f"http://h.invalid:0/?{secret}"]
    for outcome in ask(*urls, retries=0):
        assert isinstance(outcome, NotFetched)
        assert "secret" not in outcome.detail
