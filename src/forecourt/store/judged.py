"""Fixes beside the model's answers, image by image, for what they tell together."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from forecourt.core.fixes import ActSource, FixField
from forecourt.core.judged import JudgedFix
from forecourt.core.records import Role
from forecourt.store.liveness import is_live
from forecourt.store.schema import (
    acts,
    fix_states,
    fixes,
    legacy_values,
    predictions,
    scrapes,
    urls,
    vehicle_images,
    vehicles,
)
from forecourt.store.scrapes import ScrapeStatus

_PAGE = 1_000


class Population(StrEnum):
    """Which images shares are of."""

    ADVERTISER = "advertiser"  # all of its latest scrape
    HOST = "host"  # all last seen under its URLs
    MODEL = "model"  # all that it has answered


def iter_fixed_images(
    connection: sa.Connection,
    *,
    model_version: str,
    advertiser: str | None = None,
    population: Population | None = None,
    with_kinds: bool = False,
    since: datetime | None = None,
) -> Iterator[list[JudgedFix]]:
    """Yield the fixes of one image after the other (of one URL, where no image was ever seen).

    Args:
        connection: A connection; it must stay open while fixes are taken.
        model_version: The champion.
        advertiser: Only images that were fixed in this advertiser's sitemap: all of their fixes.
        population: What `is_shown` asks for.
        with_kinds: Also read the vehicle kind that the overruled model saw.
        since: Only images that were fixed since then: all of their fixes.
    """
    query = _select(model_version, population, with_kinds=with_kinds)
    own, late, acts_since = fixes.alias("own"), fixes.alias("late"), acts.alias("acts_since")
    for column, is_of_kind in (
        (fixes.c.image_id, fixes.c.image_id.is_not(None)),
        # So written that SQLite walks the index of url_key; by that of image_id it would have to
        # sort all rows, in memory.
        (fixes.c.url_key, sa.func.coalesce(fixes.c.image_id, 0) == 0),
    ):
        chosen = query.where(is_of_kind)
        if advertiser is not None:
            concerned = sa.select(own.c[column.name]).where(own.c.advertiser == advertiser)
            chosen = chosen.where(column.in_(concerned))
        if since is not None:
            recent = (
                sa.select(late.c[column.name])
                .join_from(acts_since, late, late.c.act_id == acts_since.c.id)
                .where(acts_since.c.at >= since)
            )
            chosen = chosen.where(column.in_(recent))
        rows = connection.execute(chosen.order_by(column).execution_options(yield_per=_PAGE))
        for _key, group in groupby(rows, key=lambda row: row.image_id or row.url_key):
            yield sorted(map(_read, group), key=lambda fix: (fix.at, fix.id))


def count_population(connection: sa.Connection, population: Population) -> dict[str, int]:
    """Return how many images each advertiser shows, each host has, or each model has answered."""
    query: sa.Select[Any]
    if population is Population.ADVERTISER:
        latest = latest_scrapes()
        query = (
            sa.select(latest.c.advertiser, sa.func.count(vehicle_images.c.image_id.distinct()))
            .join_from(latest, vehicles, vehicles.c.scrape_id == latest.c.scrape_id)
            .join(vehicle_images, stands_in(latest))
            .where(vehicle_images.c.image_id.is_not(None))
            .group_by(latest.c.advertiser)
        )
    elif population is Population.HOST:
        query = (
            sa.select(urls.c.host, sa.func.count(urls.c.image_id.distinct()))
            .where(urls.c.image_id.is_not(None))
            .group_by(urls.c.host)
        )
    else:
        query = sa.select(predictions.c.model_version, sa.func.count()).group_by(
            predictions.c.model_version
        )
    return {row[0]: row[1] for row in connection.execute(query)}


def latest_scrapes() -> sa.Subquery:
    """The latest scrape of each advertiser that was not cancelled: `advertiser`, `scrape_id`."""
    return (
        sa.select(scrapes.c.advertiser, sa.func.max(scrapes.c.id).label("scrape_id"))
        .where(scrapes.c.status != ScrapeStatus.CANCELLED)
        .group_by(scrapes.c.advertiser)
        .subquery("latest")
    )


def stands_in(latest: sa.Subquery) -> sa.ColumnElement[bool]:
    """Whether a row of `vehicle_images` belongs to a vehicle of the latest scrape."""
    return sa.and_(
        vehicle_images.c.vehicle_id == vehicles.c.id,
        vehicle_images.c.scrape_id == latest.c.scrape_id,
    )


def _select(
    model_version: str, population: Population | None, *, with_kinds: bool
) -> sa.Select[Any]:
    own, champion = predictions.alias("own_answer"), predictions.alias("champions")
    return (
        sa.select(
            fixes,
            acts.c.at,
            acts.c.by,
            acts.c.role,
            acts.c.source,
            is_live(fixes.c.id, fix_states, "fix_id").label("is_live"),
            urls.c.host,
            vehicles.c.body_type,
            legacy_values.c.value_from.label("given_from"),
            legacy_values.c.value.label("given"),
            own.c.image_type.label("own_type"),
            own.c.color.label("own_color"),
            sa.func.coalesce(champion.c.image_type, own.c.image_type).label("champion_type"),
            (own.c.answer if with_kinds else sa.null()).label("answer"),
            _is_shown(population).label("is_shown"),
        )
        .join_from(fixes, acts, acts.c.id == fixes.c.act_id)
        .outerjoin(urls, urls.c.url_key == fixes.c.url_key)
        .outerjoin(
            vehicles,
            sa.and_(
                vehicles.c.advertiser == fixes.c.advertiser,
                vehicles.c.vehicle_id == fixes.c.vehicle_id,
            ),
        )
        .outerjoin(legacy_values, legacy_values.c.fix_id == fixes.c.id)
        .outerjoin(
            own,
            sa.and_(
                own.c.image_id == fixes.c.image_id, own.c.model_version == fixes.c.model_version
            ),
        )
        .outerjoin(
            champion,
            sa.and_(
                champion.c.image_id == fixes.c.image_id, champion.c.model_version == model_version
            ),
        )
    )


def _is_shown(population: Population | None) -> sa.ColumnElement[Any]:
    if population is Population.HOST:
        return sa.func.coalesce(urls.c.image_id == fixes.c.image_id, sa.false())
    if population is not Population.ADVERTISER:
        return sa.true()
    shown = vehicles.alias("shown")
    latest = (
        sa.select(sa.func.max(scrapes.c.id))
        .where(
            scrapes.c.advertiser == fixes.c.advertiser,
            scrapes.c.status != ScrapeStatus.CANCELLED,
        )
        .correlate(fixes)
        .scalar_subquery()
    )
    return sa.exists().where(
        vehicle_images.c.image_id == fixes.c.image_id,
        shown.c.id == vehicle_images.c.vehicle_id,
        shown.c.advertiser == fixes.c.advertiser,
        shown.c.scrape_id == latest,
        vehicle_images.c.scrape_id == latest,
    )


def _read(row: sa.Row[Any]) -> JudgedFix:
    field = FixField(row.field)
    return JudgedFix(
        id=row.id,
        at=row.at,
        by=row.by,
        role=Role(row.role),
        source=ActSource(row.source),
        advertiser=row.advertiser,
        everywhere=row.everywhere,
        image_id=row.image_id,
        url=row.url,
        url_key=row.url_key,
        host=row.host or "",
        vehicle_id=row.vehicle_id,
        body_type=row.body_type,
        model_kind=_most_probable((row.answer or {}).get("kind_probs") or {}),
        is_shown=bool(row.is_shown),
        field=field,
        value_from=row.value_from,
        value=row.value,
        given_from=row.given_from,
        given=row.given,
        model_version=row.model_version,
        is_live=bool(row.is_live),
        is_answered=row.own_type is not None,
        answer=row.own_type if field is FixField.IMAGE_TYPE else row.own_color,
        champion_type=row.champion_type,
    )


def _most_probable(probs: dict[str, float]) -> str | None:
    return max(probs, key=lambda name: probs[name], default=None)
