"""Steps 3 to 5 for one batch of answers from the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from forecourt.core.records import (
    Fetched,
    ImageKey,
    KeySource,
    NotFetched,
    Validators,
)
from forecourt.core.skips import SkipReason
from forecourt.identity.freshness import fresh_until
from forecourt.identity.keys import make_bytes_key, make_header_keys, make_validators
from forecourt.store import images as stored_images
from forecourt.store import worklist
from forecourt.store.engine import reading, writing
from forecourt.store.images import NewImage, StoredAnswer, UrlState
from forecourt.store.media import MediaFolder
from forecourt.store.worklist import PendingImage, Settlement
from forecourt.tagging.tally import Tally
from forecourt.tagging.trust import HostBook, Sighting, judge
from forecourt.vision.pipeline import Pipeline, Seen, Unseen


@dataclass(slots=True)
class Flight:
    """One image between its request and its settlement.

    Attributes:
        is_verification: Headers might have named a known image, but the body is read to check them.
        known: The key and image that the headers of a 200 named, so that no body was read.
    """

    pending: PendingImage
    host: str
    is_verification: bool
    known: tuple[ImageKey, int] | None = None


@dataclass(slots=True)
class _Case:
    """What a batch learns of one flight, step by step."""

    flight: Flight
    outcome: Fetched | NotFetched
    header_keys: tuple[ImageKey, ...] = ()
    bytes_key: ImageKey | None = None
    image_id: int | None = None
    skip_reason: SkipReason | None = None

    @property
    def body(self) -> bytes | None:
        return self.outcome.body if isinstance(self.outcome, Fetched) else None


@dataclass(slots=True)
class _Looked:
    """What the model saw in this batch, by bytes key and by image id."""

    by_bytes: dict[str, Seen]
    by_image: dict[int, Seen]
    failed: dict[str, SkipReason]


class BatchStore:
    """Turns answers of the network into settled images; one call, one transaction."""

    def __init__(
        self,
        *,
        engine: sa.Engine,
        media: MediaFolder,
        pipeline: Pipeline,
        hosts: HostBook,
        scrape_id: int,
        max_validity_s: float,
    ) -> None:
        self._engine = engine
        self._media = media
        self._pipeline = pipeline
        self._hosts = hosts
        self._scrape_id = scrape_id
        self._max_validity_s = max_validity_s

    def store(self, finished: Sequence[tuple[Flight, Fetched | NotFetched]], tally: Tally) -> None:
        """Identify, classify and settle. Nothing is counted or kept unless all of it is stored."""
        cases = [self._identify(flight, outcome) for flight, outcome in finished]
        known, unanswered = self._look_up(cases)
        looked = self._classify(cases, known, unanswered)
        thumbnails = {
            bytes_key: self._media.put(seen.thumbnail)
            for bytes_key, seen in looked.by_bytes.items()
        }
        sightings = [sighting for case in cases for sighting in _sightings(case, known)]
        at = _now()
        with writing(self._engine) as connection:
            new_ids = stored_images.add_images(
                connection,
                [
                    _new_image(key, seen, thumbnails[key], at)
                    for key, seen in looked.by_bytes.items()
                ],
            )
            for case in cases:
                _conclude(case, known, new_ids, looked.failed)
            answers = {new_ids[key]: _answer(seen) for key, seen in looked.by_bytes.items()}
            answers |= {image_id: _answer(seen) for image_id, seen in looked.by_image.items()}
            stored_images.add_answers(connection, answers, at=at)
            distrusted = self._hosts.learn(connection, sightings, at=at)
            stored_images.add_aliases(connection, self._aliases(cases), at=at)
            stored_images.save_urls(connection, [self._url_state(case, at) for case in cases])
            worklist.settle(connection, [self._settlement(case, at) for case in cases])
            reopened = worklist.reopen_unverified(connection, self._scrape_id, distrusted)
        self._count(cases, looked, tally)
        tally.reopened += reopened
        tally.distrusted.extend(distrusted)

    def _identify(self, flight: Flight, outcome: Fetched | NotFetched) -> _Case:
        case = _Case(flight=flight, outcome=outcome)
        if isinstance(outcome, NotFetched):
            case.skip_reason = outcome.reason
            return case
        if self._hosts.uses_headers(flight.host) and not outcome.facts.is_not_modified:
            case.header_keys = make_header_keys(
                flight.pending.url_key,
                outcome.facts,
                etag_is_md5=self._hosts.etag_is_md5(flight.host),
            )
        if outcome.body is not None:
            case.bytes_key = make_bytes_key(outcome.body)
        elif flight.known is not None:
            case.image_id = flight.known[1]
        else:
            case.image_id = flight.pending.image_id
        return case

    def _look_up(self, cases: Sequence[_Case]) -> tuple[dict[ImageKey, int], dict[int, str | None]]:
        keys = {key for case in cases if case.bytes_key for key in case.header_keys}
        keys |= {case.bytes_key for case in cases if case.bytes_key}
        with reading(self._engine) as connection:
            known = stored_images.find_by_keys(connection, keys)
            image_ids = {case.image_id for case in cases if case.image_id is not None}
            image_ids |= {known[case.bytes_key] for case in cases if case.bytes_key in known}
            unanswered = stored_images.find_unanswered(
                connection, image_ids, self._pipeline.model_version
            )
        return known, unanswered

    def _classify(
        self,
        cases: Sequence[_Case],
        known: Mapping[ImageKey, int],
        unanswered: Mapping[int, str | None],
    ) -> _Looked:
        """Show the model each new body once, and the thumbnails of images it has not seen yet."""
        bodies = {
            case.bytes_key.value: case.body
            for case in cases
            if case.bytes_key and case.body and case.bytes_key not in known
        }
        thumbnails = {
            image_id: self._media.get(address)
            for image_id, address in unanswered.items()
            if address
        }
        images = {image_id: data for image_id, data in thumbnails.items() if data}
        seen = self._pipeline.run([*bodies.values(), *images.values()])
        looked = _Looked({}, {}, {})
        for bytes_key, one in zip(bodies, seen[: len(bodies)], strict=True):
            if isinstance(one, Unseen):
                looked.failed[bytes_key] = one.reason
            else:
                looked.by_bytes[bytes_key] = one
        for image_id, one in zip(images, seen[len(bodies) :], strict=True):
            if isinstance(one, Seen):
                looked.by_image[image_id] = one
        return looked

    def _aliases(self, cases: Sequence[_Case]) -> dict[ImageKey, int]:
        return {
            key: case.image_id
            for case in cases
            if case.image_id is not None
            and case.skip_reason is None
            and self._hosts.uses_headers(case.flight.host)
            for key in case.header_keys
        }

    def _url_state(self, case: _Case, at: datetime) -> UrlState:
        pending = case.flight.pending
        outcome = case.outcome
        key = self._key(case)
        validators = pending.validators or Validators()
        fresh = at
        if isinstance(outcome, Fetched) and case.skip_reason is None:
            fresh = fresh_until(outcome.facts, cap_s=self._max_validity_s)
            if not outcome.facts.is_not_modified:
                validators = make_validators(outcome.facts)
        return UrlState(
            url_key=pending.url_key,
            url=pending.url,
            host=case.flight.host,
            image_id=case.image_id,
            validators=validators,
            key=key,
            skip_reason=case.skip_reason,
            checked_at=at,
            fresh_until=fresh,
            scrape_id=self._scrape_id,
            is_verified=case.bytes_key is not None,
        )

    def _key(self, case: _Case) -> ImageKey | None:
        """Return the key that the image goes by: from headers where they are good, else bytes."""
        if case.image_id is None:
            return None
        if self._hosts.uses_headers(case.flight.host) and case.header_keys:
            return case.header_keys[0]
        return case.bytes_key or case.flight.pending.key

    def _settlement(self, case: _Case, at: datetime) -> Settlement:
        return Settlement(
            id=case.flight.pending.id,
            image_id=case.image_id,
            key=self._key(case),
            skip_reason=case.skip_reason,
            checked_at=at,
        )

    def _count(self, cases: Sequence[_Case], looked: _Looked, tally: Tally) -> None:
        for case in cases:
            if case.body is not None:
                tally.bodies += 1
                tally.body_bytes += len(case.body)
                tally.verified += case.flight.is_verification
            if case.skip_reason is not None:
                if case.image_id is None:
                    tally.skipped[case.skip_reason] += 1
                else:
                    tally.recheck_failed += 1
            elif case.bytes_key is None:
                tally.by_headers += 1
            elif case.bytes_key.value in looked.by_bytes:
                tally.classified += 1
            else:
                tally.by_bytes += 1


def _conclude(
    case: _Case,
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


def _sightings(case: _Case, known: Mapping[ImageKey, int]) -> list[Sighting]:
    if not isinstance(case.outcome, Fetched):
        return []
    return judge(
        host=case.flight.host,
        facts=case.outcome.facts,
        body=case.body,
        claimed=next((known[key] for key in case.header_keys if key in known), None),
        actual=known.get(case.bytes_key) if case.bytes_key else None,
        before=case.flight.pending.image_id if _has_header_key(case.flight.pending) else None,
        has_header_keys=bool(case.header_keys),
    )


def _has_header_key(pending: PendingImage) -> bool:
    return pending.key is not None and pending.key.source is not KeySource.BYTES


def _new_image(bytes_key: str, seen: Seen, thumbnail: str, at: datetime) -> NewImage:
    return NewImage(
        bytes_key=bytes_key,
        format=seen.info.format,
        width=seen.info.width,
        height=seen.info.height,
        size_bytes=seen.info.size_bytes,
        thumbnail=thumbnail,
        created_at=at,
    )


def _answer(seen: Seen) -> StoredAnswer:
    return StoredAnswer(seen.prediction, seen.decision)


def _now() -> datetime:
    return datetime.now(UTC)
