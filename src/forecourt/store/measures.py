"""What the monitor counts in an advertiser's inventory. Each statement goes by an index.

Places are counted, not pictures: an image that two vehicles show counts twice, as in
`class_counts`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forecourt.core.fixes import FixField
from forecourt.core.labels import ImageType
from forecourt.core.monitor import Answers, Counts
from forecourt.store.liveness import is_live
from forecourt.store.schema import (
    acts,
    advertisers,
    carries,
    class_counts,
    fix_states,
    fixes,
    images,
    predictions,
    scrapes,
    vehicle_images,
    vehicles,
)

_IN_PAGE = 500  # vehicles


def list_since(connection: sa.Connection) -> dict[str, datetime]:
    """Return all advertisers, sorted, and since when they are known."""
    rows = connection.execute(
        sa.select(advertisers.c.id, advertisers.c.created_at).order_by(advertisers.c.id)
    )
    return {row.id: row.created_at for row in rows}


def known_since(connection: sa.Connection, advertiser: str) -> datetime | None:
    """Return since when an advertiser is known, or None where it is not."""
    found: datetime | None = connection.scalar(
        sa.select(advertisers.c.created_at).where(advertisers.c.id == advertiser)
    )
    return found


def count_places(connection: sa.Connection, scrape_id: int) -> tuple[int, int]:
    """Return how many vehicles a scrape has, and how many places of them with a known image."""
    vehicles_count = connection.scalar(
        sa.select(sa.func.count()).where(vehicles.c.scrape_id == scrape_id)
    )
    places = connection.scalar(
        sa.select(sa.func.count())
        .select_from(vehicles)
        .join(vehicle_images, _stands_in(scrape_id))
        .where(vehicles.c.scrape_id == scrape_id, vehicle_images.c.image_id.is_not(None))
    )
    return vehicles_count or 0, places or 0


def count_answers(
    connection: sa.Connection, scrape_id: int, model_version: str
) -> tuple[Answers, dict[str, dict[str, float]]]:
    """Return a model's answers to the images of a scrape: how sure, and by field and class."""
    rows = connection.execute(
        sa.select(predictions.c.image_type, predictions.c.color, *_sums(predictions))
        .select_from(vehicles)
        .join(vehicle_images, _stands_in(scrape_id))
        .join(
            predictions,
            sa.and_(
                predictions.c.image_id == vehicle_images.c.image_id,
                predictions.c.model_version == model_version,
            ),
        )
        .where(vehicles.c.scrape_id == scrape_id)
        .group_by(predictions.c.image_type, predictions.c.color)
    ).all()
    classes: dict[str, dict[str, float]] = {str(name): {} for name in FixField}
    for row in rows:
        for name, value in ((FixField.IMAGE_TYPE, row.image_type), (FixField.COLOR, row.color)):
            of_field = classes[name]
            of_field[value or ""] = of_field.get(value or "", 0) + row.images
    return _read_answers(rows), classes if rows else {}


def count_flips(
    connection: sa.Connection, scrape_id: int, *, model_version: str, previous_version: str
) -> tuple[Counts, Answers]:
    """Return what two models decide otherwise on the images of a scrape that both have answered.

    Returns:
        Decisions that differ; and the predecessor's answers to all of these images, whose number
        is that of the images compared.
    """
    old, new = predictions.alias("old"), predictions.alias("new")
    type_differs = old.c.image_type != new.c.image_type
    color_differs = old.c.color.is_distinct_from(new.c.color)
    row = connection.execute(
        sa.select(
            _count_if(type_differs).label("image_type"),
            _count_if(color_differs).label("color"),
            _count_if(sa.or_(type_differs, color_differs)).label("either"),
            *_sums(old),
        )
        .select_from(vehicles)
        .join(vehicle_images, _stands_in(scrape_id))
        .join(
            old,
            sa.and_(
                old.c.image_id == vehicle_images.c.image_id,
                old.c.model_version == previous_version,
            ),
        )
        .join(
            new,
            sa.and_(
                new.c.image_id == vehicle_images.c.image_id, new.c.model_version == model_version
            ),
        )
        .where(vehicles.c.scrape_id == scrape_id)
    ).one()
    flips = Counts(images=row.either or 0, image_type=row.image_type or 0, color=row.color or 0)
    return flips, _read_answers([row] if row.images else [])


def load_counted(
    connection: sa.Connection,
    advertiser: str,
    *,
    model_version: str | None = None,
    until: datetime | None = None,
    limit: int,
) -> list[tuple[datetime, dict[str, dict[str, float]]]]:
    """Return when scrapes were finished, and their images by field and class; latest first.

    Args:
        connection: A connection.
        advertiser: Whose scrapes.
        model_version: Only those that this model answered; None: all.
        until: Only those that were finished by then; None: all.
        limit: How many.
    """
    where = [] if until is None else [scrapes.c.finished_at <= until]
    is_counted = [class_counts.c.scrape_id == scrapes.c.id]
    if model_version is not None:
        is_counted.append(class_counts.c.model_version == model_version)
    chosen = (
        sa.select(scrapes.c.id, scrapes.c.finished_at)
        .where(
            scrapes.c.advertiser == advertiser,
            scrapes.c.finished_at.is_not(None),
            sa.exists().where(*is_counted),
            *where,
        )
        .order_by(scrapes.c.id.desc())
        .limit(limit)
        .subquery("chosen")
    )
    rows = connection.execute(
        sa.select(chosen.c.id, chosen.c.finished_at, class_counts)
        .join(class_counts, class_counts.c.scrape_id == chosen.c.id)
        .order_by(chosen.c.id.desc())
    )
    found: dict[int, tuple[datetime, dict[str, dict[str, float]]]] = {}
    for row in rows:
        _at, classes = found.setdefault(row.id, (row.finished_at, {}))
        classes.setdefault(row.field, {})[row.value] = row.images
    return list(found.values())


