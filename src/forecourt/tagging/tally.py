"""What a run did, counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from forecourt.core.skips import SkipReason


@dataclass(slots=True)
class Tally:
    """Counts of one run over one scrape; every settled image counts once.

    Attributes:
        total: Images of the scrape.
        earlier: Settled by an earlier, interrupted run of the same scrape.
        fresh: No request: the URL is fresh at a trusted host, or stands in the scrape twice.
        by_headers: The headers named a known image; no body was read.
        by_bytes: The body was read and turned out to be a known image.
        classified: Seen by the model for the first time (this model version).
        recheck_failed: Known images that could not be had today; they keep their tags.
        skipped: Never tagged, by reason.
        requests: URLs asked about.
        bodies: Bodies read, `verified` of them only to check that a host's headers tell the truth.
        carried: Images to which fixes travelled from the same picture, encoded otherwise.
        hits: Cached images by what named them, for metrics: the source of their key, or "url" where
            the URL's last answer stood for it.
        reopened: Identified by headers of a host that then proved to lie, and asked about again.
    """

    total: int = 0
    earlier: int = 0
    fresh: int = 0
    by_headers: int = 0
    by_bytes: int = 0
    classified: int = 0
    recheck_failed: int = 0
    skipped: Counter[SkipReason] = field(default_factory=Counter)
    requests: int = 0
    bodies: int = 0
    body_bytes: int = 0
    verified: int = 0
    carried: int = 0
    reopened: int = 0
    hits: Counter[str] = field(default_factory=Counter)
    distrusted: list[str] = field(default_factory=list)

    @property
    def cached(self) -> int:
        """Images that needed no classification."""
        return self.fresh + self.by_headers + self.by_bytes + self.recheck_failed

    @property
    def done(self) -> int:
        """Images settled, by this run or an earlier one."""
        settled = self.cached + self.classified + self.skipped.total()
        return self.earlier + settled - self.reopened

    def to_json(self) -> dict[str, Any]:
        """Return the counts for machines."""
        return {
            "images": self.total,
            "done": self.done,
            "earlier": self.earlier,
            "cached": {
                "fresh": self.fresh,
                "by_headers": self.by_headers,
                "by_bytes": self.by_bytes,
                "recheck_failed": self.recheck_failed,
            },
            "classified": self.classified,
            "skipped": dict(sorted(self.skipped.items())),
            "requests": self.requests,
            "bodies": self.bodies,
            "body_bytes": self.body_bytes,
            "verified": self.verified,
            "carried": self.carried,
            "reopened": self.reopened,
            "distrusted_hosts": self.distrusted,
        }
