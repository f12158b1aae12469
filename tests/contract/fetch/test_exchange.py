"""One image against a real host: answers, conditions, redirects."""

from __future__ import annotations

import pytest

from forecourt.core.records import Fetched, ImageRequest, NotFetched, Validators
from tests.contract.fetch.conftest import Ask, body_of, reason_of, redirect
from tests.support.image_host import ImageHost

MONDAY = "Mon, 23 Nov 2026 06:00:00 GMT"


# ---- answers -------------------------------------------------------------------------------------


def test_the_body_comes_with_what_the_headers_say(host: ImageHost, ask: Ask) -> None:
    url = host.put("/a.jpg", b"bytes", etag='"1"', last_modified=MONDAY)
    (outcome,) = ask(url)
    assert isinstance(outcome, Fetched)
    assert outcome.body == b"bytes"
    assert (outcome.facts.url, outcome.facts.final_url, outcome.facts.status) == (url, url, 200)
    headers = outcome.facts.headers
    assert (headers["etag"], headers["last-modified"], headers["content-length"]) == (
        '"1"',
        MONDAY,
        "5",
    )


def test_every_request_says_the_same_of_us(host: ImageHost, ask: Ask) -> None:
    ask(host.put("/a.jpg", b"a"), host.put("/b.jpg", b"b"))
    for entry in host.log:
        assert entry.headers["Accept"] == "image/jpeg,image/png;q=0.9,image/*;q=0.5"
        assert entry.headers["Accept-Encoding"] == "identity"
        assert entry.headers["User-Agent"].startswith("Forecourt/")
        assert "If-None-Match" not in entry.headers


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (204, "http_error"),
        (206, "http_error"),
        (300, "http_error"),
        (302, "http_error"),  # without a Location
        (304, "http_error"),  # although nothing was asked to be confirmed
        (400, "http_error"),
        (401, "forbidden"),
        (403, "forbidden"),
        (404, "not_found"),
        (407, "forbidden"),
        (410, "not_found"),
        (418, "http_error"),
        (429, "rate_limited"),
        (451, "forbidden"),
        (500, "server_error"),
        (501, "server_error"),
        (503, "server_error"),
        (599, "server_error"),
    ],
)
def test_a_status_that_is_no_answer(host: ImageHost, ask: Ask, status: int, reason: str) -> None:
    (outcome,) = ask(host.put("/a.jpg", b"x", status=status), retries=0)
    assert reason_of(outcome) == reason
    assert isinstance(outcome, NotFetched)
    assert outcome.detail == f"HTTP {status}"


@pytest.mark.parametrize("content_type", ["text/html", "video/mp4", "application/octet-stream", ""])
def test_the_bytes_and_not_the_content_type_say_what_it_is(
    host: ImageHost, ask: Ask, content_type: str
) -> None:
    headers = {"Content-Type": content_type}
    (outcome,) = ask(host.put("/a.jpg", b"<!doctype html>", headers=headers))
    assert body_of(outcome) == b"<!doctype html>"


def test_no_bytes_at_all_is_empty(host: ImageHost, ask: Ask) -> None:
    outcomes = ask(host.put("/a.jpg", b""), host.put("/b.jpg", b"", is_chunked=True))
    assert [reason_of(outcome) for outcome in outcomes] == ["empty", "empty"]


# ---- conditions ----------------------------------------------------------------------------------


def held(url: str, **validators: str) -> ImageRequest:
    return ImageRequest(ref=0, url=url, validators=Validators(**validators))


@pytest.mark.parametrize("etag", ['"1"', 'W/"1"'])
def test_an_unchanged_image_is_confirmed_without_its_body(
    host: ImageHost, ask: Ask, etag: str
) -> None:
    url = host.put("/a.jpg", b"bytes", etag=etag, headers={"Cache-Control": "max-age=60"})
    (outcome,) = ask(held(url, etag=etag), want_body=lambda *_: pytest.fail("not to be asked"))
    assert isinstance(outcome, Fetched)
    assert (outcome.facts.is_not_modified, outcome.body) == (True, None)
    assert outcome.facts.headers["cache-control"] == "max-age=60"
    assert host.log[0].headers["If-None-Match"] == etag


