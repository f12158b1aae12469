"""How far a challenger agrees with the champion on images that both have answered."""

from __future__ import annotations

import sqlalchemy as sa

from forecourt.core.agreement import Agreement, make_agreement
from forecourt.release.models import check_known
from forecourt.release.promotions import champion
from forecourt.store import agreement as stored
from forecourt.store.agreement import DisagreementPage

LATEST = 20_000  # images that are looked at: more would tell little, and take long


def list_disagreements(
    connection: sa.Connection,
    model_version: str,
    *,
    against: str | None = None,
    advertiser: str | None = None,
    before_id: int | None = None,
    limit: int,
) -> DisagreementPage:
    """Return images of which two models say different things, the latest first.

    At most `LATEST` images are looked through, so a page may be short, and go on all the same.

    Args:
        connection: A connection.
        model_version: The challenger; any model that has answered images.
        against: The other model; None: the champion.
        advertiser: Only images that this one shows.
        before_id: Only images before this one.
        limit: How many at most.

    Raises:
        NotFoundError: there is no such model.
    """
    other = _check(connection, model_version, against)
    return stored.find_disagreements(
        connection,
        model_version,
        other,
        advertiser=advertiser,
        before_id=before_id,
        limit=limit,
        window=LATEST,
    )


def count_agreement(
    connection: sa.Connection,
    model_version: str,
    *,
    against: str | None = None,
    advertiser: str | None = None,
) -> Agreement:
    """Return how often two models say the same, among the latest images.

    These are the latest that the challenger has answered, or that the advertiser shows.

    Raises:
        NotFoundError: there is no such model.
    """
    other = _check(connection, model_version, against)
    tallied = stored.tally(connection, model_version, other, advertiser=advertiser, window=LATEST)
    by_advertiser = stored.tally_advertisers(
        connection, model_version, other, advertiser=advertiser, window=LATEST
    )
    return make_agreement(model_version, other, tallied, by_advertiser)


def _check(connection: sa.Connection, model_version: str, against: str | None) -> str:
    first = champion(connection).version
    other = against or first
    for version in {model_version, other} - {first}:
        check_known(connection, version)
    return other
