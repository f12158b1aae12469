"""One run over one scrape: the stream from pending images to settled ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from forecourt.core.records import Fetched, ImageFacts, ImageRequest, NotFetched
from forecourt.core.settings import Settings
from forecourt.fetch.client import Fetcher
from forecourt.identity.hosts import HostState
from forecourt.identity.keys import make_header_keys
from forecourt.identity.urls import host_of
from forecourt.store import images as stored_images
from forecourt.store import inventory, worklist
from forecourt.store.engine import reading, writing
from forecourt.store.inventory import ScrapeStatus
from forecourt.store.media import MediaFolder
from forecourt.store.worklist import PendingImage
from forecourt.tagging.batch import BatchStore, Flight
from forecourt.tagging.tally import Tally
from forecourt.tagging.trust import HostBook
from forecourt.vision.pipeline import Pipeline

_PAGE = 1_000
_BATCH_OUTCOMES = 256


@dataclass(frozen=True, slots=True)
class Tools:
    """The engines that tagging combines."""

    engine: sa.Engine
    media: MediaFolder
    fetcher: Fetcher
    pipeline: Pipeline
    settings: Settings


def tag_scrape(
    tools: Tools, scrape_id: int, *, on_progress: Callable[[Tally], None] = lambda _tally: None
) -> Tally:
    """Settle every pending image of a scrape and mark it finished.

    Safe to repeat after any interruption. Opens its own short transactions.

    Args:
        tools: The engines.
        scrape_id: A scrape in the store.
        on_progress: Called after every batch, in this thread.

    Returns:
        What was done in this run.
    """
    with writing(tools.engine) as connection:
        inventory.set_status(connection, scrape_id, ScrapeStatus.RUNNING, at=_now())
    run = _Run(tools, scrape_id, on_progress)
    run.finish_pending()
    with writing(tools.engine) as connection:
        inventory.set_status(connection, scrape_id, ScrapeStatus.FINISHED, at=_now())
    return run.tally


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
            scrape_id=scrape_id,
            max_validity_s=tools.settings.fetch.max_validity_s,
        )
        self._flights: dict[int, Flight] = {}
        self._urls_in_flight: set[str] = set()
        self.tally = Tally()

    def finish_pending(self) -> None:
        with reading(self._tools.engine) as connection:
            scrape = inventory.get_scrape(connection, self._scrape_id)
            pending = worklist.count_pending(connection, self._scrape_id)
        self.tally.total = scrape.images if scrape else pending
        self.tally.earlier = self.tally.total - pending
        while pending:
            self._settle_known()
            self._ask_network()
            with reading(self._tools.engine) as connection:
                pending = worklist.count_pending(connection, self._scrape_id)

    # ---- 1. settle -------------------------------------------------------------------------------

    def _settle_known(self) -> None:
        after_id: int | None = 0
        while after_id is not None:
            with writing(self._tools.engine) as connection:
                after_id, settled = worklist.settle_known(
                    connection,
                    self._scrape_id,
                    after_id=after_id,
                    model_version=self._tools.pipeline.model_version,
                    now=_now(),
                    trusted_state=HostState.TRUSTED,
                )
            self.tally.fresh += settled.tagged
            self.tally.skipped.update(settled.skipped)
            self._on_progress(self.tally)

    # ---- 2. ask ----------------------------------------------------------------------------------

    def _ask_network(self) -> None:
        outcomes: list[Fetched | NotFetched] = []
        bodies = 0
        try:
            for outcome in self._tools.fetcher.fetch(
                self._requests(), want_body=self._is_body_wanted
            ):
                outcomes.append(outcome)
                bodies += isinstance(outcome, Fetched) and outcome.body is not None
                if bodies >= self._tools.settings.vision.batch or len(outcomes) >= _BATCH_OUTCOMES:
                    self._store(outcomes)
                    bodies = 0
        finally:
            # Also when the run is being stopped: what was fetched need not be fetched again.
            self._store(outcomes)
            self._flights.clear()
            self._urls_in_flight.clear()

    def _requests(self) -> Iterator[ImageRequest]:
        started_at = _now()
        after_id = 0
        while True:
            with reading(self._tools.engine) as connection:
                page = worklist.read_pending(
                    connection, self._scrape_id, after_id=after_id, limit=_PAGE
                )
                self._hosts.load(connection, {host_of(pending.url) for pending in page})
            if not page:
                return
            after_id = page[-1].id
            for pending in page:
                was_asked = pending.checked_at is not None and pending.checked_at >= started_at
                if was_asked or pending.url_key in self._urls_in_flight:
                    continue  # the same URL once more: step 1 settles it after this pass
                yield self._request(pending)

    def _request(self, pending: PendingImage) -> ImageRequest:
        host = host_of(pending.url)
        is_known = pending.image_id is not None and pending.validators is not None
        is_verification = is_known and self._hosts.must_read(host, pending.url_key)
        self._flights[pending.id] = Flight(
            pending=pending, host=host, is_verification=is_verification
        )
        self._urls_in_flight.add(pending.url_key)
        self.tally.requests += 1
        return ImageRequest(
            ref=pending.id,
            url=pending.url,
            validators=pending.validators if is_known and not is_verification else None,
        )

    def _is_body_wanted(self, request: ImageRequest, facts: ImageFacts) -> bool:
        """Decide by the headers alone whether the image is known (the fetcher's own thread)."""
        flight = self._flights[request.ref]
        if self._hosts.must_read(flight.host, flight.pending.url_key):
            return True
        keys = make_header_keys(
            flight.pending.url_key, facts, etag_is_md5=self._hosts.etag_is_md5(flight.host)
        )
        if not keys:
            return True
        with reading(self._tools.engine) as connection:
            known = stored_images.find_by_keys(connection, keys)
        for key in keys:
            if key in known:
                flight.known = (key, known[key])
                return False
        return True

    # ---- 3-5. identify, classify, store ----------------------------------------------------------

    def _store(self, outcomes: list[Fetched | NotFetched]) -> None:
        if not outcomes:
            return
        finished = [(self._flights[outcome.request.ref], outcome) for outcome in outcomes]
        self._batches.store(finished, self.tally)
        outcomes.clear()
        for flight, _outcome in finished:
            del self._flights[flight.pending.id]
            self._urls_in_flight.discard(flight.pending.url_key)
        self._on_progress(self.tally)


def _now() -> datetime:
    return datetime.now(UTC)
