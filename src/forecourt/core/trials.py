"""Models at work beside the champion: in the shadow, as a canary, and over stored images."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ShadowKind(StrEnum):
    """What was done about the model in the shadow."""

    START = "start"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowStep:
    """A challenger goes into the shadow, or comes out of it. The last step says what holds.

    Attributes:
        id: Later ones have higher ids.
        kind: Which of the two.
        model_version: The challenger.
        share: Share of newly classified images that it is shown too, from 0 to 1.
        at: When, in UTC.
        by: Who did it.
        note: What they wrote beside it.
        reason: What the program says: why it ended by itself.
    """

    id: int
    kind: ShadowKind
    model_version: str
    share: float
    at: datetime
    by: str
    note: str
    reason: str


class CanaryKind(StrEnum):
    """What was done about a canary."""

    START = "start"
    DROP = "drop"  # the champion answers again
    PROMOTE = "promote"  # the canary became the champion


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryStep:
    """An advertiser is answered by a challenger from now on, or no more.

    Attributes:
        id: Later ones have higher ids; an advertiser's last step says what holds.
        kind: Which of the three.
        advertiser: Whose images.
        model_version: The challenger.
        at: When, in UTC.
        by: Who did it.
        note: What they wrote beside it.
    """

    id: int
    kind: CanaryKind
    advertiser: str
    model_version: str
    at: datetime
    by: str
    note: str


class RetagStatus(StrEnum):
    """Where a re-tag stands."""

    ACCEPTED = "accepted"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"


UNFINISHED = (RetagStatus.ACCEPTED, RetagStatus.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retag:
    """Images that inventories show now are answered by a model, from thumbnails.

    Attributes:
        model_version: The model.
        advertiser: Whose images; None: everybody's.
        is_ahead: Nobody was answered by the model when this was asked for.
        promotion_id: Of the promotion that asked for it; None: a person did.
        images: How many there are to look at, an image once for each advertiser; None until it
            has begun.
        looked_at: How many of them are done with.
        answered: How many the model was shown; the others had its answer already.
        missed: How many have no thumbnail, or one that cannot be read.
        after_advertiser: Up to and with this one everything is done, but for its own images
            behind `after_image_id`; "" before the first.
        after_image_id: See above.
        failures: How often a run broke off with an error; `last_error`: the latest.
    """

    id: int
    model_version: str
    advertiser: str | None
    is_ahead: bool
    promotion_id: int | None
    status: RetagStatus
    by: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    images: int | None
    looked_at: int
    answered: int
    missed: int
    after_advertiser: str
    after_image_id: int
    failures: int
    last_error: str | None

    @property
    def is_unfinished(self) -> bool:
        """Whether somebody still has to work on it."""
        return self.status in UNFINISHED
