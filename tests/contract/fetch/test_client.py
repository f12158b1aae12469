"""Many images at a time: limits, order of work, and how a run ends."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecourt.core.records import Fetched, ImageFacts, ImageRequest, NotFetched
from forecourt.core.settings import FetchSettings
from forecourt.core.skips import SkipReason
from forecourt.fetch.client import Fetcher
from tests.contract.fetch.conftest import Ask, in_order, yes
from tests.support.image_host import ImageHost


def fill(host: ImageHost, count: int, **behaviour: object) -> list[str]:
    return [host.put(f"/{n}.jpg", b"%d" % n, **behaviour) for n in range(count)]


def requests(urls: list[str]) -> Iterator[ImageRequest]:
    return (ImageRequest(ref=n, url=url) for n, url in enumerate(urls))


# ---- limits --------------------------------------------------------------------------------------


def test_requests_in_flight_to_one_host(host: ImageHost, ask: Ask) -> None:
    ask(*fill(host, 20, delay_s=0.2), per_host=4, concurrency=64)
    assert host.peak == 4


def test_requests_in_flight_overall(host: ImageHost, ask: Ask) -> None:
    with ImageHost() as other:
        urls = fill(host, 12, delay_s=0.2) + fill(other, 12, delay_s=0.2)
        ask(*urls, per_host=64, concurrency=6)
        assert host.peak + other.peak >= 6
        assert max(host.peak, other.peak) <= 6


def test_a_host_by_other_names_of_its_url_is_still_one_host(host: ImageHost, ask: Ask) -> None:
    urls = fill(host, 12, delay_s=0.2)
    urls = [url.replace("//127", f"//user{n}@127") for n, url in enumerate(urls)]
    ask(*urls, per_host=3)
    assert host.peak == 3


def test_a_slow_host_does_not_keep_the_others_waiting(
    host: ImageHost, fetch_settings: FetchSettings
) -> None:
    with ImageHost() as fast:
        urls = fill(host, 30, delay_s=600) + fill(fast, 30)
        limits = fetch_settings.model_copy(
            update={"per_host": 2, "concurrency": 8, "timeout_s": 600.0}
        )
        with Fetcher(limits) as fetcher:
            outcomes = fetcher.fetch(requests(urls), want_body=yes)
            first = [outcome.request.ref for outcome in itertools.islice(outcomes, 30)]
            outcomes.close()
        assert sorted(first) == list(range(30, 60))


def test_redirects_to_one_host_keep_to_its_limit(host: ImageHost, ask: Ask) -> None:
    fill(host, 12, delay_s=0.2)
    with ImageHost() as other:
        for n in range(12):
            other.put(f"/{n}", b"", status=302, headers={"Location": host.url(f"/{n}.jpg")})
        outcomes = ask(*[other.url(f"/{n}") for n in range(12)], per_host=3)
    assert [outcome.body for outcome in outcomes if isinstance(outcome, Fetched)] == [
        b"%d" % n for n in range(12)
    ]
    assert host.peak <= 3


# ---- flow ----------------------------------------------------------------------------------------


def test_every_request_has_one_outcome(host: ImageHost, ask: Ask) -> None:
    urls = fill(host, 700)  # more than are looked ahead or kept
    outcomes = ask(*urls, host.url("/missing.jpg"), "nonsense")
    assert [outcome.body for outcome in outcomes if isinstance(outcome, Fetched)] == [
        b"%d" % n for n in range(700)
    ]
    assert [outcome.reason for outcome in outcomes if isinstance(outcome, NotFetched)] == [
        SkipReason.NOT_FOUND,
        SkipReason.BAD_URL,
    ]


def test_requests_are_pulled_as_they_are_needed(
    host: ImageHost, fetch_settings: FetchSettings
) -> None:
    url = host.put("/a.jpg", b"x")
    pulled = itertools.count()

    def endless() -> Iterator[ImageRequest]:
        for n in pulled:
            yield ImageRequest(ref=n, url=url)

    with Fetcher(fetch_settings) as fetcher:
        outcomes = fetcher.fetch(endless(), want_body=yes)
        assert len(list(itertools.islice(outcomes, 10))) == 10
        outcomes.close()
    assert next(pulled) < 5_000
    assert len(host.log) < 5_000


def test_a_consumer_that_stands_still_stops_the_downloads(
    host: ImageHost, fetch_settings: FetchSettings
) -> None:
    urls = [host.put(f"/{n}.jpg", bytes(1 << 20)) for n in range(120)]
    with Fetcher(fetch_settings) as fetcher:
        outcomes = fetcher.fetch(requests(urls), want_body=yes)
        next(outcomes)
        before = -1
        while before != len(host.log):  # until nothing moves any more
            before = len(host.log)
            threading.Event().wait(0.3)
        assert before <= 64 + fetch_settings.per_host + 1  # megabytes kept, in flight, and taken
        assert sum(1 for _rest in outcomes) == 119


def test_a_fetcher_serves_one_run_after_another(
    host: ImageHost, fetch_settings: FetchSettings
) -> None:
    urls = fill(host, 3)
    with Fetcher(fetch_settings) as fetcher:
        for _run in range(3):
            wanted = list(requests(urls))
            outcomes = in_order(wanted, list(fetcher.fetch(wanted, want_body=yes)))
            assert all(isinstance(outcome, Fetched) for outcome in outcomes)
        assert list(fetcher.fetch([], want_body=yes)) == []


def test_a_fetcher_that_was_not_entered_says_so(fetch_settings: FetchSettings) -> None:
    fetcher = Fetcher(fetch_settings)
    with pytest.raises(RuntimeError, match="context manager"):
        next(fetcher.fetch([], want_body=yes))
    with fetcher:
        assert list(fetcher.fetch([], want_body=yes)) == []
    with pytest.raises(RuntimeError, match="context manager"):
        next(fetcher.fetch([], want_body=yes))


# ---- ends ----------------------------------------------------------------------------------------


class OwnError(ValueError):
    """Of the caller; ValueError and OSError must not be taken for failures of the image."""


class OwnOSError(OSError):
    """Likewise."""


@pytest.mark.parametrize("kind", [OwnError, OwnOSError, KeyError])
def test_an_error_in_want_body_is_the_callers(
    host: ImageHost, ask: Ask, kind: type[Exception]
) -> None:
    def fail(_request: ImageRequest, _facts: ImageFacts) -> bool:
        raise kind("of the caller")

    with pytest.raises(kind, match="of the caller"):
        ask(*fill(host, 50), want_body=fail)


def test_an_error_in_the_requests_is_the_callers(
    host: ImageHost, fetch_settings: FetchSettings
) -> None:
    url = host.put("/a.jpg", b"x", delay_s=30)

    def failing() -> Iterator[ImageRequest]:
        yield ImageRequest(ref=0, url=url)
        raise OwnError("of the caller")

    with (
        Fetcher(fetch_settings) as fetcher,
        pytest.raises(OwnError, match="of the caller"),
    ):
        list(fetcher.fetch(failing(), want_body=yes))


def fetcher_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "fetcher"]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, OwnError])
def test_an_interrupt_closes_everything_at_once(
    host: ImageHost, fetch_settings: FetchSettings, kind: type[BaseException]
) -> None:
    urls = [*fill(host, 4), host.put("/slow.jpg", b"x", delay_s=600)]
    patient = fetch_settings.model_copy(update={"timeout_s": 600.0})

    def run() -> None:
        with Fetcher(patient) as fetcher:
            for _outcome in fetcher.fetch(requests(urls), want_body=yes):
                raise kind

    with pytest.raises(kind):
        run()
    assert fetcher_threads() == []


def test_a_fetcher_closes_with_a_run_that_somebody_still_holds(
    host: ImageHost, fetch_settings: FetchSettings
) -> None:
    urls = [*fill(host, 4), host.put("/slow.jpg", b"x", delay_s=600)]
    patient = fetch_settings.model_copy(update={"timeout_s": 600.0})
    with Fetcher(patient) as fetcher:
        held = fetcher.fetch(requests(urls), want_body=yes)
        next(held)
    assert fetcher_threads() == []
    held.close()


def test_what_is_in_flight_is_given_up_with_its_run(
    host: ImageHost, fetch_settings: FetchSettings
) -> None:
    slow = [host.put(f"/slow{n}.jpg", b"x", delay_s=600) for n in range(4)]
    patient = fetch_settings.model_copy(update={"timeout_s": 600.0, "per_host": 5})
    with Fetcher(patient) as fetcher:
        outcomes = fetcher.fetch(requests([*fill(host, 1), *slow]), want_body=yes)
        next(outcomes)
        outcomes.close()
        again = list(fetcher.fetch(requests(fill(host, 20)), want_body=yes))
    assert len(again) == 20


# ---- whatever a feed may hold --------------------------------------------------------------------

HOSTILE = [
    "",
    " ",
    "nonsense",
    "http://",
    "http:///a.jpg",
    "http://[",
    "http://[::1",
    "http://:80/",
    "http://h:0/",
    "http://127.0.0.1:0/",
    "http://h:-1/",
    "http://h:99999/",
    "http://a..b/",
    "http://.invalid/",
    "http://xn--a.invalid/",
    "http://" + "a" * 64 + ".invalid/",
    "http://" + "a." * 200 + "invalid/",
    "http://a b.invalid/",
    "http://%00.invalid/",
    "http://\x00/",
    "http://h.invalid/\x00",
    "http://h.invalid/\ud800",
    "http://\ud800.invalid/",
    "http://user:pass@/",
    "http://@/",
    "http://ÄÖ%.invalid/",
    "file:///etc/passwd",
    "data:image/png;base64,AAAA",
    "\\\\server\\share\\a.jpg",
    "http:\\\\h.invalid\\a.jpg",
    "http://h.invalid/" + "a" * 100_000,
]


def test_no_url_of_a_feed_breaks_the_run(host: ImageHost, ask: Ask) -> None:
    *refused, fine = ask(*HOSTILE, host.put("/a.jpg", b"x"), retries=0, timeout_s=3.0)
    assert isinstance(fine, Fetched)
    reasons = {one.request.url: one.reason for one in refused if isinstance(one, NotFetched)}
    assert len(reasons) == len(refused) == len(HOSTILE)
    assert SkipReason.INTERNAL_ERROR not in reasons.values()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(
        st.text(max_size=20)
        | st.text(max_size=20).map("http://127.0.0.1:9/{}".format)
        | st.text(max_size=10).map("http://[{}]/".format),
        max_size=30,
    )
)
def test_no_text_breaks_the_run(ask: Ask, texts: list[str]) -> None:
    for outcome in ask(*texts, retries=0):
        assert isinstance(outcome, NotFetched)
        assert outcome.reason is not SkipReason.INTERNAL_ERROR
