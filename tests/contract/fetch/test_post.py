"""One POST: whatever the other side does, the outcome is a value."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from forecourt.core.settings import FetchSettings
from forecourt.core.webhooks import LONGEST_EXCERPT, Posted, PostFailure
from forecourt.fetch.post import Poster
from tests.support.name_server import ScriptedResolver
from tests.support.receiver import Receiver

BODY = b'{"type":"scrape.finished"}'
_EMPTY: dict[str, Any] = {"headers": {}, "body": b""}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def post(settings: FetchSettings, url: str, *, resolver: Any = None, **changed: object) -> Posted:
    with Poster(settings.model_copy(update=changed), resolver=resolver) as poster:
        return poster.post(url, headers={"webhook-id": "msg_1"}, body=BODY)


def test_the_body_arrives_as_it_is(fetch_settings: FetchSettings, receiver: Receiver) -> None:
    posted = post(fetch_settings, receiver.put("/hook?token=1", body=b"thank\nyou\x00"))
    assert (posted.status, posted.reason, posted.excerpt) == (200, None, "thank you")
    assert posted.is_delivered
    (got,) = receiver.got
    assert (got.path, got.body) == ("/hook?token=1", BODY)
    assert got.headers["content-type"] == "application/json"
    assert got.headers["webhook-id"] == "msg_1"
    assert got.headers["user-agent"].startswith("Forecourt/")


@pytest.mark.parametrize("status", [400, 404, 410, 429, 500, 503])
def test_a_refusal_is_asked_once(
    fetch_settings: FetchSettings, receiver: Receiver, status: int
) -> None:
    posted = post(fetch_settings, receiver.put("/hook", status=status, body=b"no"))
    assert (posted.status, posted.excerpt, posted.is_delivered) == (status, "no", False)
    assert len(receiver.got) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(
    fetch_settings: FetchSettings, receiver: Receiver, status: int
) -> None:
    for target in (receiver.put("/other"), "http://169.254.169.254/latest/", "http://10.0.0.1/"):
        receiver.got.clear()
        url = receiver.put("/hook", status=status, headers={"Location": target})
        posted = post(fetch_settings, url)
        assert (posted.status, posted.is_delivered) == (status, False)
        assert [one.path for one in receiver.got] == ["/hook"]


def test_one_that_hangs_is_left(fetch_settings: FetchSettings, receiver: Receiver) -> None:
    posted = post(fetch_settings, receiver.put("/hook", hangs=True), timeout_s=0.2)
    assert (posted.status, posted.reason) == (None, PostFailure.TIMEOUT)


def test_a_status_counts_though_its_body_never_comes(
    fetch_settings: FetchSettings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecourt.fetch.post._READ_S", 0.1)
    posted = post(fetch_settings, receiver.put("/hook", dawdles=True))
    assert (posted.status, posted.excerpt) == (200, "")


def test_of_a_long_answer_only_the_beginning_is_read(
    fetch_settings: FetchSettings, receiver: Receiver
) -> None:
    posted = post(fetch_settings, receiver.put("/hook", body=b"x" * (2 << 20)))
    assert (posted.status, posted.excerpt) == (200, "x" * LONGEST_EXCERPT)


@pytest.mark.parametrize(
    "name", ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]", "user@127.0.0.1"]
)
def test_no_spelling_of_loopback_gets_through(
    fetch_settings: FetchSettings, receiver: Receiver, name: str
) -> None:
    posted = post(fetch_settings, f"http://{name}:{receiver.port}/hook", allow_networks=())
    assert posted.reason in {PostFailure.BLOCKED_ADDRESS, PostFailure.BAD_URL}
    assert receiver.got == []


def test_a_name_of_a_refused_address_is_refused(
    fetch_settings: FetchSettings, receiver: Receiver
) -> None:
    resolver = ScriptedResolver(["127.0.0.1"])
    url = f"http://hooks.example.com:{receiver.port}/hook"
    posted = post(fetch_settings, url, resolver=resolver, allow_networks=())
    assert posted.reason is PostFailure.BLOCKED_ADDRESS
    assert receiver.got == []


def test_other_trouble_has_its_reason(fetch_settings: FetchSettings, receiver: Receiver) -> None:
    nobody = "http://127.0.0.1:1/hook"
    garbage = receiver.put("/hook", raw=b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
    plain = f"https://127.0.0.1:{receiver.port}/hook"
    unknown = ScriptedResolver(OSError("no such name"))
    assert post(fetch_settings, nobody).reason is PostFailure.CONNECT_FAILED
    assert post(fetch_settings, garbage).reason is PostFailure.BAD_ANSWER
    assert post(fetch_settings, plain).reason is PostFailure.TLS_FAILED
    assert post(fetch_settings, "ftp://127.0.0.1/x").reason is PostFailure.BAD_URL
    named = post(fetch_settings, "http://nowhere.example.com/x", resolver=unknown)
    assert named.reason is PostFailure.DNS_FAILED


def test_a_poster_serves_many_threads(fetch_settings: FetchSettings, receiver: Receiver) -> None:
    url = receiver.put("/hook")
    with Poster(fetch_settings) as poster, ThreadPoolExecutor(8) as pool:
        sent = list(
            pool.map(lambda n: poster.post(url, headers={}, body=str(n).encode()), range(40))
        )
    assert {one.status for one in sent} == {200}
    assert sorted(int(one.body) for one in receiver.got) == list(range(40))


def test_one_that_hangs_does_not_hold_up_the_others(
    fetch_settings: FetchSettings, receiver: Receiver
) -> None:
    slow, quick = receiver.put("/slow", hangs=True), receiver.put("/quick")
    with Poster(fetch_settings) as poster:
        waiting = threading.Thread(target=poster.post, args=(slow,), kwargs=_EMPTY)
        waiting.start()
        assert receiver.arrived.wait(10)
        assert poster.post(quick, headers={}, body=b"").status == 200
        receiver.release.set()
        waiting.join()


def test_it_must_be_entered(fetch_settings: FetchSettings) -> None:
    with pytest.raises(RuntimeError, match="context manager"):
        Poster(fetch_settings).post("http://127.0.0.1/", headers={}, body=b"")
