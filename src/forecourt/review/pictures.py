"""One image with all that people want to know before they say what it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from forecourt.core.conflicts import Conflict, Ruled
from forecourt.core.errors import NotFoundError
from forecourt.core.fixes import Fix
from forecourt.core.records import KeySource
from forecourt.core.resolve import Resolved, resolve
from forecourt.identity.visual import compare
from forecourt.review.pages import list_history
from forecourt.store import carries as stored_carries
from forecourt.store import comparison, inventory
from forecourt.store import conflicts as stored_conflicts
from forecourt.store import fixes as stored_fixes
from forecourt.store import images as stored_images
from forecourt.store import pictures as stored
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.evidence import iter_evidence, load_evidence
from forecourt.store.inventory import LocatedImage, VehicleImage
from forecourt.store.pictures import DatedAnswer, DatedKey, InventoryPlace, SeenUrl, StoredPicture
from forecourt.store.scrapes import Scrape

_MOST = 100  # of keys, URLs, places, entries of the history


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """Another image of the same vehicle.

    Attributes:
        thumbnail: Address in the media folder, or None.
        is_same_picture: It shows the same picture, encoded anew.
    """

    image: VehicleImage
    resolved: Resolved
    thumbnail: str | None
    is_same_picture: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """Another image between which and this one fixes were carried.

    Attributes:
        is_source: Fixes of the other one hold here; else the other way round.
        with_color: Fixes of the colour travel too.
        is_live: False once it is refused.
    """

    advertiser: str
    image_id: int
    thumbnail: str | None
    is_source: bool
    with_color: bool
    is_live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What an advertiser's sitemap shows of an image, where it stands first there."""

    advertiser: str
    located: LocatedImage
    resolved: Resolved
    neighbours: tuple[Neighbour, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image as somebody may see it.

    Attributes:
        shown: None where it stands in no inventory that is asked for.
        places: Where it stands in latest scrapes; a hundred at most.
        answers: Of all models, the latest first.
        keys: Under which it was seen, the latest first; a hundred at most, as `urls`.
        history: The latest first; a hundred at most.
        conflicts: Waiting or ruled; for staff alone.
    """

    stored: StoredPicture
    shown: Shown | None
    places: tuple[InventoryPlace, ...]
    answers: tuple[DatedAnswer, ...]
    keys: tuple[DatedKey, ...]
    urls: tuple[SeenUrl, ...]
    history: tuple[Fix | Ruled, ...]
    carried: tuple[Carried, ...]
    conflicts: tuple[Conflict, ...]


def find_place(
    connection: sa.Connection, image_id: int, advertiser: str
) -> tuple[StoredPicture, LocatedImage]:
    """Return an image, and where it stands first in an advertiser's latest scrape.

    Raises:
        NotFoundError: it does not stand there; whether there is such an image is not told.
    """
    places = _locate(connection, image_id, advertiser, limit=1)
    picture = stored.load_picture(connection, image_id) if places else None
    if picture is None:
        raise _not_found(image_id, advertiser)
    return picture, places[0]


def load_own_picture(
    connection: sa.Connection, image_id: int, advertiser: str, *, model_version: str
) -> Picture:
    """Return what an advertiser may know of an image of its own inventory: nothing of others.

    Raises:
        NotFoundError: the image does not stand in its latest scrape.
    """
    picture, first = find_place(connection, image_id, advertiser)
    places = _locate(connection, image_id, advertiser, limit=_MOST)
    own_keys = {place.image.key for place in places}
    return Picture(
        stored=picture,
        shown=_show(connection, image_id, advertiser, model_version),
        places=tuple(InventoryPlace(advertiser=advertiser, located=one) for one in places),
        answers=tuple(stored.list_answers(connection, image_id, with_trials=False)),
        keys=tuple(
            one
            for one in stored.list_keys(connection, image_id, limit=_MOST)
            # Others are made of other advertisers' URLs.
            if one.key.source is KeySource.BYTES or one.key in own_keys
        ),
        urls=tuple(
            stored.list_urls(
                connection,
                image_id,
                url_keys={place.image.url_key for place in places},
                limit=_MOST,
            )
        ),
        history=tuple(
            list_history(
                connection,
                advertiser=advertiser,
                url=first.image.url,
                limit=_MOST,
                own_only=True,
            )
        ),
        carried=_load_carried(connection, image_id, advertiser),
        conflicts=(),
    )


def load_picture(
    connection: sa.Connection, image_id: int, *, advertiser: str | None, model_version: str
) -> Picture:
    """Return all that is known of an image; for staff.

    Args:
        connection: A connection.
        image_id: Which image.
        advertiser: As whose sitemap shows it; None: of the first one that does.
        model_version: The champion.

    Raises:
        NotFoundError: there is no such image.
    """
    picture = stored.load_picture(connection, image_id)
    if picture is None:
        raise NotFoundError(f"There is no image {image_id}.")
    places = stored.list_places(connection, image_id, limit=_MOST)
    if advertiser is None and places:
        advertiser = places[0].advertiser
    carried = _load_carried(connection, image_id, None)
    sources = {one.image_id for one in carried if one.is_source and one.advertiser == advertiser}
    fixes = stored_fixes.load_of_images(connection, {image_id} | sources)
    conflicts = stored_conflicts.load_conflicts(connection, {image_id})
    entries: list[Fix | Ruled] = [*fixes, *(one for found in conflicts for one in found.rulings)]
    entries.sort(key=lambda one: (one.at, one.id), reverse=True)
    return Picture(
        stored=picture,
        shown=_show(connection, image_id, advertiser, model_version) if advertiser else None,
        places=tuple(places),
        answers=tuple(stored.list_answers(connection, image_id, with_trials=True)),
        keys=tuple(stored.list_keys(connection, image_id, limit=_MOST)),
        urls=tuple(stored.list_urls(connection, image_id, limit=_MOST)),
        history=tuple(entries[:_MOST]),
        carried=carried,
        conflicts=tuple(conflicts),
    )


def _locate(
    connection: sa.Connection, image_id: int, advertiser: str, *, limit: int
) -> list[LocatedImage]:
    scrape = stored_scrapes.find_latest(connection, advertiser)
    if scrape is None:
        return []
    return inventory.locate_image(connection, scrape.id, image_id, limit=limit)


def _show(
    connection: sa.Connection, image_id: int, advertiser: str, model_version: str
) -> Shown | None:
    scrape = stored_scrapes.find_latest(connection, advertiser)
    if scrape is None:
        return None
    places = inventory.locate_image(connection, scrape.id, image_id, limit=1)
    if not places:
        return None
    (evidence,) = load_evidence(
        connection,
        advertiser,
        [(places[0].image, places[0].vehicle.color)],
        model_version=model_version,
    )
    return Shown(
        advertiser=advertiser,
        located=places[0],
        resolved=resolve(evidence),
        neighbours=tuple(_find_neighbours(connection, scrape, places[0], model_version)),
    )


def _find_neighbours(
    connection: sa.Connection, scrape: Scrape, place: LocatedImage, model_version: str
) -> Sequence[Neighbour]:
    of_vehicle = [
        (image, resolve(evidence))
        for page in iter_evidence(
            connection, scrape, model_version=model_version, vehicle_ids=[place.vehicle.id]
        )
        for entry in page
        for image, evidence in entry.images
        if image.image_id is not None and image.position != place.image.position
    ]
    ids = {image.image_id for image, _resolved in of_vehicle if image.image_id is not None}
    own_id = place.image.image_id
    thumbnails = stored_images.load_thumbnails(connection, ids)
    keys = comparison.load_visual_keys(connection, ids | ({own_id} if own_id else set()))
    own = keys.get(own_id or 0)
    found = []
    for image, resolved in of_vehicle:
        other = keys.get(image.image_id or 0)
        is_alike = own is not None and other is not None and compare(own, other).is_same_picture
        found.append(
            Neighbour(
                image=image,
                resolved=resolved,
                thumbnail=thumbnails.get(image.image_id or 0),
                is_same_picture=is_alike or image.image_id == own_id,
            )
        )
    return found


def _load_carried(
    connection: sa.Connection, image_id: int, advertiser: str | None
) -> tuple[Carried, ...]:
    found = stored_carries.load_of_image(connection, image_id, advertiser=advertiser)[:_MOST]
    others = [one.from_image_id if one.image_id == image_id else one.image_id for one in found]
    thumbnails = stored_images.load_thumbnails(connection, set(others))
    return tuple(
        Carried(
            advertiser=one.advertiser,
            image_id=other,
            thumbnail=thumbnails.get(other),
            is_source=one.image_id == image_id,
            with_color=one.with_color,
            is_live=one.is_live,
        )
        for one, other in zip(found, others, strict=True)
    )


def _not_found(image_id: int, advertiser: str) -> NotFoundError:
    return NotFoundError(f"There is no image {image_id} in the inventory of {advertiser!r}.")
