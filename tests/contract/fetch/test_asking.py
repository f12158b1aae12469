"""One image for somebody who waits for it: an outcome in time, whatever the host does."""

from __future__ import annotations

import threading

import pytest

from forecourt.core.records import Fetched, ImageRequest, NotFetched
from forecourt.core.settings import FetchSettings
from forecourt.core.skips import SkipReason
from forecourt.fetch.client import Fetcher
from tests.support.image_host import ImageHost


def asking(fetcher: Fetcher, url: str, patience_s: float = 30.0) -> Fetched | NotFetched:
    return fetcher.ask(ImageRequest(ref=7, url=url), patience_s=patience_s)


def test_answer_comes_with_its_body(host: ImageHost, fetch_settings: FetchSettings) -> None:
    with Fetcher(fetch_settings) as fetcher:
        outcome = asking(fetcher, host.put("/1.jpg", b"one"))
    assert isinstance(outcome, Fetched)
    assert (outcome.body, outcome.request.ref) == (b"one", 7)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://192.168.0.1/1.jpg", SkipReason.BLOCKED_ADDRESS),
        ("file:///etc/passwd", SkipReason.BAD_URL),
    ],
)
def test_the_egress_policy_holds(
    fetch_settings: FetchSettings, url: str, reason: SkipReason
) -> None:
    with Fetcher(fetch_settings) as fetcher:
        outcome = asking(fetcher, url)
    assert isinstance(outcome, NotFetched)
    assert outcome.reason is reason


def test_patience_ends_and_the_fetcher_goes_on(
    host: ImageHost, fetch_settings: FetchSettings
) -> None:
    limits = fetch_settings.model_copy(update={"timeout_s": 600.0, "per_host": 1})
    with Fetcher(limits) as fetcher:
        slow = asking(fetcher, host.put("/slow.jpg", b"slow", delay_s=600), patience_s=0.2)
        assert isinstance(slow, NotFetched)
        assert slow.reason is SkipReason.TIMEOUT
        quick = asking(fetcher, host.put("/quick.jpg", b"quick"))  # its place is free again
        assert isinstance(quick, Fetched)


def test_waiting_for_a_busy_host_counts_too(host: ImageHost, fetch_settings: FetchSettings) -> None:
    limits = fetch_settings.model_copy(update={"timeout_s": 600.0, "per_host": 1})
    busy, url = host.put("/busy.jpg", b"busy", delay_s=600), host.put("/1.jpg", b"one")
    with Fetcher(limits) as fetcher:
        thread = threading.Thread(target=asking, args=(fetcher, busy, 2.0))
        thread.start()
        while not host.is_asked("/busy.jpg"):
            pass
        outcome = asking(fetcher, url, patience_s=0.2)
        assert isinstance(outcome, NotFetched)
        assert outcome.reason is SkipReason.TIMEOUT
        assert not host.is_asked("/1.jpg")
        thread.join()
