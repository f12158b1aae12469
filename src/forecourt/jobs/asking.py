"""Pictures that somebody asks about just now: from the store where they are known there.

Nothing is kept of what is asked: an inventory comes in as a scrape.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache

from forecourt.classify import answer_to_json, outcome_to_json, skipped_to_json
from forecourt.core.records import Fetched, ImageKey, ImageRequest, NotFetched
from forecourt.core.skips import SkipReason
from forecourt.identity.hosts import HostState
from forecourt.identity.keys import make_bytes_key
from forecourt.identity.urls import make_url_key
from forecourt.jobs.engines import Engines
from forecourt.store import answers as stored_answers
from forecourt.store import images as stored_images
from forecourt.store.answers import KnownUrl
from forecourt.store.engine import reading
from forecourt.vision.pipeline import Pipeline

_REMEMBERED_ANSWERS = 50_000
_REMEMBERED_URLS = 100_000
_url_key = lru_cache(_REMEMBERED_URLS)(make_url_key)  # pure, and a third of a known answer's cost


class Recheck(StrEnum):
    """Whether the host of a known picture is asked if it still is the same."""

    AUTO = "auto"  # unless the host is trusted and its last answer still holds
    ALWAYS = "always"
    NEVER = "never"


class AnswerCache:
    """Answers of models as JSON. They never change, so nothing here is ever out of date."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._texts: OrderedDict[tuple[int, str], str] = OrderedDict()

    def find(self, image_ids: Collection[int], version: str) -> dict[int, str]:
        """Return the answers that are remembered, by image."""
        with self._lock:
            found = {
                image_id: text
                for image_id in image_ids
                if (text := self._texts.get((image_id, version))) is not None
            }
            for image_id in found:
                self._texts.move_to_end((image_id, version))
        return found

    def add(self, texts: Mapping[int, str], version: str) -> None:
        """Remember answers; of too many, those unused for longest are forgotten."""
        with self._lock:
            for image_id, text in texts.items():
                self._texts[image_id, version] = text
            while len(self._texts) > _REMEMBERED_ANSWERS:
                self._texts.popitem(last=False)


class Asker:
    """Answers questions about pictures; safe to use from several threads."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._cache = AnswerCache()

    def ask_urls(self, urls: Sequence[str], *, recheck: Recheck) -> str:
        """Return the answers for URLs as one JSON document, in their order, by one model."""
        with self._engines.models.pipeline() as pipeline:
            keys = [_url_key(url) for url in urls]
            with reading(self._engines.workspace.engine) as connection:
                known = stored_answers.find_known(
                    connection, set(keys), now=datetime.now(UTC), trusted_state=HostState.TRUSTED
                )
            texts = self._load({one.image_id for one in known.values()}, pipeline.model_version)
            results: dict[str, tuple[str, bool]] = {
                key: (texts[one.image_id], True)
                for key, one in known.items()
                if one.image_id in texts and _is_believed(one, recheck)
            }
            missing = {key: url for key, url in zip(keys, urls, strict=True) if key not in results}
            if missing:
                results |= self._ask_hosts(missing, known, texts, pipeline)
            return _document(
                pipeline.model_version,
                ((url, *results[key]) for url, key in zip(urls, keys, strict=True)),
            )

    def ask_files(self, named: Iterable[tuple[str, bytes]]) -> str:
        """Return the answers for pictures as one JSON document, in their order, by one model.

        Args:
            named: Name and bytes of each; taken a batch at a time.
        """
        lines: list[tuple[str, str, bool]] = []
        with self._engines.models.pipeline() as pipeline:
            size = self._engines.workspace.settings.vision.batch
            batch: list[tuple[str, bytes]] = []

            def answer() -> None:
                seen = pipeline.run([data for _name, data in batch])
                for (name, _data), outcome in zip(batch, seen, strict=True):
                    text = json.dumps(outcome_to_json(outcome, pipeline.model_version))
                    lines.append((name, text, False))
                batch.clear()

            for one in named:
                batch.append(one)
                if len(batch) >= size:
                    answer()
            answer()
            return _document(pipeline.model_version, lines)

    def _load(self, image_ids: Collection[int], version: str) -> dict[int, str]:
        texts = self._cache.find(image_ids, version)
        missing = [image_id for image_id in image_ids if image_id not in texts]
        if missing:
            with reading(self._engines.workspace.engine) as connection:
                stored = stored_answers.load_answers(connection, missing, version)
            new = {
                image_id: json.dumps(answer_to_json(one.prediction, one.decision))
                for image_id, one in stored.items()
            }
            self._cache.add(new, version)
            texts |= new
        return texts

    def _ask_hosts(
        self,
        missing: Mapping[str, str],
        known: Mapping[str, KnownUrl],
        texts: Mapping[int, str],
        pipeline: Pipeline,
    ) -> dict[str, tuple[str, bool]]:
        keys = list(missing)
        answered = [key for key in keys if key in known and known[key].image_id in texts]
        with reading(self._engines.workspace.engine) as connection:
            validators = stored_answers.load_validators(connection, answered)
        requests = (
            ImageRequest(ref=number, url=missing[key], validators=validators.get(key))
            for number, key in enumerate(keys)
        )
        results: dict[str, tuple[str, bool]] = {}
        bodies: dict[str, bytes] = {}
        for outcome in self._engines.fetcher.fetch(requests, want_body=lambda _ask, _facts: True):
            key = keys[outcome.request.ref]
            one = known.get(key)
            if isinstance(outcome, Fetched) and outcome.body is not None:
                bodies[key] = outcome.body
            elif one is not None and one.image_id in texts:  # confirmed, or not to be had today
                results[key] = (texts[one.image_id], True)
            else:
                reason = outcome.reason if isinstance(outcome, NotFetched) else SkipReason.EMPTY
                skipped = skipped_to_json(reason, pipeline.model_version)
                results[key] = (json.dumps(skipped), False)
        return results | self._look(bodies, pipeline)

    def _look(self, bodies: Mapping[str, bytes], pipeline: Pipeline) -> dict[str, tuple[str, bool]]:
        """Answer for bodies: known ones from the store, the others by the model."""
        by_bytes: dict[ImageKey, str] = {}
        bytes_keys = {key: make_bytes_key(body) for key, body in bodies.items()}
        with reading(self._engines.workspace.engine) as connection:
            image_ids = stored_images.find_by_keys(connection, set(bytes_keys.values()))
        texts = self._load(set(image_ids.values()), pipeline.model_version)
        by_bytes = {
            key: texts[image_id] for key, image_id in image_ids.items() if image_id in texts
        }
        results = {
            key: (by_bytes[bytes_key], True)
            for key, bytes_key in bytes_keys.items()
            if bytes_key in by_bytes
        }
        new = [key for key in bodies if key not in results]
        for key, outcome in zip(new, pipeline.run([bodies[key] for key in new]), strict=True):
            text = json.dumps(outcome_to_json(outcome, pipeline.model_version))
            results[key] = (text, False)
        return results


def _is_believed(known: KnownUrl, recheck: Recheck) -> bool:
    return recheck is Recheck.NEVER or (recheck is Recheck.AUTO and known.is_fresh)


def _document(version: str, lines: Iterable[tuple[str, str, bool]]) -> str:
    """Put answers together that are JSON already: most were written long ago, and once."""
    results = ",".join(
        f'{{"source":{json.dumps(source)},"cached":{"true" if cached else "false"},{text[1:]}'
        for source, text, cached in lines
    )
    return f'{{"model_version":{json.dumps(version)},"results":[{results}]}}'
