"""What of a scrape is still to be done, and how it gets done: pending images are settled.

An image of a scrape is settled once: by a statement over all images whose URL is already known well
enough (`settle_known`, no rows leave the database), by one over those whose server confirmed what
is known (`settle_confirmed`), or with what the network and the model said of it (`settle`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from forecourt.core.records import ImageKey, KeySource, Validators
from forecourt.core.skips import SkipReason
from forecourt.store.chunks import chunks
from forecourt.store.inventory import ImageState
from forecourt.store.schema import (
    carries,
    fixes,
    hosts,
    predictions,
    urls,
    vehicle_images,
    vehicles,
)

UNCHECKED = 0  # the scrape that checked a URL whose answer is no longer believed

_RANGE = 5_000
_OF_URL = {
    "image_id": urls.c.image_id,
    "key_source": urls.c.key_source,
    "key_value": urls.c.key_value,
    "skip_reason": urls.c.skip_reason,
    "checked_at": urls.c.checked_at,
}


_IS_FIXED = sa.or_(
    sa.exists().where(fixes.c.image_id == urls.c.image_id),
    sa.exists().where(carries.c.image_id == urls.c.image_id),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingImage:
    """One image of a scrape that the network must be asked about.

    Attributes:
        id: Row of `vehicle_images`.
        image_id: The image that this URL showed when it was last asked; None for a new URL.
        key: The header key under which it was then known, or None.
        validators: What the server then said of it; None where there is nothing to compare.
        checked_at: When it was last asked, or None.
        host: Of the URL; None for a new one.
        is_fixed: Whether a person has ever corrected that image, or a fix travelled to it.
    """

    id: int
    url: str
    url_key: str
    host: str | None
    image_id: int | None
    key: ImageKey | None
    validators: Validators | None
    checked_at: datetime | None
    is_fixed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """How one image of a scrape came out.

    Attributes:
        image_id: The stored image, also where it could not be re-checked; None if never tagged.
        key: The key by which it was identified.
        skip_reason: Why the latest attempt failed, or None.
    """

    id: int
    image_id: int | None
    key: ImageKey | None
    skip_reason: SkipReason | None
    checked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How many images a statement settled."""

    tagged: int = 0
    skipped: Mapping[SkipReason, int] = field(default_factory=dict)


def read_pending(
    connection: sa.Connection, scrape_id: int, *, after_id: int, limit: int
) -> list[PendingImage]:
    """Return the next pending images by id, each with what is known of its URL."""
    columns = (vehicle_images.c.id, vehicle_images.c.url, vehicle_images.c.url_key)
    page = (
        sa.select(*columns)
        .where(
            vehicle_images.c.scrape_id == scrape_id,
            vehicle_images.c.state == sa.literal_column(f"'{ImageState.PENDING}'"),
            vehicle_images.c.id > after_id,
        )
        .order_by(vehicle_images.c.id)
        .limit(limit)
        .subquery()
    )
    rows = connection.execute(
        sa.select(
            page.c.id,
            page.c.url,
            page.c.url_key,
            urls.c.host,
            urls.c.image_id,
            urls.c.etag,
            urls.c.last_modified,
            urls.c.key_source,
            urls.c.key_value,
            urls.c.checked_at,
            _IS_FIXED.label("is_fixed"),
        )
        .join_from(page, urls, page.c.url_key == urls.c.url_key, isouter=True)
        .order_by(page.c.id)
    )
    return [
        PendingImage(
            id=row.id,
            url=row.url,
            url_key=row.url_key,
            host=row.host,
            image_id=row.image_id,
            key=ImageKey(KeySource(row.key_source), row.key_value) if row.key_source else None,
            validators=_validators(row.etag, row.last_modified),
            checked_at=row.checked_at,
            is_fixed=row.is_fixed,
        )
        for row in rows
    ]


def count_pending(connection: sa.Connection, scrape_id: int) -> int:
    """Return how many images of a scrape are not settled yet."""
    return connection.execute(
        sa.select(sa.func.count())
        .select_from(vehicle_images)
        .where(
            vehicle_images.c.scrape_id == scrape_id,
            vehicle_images.c.state == sa.literal_column(f"'{ImageState.PENDING}'"),
        )
    ).scalar_one()


def count_states(connection: sa.Connection, scrape_id: int) -> Counter[ImageState]:
    """Return how many images of a scrape are in which state."""
    # By its vehicles: there is no index on the scrape of an image that is settled.
    rows = connection.execute(
        sa.select(vehicle_images.c.state, sa.func.count())
        .join(vehicles, vehicles.c.id == vehicle_images.c.vehicle_id)
        .where(vehicles.c.scrape_id == scrape_id, vehicle_images.c.scrape_id == scrape_id)
        .group_by(vehicle_images.c.state)
    )
    return Counter({ImageState(state): count for state, count in rows})


