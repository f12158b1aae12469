"""Steps 3 to 5 for one batch of answers from the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
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
from forecourt.identity.keys import (
    contradicts,
    make_bytes_key,
    make_header_keys,
    make_validators,
)
from forecourt.store import images as stored_images
from forecourt.store import reopening, worklist
from forecourt.store.claims import Claims
from forecourt.store.engine import reading, writing
from forecourt.store.images import NewImage, StoredAnswer, UrlState
from forecourt.store.media import MediaFolder
from forecourt.store.worklist import PendingImage, Settlement
from forecourt.tagging.case import Case, Flight, conclude, find_sightings, name_claims
from forecourt.tagging.tally import Tally
from forecourt.tagging.trust import HostBook
from forecourt.vision.pipeline import Pipeline, Seen, Unseen


@dataclass(slots=True)
class _Looked:
    """What the model saw in this batch, by bytes key and by image id, and the pictures themselves.

    `pictures` are those that it has an answer for, by image, once they are stored.
    """

    new: Mapping[str, bytes]
    old: Mapping[int, bytes]
    by_bytes: dict[str, Seen] = field(default_factory=dict)
    by_image: dict[int, Seen] = field(default_factory=dict)
    failed: dict[str, SkipReason] = field(default_factory=dict)
    pictures: dict[int, bytes] = field(default_factory=dict)


class BatchStore:
    """Turns answers of the network into settled images; one call, one transaction."""

    def __init__(
        self,
        *,
        engine: sa.Engine,
        media: MediaFolder,
        pipeline: Pipeline,
        hosts: HostBook,
        claims: Claims,
        scrape_id: int,
        max_validity_s: float,
        on_classified: Callable[[Mapping[int, bytes]], None] = lambda _pictures: None,
    ) -> None:
        self._engine = engine
        self._media = media
        self._pipeline = pipeline
        self._hosts = hosts
        self._claims = claims
        self._scrape_id = scrape_id
        self._max_validity_s = max_validity_s
        self._on_classified = on_classified

    def store(self, finished: Sequence[tuple[Flight, Fetched | NotFetched]], tally: Tally) -> None:
        """Identify, classify and settle. Nothing is counted or kept unless all of it is stored."""
        cases = [self._identify(flight, outcome) for flight, outcome in finished]
        known, unanswered = self._look_up(cases)
        claimed = name_claims(cases, known, unanswered)
        with self._claims.hold(claimed):
            if claimed:  # another run may have stored the same pictures since they were looked up
                known, unanswered = self._look_up(cases)
            looked = self._classify(cases, known, unanswered)
            reopened, distrusted = self._write(cases, known, looked)
        _count(cases, looked, tally)
        tally.reopened += reopened
        tally.distrusted.extend(distrusted)
        self._on_classified(looked.pictures)

    def _write(
        self, cases: Sequence[Case], known: Mapping[ImageKey, int], looked: _Looked
    ) -> tuple[int, list[str]]:
        """Store all of it; return how many images were reopened, and hosts that were found out."""
        thumbnails = {
            bytes_key: self._media.put(seen.thumbnail)
            for bytes_key, seen in looked.by_bytes.items()
            if seen.thumbnail is not None
        }
        sightings = [sighting for case in cases for sighting in find_sightings(case, known)]
        at = _now()
        with writing(self._engine) as connection:
            new_ids = stored_images.add_images(
                connection,
                [
                    _new_image(key, seen, thumbnails.get(key), at)
                    for key, seen in looked.by_bytes.items()
                ],
            )
            for case in cases:
                conclude(case, known, new_ids, looked.failed)
            answers = {new_ids[key]: _answer(seen) for key, seen in looked.by_bytes.items()}
            answers |= {image_id: _answer(seen) for image_id, seen in looked.by_image.items()}
            looked.pictures = {new_ids[key]: looked.new[key] for key in looked.by_bytes}
            looked.pictures |= {image_id: looked.old[image_id] for image_id in looked.by_image}
            stored_images.add_answers(connection, answers, at=at)
            distrusted = self._hosts.learn(connection, sightings, at=at)
            stored_images.add_aliases(connection, self._aliases(cases), at=at)
            self._settle(connection, cases, at)
            # Asked before their host was found out, answered after it.
            too_late = {case.flight.host for case in cases if self._is_too_late(case)}
            reopened = reopening.reopen_unverified(
                connection, self._scrape_id, too_late.union(distrusted)
            )
        return reopened, distrusted

    def _identify(self, flight: Flight, outcome: Fetched | NotFetched) -> Case:
        case = Case(flight=flight, outcome=outcome)
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
            if contradicts(outcome.body, case.header_keys):
                # An entity tag still names its URL's bytes, though it turned out to be no MD5.
                case.header_keys = tuple(
                    key for key in case.header_keys if key.source is not KeySource.DIGEST
                )
                case.has_false_digest = not case.header_keys
        elif flight.known is not None:
            case.image_id = flight.known[1]
        else:
            case.image_id = flight.pending.image_id
        return case

    def _look_up(self, cases: Sequence[Case]) -> tuple[dict[ImageKey, int], dict[int, str | None]]:
        keys = {key for case in cases if case.bytes_key for key in case.header_keys}
        keys |= {case.bytes_key for case in cases if case.bytes_key}
        with reading(self._engine) as connection:
            known = stored_images.find_by_keys(connection, keys)
            for case in cases:
                named = (known[key] for key in case.header_keys if key in known)
                case.claimed = next(named, None)
            image_ids = {case.image_id for case in cases if case.image_id is not None}
            image_ids |= {known[case.bytes_key] for case in cases if case.bytes_key in known}
            unanswered = stored_images.find_unanswered(
                connection, image_ids, self._pipeline.model_version
            )
        return known, unanswered

    def _classify(
        self,
        cases: Sequence[Case],
        known: Mapping[ImageKey, int],
        unanswered: Mapping[int, str | None],
    ) -> _Looked:
        """Show the model each new body once, and known images that it has not seen yet."""
        new, old = self._find_pictures(cases, known, unanswered)
        seen = self._pipeline.run([*new.values(), *old.values()])
        looked = _Looked(new, old)
        for bytes_key, one in zip(new, seen[: len(new)], strict=True):
            if isinstance(one, Unseen):
                looked.failed[bytes_key] = one.reason
            else:
                looked.by_bytes[bytes_key] = one
        for image_id, one in zip(old, seen[len(new) :], strict=True):
            if isinstance(one, Seen):
                looked.by_image[image_id] = one
        return looked

    def _find_pictures(
        self,
        cases: Sequence[Case],
        known: Mapping[ImageKey, int],
        unanswered: Mapping[int, str | None],
    ) -> tuple[dict[str, bytes], dict[int, bytes]]:
        """Return new bodies by bytes key, and pictures of known images that have no answer, by id.

        Of the latter the body counts where one was read, else the thumbnail.
        """
        new: dict[str, bytes] = {}
        old: dict[int, bytes] = {}
        for case in cases:
            if case.bytes_key is None or case.body is None:
                continue
            image_id = known.get(case.bytes_key)
            if image_id is None:
                new[case.bytes_key.value] = case.body
            elif image_id in unanswered:
                old[image_id] = case.body
        for image_id, address in unanswered.items():
            if image_id not in old and address and (thumbnail := self._media.get(address)):
                old[image_id] = thumbnail
        return new, old

    def _aliases(self, cases: Sequence[Case]) -> dict[ImageKey, int]:
        return {
            key: case.image_id
            for case in cases
            if case.image_id is not None
            and case.skip_reason is None
            and self._hosts.uses_headers(case.flight.host)
            for key in case.header_keys
        }

    def _settle(self, connection: sa.Connection, cases: Sequence[Case], at: datetime) -> None:
        others: list[Case] = []
        confirmed: dict[datetime, list[PendingImage]] = {}
        for case in cases:
            if isinstance(case.outcome, Fetched) and case.outcome.facts.is_not_modified:
                fresh = fresh_until(case.outcome.facts, cap_s=self._max_validity_s)
                # In whole seconds, so that answers of one moment share their statements.
                until = fresh.replace(microsecond=0) if fresh > at else at
                confirmed.setdefault(until, []).append(case.flight.pending)
            else:
                others.append(case)
        for until, pending in confirmed.items():
            worklist.settle_confirmed(
                connection, self._scrape_id, pending, at=at, fresh_until=until
            )
        stored_images.save_urls(connection, [self._url_state(case, at) for case in others])
        settlements = [self._settlement(case, at) for case in others]
        worklist.settle(connection, self._scrape_id, settlements)

    def _url_state(self, case: Case, at: datetime) -> UrlState:
        pending = case.flight.pending
        outcome = case.outcome
        key = self._key(case)
        validators = pending.validators or Validators()
        fresh = at
        if isinstance(outcome, Fetched) and case.skip_reason is None:
            fresh = fresh_until(outcome.facts, cap_s=self._max_validity_s)
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

    def _key(self, case: Case) -> ImageKey | None:
        """Return the key that the image goes by: from headers where they are good, else bytes."""
        if case.image_id is None:
            return None
        if case.skip_reason is not None:
            return case.flight.pending.key  # what was read was no picture: its keys name nothing
        if self._hosts.uses_headers(case.flight.host) and case.header_keys:
            return case.header_keys[0]
        return case.bytes_key or case.flight.pending.key

    def _settlement(self, case: Case, at: datetime) -> Settlement:
        return Settlement(
            id=case.flight.pending.id,
            image_id=case.image_id,
            key=self._key(case),
            skip_reason=case.skip_reason,
            checked_at=at,
        )

    def _is_too_late(self, case: Case) -> bool:
        return case.is_believed and not self._hosts.uses_headers(case.flight.host)


def _count(cases: Sequence[Case], looked: _Looked, tally: Tally) -> None:
    seen = {
        case.image_id
        for case in cases
        if case.bytes_key and case.bytes_key.value in looked.by_bytes
    }
    seen |= looked.by_image.keys()
    for case in cases:
        if case.body is not None:
            tally.bodies += 1
            tally.body_bytes += len(case.body)
            tally.verified += case.claimed is not None
        if case.skip_reason is not None:
            if case.image_id is None:
                tally.skipped[case.skip_reason] += 1
            else:
                tally.recheck_failed += 1
        elif case.image_id in seen:
            seen.discard(case.image_id)  # once; others in the batch found it known
            tally.classified += 1
        elif case.bytes_key is None:
            tally.by_headers += 1
            key = case.flight.known[0] if case.flight.known else case.flight.pending.key
            tally.hits[key.source if key else "url"] += 1
        else:
            tally.by_bytes += 1
            tally.hits[case.bytes_key.source] += 1


def _new_image(bytes_key: str, seen: Seen, thumbnail: str | None, at: datetime) -> NewImage:
    return NewImage(
        bytes_key=bytes_key,
        format=seen.info.format,
        width=seen.info.width,
        height=seen.info.height,
        size_bytes=seen.info.size_bytes,
        thumbnail=thumbnail,
        visual_key=seen.visual_key,
        created_at=at,
    )


def _answer(seen: Seen) -> StoredAnswer:
    return StoredAnswer(seen.prediction, seen.decision)


def _now() -> datetime:
    return datetime.now(UTC)
