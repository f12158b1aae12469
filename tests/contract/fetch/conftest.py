"""One way to ask: a list of URLs or requests in, outcomes by request out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from forecourt.core.records import Fetched, ImageFacts, ImageRequest, NotFetched
from forecourt.core.settings import FetchSettings
from forecourt.core.skips import SkipReason
from forecourt.fetch.client import Fetcher
from tests.support.image_host import ImageHost

Outcome = Fetched | NotFetched
Ask = Callable[..., list[Outcome]]


def yes(_request: ImageRequest, _facts: ImageFacts) -> bool:
    return True


@pytest.fixture
def ask(fetch_settings: FetchSettings) -> Ask:
    """Ask for URLs or requests; outcomes come back in their order. Settings by keyword."""

    def ask_for(
        *what: str | ImageRequest,
        want_body: Callable[[ImageRequest, ImageFacts], bool] = yes,
        resolver: Any = None,
        **changed: object,
    ) -> list[Outcome]:
        requests = [
            one if isinstance(one, ImageRequest) else ImageRequest(ref=n, url=one)
            for n, one in enumerate(what)
        ]
        settings = fetch_settings.model_copy(update=changed)
        with Fetcher(settings, resolver=resolver) as fetcher:
            outcomes = list(fetcher.fetch(requests, want_body=want_body))
        return in_order(requests, outcomes)

    return ask_for


def in_order(requests: Iterable[ImageRequest], outcomes: list[Outcome]) -> list[Outcome]:
    """Exactly one outcome for each request, no more and no less."""
    by_ref = {outcome.request.ref: outcome for outcome in outcomes}
    refs = [request.ref for request in requests]
    assert sorted(by_ref) == sorted(refs)
    assert len(outcomes) == len(refs)
    return [by_ref[ref] for ref in refs]


def body_of(outcome: Outcome) -> bytes | None:
    assert isinstance(outcome, Fetched), outcome
    return outcome.body


def reason_of(outcome: Outcome) -> SkipReason:
    assert isinstance(outcome, NotFetched), outcome
    return outcome.reason


def redirect(host: ImageHost, path: str, location: str, status: int = 302) -> str:
    return host.put(path, b"", status=status, headers={"Location": location})