def settle_known(
    connection: sa.Connection,
    scrape_id: int,
    *,
    after_id: int,
    model_version: str,
    now: datetime,
    asked_since: datetime,
    trusted_state: str,
) -> tuple[int | None, Settled]:
    """Settle one range of pending images whose URL needs no request.

    That is a URL that this very scrape has already asked about (whatever came of it), one that
    another scrape has asked about since this run began, or one of a trusted host whose last answer
    is still fresh (RFC 9111 section 4.2), unless a person has corrected the image: that is checked
    against the bytes at every scrape. An image that the model `model_version` has not seen is left
    pending: it must be classified.

    Args:
        connection: A writing connection.
        scrape_id: The scrape.
        after_id: Where the range starts.
        model_version: The champion.
        now: What is fresh is fresh at this time.
        asked_since: When this run began. A URL that it has asked about is not asked about again,
            even where the model has no answer (its picture could not be had, and no thumbnail is
            left): the other places of the URL would bring nothing else.
        trusted_state: Of hosts whose answers may be used while they are fresh.

    Returns:
        The id to go on after, or None when no range is left, and how many were settled.
    """
    pending = (
        vehicle_images.c.scrape_id == scrape_id,
        vehicle_images.c.state == sa.literal_column(f"'{ImageState.PENDING}'"),
    )
    last_id: int | None = connection.execute(
        sa.select(sa.func.max(sa.column("id"))).select_from(
            sa.select(vehicle_images.c.id)
            .where(*pending, vehicle_images.c.id > after_id)
            .order_by(vehicle_images.c.id)
            .limit(_RANGE)
            .subquery()
        )
    ).scalar_one()
    if last_id is None:
        return None, Settled()
    in_range = (*pending, vehicle_images.c.id > after_id, vehicle_images.c.id <= last_id)
    is_checked = urls.c.checked_scrape_id == scrape_id
    is_checked_by_others = sa.and_(
        urls.c.checked_at >= asked_since,
        urls.c.checked_scrape_id.not_in([scrape_id, UNCHECKED]),
    )
    is_fresh = sa.and_(
        urls.c.fresh_until > now,
        sa.not_(_IS_FIXED),
        urls.c.host.in_(sa.select(hosts.c.host).where(hosts.c.state == trusted_state)),
    )
    is_predicted = sa.exists().where(
        predictions.c.image_id == urls.c.image_id, predictions.c.model_version == model_version
    )
    is_settled = sa.or_(is_predicted, urls.c.checked_at >= asked_since)
    is_known = sa.or_(
        sa.and_(is_checked, is_settled),
        sa.and_(sa.or_(is_checked_by_others, is_fresh), is_predicted),
    )
    same_url = vehicle_images.c.url_key == urls.c.url_key
    tagged = connection.execute(
        sa.update(vehicle_images)
        .values(state=ImageState.TAGGED, **_OF_URL)
        .where(*in_range, same_url, urls.c.image_id.is_not(None), is_known)
    )
    skipped = connection.execute(
        sa.update(vehicle_images)
        .values(state=ImageState.SKIPPED, **_OF_URL)
        .where(
            *in_range,
            same_url,
            sa.or_(is_checked, is_checked_by_others),
            urls.c.image_id.is_(None),
            urls.c.skip_reason.is_not(None),
        )
        .returning(vehicle_images.c.skip_reason)
    )
    reasons = Counter(SkipReason(reason) for reason in skipped.scalars())
    return last_id, Settled(tagged=tagged.rowcount, skipped=reasons)


def settle(connection: sa.Connection, scrape_id: int, settlements: Sequence[Settlement]) -> None:
    """Settle images one by one.

    A place that a later scrape has taken over meanwhile is left alone: another URL may stand there.
    """
    if not settlements:
        return
    connection.execute(
        sa.update(vehicle_images)
        .where(
            vehicle_images.c.id == sa.bindparam("row_id"),
            vehicle_images.c.scrape_id == scrape_id,
        )
        .values(
            state=sa.bindparam("new_state"),
            image_id=sa.bindparam("new_image_id"),
            key_source=sa.bindparam("new_key_source"),
            key_value=sa.bindparam("new_key_value"),
            skip_reason=sa.bindparam("new_skip_reason"),
            checked_at=sa.bindparam("new_checked_at"),
        ),
        [
            {
                "row_id": one.id,
                "new_state": ImageState.SKIPPED if one.image_id is None else ImageState.TAGGED,
                "new_image_id": one.image_id,
                "new_key_source": one.key.source if one.key else None,
                "new_key_value": one.key.value if one.key else None,
                "new_skip_reason": one.skip_reason,
                "new_checked_at": one.checked_at,
            }
            for one in settlements
        ],
    )


def settle_confirmed(
    connection: sa.Connection,
    scrape_id: int,
    confirmed: Collection[PendingImage],
    *,
    at: datetime,
    fresh_until: datetime,
) -> None:
    """Settle images whose server said that nothing has changed: they are what their URL showed.

    Two statements, however many they are. As in `settle`, a later scrape's places are left alone.
    """
    connection.execute(
        sa.update(urls)
        .where(urls.c.url_key.in_([one.url_key for one in confirmed]))
        .values(
            skip_reason=None,
            checked_at=at,
            fresh_until=fresh_until,
            checked_scrape_id=scrape_id,
            is_verified=False,
        )
    )
    connection.execute(
        sa.update(vehicle_images)
        .where(
            vehicle_images.c.id.in_([one.id for one in confirmed]),
            vehicle_images.c.scrape_id == scrape_id,
            vehicle_images.c.url_key == urls.c.url_key,
        )
        .values(state=ImageState.TAGGED, **_OF_URL)
    )


def find_checked(
    connection: sa.Connection, url_keys: Collection[str], *, since: datetime, model_version: str
) -> set[str]:
    """Return the URLs that somebody has asked about since a time: `settle_known` settles them."""
    is_predicted = sa.exists().where(
        predictions.c.image_id == urls.c.image_id, predictions.c.model_version == model_version
    )
    found: set[str] = set()
    for chunk in chunks(url_keys):
        found.update(
            connection.scalars(
                sa.select(urls.c.url_key).where(
                    urls.c.url_key.in_(chunk),
                    urls.c.checked_at >= since,
                    urls.c.checked_scrape_id != UNCHECKED,
                    sa.or_(urls.c.image_id.is_(None), is_predicted),
                )
            )
        )
    return found


def _validators(etag: str | None, last_modified: str | None) -> Validators | None:
    if etag is None and last_modified is None:
        return None
    return Validators(etag=etag, last_modified=last_modified)
