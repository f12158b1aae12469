"""What the client makes of answers that are late, lost, broken or no answers at all."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from forecourt.client import (
    ApiError,
    Client,
    UnreachableError,
    UsageError,
    WaitTimeoutError,
)
from tests.support.scripted import Answer, Script, Scripted, page, problem

SCRAPE = {"id": 7, "status": "running", "done": 1, "images": 2}
FINISHED = {**SCRAPE, "status": "finished", "done": 2}
UNREADABLE = httpx.DecodingError("not gzip")
LOST = httpx.ReadError("connection reset")
SITEMAP = {"ETag": '"1"', "Sitemap-Vehicles": "1", "Sitemap-Images": "2"}


def ok(body: Any) -> httpx.Response:
    return httpx.Response(200, json=body)


class Broken(httpx.SyncByteStream):
    """A body that ends early."""

    def __init__(self, *chunks: bytes) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        yield from self._chunks
        raise httpx.RemoteProtocolError("peer closed connection")


class OnlyOnce(io.RawIOBase):
    """A file that cannot be read twice, as a pipe."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._data.read(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    return lambda *answers: Scripted(monkeypatch, answers)


@pytest.mark.parametrize(
    "answer",
    [LOST, UNREADABLE, httpx.ConnectError("refused"), problem(503), problem(429), problem(502)],
)
def test_what_may_be_sent_twice_is_sent_again(script: Script, answer: Answer) -> None:
    server = script(answer, answer, ok(SCRAPE))
    assert server.client().get_scrape(7)["done"] == 1
    assert len(server.pauses) == 2
    assert 0 < server.pauses[0] < server.pauses[1]


def test_a_write_is_repeated_under_its_key(script: Script) -> None:
    server = script(LOST, problem(503), ok({"act_id": 1}))
    server.client().fix("acme", "https://img.example/1.jpg", color="none")
    keys = {one.headers["Idempotency-Key"] for one in server.requests}
    assert (len(server.requests), len(keys)) == (3, 1)
    assert len({one.content for one in server.requests}) == 1
    assert json.loads(server.requests[0].content)["color"] == "none"


def test_another_write_has_another_key_unless_one_is_given(script: Script) -> None:
    server = script(*(ok({}) for _ in range(4)))
    client = server.client()
    for key in (None, None, "mine", "mine"):
        client.undo(3, idempotency_key=key)
    first, second, *mine = (one.headers["Idempotency-Key"] for one in server.requests)
    assert first != second
    assert mine == ["mine", "mine"]


@pytest.mark.parametrize("answer", [LOST, problem(503)])
def test_what_may_not_be_sent_twice_is_sent_once(script: Script, answer: Answer) -> None:
    server = script(answer)
    with pytest.raises((UnreachableError, ApiError)) as error:
        server.client().create_user("Ada", "correct horse battery", "staff")
    assert "may have been carried out" in str(error.value) or "503" in str(error.value)
    assert server.pauses == []


@pytest.mark.parametrize("answer", [httpx.ConnectError("refused"), problem(429)])
def test_what_was_never_begun_may_be_sent_again(script: Script, answer: Answer) -> None:
    server = script(answer, ok({"id": 1}))
    assert server.client().create_user("Ada", "correct horse battery", "staff")["id"] == 1


def test_the_server_says_how_long_to_wait(script: Script) -> None:
    server = script(problem(429, headers={"Retry-After": "17"}), ok(SCRAPE))
    server.client().get_scrape(7)
    assert server.pauses == [17]
    server = script(problem(503, headers={"Retry-After": "3600"}))
    with pytest.raises(ApiError) as error:
        server.client().get_scrape(7)
    assert (error.value.retry_after_s, server.pauses) == (3600, [])


def test_it_gives_up_after_its_retries(script: Script) -> None:
    server = script(*[LOST] * 3)
    with pytest.raises(UnreachableError, match=r"http://server.test does not answer: connection"):
        server.client(retries=2).get_scrape(7)
    server = script(*[problem(503)] * 3)
    with pytest.raises(ApiError, match="503"):
        server.client(retries=2).get_scrape(7)


