"""One batch of answers, written out by hand: identified, classified, settled, counted."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from forecourt.core.records import (
    Fetched,
    ImageFacts,
    ImageRequest,
    NotFetched,
    Vehicle,
)
from forecourt.core.skips import SkipReason
from forecourt.identity.hosts import HostState, Observation
from forecourt.identity.urls import make_url_key
from forecourt.jobs.workspace import Workspace
from forecourt.store import inventory, worklist
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.claims import Claims
from forecourt.store.engine import reading, writing
from forecourt.store.inventory import KeyedVehicle
from forecourt.store.schema import hosts, images, urls, vehicle_images
from forecourt.store.scrapes import NewScrape
from forecourt.tagging.batch import BatchStore, Flight
from forecourt.tagging.tally import Tally
from forecourt.tagging.trust import HostBook
from forecourt.vision.pipeline import Pipeline
from tests.support.pictures import jpeg
from tests.support.tiny_bundle import PAINTS

HOST = "images.example"
RED, BLUE = jpeg(PAINTS["Red"]), jpeg(PAINTS["Blue"])
Answer = Fetched | NotFetched


def url(name: str) -> str:
    return f"https://{HOST}/{name}.jpg"


class Batches:
    """Scrapes of one vehicle, and the batches that settle them."""

    def __init__(self, workspace: Workspace, pipeline: Pipeline) -> None:
        self.engine = workspace.engine
        self._workspace = workspace
        self._pipeline = pipeline
        self.claims = Claims(self.engine, workspace.settings.home / "locks")
        self._scrapes = 0
        self.scrape_id = 0

    def close(self) -> None:
        self.claims.close()

    def start(self, *names: str) -> None:
        """Accept a scrape that shows these images."""
        at = datetime.now(UTC)
        self._scrapes += 1
        new = NewScrape(
            advertiser="acme",
            feed_name="feed.json",
            feed_format="scrape",
            feed_digest=str(self._scrapes),
            scraped_at=None,
            received_at=at,
        )
        addresses = tuple(url(name) for name in names)
        keyed = KeyedVehicle(
            0,
            Vehicle(id="one", images=addresses),
            tuple(make_url_key(one) for one in addresses),
        )
        with writing(self.engine) as connection:
            self.scrape_id = stored_scrapes.add_scrape(connection, new)
            inventory.add_vehicles(connection, self.scrape_id, "acme", [keyed])
        fetch = self._workspace.settings.fetch
        self.hosts = HostBook(fetch, self.scrape_id)
        self._store = BatchStore(
            engine=self.engine,
            media=self._workspace.media,
            pipeline=self._pipeline,
            hosts=self.hosts,
            claims=self.claims,
            scrape_id=self.scrape_id,
            max_validity_s=fetch.max_validity_s,
        )

    def ask(self) -> dict[str, Flight]:
        """Return a flight for each pending image, by the image's name."""
        with reading(self.engine) as connection:
            pending = worklist.read_pending(connection, self.scrape_id, after_id=0, limit=100)
            self.hosts.load(connection, {HOST})
        names = [one.url.rpartition("/")[2].removesuffix(".jpg") for one in pending]
        return {
            name: Flight(pending=one, host=HOST) for name, one in zip(names, pending, strict=True)
        }

    def store(self, *finished: tuple[Flight, Answer]) -> Tally:
        tally = Tally()
        self._store.store(finished, tally)
        return tally

    def believe(self) -> None:
        """Let the host be proved."""
        with writing(self.engine) as connection:
            self.hosts.load(connection, {HOST})
            proofs = [(HOST, Observation.PROOF)] * 3
            self.hosts.learn(connection, proofs, at=datetime.now(UTC))

    def scalars(self, column: sa.Column[object]) -> list[object]:
        with reading(self.engine) as connection:
            return list(connection.scalars(sa.select(column).order_by(*column.table.primary_key)))


@pytest.fixture
def batches(workspace: Workspace) -> Iterator[Batches]:
    with Pipeline(workspace.champion, workspace.settings.vision) as pipeline:
        made = Batches(workspace, pipeline)
        yield made
        made.close()


def answered(flight: Flight, body: bytes | None, *, status: int = 200, **headers: str) -> Fetched:
    address = flight.pending.url
    facts = ImageFacts(
        url=address,
        final_url=address,
        status=status,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        received_at=datetime.now(UTC),
    )
    return Fetched(request=request(flight), facts=facts, body=body)


def request(flight: Flight) -> ImageRequest:
    return ImageRequest(ref=flight.pending.id, url=flight.pending.url)


