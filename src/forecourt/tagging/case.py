"""One image on its way through a batch: from the answer of its host to what it turns out to be."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from forecourt.core.records import Fetched, ImageKey, KeySource, NotFetched
from forecourt.core.skips import SkipReason
from forecourt.store.worklist import PendingImage
from forecourt.tagging.trust import Sighting, judge


@dataclass(slots=True)
class Flight:
    """One image between its request and its settlement.

    Attributes:
        is_lost: The model has not seen the image, and no thumbnail is left: its body is needed.
        known: The key and image that the headers of a 200 named, so that no body was read.
    """

    pending: PendingImage
    host: str
    is_lost: bool = False
    known: tuple[ImageKey, int] | None = None

    @property
    def has_header_key(self) -> bool:
        """Whether the URL was known by its headers when it was last asked."""
        key = self.pending.key
        return key is not None and key.source is not KeySource.BYTES


@dataclass(slots=True)
class Case:
    """What a batch learns of one flight, step by step. `claimed`: the image its headers name."""

    flight: Flight
    outcome: Fetched | NotFetched
    header_keys: tuple[ImageKey, ...] = ()
    has_false_digest: bool = False
    bytes_key: ImageKey | None = None
    claimed: int | None = None
    image_id: int | None = None
    skip_reason: SkipReason | None = None

    @property
    def body(self) -> bytes | None:
        """What was read, or None."""
        return self.outcome.body if isinstance(self.outcome, Fetched) else None

    @property
    def is_believed(self) -> bool:
        """Whether the headers stood for the bytes."""
        return isinstance(self.outcome, Fetched) and self.outcome.body is None


def name_claims(
    cases: Sequence[Case], known: Mapping[ImageKey, int], unanswered: Collection[int]
) -> set[str]:
    """Return what no other run shall classify meanwhile: new bytes, and images without answer."""
    new = {
        f"bytes:{case.bytes_key.value}"
        for case in cases
        if case.bytes_key is not None and case.bytes_key not in known
    }
    return new | {f"image:{image_id}" for image_id in unanswered}


def conclude(
    case: Case,
    known: Mapping[ImageKey, int],
    new_ids: Mapping[str, int],
    failed: Mapping[str, SkipReason],
) -> None:
    """Set the image of a case whose body was read; a failed one keeps what it showed before."""
    if case.bytes_key is not None:
        case.skip_reason = failed.get(case.bytes_key.value)
        case.image_id = known.get(case.bytes_key, new_ids.get(case.bytes_key.value))
    if case.skip_reason is not None:
        case.image_id = case.flight.pending.image_id


def find_sightings(case: Case, known: Mapping[ImageKey, int]) -> list[Sighting]:
    """Return what the case showed of its host."""
    if not isinstance(case.outcome, Fetched):
        return []
    return judge(
        host=case.flight.host,
        facts=case.outcome.facts,
        body=case.body,
        claimed=case.claimed,
        actual=known.get(case.bytes_key) if case.bytes_key else None,
        before=case.flight.pending.image_id if _is_same_kind_of_key(case) else None,
        has_header_keys=bool(case.header_keys),
        has_false_digest=case.has_false_digest,
    )


def _is_same_kind_of_key(case: Case) -> bool:
    """Other headers over the same bytes are churn only where the same kind of header was there."""
    before = case.flight.pending.key
    return before is not None and any(key.source is before.source for key in case.header_keys)