def sample_grids(connection: sa.Connection, scrape_id: int, *, every: int) -> bytes:
    """Return the grids of mean colours of images of a scrape, end to end.

    Args:
        connection: A connection.
        scrape_id: Which scrape.
        every: One place of so many is looked at, another of each vehicle: first pictures look
            otherwise than last ones.
    """
    rows = connection.scalars(
        sa.select(images.c.lab_grid)
        .select_from(vehicles)
        .join(vehicle_images, _stands_in(scrape_id))
        .join(images, images.c.id == vehicle_images.c.image_id)
        .where(
            vehicles.c.scrape_id == scrape_id,
            images.c.lab_grid.is_not(None),
            (vehicles.c.position + vehicle_images.c.position) % every == 0,
        )
    )
    return b"".join(bytes(one) for one in rows)


def count_corrected(connection: sa.Connection, model_version: str, *, since: datetime) -> int:
    """Return how many images have a live fix made since then that overrules a model's answer."""
    answered = sa.case(
        (fixes.c.field == FixField.IMAGE_TYPE, predictions.c.image_type),
        else_=predictions.c.color,
    )
    found = connection.scalar(
        sa.select(sa.func.count(fixes.c.image_id.distinct()))
        .select_from(fixes)
        .join(
            predictions,
            sa.and_(
                predictions.c.image_id == fixes.c.image_id,
                predictions.c.model_version == model_version,
            ),
        )
        .where(
            # Not joined: SQLite would begin with all fixes.
            fixes.c.act_id.in_(sa.select(acts.c.id).where(acts.c.at >= since)),
            fixes.c.model_version == model_version,
            fixes.c.value.is_distinct_from(answered),
            is_live(fixes.c.id, fix_states, "fix_id"),
        )
    )
    return found or 0


def iter_may_wait(
    connection: sa.Connection, scrape_id: int, *, model_version: str
) -> Iterator[dict[str, int]]:
    """Yield vehicles of a scrape that may show nothing but Placeholders: id → row, by pages.

    Left out are those with an image that the champion sees as something else, that nobody fixed to
    Placeholder, and to which no fix is carried. What the others show has to be resolved.
    """
    other = (
        sa.exists()
        .where(
            vehicle_images.c.vehicle_id == vehicles.c.id,
            vehicle_images.c.scrape_id == scrape_id,
            predictions.c.image_id == vehicle_images.c.image_id,
            predictions.c.model_version == model_version,
            predictions.c.image_type != ImageType.PLACEHOLDER,
            ~sa.exists().where(
                fixes.c.image_id == vehicle_images.c.image_id,
                fixes.c.field == FixField.IMAGE_TYPE,
                fixes.c.value == ImageType.PLACEHOLDER,
            ),
            ~sa.exists().where(carries.c.image_id == vehicle_images.c.image_id),
        )
        .correlate(vehicles)
    )
    has_image = sa.exists().where(
        vehicle_images.c.vehicle_id == vehicles.c.id,
        vehicle_images.c.scrape_id == scrape_id,
        vehicle_images.c.image_id.is_not(None),
    )
    after = -1
    while True:
        rows = connection.execute(
            sa.select(vehicles.c.id, vehicles.c.vehicle_id, vehicles.c.position)
            .where(
                vehicles.c.scrape_id == scrape_id,
                vehicles.c.position > after,
                has_image,
                ~other,
            )
            .order_by(vehicles.c.position)
            .limit(_IN_PAGE)
        ).all()
        if not rows:
            return
        yield {row.vehicle_id: row.id for row in rows}
        after = rows[-1].position


def _stands_in(scrape_id: int) -> sa.ColumnElement[bool]:
    return sa.and_(
        vehicle_images.c.vehicle_id == vehicles.c.id, vehicle_images.c.scrape_id == scrape_id
    )


def _count_if(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[Any]:
    return sa.func.sum(sa.case((condition, 1), else_=0))


def _sums(answers: sa.FromClause) -> list[sa.ColumnElement[Any]]:
    """The columns that `_read_answers` adds up."""
    of_type, of_color = answers.c.image_type_confidence, answers.c.color_confidence
    return [
        sa.func.count().label("images"),
        _count_if(answers.c.review).label("reviews"),
        sa.func.sum(of_type).label("type_sum"),
        sa.func.sum(of_type * of_type).label("type_squares"),
        sa.func.sum(of_color).label("color_sum"),
        sa.func.sum(of_color * of_color).label("color_squares"),
    ]


def _read_answers(rows: Any) -> Answers:
    return Answers(
        images=sum(row.images for row in rows),
        reviews=sum(row.reviews for row in rows),
        type_sum=sum(row.type_sum for row in rows),
        type_squares=sum(row.type_squares for row in rows),
        color_sum=sum(row.color_sum for row in rows),
        color_squares=sum(row.color_squares for row in rows),
    )
