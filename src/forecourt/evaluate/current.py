"""What an advertiser's sitemap shows now, as a test set: what people fixed, and all the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from forecourt.core.errors import NotFoundError
from forecourt.core.records import Source
from forecourt.core.resolve import Resolved, Status, resolve
from forecourt.core.samples import Sample
from forecourt.evaluate.models import TestSet
from forecourt.store.evidence import iter_evidence
from forecourt.store.images import load_thumbnails
from forecourt.store.media import MediaFolder
from forecourt.store.scrapes import get_latest


@dataclass(frozen=True, slots=True)
class CurrentSets:
    """An advertiser's pictures, each once, from their thumbnails.

    Attributes:
        fixed: A person has fixed type or colour: what is shown is the truth. Mostly pictures that
            a model got wrong, so no share of all.
        shown: Nobody has objected to what is shown: how far a model agrees with it.
    """

    fixed: TestSet
    shown: TestSet


def find_current(
    connection: sa.Connection, media: MediaFolder, advertiser: str, *, model_version: str
) -> CurrentSets:
    """Return the test sets of an advertiser's latest scrape.

    Args:
        connection: A reading connection.
        media: Where thumbnails are.
        advertiser: Whose.
        model_version: The champion.

    Raises:
        NotFoundError: the advertiser has no scrape, or none of its pictures has an answer.
    """
    scrape = get_latest(connection, advertiser)
    found: dict[int, Resolved] = {}
    for page in iter_evidence(connection, scrape, model_version=model_version):
        for vehicle in page:
            for image, evidence in vehicle.images:
                told = resolve(evidence)
                if image.image_id is not None and told.status is Status.TAGGED:
                    found.setdefault(image.image_id, told)
    parts: dict[bool, list[Sample]] = {True: [], False: []}
    thumbnails = load_thumbnails(connection, found)
    for file, told in _with_files(media, thumbnails, found):
        parts[_is_fixed(told)].append(_sample(file, told, advertiser))
    if not parts[True] and not parts[False]:
        raise NotFoundError(
            f"No picture of {advertiser!r} has an answer and a thumbnail. Tag its feed first."
        )
    return CurrentSets(
        _test_set(f"{advertiser}: fixed", media, parts[True]),
        _test_set(f"{advertiser}: shown and not fixed", media, parts[False]),
    )


def _with_files(
    media: MediaFolder, thumbnails: dict[int, str], found: dict[int, Resolved]
) -> Iterator[tuple[str, Resolved]]:
    """Yield what is shown of images that have a thumbnail, with its path below the folder."""
    for image_id, address in thumbnails.items():
        path = media.path(address)
        if path is not None:
            yield str(path.relative_to(media.root)), found[image_id]


def _is_fixed(told: Resolved) -> bool:
    return Source.FIX in (told.image_type.source, told.color.source)


def _sample(file: str, told: Resolved, advertiser: str) -> Sample:
    return Sample(
        file=file,
        split="",
        image_type=told.image_type.value,
        color=told.color.value,
        advertiser=advertiser,
        group=file,
        kind="",
        view="",
        is_render=False,
    )


def _test_set(name: str, media: MediaFolder, samples: list[Sample]) -> TestSet:
    return TestSet(
        name=name,
        source="the current sitemap, from thumbnails",
        manifest_sha256=None,
        folder=media.root,
        keys=[one.file for one in samples],
        samples=samples,
    )
