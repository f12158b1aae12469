"""Stage: pictures without an inventory → answers. Keeps nothing.

Local files, folders and URLs go through the same decoding, network and rules as a scrape.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from forecourt.core.records import Fetched, ImageRequest
from forecourt.core.skips import SkipReason
from forecourt.fetch.client import Fetcher
from forecourt.vision.pipeline import Pipeline, Seen, Unseen

_CHUNK = 64


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one source: a path or URL as it was given."""

    source: str
    outcome: Seen | Unseen


def find_sources(sources: Iterable[str]) -> Iterator[str]:
    """Yield every URL as it is and every file below a folder, in sorted order."""
    for source in sources:
        path = Path(source)
        if not is_url(source) and path.is_dir():
            for found in sorted(path.rglob("*")):
                if found.is_file() and not found.name.startswith("."):
                    yield str(found)
        else:
            yield source


def is_url(source: str) -> bool:
    """Whether a source is to be fetched rather than opened."""
    return source.lower().startswith(("http://", "https://"))


def classify(sources: Iterable[str], pipeline: Pipeline, fetcher: Fetcher) -> Iterator[Answer]:
    """Yield exactly one answer per source, in their order, a bounded number in memory."""
    remaining = iter(sources)
    while chunk := list(islice(remaining, _CHUNK)):
        data: list[bytes | Unseen] = [_read(source) for source in chunk]
        urls = [index for index, source in enumerate(chunk) if is_url(source)]
        requests = (ImageRequest(ref=index, url=chunk[index]) for index in urls)
        for outcome in fetcher.fetch(requests, want_body=lambda _request, _facts: True):
            index = outcome.request.ref
            if isinstance(outcome, Fetched) and outcome.body is not None:
                data[index] = outcome.body
            elif not isinstance(outcome, Fetched):
                data[index] = Unseen(outcome.reason, outcome.detail)
        seen = iter(pipeline.run([one for one in data if isinstance(one, bytes)]))
        for source, one in zip(chunk, data, strict=True):
            yield Answer(source, one if isinstance(one, Unseen) else next(seen))


def _read(source: str) -> bytes | Unseen:
    if is_url(source):
        return Unseen(SkipReason.PENDING, "")
    try:
        return Path(source).read_bytes()
    except OSError as error:
        return Unseen(SkipReason.UNREADABLE_FILE, error.strerror or type(error).__name__)