def test_a_refusal_says_what_to_do(script: Script) -> None:
    server = script(problem(422, "feed-refused", refused_rows=[{"row": 3}]))
    with pytest.raises(ApiError, match=r"422 feed-refused: Do so\. \(request abc\)") as error:
        server.client().post_scrape("acme", b"id\n1\n")
    assert error.value.extra == {"refused_rows": [{"row": 3}]}
    assert server.pauses == []


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404, text="<html>nginx</html>"),
        httpx.Response(200, text="<html>sign in</html>"),
        httpx.Response(308, headers={"Location": "https://server.test/"}),
        httpx.Response(500, headers={"Content-Type": "application/problem+json"}, text="{"),
        httpx.Response(500, headers={"Content-Type": "application/problem+json"}, text="[]"),
    ],
)
def test_an_answer_of_somebody_else_is_told_as_it_is(
    script: Script, answer: httpx.Response
) -> None:
    with pytest.raises(ApiError, match="none of this API") as error:
        script(answer).client().get_scrape(7)
    assert (error.value.kind, error.value.status) == ("http", answer.status_code)
    assert answer.headers.get("Location", "") in str(error.value)
    assert "fc_key" not in str(error.value)


def test_pages_are_asked_for_when_they_are_needed(script: Script) -> None:
    server = script(page(1, 2, cursor="next"), page(3))
    items = server.client().iter_fixes("acme", url="https://img.example/1.jpg?a=b&c")
    assert [next(items), next(items)] == [1, 2]
    assert len(server.requests) == 1
    assert list(items) == [3]
    first, second = (dict(one.url.params) for one in server.requests)
    assert first["url"] == "https://img.example/1.jpg?a=b&c"
    assert second == {**first, "cursor": "next"}


def test_lines_come_one_by_one_and_a_broken_answer_is_an_error(script: Script) -> None:
    lines = [b'{"url": "1"}\n{"url"', b': "2"}\n', b'{"url": "3']
    server = script(httpx.Response(200, stream=Broken(*lines)))
    results = server.client().iter_results(7)
    assert [next(results)["url"], next(results)["url"]] == ["1", "2"]
    with pytest.raises(UnreachableError, match="broke off"):
        next(results)


def test_text_may_hold_what_else_ends_lines(script: Script) -> None:
    ids = ["a\u2028b", "c\x85d", "e"]
    body = "\n".join(json.dumps({"vehicle_id": one}, ensure_ascii=False) for one in ids)
    server = script(httpx.Response(200, text=body))
    assert [line["vehicle_id"] for line in server.client().iter_results(7)] == ids


def test_names_cannot_leave_their_place_in_the_path(script: Script) -> None:
    server = script(ok({"vehicles": []}))
    server.client().get_sitemap("a/../b?c#d é")
    raw = server.requests[0].url.raw_path.decode()
    assert raw.startswith("/v1/advertisers/a%2F..%2Fb%3Fc%23d%20%C3%A9/sitemap?")


@pytest.mark.parametrize("kind", ["path", "text path", "file", "pipe", "bytes"])
def test_a_feed_is_sent_whole_at_every_attempt(script: Script, kind: str, tmp_path: Path) -> None:
    feed = tmp_path / "feed.csv"
    feed.write_bytes(b"id,images\n1,\n")
    with feed.open("rb") as file:
        file.seek(4)
        given: Any = {
            "path": feed,
            "text path": str(feed),
            "file": file,
            "pipe": OnlyOnce(feed.read_bytes()),
            "bytes": feed.read_bytes(),
        }[kind]
        server = script(LOST, ok({"id": 7}))
        server.client().post_scrape("acme", given, allow_empty=True)
        assert not file.closed
    for request in server.requests:
        assert feed.read_bytes() in request.content
        assert b'name="feed"' in request.content
        assert dict(request.url.params) == {"allow_empty": "true"}
    named = b"feed.csv" if kind in {"path", "text path", "file"} else b"upload"
    assert b'filename="' + named + b'"' in server.requests[0].content