def test_a_date_is_a_condition_too(host: ImageHost, ask: Ask) -> None:
    url = host.put("/a.jpg", b"bytes", etag=None, last_modified=MONDAY)
    (outcome,) = ask(held(url, last_modified=MONDAY))
    assert isinstance(outcome, Fetched)
    assert outcome.facts.is_not_modified


def test_a_changed_image_comes_with_its_body(host: ImageHost, ask: Ask) -> None:
    url = host.put("/a.jpg", b"bytes", etag='"2"')
    (outcome,) = ask(held(url, etag='"1"'))
    assert body_of(outcome) == b"bytes"


def test_without_validators_there_is_no_condition(host: ImageHost, ask: Ask) -> None:
    url = host.put("/a.jpg", b"bytes", statuses=[304])
    (outcome,) = ask(ImageRequest(ref=0, url=url, validators=Validators()), retries=0)
    assert reason_of(outcome) == "http_error"


def test_a_304_for_another_etag_confirms_nothing(host: ImageHost, ask: Ask) -> None:
    url = host.put("/a.jpg", b"bytes", etag='"2"', statuses=[304], headers={"ETag": '"2"'})
    (outcome,) = ask(held(url, etag='"1"', last_modified=MONDAY), retries=0)
    assert body_of(outcome) == b"bytes"
    assert "If-None-Match" in host.log[0].headers
    assert not {"If-None-Match", "If-Modified-Since"} & host.log[1].headers.keys()


# ---- redirects -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed_and_does_not_change_identity(
    host: ImageHost, ask: Ask, status: int
) -> None:
    target = host.put("/real.jpg", b"bytes")
    url = redirect(host, "/a.jpg", "real.jpg", status)
    (outcome,) = ask(url)
    assert body_of(outcome) == b"bytes"
    assert isinstance(outcome, Fetched)
    assert (outcome.facts.url, outcome.facts.final_url) == (url, target)


def test_redirects_up_to_the_limit(host: ImageHost, ask: Ask) -> None:
    host.put("/0", b"bytes")
    urls = [redirect(host, f"/{n}", f"/{n - 1}") for n in range(1, 5)]
    *fine, one_too_many = ask(*urls, max_redirects=3)
    assert [body_of(outcome) for outcome in fine] == [b"bytes"] * 3
    assert reason_of(one_too_many) == "too_many_redirects"


def test_a_loop_of_redirects_ends(host: ImageHost, ask: Ask) -> None:
    urls = [redirect(host, "/a", "/b"), redirect(host, "/b", "/a"), redirect(host, "/c", "/c")]
    assert {reason_of(outcome) for outcome in ask(*urls)} == {"too_many_redirects"}
    assert len(host.log) == 3 * 6


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://169.254.169.254/latest/meta-data/", "blocked_address"),
        ("http://10.0.0.1/a.jpg", "blocked_address"),
        ("http://[::1]/a.jpg", "blocked_address"),
        ("http://[::ffff:10.0.0.1]/a.jpg", "blocked_address"),
        ("//0.0.0.0/a.jpg", "blocked_address"),
        ("file:///etc/passwd", "bad_url"),
        ("ftp://127.0.0.1/a.jpg", "bad_url"),
        ("javascript:alert(1)", "bad_url"),
        ("http://[::1", "bad_url"),
        ("http://", "bad_url"),
        ("https:", "bad_url"),
        ("//", "bad_url"),
        ("", "bad_url"),
        ("/", "not_found"),
    ],
)
def test_every_redirect_is_checked(host: ImageHost, ask: Ask, location: str, reason: str) -> None:
    (outcome,) = ask(redirect(host, "/a.jpg", location))
    assert reason_of(outcome) == reason
