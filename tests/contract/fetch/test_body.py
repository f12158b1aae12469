"""Bodies: wanted or not, too long, packed, cut short, out of order."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Callable

import pytest

from forecourt.core.records import ImageFacts, ImageRequest
from tests.contract.fetch.conftest import Ask, body_of, reason_of
from tests.support.image_host import ImageHost


def test_the_headers_decide_whether_a_body_is_read(host: ImageHost, ask: Ask) -> None:
    seen: list[ImageFacts] = []

    def unless_known(_request: ImageRequest, facts: ImageFacts) -> bool:
        seen.append(facts)
        return facts.headers["etag"] != '"known"'

    big = bytes(8 << 20)
    known, new = ask(
        host.put("/known.jpg", big, etag='"known"', drip_s=0.5),
        host.put("/new.jpg", b"new", etag='"new"'),
        want_body=unless_known,
    )
    assert (body_of(known), body_of(new)) == (None, b"new")
    assert sorted(facts.headers["etag"] for facts in seen) == ['"known"', '"new"']
    # Had the body been read, its sixteen drips would have passed the limit of five seconds.


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_body_up_to_the_limit_is_read_and_no_longer_one(
    host: ImageHost, ask: Ask, *, is_chunked: bool
) -> None:
    fits, longer = ask(
        host.put("/fits.jpg", bytes(1024), is_chunked=is_chunked),
        host.put("/longer.jpg", bytes(1025), is_chunked=is_chunked),
        max_bytes=1024,
    )
    assert body_of(fits) == bytes(1024)
    assert reason_of(longer) == "too_large"


def test_a_body_without_an_end_is_cut_off(host: ImageHost, ask: Ask) -> None:
    (outcome,) = ask(host.put("/a.jpg", bytes(64 << 20), is_chunked=True), max_bytes=1024)
    assert reason_of(outcome) == "too_large"


@pytest.mark.parametrize(
    ("coding", "pack"),
    [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("Deflate", zlib.compress)],
)
def test_a_body_that_was_packed_unasked_is_unpacked(
    host: ImageHost, ask: Ask, coding: str, pack: Callable[[bytes], bytes]
) -> None:
    url = host.put("/a.jpg", pack(b"bytes" * 100), headers={"Content-Encoding": coding})
    assert body_of(ask(url)[0]) == b"bytes" * 100


@pytest.mark.parametrize("coding", ["identity", "binary", "utf-8"])
def test_what_is_no_coding_changes_nothing(host: ImageHost, ask: Ask, coding: str) -> None:
    url = host.put("/a.jpg", b"bytes", headers={"Content-Encoding": coding})
    assert body_of(ask(url)[0]) == b"bytes"


def test_a_bomb_is_unpacked_up_to_the_limit_only(host: ImageHost, ask: Ask) -> None:
    bomb = gzip.compress(bytes(64 << 20))
    exact = gzip.compress(bytes(1 << 20))
    headers = {"Content-Encoding": "gzip"}
    outcomes = ask(
        host.put("/bomb.jpg", bomb, headers=headers),
        host.put("/longer.jpg", gzip.compress(bytes((1 << 20) + 1)), headers=headers),
        host.put("/exact.jpg", exact, headers=headers),
        max_bytes=1 << 20,
    )
    assert [reason_of(outcome) for outcome in outcomes[:2]] == ["too_large", "too_large"]
    assert body_of(outcomes[2]) == bytes(1 << 20)


@pytest.mark.parametrize(
    ("coding", "body", "reason"),
    [
        ("gzip", gzip.compress(b"bytes" * 100, mtime=0)[:-12], "truncated"),
        ("gzip", b"\xff\xd8\xff plain", "undecodable"),
        ("gzip", b"", "empty"),
        ("gzip", gzip.compress(b"", mtime=0), "empty"),
        ("br", b"whatever", "undecodable"),
        ("zstd", b"whatever", "undecodable"),
    ],
)
def test_a_coding_that_cannot_be_undone(
    host: ImageHost, ask: Ask, coding: str, body: bytes, reason: str
) -> None:
    url = host.put("/a.jpg", body, headers={"Content-Encoding": coding})
    assert reason_of(ask(url, retries=0)[0]) == reason


@pytest.mark.parametrize("cut_at", [0, 1, 999])
def test_a_cut_body_is_truncated_after_the_retries(host: ImageHost, ask: Ask, cut_at: int) -> None:
    url = host.put("/a.jpg", bytes(1000), cut_at=cut_at)
    (outcome,) = ask(url, retries=1)
    assert reason_of(outcome) == "truncated"
    assert len(host.log) == 2


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.0 200 OK\r\nETag: \xe4\r\n\r\nabc", b"abc"),  # Latin-1
    ],
)
def test_an_untidy_answer_is_read(host: ImageHost, ask: Ask, raw: bytes, expected: bytes) -> None:
    assert body_of(ask(host.put("/a.jpg", b"", raw=raw))[0]) == expected


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "connect_failed"),
        (b'HTTP/1.1 200 OK\r\nETag: "1"\r\n', "connect_failed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nabc", "http_error"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nabc", "http_error"),
        (b"HTTP/1.1 OK\r\n\r\n", "http_error"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "http_error"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc", "http_error"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc", "truncated"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef", "http_error"),
        (b'HTTP/1.1 200 OK\r\nETag: "' + b"x" * 100_000 + b'"\r\n\r\nabc', "http_error"),
    ],
)
def test_an_answer_that_is_none(host: ImageHost, ask: Ask, raw: bytes, reason: str) -> None:
    (outcome,) = ask(host.put("/a.jpg", b"", raw=raw), retries=0)
    assert reason_of(outcome) == reason


def test_a_body_of_many_chunks_arrives_whole(host: ImageHost, ask: Ask) -> None:
    big = hashlib.shake_128(b"seed").digest(3 << 20)
    (outcome,) = ask(host.put("/big.jpg", big, is_chunked=True))
    assert body_of(outcome) == big
