"""What Prometheus is told: of requests, images, fetches, inference and the queue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import sqlalchemy as sa
import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from forecourt.core.errors import StoreError
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
        seen: dict[str, int] = {}

        def count(tally: Tally) -> None:
            now = {
                "fresh": tally.fresh,
                "by_headers": tally.by_headers,
                "by_bytes": tally.by_bytes,
                "classified": tally.classified,
                "recheck_failed": tally.recheck_failed,
            }
            now |= {f"skipped_{reason}": number for reason, number in tally.skipped.items()}
            for outcome, number in now.items():
                if number > seen.get(outcome, 0):
                    self._images.labels(outcome).inc(number - seen.get(outcome, 0))
            seen.update(now)

        return count

    def watch_queue(self, engine: sa.Engine) -> None:
        """Tell of the queue too, from the store, whenever the metrics are read."""
        self.registry.register(_Queue(engine))

    def render(self) -> bytes:
        """Return all of it in Prometheus' text format."""
        return generate_latest(self.registry)


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
