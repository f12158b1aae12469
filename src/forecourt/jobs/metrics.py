"""What Prometheus is told: of requests, images, fetches, inference and the queue."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

import sqlalchemy as sa
import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from forecourt.core.errors import StoreError, UsageError
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.engine import reading
from forecourt.store.scrapes import ScrapeStatus
from forecourt.tagging import Tally

_log = structlog.get_logger(__name__)
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """The metrics of one process, in a registry of their own; a `core.meter.Meter`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Histogram(
            "forecourt_http_request_seconds",
            "Answers of this process.",
            ("method", "route", "status"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._images = Counter(
            "forecourt_images",
            "Images of scrapes, by what became of them; skipped ones by reason.",
            ("outcome",),
            registry=self.registry,
        )
        self._hits = Counter(
            "forecourt_cache_hits",
            "Images of scrapes that were known, by what named them: a source of keys, or the URL.",
            ("key_source",),
            registry=self.registry,
        )
        self._fetches = Histogram(
            "forecourt_fetch_seconds",
            "Requests for images, by how far their host is trusted.",
            ("host_state", "outcome"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._inference = Histogram(
            "forecourt_inference_seconds",
            "Batches through the network.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._inferred = Counter(
            "forecourt_inferred_images", "Images through the network.", registry=self.registry
        )
        self._fixes = Counter(
            "forecourt_fixes",
            "Fixes made through this process.",
            ("field", "role"),
            registry=self.registry,
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self._requests.labels(method, route, str(status)).observe(seconds)

    def fetched(self, *, host_state: str, outcome: str, seconds: float) -> None:
        """Count a request for an image."""
        self._fetches.labels(host_state, outcome).observe(seconds)

    def inferred(self, *, images: int, seconds: float) -> None:
        """Count a batch."""
        self._inference.observe(seconds)
        self._inferred.inc(images)

    def fixed(self, *, field: str, role: str, count: int = 1) -> None:
        """Count fixes."""
        self._fixes.labels(field, role).inc(count)

    def tallied(self) -> Callable[[Tally], None]:
        """Return what counts the images of one run, told of its tally as that grows."""
        images: dict[str, int] = {}
        hits: dict[str, int] = {}

        def count(tally: Tally) -> None:
            outcomes = {
                "fresh": tally.fresh,
                "by_headers": tally.by_headers,
                "by_bytes": tally.by_bytes,
                "classified": tally.classified,
                "recheck_failed": tally.recheck_failed,
            }
            outcomes |= {f"skipped_{reason}": number for reason, number in tally.skipped.items()}
            _add(self._images, outcomes, images)
            _add(self._hits, tally.hits, hits)

        return count

    def watch_queue(self, engine: sa.Engine) -> None:
        """Tell of the queue too, from the store, whenever the metrics are read."""
        self.registry.register(_Queue(engine))

    @contextmanager
    def served(self, host: str, port: int) -> Iterator[int]:
        """Tell them to whoever asks, over HTTP; for processes that serve nothing else.

        Args:
            host: Address to listen on.
            port: 0: any that is free.

        Yields:
            The port.

        Raises:
            UsageError: the address cannot be listened on.
        """
        try:
            server, thread = start_http_server(port, host, self.registry)
        except OSError as error:
            raise UsageError(
                f"Metrics cannot be served on {host}:{port}: {error.strerror or error}. Give "
                "another --metrics-port or --metrics-host."
            ) from error
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def render(self) -> bytes:
        """Return all of it in Prometheus' text format."""
        return generate_latest(self.registry)


def _add(counter: Counter, now: Mapping[str, int], seen: dict[str, int]) -> None:
    """Add what has grown since `seen`, and note it there."""
    for label, number in now.items():
        if number > seen.get(label, 0):
            counter.labels(label).inc(number - seen.get(label, 0))
    seen.update(now)


class _Queue(Collector):
    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[GaugeMetricFamily]:
        depth = GaugeMetricFamily("forecourt_scrapes", "Unfinished scrapes.", labels=["status"])
        age = GaugeMetricFamily(
            "forecourt_oldest_scrape_seconds", "How long the oldest unfinished scrape is here."
        )
        try:
            with reading(self._engine) as connection:
                unfinished = stored_scrapes.list_unfinished(connection)
        except StoreError as error:
            _log.error("metrics.no_queue", error=str(error))
            return
        for status in (ScrapeStatus.ACCEPTED, ScrapeStatus.RUNNING):
            depth.add_metric([status], sum(one.status is status for one in unfinished))
        oldest = min((one.received_at for one in unfinished), default=None)
        age.add_metric([], (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0)
        yield depth
        yield age

    def describe(self) -> Iterator[GaugeMetricFamily]:
        return iter(())
