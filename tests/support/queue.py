"""A shop whose images wait in the review queue."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from forecourt import review
from forecourt.core.fixes import Actor, ActSource, NewAct
from forecourt.core.records import Role
from forecourt.review.queue import Page, Waiting
from forecourt.store.engine import reading, writing
from forecourt.store.queue import LookedAt, Place
from forecourt.store.schema import predictions
from tests.support.shop import ACME, Shop

UNSURE = {
    "image_type_confidence": 0.6,
    "review": True,
    "review_reasons": ["image_type_uncertain"],
}


class QueueShop(Shop):
    """A shop of which the champion doubts what it is told to."""

    def answer(self, number: int, **values: Any) -> None:
        """Let the champion say something else of an image."""
        with writing(self.engine) as connection:
            connection.execute(
                sa.update(predictions)
                .where(predictions.c.image_id == self.image_ids[number])
                .values(**values)
            )

    def doubt(self, *numbers: int, **values: Any) -> None:
        """Let the champion be unsure of the type of images."""
        for number in numbers:
            self.answer(number, **UNSURE, **values)

    def fill(self, *advertisers: str) -> None:
        """Work out what waits."""
        for advertiser in advertisers or (ACME,):
            with reading(self.engine) as connection:
                draft = review.find_candidates(connection, advertiser, model_version=self.model)
            with writing(self.engine) as connection:
                review.fill_queue(connection, draft, at=self.tick())

    def page(
        self,
        advertiser: str | None = None,
        *,
        limit: int = 20,
        after: Place | None = None,
        own_only: bool = False,
    ) -> Page:
        """Return a page of the queue."""
        with reading(self.engine) as connection:
            return review.list_queue(
                connection,
                model_version=self.model,
                advertiser=advertiser,
                own_only=own_only,
                after=after,
                limit=limit,
            )

    def waiting(self, advertiser: str | None = None, **options: Any) -> list[Waiting]:
        """Return what waits."""
        return list(self.page(advertiser, **options).items)

    def numbers(self, advertiser: str | None = None, **options: Any) -> list[int]:
        """Return which images wait, by their numbers in the shop."""
        found = self.waiting(advertiser, **options)
        return [self.image_ids.index(one.image_id) for one in found]

    def reasons(self, advertiser: str | None = None) -> Mapping[int, list[str]]:
        """Return why images wait, by their numbers."""
        return {
            self.image_ids.index(one.image_id): [why.reason.value for why in one.reasons]
            for one in self.waiting(advertiser)
        }

    def done(self, by: str = "Ada", role: Role = Role.STAFF, *, ago: int = 24) -> LookedAt:
        """Return what was looked at in so many hours."""
        with reading(self.engine) as connection:
            since = self.now - timedelta(hours=ago)
            return review.count_done(connection, by=by, role=role, since=since)

    def act_as(self, name: str, source: ActSource = ActSource.API) -> NewAct:
        """Return an act of a member of staff."""
        return NewAct(actor=Actor(name=name, role=Role.STAFF), at=self.tick(), source=source)