def test_new_picture_under_two_urls_of_a_batch_is_one_image_classified_once(
    batches: Batches,
) -> None:
    batches.start("a", "b")
    ask = batches.ask()
    tally = batches.store(
        (ask["a"], answered(ask["a"], RED, etag='"a"')),
        (ask["b"], answered(ask["b"], RED, etag='"b"')),
    )
    assert (tally.classified, tally.by_bytes, tally.done) == (1, 1, 2)
    (image_id,) = batches.scalars(images.c.id)
    assert batches.scalars(vehicle_images.c.image_id) == [image_id, image_id]


def test_picture_that_another_run_stores_just_before_it_is_claimed_is_not_classified_again(
    batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches.start("a", "b")
    ask = batches.ask()
    hold, others = batches.claims.hold, [ask["a"]]

    def hold_late(keys: Collection[str]) -> AbstractContextManager[None]:
        if others:
            other = others.pop()
            assert batches.store((other, answered(other, RED))).classified == 1
        return hold(keys)

    monkeypatch.setattr(batches.claims, "hold", hold_late)
    tally = batches.store((ask["b"], answered(ask["b"], RED)))
    assert (tally.classified, tally.done) == (0, 1)


def test_confirmation_that_arrives_after_the_host_was_found_out_is_not_believed(
    batches: Batches,
) -> None:
    batches.start("a", "b")
    ask = batches.ask()
    bodies = {"a": jpeg(PAINTS["Red"], seed=1), "b": jpeg(PAINTS["Red"], seed=2)}
    batches.store(*((one, answered(one, bodies[name], etag='"x"')) for name, one in ask.items()))
    batches.start("a", "b")
    batches.believe()
    ask = batches.ask()  # both are in flight with their validators
    first = batches.store((ask["a"], answered(ask["a"], BLUE, etag='"x"')))
    assert first.distrusted == [HOST]
    second = batches.store((ask["b"], answered(ask["b"], None, status=304, etag='"x"')))
    assert (second.by_headers, second.reopened, second.done) == (1, 1, 0)
    assert list(batches.ask()) == ["b"]  # to be asked again, for its bytes


def test_confirmed_image_is_fresh_for_as_long_as_the_server_says(batches: Batches) -> None:
    batches.start("a", "b")
    ask = batches.ask()
    batches.store(*((one, answered(one, RED, etag='"x"')) for one in ask.values()))
    batches.start("a", "b")
    batches.believe()
    ask = batches.ask()
    before = datetime.now(UTC)
    batches.store(
        (ask["a"], answered(ask["a"], None, status=304, cache_control="max-age=3600")),
        (ask["b"], answered(ask["b"], None, status=304)),
    )
    with reading(batches.engine) as connection:
        rows = connection.execute(sa.select(urls.c.url, urls.c.fresh_until))
        fresh = {row.url: row.fresh_until for row in rows}
    assert timedelta(minutes=59) < fresh[url("a")] - before <= timedelta(minutes=61)
    assert fresh[url("b")] <= datetime.now(UTC)


def test_confirmed_image_that_failed_yesterday_is_tagged_without_a_reason(
    batches: Batches,
) -> None:
    batches.start("a")
    ask = batches.ask()
    batches.store((ask["a"], answered(ask["a"], RED, etag='"x"')))
    batches.start("a")
    ask = batches.ask()
    failed = NotFetched(request=request(ask["a"]), reason=SkipReason.TIMEOUT)
    assert batches.store((ask["a"], failed)).recheck_failed == 1
    assert batches.scalars(vehicle_images.c.skip_reason) == ["timeout"]
    batches.start("a")
    batches.believe()
    ask = batches.ask()
    batches.store((ask["a"], answered(ask["a"], None, status=304)))
    assert batches.scalars(vehicle_images.c.skip_reason) == [None]
    assert batches.scalars(vehicle_images.c.state) == ["tagged"]


def test_answer_for_a_place_that_a_later_scrape_took_over_settles_nothing(
    batches: Batches,
) -> None:
    batches.start("a")
    late = batches.ask()["a"]
    earlier_store = batches._store
    batches.start("b")  # the same place of the same vehicle
    earlier_store.store([(late, answered(late, RED, etag='"a"'))], Tally())
    assert batches.scalars(vehicle_images.c.state) == ["pending"]
    assert list(batches.ask()) == ["b"]


def test_host_that_proves_itself_within_a_batch_is_kept_as_trusted(batches: Batches) -> None:
    batches.start("a", "b", "c")
    bodies = {name: jpeg(PAINTS["Red"], seed=n) for n, name in enumerate("abc")}
    for _scrape in range(2):
        ask = batches.ask()
        tally = batches.store(
            *((one, answered(one, bodies[name], etag=f'"{name}"')) for name, one in ask.items())
        )
        batches.start("a", "b", "c")
    assert tally.verified == 3
    assert batches.scalars(hosts.c.state) == [HostState.TRUSTED]
