"""What one answer shows of its host, and what the hosts of a run are then believed."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from forecourt.core.records import ImageFacts
from forecourt.core.settings import FetchSettings
from forecourt.identity.hosts import Observation
from forecourt.jobs.workspace import Workspace
from forecourt.store.engine import reading, writing
from forecourt.tagging.trust import HostBook, judge

AT = datetime(2026, 11, 24, tzinfo=UTC)
BODY = b"the bytes of a picture"
MD5 = hashlib.md5(BODY, usedforsecurity=False).hexdigest()
HOST = "images.example"


def facts(**headers: str) -> ImageFacts:
    return ImageFacts(
        url="https://images.example/a.jpg",
        final_url="https://images.example/a.jpg",
        status=200,
        headers=headers,
        received_at=AT,
    )


def seen(**given: Any) -> list[Observation]:
    answer: dict[str, Any] = {
        "facts": facts(etag='"1"'),
        "body": BODY,
        "claimed": None,
        "actual": None,
        "before": None,
        "has_header_keys": True,
        "has_false_digest": False,
    }
    return [observation for _host, observation in judge(HOST, **(answer | given))]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"body": None}, [Observation.HIT]),
        ({"claimed": 7, "actual": 7}, [Observation.PROOF]),
        ({"claimed": 7, "actual": 8}, [Observation.LIE]),
        ({"claimed": 7, "actual": None}, [Observation.LIE]),  # bytes that nobody has seen before
        ({"before": 7, "actual": 7}, [Observation.CHURN]),
        ({"before": 7, "actual": 8}, [Observation.CHANGE]),
        ({"before": 7, "actual": None}, [Observation.CHANGE]),
        ({"actual": 7}, []),  # a new URL of a known picture says nothing of the headers
        ({"has_header_keys": False, "before": 7, "actual": 7}, []),
        ({"has_header_keys": False, "has_false_digest": True}, [Observation.LIE]),
        ({"facts": facts(etag=f'"{MD5}"')}, [Observation.MD5_ETAG]),
        ({"facts": facts(etag=f'"{"0" * 32}"')}, [Observation.OTHER_ETAG]),
        ({"facts": facts(etag=f'"{MD5}-2"')}, []),  # S3's tag of an upload in two parts
    ],
)
def test_one_answer_shows(given: dict[str, Any], shown: list[Observation]) -> None:
    assert seen(**given) == shown


@pytest.fixture
def engine(workspace: Workspace) -> sa.Engine:
    return workspace.engine


@pytest.fixture
def book(engine: sa.Engine) -> HostBook:
    return open_book(engine)


def open_book(engine: sa.Engine) -> HostBook:
    opened = HostBook(FetchSettings(verify_first=5, per_host=2, verify_share=0.0), scrape_id=1)
    with reading(engine) as connection:
        opened.load(connection, {HOST})
    return opened


def learn(engine: sa.Engine, book: HostBook, *observations: Observation) -> list[str]:
    with writing(engine) as connection:
        return book.learn(connection, [(HOST, one) for one in observations], at=AT)


def admitted(book: HostBook, tries: int = 1_000) -> int:
    book.start_pass()
    return sum(book.admits(HOST) for _try in range(tries))


def test_new_host_is_asked_for_no_more_known_images_than_would_prove_it(book: HostBook) -> None:
    assert admitted(book) == 5


def test_half_proved_host_is_asked_for_the_rest_only(engine: sa.Engine, book: HostBook) -> None:
    learn(engine, book, Observation.PROOF, Observation.PROOF)
    assert admitted(book) == 3


def test_no_fewer_are_asked_for_than_are_in_flight_at_once(
    engine: sa.Engine, book: HostBook
) -> None:
    learn(engine, book, *[Observation.PROOF] * 4)
    assert admitted(book) == 2


def test_host_that_proves_nothing_holds_its_images_up_for_a_few_passes_only(
    engine: sa.Engine, book: HostBook
) -> None:
    asked = []
    for _pass in range(4):
        asked.append(admitted(book))
        learn(engine, book, *[Observation.CHANGE] * asked[-1])
    assert asked == [5, 10, 20, 40]


def test_proved_host_and_distrusted_host_make_nothing_wait(
    engine: sa.Engine, book: HostBook
) -> None:
    learn(engine, book, *[Observation.PROOF] * 5)
    assert not book.must_read(HOST, "a", is_fixed=False)
    assert admitted(book) == 1_000
    assert learn(engine, book, Observation.LIE) == [HOST]
    assert book.must_read(HOST, "a", is_fixed=False)
    assert admitted(book) == 1_000


def test_lie_is_reported_once(engine: sa.Engine, book: HostBook) -> None:
    assert learn(engine, book, Observation.LIE) == [HOST]
    assert learn(engine, book, Observation.LIE, Observation.PROOF) == []
    assert not book.uses_headers(HOST)


def test_lie_that_another_run_found_ends_the_belief_of_this_one(
    engine: sa.Engine, book: HostBook
) -> None:
    learn(engine, book, *[Observation.PROOF] * 5)
    other = open_book(engine)
    assert learn(engine, other, Observation.LIE) == [HOST]
    assert book.uses_headers(HOST)  # it cannot know yet
    assert learn(engine, book, Observation.HIT) == [HOST]
    assert not book.uses_headers(HOST)


def test_two_runs_prove_a_host_together(engine: sa.Engine, book: HostBook) -> None:
    other = open_book(engine)
    learn(engine, book, *[Observation.PROOF] * 3)
    learn(engine, other, *[Observation.PROOF] * 2)
    assert not other.must_read(HOST, "a", is_fixed=False)
    assert not open_book(engine).must_read(HOST, "a", is_fixed=False)