def test_a_feed_that_cannot_be_read_is_the_callers_fault(script: Script, tmp_path: Path) -> None:
    client = script().client()
    with pytest.raises(UsageError, match="Cannot read"):
        client.post_scrape("acme", tmp_path / "none.csv")
    with pytest.raises(UsageError, match="binary mode"):
        client.post_scrape("acme", io.StringIO("id\n"))  # type: ignore[arg-type]


def test_a_sitemap_is_whole_or_not_there(script: Script, tmp_path: Path) -> None:
    target = tmp_path / "acme.json"
    target.write_text("before")

    def broken() -> httpx.Response:
        return httpx.Response(200, headers=SITEMAP, stream=Broken(b"half of "))

    server = script(broken(), broken())
    with pytest.raises(UnreachableError):
        server.client(retries=1).download_sitemap("acme", target)
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("acme.json", "before")]
    server = script(broken(), httpx.Response(200, headers=SITEMAP, content=b"whole"))
    found = server.client().download_sitemap("acme", target)
    assert (target.read_bytes(), found.vehicles, found.images) == (b"whole", 1, 2)
    server = script(httpx.Response(304, headers={"ETag": '"1"'}))
    assert not server.client().download_sitemap("acme", target, etag='"1"').is_changed
    assert server.requests[0].headers["If-None-Match"] == '"1"'
    assert target.read_bytes() == b"whole"
    with pytest.raises(ApiError, match="no sitemap"):
        script(httpx.Response(200, text="<html>")).client().download_sitemap("acme", target)
    assert target.read_bytes() == b"whole"
    with pytest.raises(UsageError, match="Cannot write"):
        script().client().download_sitemap("acme", tmp_path / "none" / "acme.json")


def test_waiting_outlasts_a_server_that_is_down(script: Script) -> None:
    down = [LOST, problem(503), problem(500, "internal"), problem(429)]
    server = script(ok(SCRAPE), *down, ok(SCRAPE), ok(FINISHED))
    seen: list[Any] = []
    done = server.client(retries=0).wait_for(7, on_progress=seen.append)
    assert done == FINISHED
    assert seen == [SCRAPE, FINISHED]


def test_waiting_ends(script: Script) -> None:
    with pytest.raises(WaitTimeoutError, match="1 of 2 images") as error:
        script(ok(SCRAPE)).client().wait_for(7, timeout=0.1)
    assert error.value.scrape == SCRAPE
    with pytest.raises(WaitTimeoutError, match="did not answer"):
        script(LOST).client(retries=0).wait_for(7, timeout=0.1)
    with pytest.raises(ApiError, match="404"):
        script(problem(404)).client().wait_for(7)


def test_many_pictures_are_asked_about_in_portions(script: Script) -> None:
    server = script(ok({"results": [1, 2]}), ok({"results": [3]}))
    assert list(server.client().iter_classified(iter("abc"), at_once=2, recheck="never")) == [
        1,
        2,
        3,
    ]
    assert [json.loads(one.content)["urls"] for one in server.requests] == [["a", "b"], ["c"]]


@pytest.mark.parametrize(
    "base_url", ["server.test", "ftp://server.test", "http://", "http://host:port"]
)
def test_an_address_that_cannot_be_one_is_refused(base_url: str) -> None:
    with pytest.raises(UsageError, match=r"address"):
        Client(base_url, "fc_key")


@pytest.mark.parametrize("key", ["", " \n", "clé"])
def test_a_key_that_cannot_be_one_is_refused(key: str) -> None:
    with pytest.raises(UsageError, match="API key"):
        Client("http://server.test", key)


def test_the_callers_own_connections_stay_open() -> None:
    http = httpx.Client()
    with Client("http://server.test/", "fc_key", http=http) as client:
        assert "fc_key" not in repr(client)
    assert not http.is_closed
    http.close()
