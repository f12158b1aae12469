"""One run over one scrape: the stream from pending images to settled ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

import sqlalchemy as sa

from forecourt.core.meter import Meter, NoMeter
from forecourt.core.records import Fetched, ImageFacts, ImageRequest, NotFetched
from forecourt.core.settings import Settings
from forecourt.fetch.client import Fetcher
from forecourt.identity.hosts import HostState
from forecourt.identity.keys import make_header_keys
from forecourt.identity.urls import host_of
from forecourt.store import fixes as stored_fixes
from forecourt.store import images as stored_images
from forecourt.store import scrapes as stored_scrapes
from forecourt.store import worklist
from forecourt.store.claims import Claims
from forecourt.store.engine import reading, writing
from forecourt.store.media import MediaFolder
from forecourt.store.scrapes import Scrape, ScrapeStatus
from forecourt.store.worklist import PendingImage
from forecourt.tagging.batch import BatchStore
from forecourt.tagging.carry import carry_fixes
from forecourt.tagging.case import Flight
from forecourt.tagging.interrupts import held_back
from forecourt.tagging.tally import Tally
from forecourt.tagging.trust import HostBook
from forecourt.vision.pipeline import Pipeline

_PAGE = 1_000
_BATCH_OUTCOMES = 1_000
_BATCH_S = 2.0  # a slow host's answers are kept, and shown, all the same
_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 1.0
_PATIENCE_S = 30.0  # longer than one request may take, by default


class Ending(StrEnum):
    """Why a run ended."""

    FINISHED = "finished"
    CANCELLED = "cancelled"  # by a person, or because a later scrape took its place
    STOPPED = "stopped"  # asked to; what is left waits for the next run


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """The engines that tagging combines.

    Attributes:
        claims: Keeps several runs from doing the same at once.
        meter: Told of requests.
        is_stopping: Whether the run shall end, with its work stored; asked after every batch.
        on_classified: Called after a batch is stored, with the pictures that the model was shown in
            it, by image. The run waits for it.
        on_finished: Called in the transaction that marks the scrape as finished.
    """

    engine: sa.Engine
    media: MediaFolder
    fetcher: Fetcher
    pipeline: Pipeline
    settings: Settings
    claims: Claims
    meter: Meter = field(default_factory=NoMeter)
    is_stopping: Callable[[], bool] = lambda: False
    on_classified: Callable[[Mapping[int, bytes]], None] = lambda _pictures: None
    on_finished: Callable[[sa.Connection, Tally], None] = lambda _connection, _tally: None


def tag_scrape(
    tools: Tools, scrape_id: int, *, on_progress: Callable[[Tally], None] = lambda _tally: None
) -> tuple[Tally, Ending]:
    """Settle every pending image of a scrape and mark it finished.

    Safe to repeat after any interruption. Opens its own short transactions. A scrape that has
    ended, before or meanwhile, is left as it is.

    Args:
        tools: The engines.
        scrape_id: A scrape in the store.
        on_progress: Called after every batch, in this thread.

    Returns:
        What was done in this run, and why it ended.
    """
    run = _Run(tools, scrape_id, on_progress)
    with writing(tools.engine) as connection:
        is_to_do = stored_scrapes.start(connection, scrape_id, at=_now())
    if not is_to_do:
        return run.tally, run.ending()
    run.finish_pending()
    if run.is_over():
        return run.tally, run.ending()
    run.carry_fixes()
    with writing(tools.engine) as connection:
        is_finished = stored_scrapes.finish(
            connection, scrape_id, tally=run.tally.to_json(), at=_now()
        )
        if is_finished:
            tools.on_finished(connection, run.tally)
    return run.tally, run.ending()


class _Run:
    def __init__(self, tools: Tools, scrape_id: int, on_progress: Callable[[Tally], None]) -> None:
        self._tools = tools
        self._scrape_id = scrape_id
        self._on_progress = on_progress
        self._hosts = HostBook(tools.settings.fetch, scrape_id)
        self._batches = BatchStore(
            engine=tools.engine,
            media=tools.media,
            pipeline=tools.pipeline,
            hosts=self._hosts,
            claims=tools.claims,
            scrape_id=scrape_id,
            max_validity_s=tools.settings.fetch.max_validity_s,
            on_classified=tools.on_classified,
        )
        self._flights: dict[int, Flight] = {}
        self._urls_in_flight: set[str] = set()
        self._claimed: set[str] = set()
        self._waits_for_others = True
        self._started_at = _now()
        self.tally = Tally()

    def _load_scrape(self) -> Scrape | None:
        with reading(self._tools.engine) as connection:
            return stored_scrapes.get_scrape(connection, self._scrape_id)

    def ending(self) -> Ending:
        """Say why the run ended."""
        scrape = self._load_scrape()
        if scrape is None or scrape.status is ScrapeStatus.CANCELLED:
            return Ending.CANCELLED
        return Ending.STOPPED if scrape.is_unfinished else Ending.FINISHED

    def is_over(self) -> bool:
        """Whether to leave what is left: it was cancelled, or we are to stop."""
        if self._tools.is_stopping():
            return True
        scrape = self._load_scrape()
        return scrape is None or not scrape.is_unfinished

    def finish_pending(self) -> None:
        with reading(self._tools.engine) as connection:
            scrape = stored_scrapes.get_scrape(connection, self._scrape_id)
            pending = worklist.count_pending(connection, self._scrape_id)
        self.tally.total = scrape.images if scrape else pending
        self.tally.earlier = self.tally.total - pending
        pause_s = _PAUSE_S
        moved_at = time.monotonic()
        while pending and not self.is_over():
            before = pending
            self._settle_known()
            has_asked = self._ask_network()
            with reading(self._tools.engine) as connection:
                pending = worklist.count_pending(connection, self._scrape_id)
            if has_asked or pending < before:
                moved_at, pause_s = time.monotonic(), _PAUSE_S
            elif pending:  # others are at work on all that is left
                self._waits_for_others = time.monotonic() - moved_at < _PATIENCE_S
                time.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def carry_fixes(self) -> None:
        scrape = self._load_scrape()
        if scrape is not None:
            self.tally.carried = carry_fixes(
                self._tools.engine, self._tools.media, scrape.id, scrape.advertiser
            )

    # ---- 1. settle -------------------------------------------------------------------------------

    def _settle_known(self) -> None:
        after_id: int | None = 0
        while after_id is not None:
            with held_back(), writing(self._tools.engine) as connection:
                after_id, settled = worklist.settle_known(
                    connection,
                    self._scrape_id,
                    after_id=after_id,
                    model_version=self._tools.pipeline.model_version,
                    now=_now(),
                    asked_since=self._started_at,
                    trusted_state=HostState.TRUSTED,
                )
            self.tally.fresh += settled.tagged
            self.tally.hits["url"] += settled.tagged
            self.tally.skipped.update(settled.skipped)
            self._on_progress(self.tally)

    # ---- 2. ask ----------------------------------------------------------------------------------

    def _ask_network(self) -> bool:
        """Ask about what is left; return whether there was anything to ask."""
        outcomes: list[Fetched | NotFetched] = []
        requests_before = self.tally.requests
        bodies = 0
        stored_at = time.monotonic()
        self._hosts.start_pass()
        answers = self._tools.fetcher.fetch(self._requests(), want_body=self._is_body_wanted)
        try:
            for outcome in answers:
                outcomes.append(outcome)
                bodies += isinstance(outcome, Fetched) and outcome.body is not None
                is_full = (
                    bodies >= self._tools.settings.vision.batch or len(outcomes) >= _BATCH_OUTCOMES
                )
                if is_full or time.monotonic() - stored_at > _BATCH_S:
                    self._store(outcomes)
                    bodies = 0
                    stored_at = time.monotonic()
                    if self.is_over():
                        break
        finally:
            try:
                # Also when the run is being stopped: what was fetched need not be fetched again.
                self._store(outcomes)
            finally:
                answers.close()  # before the claims: nothing may be in flight without one
                self._release(list(self._claimed))
                self._flights.clear()
                self._urls_in_flight.clear()
        return self.tally.requests > requests_before

    def _requests(self) -> Iterator[ImageRequest]:
        started_at = _now()
        after_id = 0
        while True:
            with reading(self._tools.engine) as connection:
                page = worklist.read_pending(
                    connection, self._scrape_id, after_id=after_id, limit=_PAGE
                )
                page_hosts = [pending.host or host_of(pending.url) for pending in page]
                self._hosts.load(connection, set(page_hosts))
                known_ids = {one.image_id for one in page if one.image_id is not None}
                lost_ids = self._lost_images(connection, known_ids)
            waiting = 0
            mine = self._claim(page, started_at)
            for pending, host in zip(page, page_hosts, strict=True):
                if pending.url_key not in mine or pending.url_key in self._urls_in_flight:
                    continue  # the same URL once more: step 1 settles it after this pass
                flight = Flight(pending, host, pending.image_id in lost_ids)
                if flight.has_header_key and not self._hosts.admits(flight.host):
                    waiting += 1
                    mine.discard(pending.url_key)
                    self._release([pending.url_key])
                else:
                    yield self._request(flight)
            if not page or waiting == len(page):
                return  # where all wait for their hosts to be proved, reading on would bring more
            after_id = page[-1].id

    def _claim(self, page: Collection[PendingImage], started_at: datetime) -> set[str]:
        """Return the URLs that this run may ask about: nobody else is at it, or just was."""
        wanted = {
            pending.url_key
            for pending in page
            if pending.url_key not in self._urls_in_flight
            and (pending.checked_at is None or pending.checked_at < started_at)
        }
        if not wanted:
            return wanted
        by_claim = {_claim(url_key): url_key for url_key in wanted}
        granted = {by_claim[claim] for claim in self._tools.claims.take(by_claim.keys())}
        if not self._waits_for_others:  # whoever is at it has been for too long
            granted = wanted
        self._claimed |= granted
        with reading(self._tools.engine) as connection:
            # Who gave a claim back before we took it has stored an answer.
            done = worklist.find_checked(
                connection,
                granted,
                since=self._started_at,
                model_version=self._tools.pipeline.model_version,
            )
        self._release(done)
        return granted - done

    def _release(self, url_keys: Collection[str]) -> None:
        self._tools.claims.release([_claim(url_key) for url_key in url_keys])
        self._claimed.difference_update(url_keys)

    def _lost_images(self, connection: sa.Connection, image_ids: Collection[int]) -> set[int]:
        """Return the images that the model has not seen and of which no thumbnail is left.

        Nothing but their bytes can bring them an answer, whatever their headers say.
        """
        unanswered = stored_images.find_unanswered(
            connection, image_ids, self._tools.pipeline.model_version
        )
        return {
            image_id
            for image_id, address in unanswered.items()
            if address is None or not self._tools.media.get(address)
        }

    def _request(self, flight: Flight) -> ImageRequest:
        pending = flight.pending
        is_known = pending.image_id is not None and not flight.is_lost
        is_asked_for_news = is_known and not self._must_read(flight)
        self._flights[pending.id] = flight
        self._urls_in_flight.add(pending.url_key)
        self.tally.requests += 1
        return ImageRequest(
            ref=pending.id,
            url=pending.url,
            validators=pending.validators if is_asked_for_news else None,
        )

    def _must_read(self, flight: Flight) -> bool:
        pending = flight.pending
        return self._hosts.must_read(flight.host, pending.url_key, is_fixed=pending.is_fixed)

    def _is_body_wanted(self, request: ImageRequest, facts: ImageFacts) -> bool:
        """Decide by the headers alone whether the image is known (the fetcher's own thread)."""
        flight = self._flights[request.ref]
        if flight.is_lost or self._must_read(flight):
            return True
        keys = make_header_keys(
            flight.pending.url_key, facts, etag_is_md5=self._hosts.etag_is_md5(flight.host)
        )
        if not keys:
            return True
        with reading(self._tools.engine) as connection:
            known = stored_images.find_by_keys(connection, keys)
            if stored_fixes.find_fixed(connection, set(known.values())):
                return True  # a fix is never shown on the word of a header alone
            lost_ids = self._lost_images(connection, set(known.values()))
        for key in keys:
            if key in known and known[key] not in lost_ids:
                flight.known = (key, known[key])
                return False
        return True

    # ---- 3-5. identify, classify, store ----------------------------------------------------------

    def _store(self, outcomes: list[Fetched | NotFetched]) -> None:
        if not outcomes:
            return
        finished = [(self._flights[outcome.request.ref], outcome) for outcome in outcomes]
        outcomes.clear()  # first: whoever winds up a failed run must not try the same again
        for flight, outcome in finished:
            self._tools.meter.fetched(
                host_state=self._hosts.state(flight.host),
                outcome=_name(outcome),
                seconds=outcome.seconds,
            )
        with held_back():
            self._batches.store(finished, self.tally)
        for flight, _outcome in finished:
            del self._flights[flight.pending.id]
            self._urls_in_flight.discard(flight.pending.url_key)
        self._release([flight.pending.url_key for flight, _outcome in finished])
        self._on_progress(self.tally)


def _claim(url_key: str) -> str:
    return f"url:{url_key}"


def _name(outcome: Fetched | NotFetched) -> str:
    if isinstance(outcome, NotFetched):
        return outcome.reason
    return "headers" if outcome.body is None else "body"


def _now() -> datetime:
    return datetime.now(UTC)
