"""What is misclassified most: which answers of the model people overrule, and where."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from forecourt.core.errors import NotFoundError
from forecourt.core.fixes import FixField
from forecourt.core.judged import WrongAnswer, find_wrong_answers
from forecourt.identity.urls import host_of
from forecourt.store import scrapes as stored_scrapes
from forecourt.store.judged import Population, count_population, iter_fixed_images

UNKNOWN = "unknown"


class By(StrEnum):
    """What wrong answers are counted by."""

    KIND = "kind"  # the vehicle's body type as given, else the kind that the model saw
    HOST = "host"
    ADVERTISER = "advertiser"
    MODEL = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Misclassified:
    """One way in which the model was wrong, and how often.

    Attributes:
        group: The kind, host, advertiser or model version; None where nothing is told apart.
        wrong: Answers; each counts once.
        images: How many images the group has today; None where that cannot be said.
        share: Of these, how many are among the wrong ones (0-1).
    """

    group: str | None
    field: FixField
    value_from: str | None
    value: str | None
    wrong: int
    images: int | None
    share: float | None


def count_misclassified(
    connection: sa.Connection,
    *,
    model_version: str,
    by: By | None = None,
    since: datetime | None = None,
    advertiser: str | None = None,
) -> list[Misclassified]:
    """Return how often which answer was wrong, most often first.

    Args:
        connection: A connection.
        model_version: The champion.
        by: What is told apart.
        since: Only what was put right since then.
        advertiser: Only what holds in this advertiser's sitemap.

    Raises:
        NotFoundError: there is no such advertiser.
    """
    if advertiser is not None and advertiser not in stored_scrapes.list_advertisers(connection):
        raise NotFoundError(f"There is no advertiser {advertiser!r}.")
    population = None if by in {None, By.KIND} else Population(str(by))
    groups = iter_fixed_images(
        connection,
        model_version=model_version,
        advertiser=advertiser,
        population=population,
        with_kinds=by is By.KIND,
    )
    wrong: Counter[tuple[str | None, FixField, str | None, str | None]] = Counter()
    shown: Counter[tuple[str | None, FixField, str | None, str | None]] = Counter()
    for fixes in groups:
        own = [fix for fix in fixes if advertiser is None or fix.advertiser == advertiser]
        for answer in find_wrong_answers(own, by_advertiser=by is By.ADVERTISER):
            if since is None or answer.word.at >= since:
                key = (_group(answer, by), answer.word.field, answer.value_from, answer.word.value)
                wrong[key] += 1
                shown[key] += _is_among_images(answer, by)
    images = {} if population is None else count_population(connection, population)
    found = [
        Misclassified(
            group=key[0],
            field=key[1],
            value_from=key[2],
            value=key[3],
            wrong=count,
            images=images.get(key[0] or ""),
            share=_share(shown[key], images.get(key[0] or "")),
        )
        for key, count in wrong.items()
    ]
    return sorted(
        found,
        key=lambda one: (
            -one.wrong, one.group or "", one.field, one.value_from or "", one.value or "",
        ),
    )  # fmt: skip


def _is_among_images(answer: WrongAnswer, by: By | None) -> bool:
    """Whether the image is one of those that the group's share is of."""
    if by is By.MODEL:
        return answer.is_stored
    return answer.word.is_shown and answer.word.image_id is not None


def _share(shown: int, images: int | None) -> float | None:
    return shown / images if images else None


def _group(answer: WrongAnswer, by: By | None) -> str | None:
    word = answer.word
    match by:
        case None:
            return None
        case By.KIND:
            return (word.body_type or word.model_kind or UNKNOWN).strip().lower()
        case By.HOST:
            return word.host or host_of(word.url) or UNKNOWN
        case By.ADVERTISER:
            return word.advertiser
        case By.MODEL:
            return answer.model_version or UNKNOWN
