"""A real receiver, and the poster that reaches it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from forecourt.core.settings import FetchSettings
from forecourt.fetch.post import Poster
from tests.support.receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def poster(fetch_settings: FetchSettings) -> Iterator[Poster]:
    with Poster(fetch_settings) as running:
        yield running
