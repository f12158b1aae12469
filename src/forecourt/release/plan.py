"""What a model would change in the sitemaps, if it were the champion; nothing is stored.

Stored images are judged anew from their thumbnails, as tagging does after a promotion, and resolved
with all else that is known: what people fixed and what the scrape configures stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from forecourt.core.labels import Color, ImageType
from forecourt.core.resolve import Evidence, Resolved, Status, resolve
from forecourt.store.evidence import iter_evidence
from forecourt.store.images import load_thumbnails
from forecourt.store.media import MediaFolder
from forecourt.store.scrapes import get_latest
from forecourt.vision.pipeline import Pipeline, Seen

_TOGETHER = 64


@dataclass(frozen=True, slots=True)
class ShownImage:
    """An image of an advertiser's sitemap, each once, and all that its tags rest on."""

    advertiser: str
    url: str
    thumbnail: str
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What would be shown of an image in place of what is shown now."""

    advertiser: str
    url: str
    type_before: ImageType
    type_after: ImageType
    color_before: Color | None
    color_after: Color | None


def find_shown(
    connection: sa.Connection, advertiser: str, *, model_version: str
) -> list[ShownImage]:
    """Return the tagged images of an advertiser's latest scrape that have a thumbnail.

    Args:
        connection: A reading connection.
        advertiser: Whose.
        model_version: The champion.

    Raises:
        NotFoundError: the advertiser has no scrape.
    """
    found: dict[int, tuple[str, Evidence]] = {}
    scrape = get_latest(connection, advertiser)
    for page in iter_evidence(connection, scrape, model_version=model_version):
        for vehicle in page:
            for image, evidence in vehicle.images:
                if image.image_id is not None and evidence.decision is not None:
                    found.setdefault(image.image_id, (image.url, evidence))
    thumbnails = load_thumbnails(connection, found)
    return [
        ShownImage(advertiser, url, thumbnails[image_id], evidence)
        for image_id, (url, evidence) in found.items()
        if image_id in thumbnails
    ]


def find_changes(
    shown: Sequence[ShownImage],
    media: MediaFolder,
    pipeline: Pipeline,
    *,
    on_progress: Callable[[int], None] = lambda _count: None,
) -> Iterator[Change]:
    """Yield what a model would change; images whose thumbnail is gone are passed over.

    Args:
        shown: What is shown now.
        media: Where thumbnails are.
        pipeline: The model.
        on_progress: Called with the number of images that were looked at since the last call.
    """
    for start in range(0, len(shown), _TOGETHER):
        part = shown[start : start + _TOGETHER]
        kept = [(one, data) for one in part if (data := media.get(one.thumbnail)) is not None]
        outcomes = pipeline.run([data for _one, data in kept])
        for (one, _data), outcome in zip(kept, outcomes, strict=True):
            if isinstance(outcome, Seen):
                yield from _compare(one, replace(one.evidence, decision=outcome.decision))
        on_progress(len(part))


def _compare(one: ShownImage, evidence: Evidence) -> Iterator[Change]:
    before, after = resolve(one.evidence), resolve(replace(evidence, is_stale=False))
    if before.status is Status.TAGGED and _values(before) != _values(after):
        yield Change(
            advertiser=one.advertiser,
            url=one.url,
            type_before=before.image_type.value,
            type_after=after.image_type.value,
            color_before=before.color.value,
            color_after=after.color.value,
        )


def _values(told: Resolved) -> tuple[ImageType, Color | None]:
    return told.image_type.value, told.color.value
