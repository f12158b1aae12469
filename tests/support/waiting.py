"""Lets images of running services wait in the review queue."""

from __future__ import annotations

from datetime import UTC, datetime

from forecourt import review
from forecourt.store.engine import reading, writing
from forecourt.web.service import Service
from tests.support.shop import ACME, ZENITH


def fill_queue(service: Service, *advertisers: str) -> None:
    """Work out what waits of advertisers: of acme and zenith, if none is named."""
    for advertiser in advertisers or (ACME, ZENITH):
        with reading(service.engine) as connection:
            draft = review.find_candidates(
                connection, advertiser, model_version=service.model_version
            )
        with writing(service.engine) as connection:
            review.fill_queue(connection, draft, at=datetime.now(UTC))
