"""Answers of two models to the same images, side by side."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from forecourt.core.agreement import Disagreement, Said, Share, Tallied
from forecourt.core.labels import Color, ImageType
from forecourt.store.schema import images, predictions, vehicle_images, vehicles

_CHAMPION, _CHALLENGER = predictions.alias("champions"), predictions.alias("challengers")
_IS_SAME = sa.and_(
    _CHAMPION.c.image_type == _CHALLENGER.c.image_type,
    sa.func.coalesce(_CHAMPION.c.color, "") == sa.func.coalesce(_CHALLENGER.c.color, ""),
)


@dataclass(frozen=True, slots=True)
class DisagreementPage:
    """Some images of which two models say different things.

    Attributes:
        found: The latest first; perhaps none, where many images had to be looked through.
        before_id: Where to go on: images before this one; None: there are no more.
    """

    found: Sequence[Disagreement]
    before_id: int | None


def find_disagreements(
    connection: sa.Connection,
    model_version: str,
    against: str,
    *,
    advertiser: str | None,
    before_id: int | None,
    limit: int,
    window: int,
) -> DisagreementPage:
    """Return images of which two models say different things, the latest first.

    Args:
        connection: A connection.
        model_version: The challenger.
        against: The other model.
        advertiser: Only images that this one shows.
        before_id: Only images before this one.
        limit: How many at most.
        window: How many images are looked through at most: two models may agree on millions.
    """
    looked = _latest(model_version, advertiser, before_id, window)
    query = (
        _side_by_side(looked, model_version, against)
        .add_columns(
            images.c.thumbnail,
            _CHAMPION.c.image_type_confidence.label("champion_type_confidence"),
            _CHAMPION.c.color_confidence.label("champion_color_confidence"),
            _CHALLENGER.c.image_type_confidence.label("challenger_type_confidence"),
            _CHALLENGER.c.color_confidence.label("challenger_color_confidence"),
        )
        .join(images, images.c.id == looked.c.image_id)
        .where(~_IS_SAME)
        .order_by(looked.c.image_id.desc())
        .limit(limit + 1)
    )
    rows = connection.execute(query).all()
    further = None
    if len(rows) > limit:
        rows = rows[:limit]
        further = rows[-1].image_id
    else:
        count, last = connection.execute(
            sa.select(sa.func.count(), sa.func.min(looked.c.image_id))
        ).one()
        further = last if count == window else None
    places = _find_places(connection, [row.image_id for row in rows], advertiser)
    found = [
        Disagreement(
            image_id=row.image_id,
            thumbnail=row.thumbnail,
            advertiser=places.get(row.image_id, (None, None))[0],
            url=places.get(row.image_id, (None, None))[1],
            champion=_read(row, "champion"),
            challenger=_read(row, "challenger"),
        )
        for row in rows
    ]
    return DisagreementPage(found, further)


def tally(
    connection: sa.Connection,
    model_version: str,
    against: str,
    *,
    advertiser: str | None,
    window: int,
) -> list[Tallied]:
    """Count what two models say, of so many images, the latest."""
    looked = _latest(model_version, advertiser, None, window)
    both = _side_by_side(looked, model_version, against).subquery("both")
    said = (
        both.c.champion_type,
        both.c.champion_color,
        both.c.challenger_type,
        both.c.challenger_color,
    )
    rows = connection.execute(sa.select(*said, sa.func.count().label("images")).group_by(*said))
    return [
        Tallied(
            ImageType(row.champion_type),
            _color(row.champion_color),
            ImageType(row.challenger_type),
            _color(row.challenger_color),
            row.images,
        )
        for row in rows
    ]


def tally_advertisers(
    connection: sa.Connection,
    model_version: str,
    against: str,
    *,
    advertiser: str | None,
    window: int,
) -> dict[str, Share]:
    """Count on how many of these images the two agree, by who shows them."""
    looked = _latest(model_version, advertiser, None, window)
    both = _side_by_side(looked, model_version, against).add_columns(_IS_SAME.label("is_same"))
    answered = both.subquery("both")
    shown = (
        sa.select(answered.c.image_id, answered.c.is_same, vehicles.c.advertiser)
        .join_from(answered, vehicle_images, vehicle_images.c.image_id == answered.c.image_id)
        .join(vehicles, vehicles.c.id == vehicle_images.c.vehicle_id)
        .distinct()
    )
    if advertiser is not None:
        shown = shown.where(vehicles.c.advertiser == advertiser)
    each = shown.subquery("each_shown")
    rows = connection.execute(
        sa.select(
            each.c.advertiser,
            sa.func.count().label("images"),
            sa.func.sum(sa.case((each.c.is_same, 1), else_=0)).label("agreeing"),
        )
        .group_by(each.c.advertiser)
        .order_by(each.c.advertiser)
    )
    return {row.advertiser: Share(row.images, row.agreeing) for row in rows}


def _latest(
    model_version: str, advertiser: str | None, before_id: int | None, window: int
) -> sa.Subquery:
    """Select the latest images that a model has answered, or that an advertiser shows."""
    column: sa.Column[Any]
    query: sa.Select[tuple[int]]
    if advertiser is None:
        column = predictions.c.image_id
        query = sa.select(column).where(predictions.c.model_version == model_version)
    else:
        column = vehicle_images.c.image_id
        query = (
            sa.select(column)
            .join_from(vehicles, vehicle_images, vehicle_images.c.vehicle_id == vehicles.c.id)
            .where(vehicles.c.advertiser == advertiser, column.is_not(None))
            .distinct()
        )
    if before_id is not None:
        query = query.where(column < before_id)
    return query.order_by(column.desc()).limit(window).subquery("looked_at")


def _side_by_side(
    looked: sa.Subquery, model_version: str, against: str
) -> sa.Select[tuple[Any, ...]]:
    return (
        sa.select(
            looked.c.image_id,
            _CHAMPION.c.image_type.label("champion_type"),
            _CHAMPION.c.color.label("champion_color"),
            _CHALLENGER.c.image_type.label("challenger_type"),
            _CHALLENGER.c.color.label("challenger_color"),
        )
        .join_from(looked, _CHALLENGER, _CHALLENGER.c.image_id == looked.c.image_id)
        .join(_CHAMPION, _CHAMPION.c.image_id == looked.c.image_id)
        .where(_CHALLENGER.c.model_version == model_version, _CHAMPION.c.model_version == against)
    )


def _find_places(
    connection: sa.Connection, image_ids: Collection[int], advertiser: str | None
) -> dict[int, tuple[str, str]]:
    """Return who shows each image, and where: one place of each."""
    query = (
        sa.select(vehicle_images.c.image_id, vehicles.c.advertiser, vehicle_images.c.url)
        .join(vehicles, vehicles.c.id == vehicle_images.c.vehicle_id)
        .where(vehicle_images.c.image_id.in_(image_ids))
        .order_by(vehicle_images.c.id.desc())  # what comes last in the dict wins: the first place
    )
    if advertiser is not None:
        query = query.where(vehicles.c.advertiser == advertiser)
    return {row.image_id: (row.advertiser, row.url) for row in connection.execute(query)}


def _read(row: sa.Row[Any], whose: str) -> Said:
    return Said(
        ImageType(getattr(row, f"{whose}_type")),
        getattr(row, f"{whose}_type_confidence"),
        _color(getattr(row, f"{whose}_color")),
        getattr(row, f"{whose}_color_confidence"),
    )


def _color(name: str | None) -> Color | None:
    return Color(name) if name else None
