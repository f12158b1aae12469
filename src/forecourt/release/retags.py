"""Stored images are answered anew: asked for here, carried out by `jobs`, portion by portion.

What a model says of an image is kept once, so whatever was done is never done again: not after a
kill, and not by the next re-tag. What people fixed is not touched, since nothing but predictions
is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from forecourt.core.errors import NotFoundError, StateError
from forecourt.core.trials import Retag, RetagStatus
from forecourt.release.models import check_known, check_name
from forecourt.release.promotions import champion
from forecourt.store import images as stored_images
from forecourt.store import registry
from forecourt.store import retags as stored
from forecourt.store.images import StoredAnswer
from forecourt.store.media import MediaFolder
from forecourt.store.scrapes import has_advertiser, list_advertisers
from forecourt.store.trials import list_canaries
from forecourt.vision.pipeline import Pipeline, Seen

_TOGETHER = 64


@dataclass(frozen=True, slots=True)
class Portion:
    """Images that are looked at together.

    Attributes:
        advertiser: Whose inventory shows them.
        image_ids: In order.
        thumbnails: Address of the thumbnail of each that the model has not seen; None: none.
    """

    advertiser: str
    image_ids: Sequence[int]
    thumbnails: Mapping[int, str | None]


def request_retag(
    connection: sa.Connection,
    model_version: str | None,
    *,
    advertiser: str | None = None,
    promotion_id: int | None = None,
    by: str,
    at: datetime,
) -> Retag:
    """Ask for stored images to be answered anew; the same that is under way already is returned.

    Args:
        connection: A writing connection.
        model_version: The model; None: whichever answers the advertiser, or the champion.
        advertiser: Only what this one shows; None: everybody.
        promotion_id: The promotion that asks for it.
        by: Who asks.
        at: Now.

    Raises:
        NotFoundError: there is no such model or advertiser.
        UsageError: nobody says who asks.
    """
    who = check_name(by)
    registry.lock_registry(connection)
    if advertiser is not None and not has_advertiser(connection, advertiser):
        raise NotFoundError(f"There is no advertiser {advertiser!r}.")
    first = champion(connection).version
    canaries = {one.advertiser: one.model_version for one in list_canaries(connection)}
    version = model_version or canaries.get(advertiser or "", first)
    if version != first:
        check_known(connection, version)
    for one in stored.list_unfinished(connection):
        if (one.model_version, one.advertiser) == (version, advertiser):
            return one
    return stored.add_retag(
        connection,
        version,
        advertiser=advertiser,
        is_ahead=version not in {first, *canaries.values()},
        promotion_id=promotion_id,
        by=who,
        at=at,
    )


def find_retag(connection: sa.Connection, retag_id: int) -> Retag:
    """Return a re-tag.

    Raises:
        NotFoundError: there is none of that number.
    """
    retag = stored.get_retag(connection, retag_id)
    if retag is None:
        raise NotFoundError(
            f"There is no re-tag {retag_id}; `forecourt models retags` lists those that there are."
        )
    return retag


def latest_retags(
    connection: sa.Connection, *, before_id: int | None = None, limit: int
) -> list[Retag]:
    """Return at most `limit` re-tags, the latest first: those before an id."""
    return stored.latest_retags(connection, before_id=before_id, limit=limit)


def cancel_retag(connection: sa.Connection, retag_id: int, *, at: datetime) -> Retag:
    """Cancel a re-tag; one that was cancelled is left at that. What is answered stays.

    Raises:
        NotFoundError: there is none of that number.
        StateError: it is finished.
    """
    stored.cancel(connection, retag_id, at=at)
    retag = find_retag(connection, retag_id)
    if retag.status is RetagStatus.FINISHED:
        raise StateError(f"Re-tag {retag_id} is finished; there is nothing left to cancel.")
    return retag


def count_images(connection: sa.Connection, retag: Retag) -> int:
    """Return how many images there are to look at, as was counted when it first began."""
    if retag.images is not None:
        return retag.images
    return stored.count_shown(connection, retag.advertiser)


def begin_retag(connection: sa.Connection, retag_id: int, *, images: int, at: datetime) -> Retag:
    """Mark a re-tag as begun, and return it as it stands; one that has ended is left as it is."""
    stored.start(connection, retag_id, images=images, at=at)
    return find_retag(connection, retag_id)


def list_owners(connection: sa.Connection, retag: Retag) -> list[str]:
    """Return the advertisers whose images are left to be looked at, in order."""
    if retag.advertiser is not None:
        return [retag.advertiser]
    names = list_advertisers(connection, after=retag.after_advertiser or None)
    return [retag.after_advertiser, *names] if retag.after_advertiser else names


def list_left(connection: sa.Connection, retag: Retag, advertiser: str) -> list[int]:
    """Return the images of an advertiser that are left to be looked at, in order."""
    after = retag.after_image_id if advertiser == retag.after_advertiser else 0
    return stored.list_shown(connection, advertiser, after_id=after)


def split(image_ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield images in portions that are answered and kept together."""
    for start in range(0, len(image_ids), _TOGETHER):
        yield image_ids[start : start + _TOGETHER]


def read_portion(
    connection: sa.Connection, retag: Retag, advertiser: str, image_ids: Sequence[int]
) -> Portion:
    """Find out what of a portion the model has not seen."""
    unanswered = stored_images.find_unanswered(connection, image_ids, retag.model_version)
    return Portion(advertiser, image_ids, unanswered)


def answer_portion(
    portion: Portion, media: MediaFolder, pipeline: Pipeline
) -> dict[int, StoredAnswer]:
    """Return what the model says of images that it has not seen, where there is a thumbnail."""
    pictures = {
        image_id: data
        for image_id, address in portion.thumbnails.items()
        if address is not None and (data := media.get(address)) is not None
    }
    outcomes = pipeline.run(list(pictures.values()))
    return {
        image_id: StoredAnswer(one.prediction, one.decision)
        for image_id, one in zip(pictures, outcomes, strict=True)
        if isinstance(one, Seen)
    }


def keep_portion(
    connection: sa.Connection,
    retag: Retag,
    portion: Portion,
    answers: Mapping[int, StoredAnswer],
    *,
    at: datetime,
) -> Retag | None:
    """Keep answers, and how far that is; return the re-tag as it stands, None where it ends here.

    That is where it was cancelled, or where another run has got further. Answers are kept anyway.
    """
    stored_images.add_answers(connection, answers, at=at)
    goes_on = stored.advance(
        connection,
        retag,
        advertiser=portion.advertiser,
        image_id=portion.image_ids[-1],
        looked_at=len(portion.image_ids),
        answered=len(answers),
        missed=len(portion.thumbnails) - len(answers),
    )
    return find_retag(connection, retag.id) if goes_on else None
