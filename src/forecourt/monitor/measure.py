"""One look at an advertiser's inventory: what `core.monitor` counts, read from the store."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from forecourt.core.fixes import FixField
from forecourt.core.judged import WrongAnswer, find_wrong_answers
from forecourt.core.labels import ImageType
from forecourt.core.looks import GRID_BYTES, Looks, count_strange
from forecourt.core.monitor import Answers, Counts, Figures, Period, Waiting, make_period
from forecourt.core.promotions import PromotionKind
from forecourt.core.resolve import Evidence, Status, resolve
from forecourt.core.shift import mean_counts
from forecourt.core.skips import SkipReason
from forecourt.store import measures, registry, scrapes, spells
from forecourt.store import monitor as stored
from forecourt.store.evidence import iter_evidence
from forecourt.store.judged import iter_fixed_images
from forecourt.store.scrapes import Scrape

EARLIER_SCRAPES = 7  # whose mean is compared with: a week, where there is one a day
LOOKED_AT = 400  # images of an inventory: enough to tell 25 % from 35 %


@dataclass(frozen=True, slots=True)
class Fixed:
    """Images of an advertiser whose answer was overruled: in the period, and before."""

    now: Counts = field(default_factory=Counts)
    before: Counts = field(default_factory=Counts)


@dataclass(frozen=True, slots=True)
class Observed:
    """What was seen of an advertiser.

    Attributes:
        waiting: Row of each vehicle that shows a Placeholder and no picture of itself → since when.
    """

    figures: Figures = field(default_factory=Figures)
    waiting: Mapping[int, datetime] = field(default_factory=dict)


def find_period(connection: sa.Connection, model_version: str, *, at: datetime) -> Period:
    """Return the period that ends at a time.

    Args:
        connection: A connection.
        model_version: Of the model that answers. Where it is not the one that was promoted last (a
            pinned one), nothing is known of its release.
        at: Now.
    """
    promotions = registry.latest_promotions(connection, before_id=None, limit=2)
    released_at = previous = None
    if promotions and promotions[0].model_version == model_version:
        latest, *before = promotions
        if latest.kind is not PromotionKind.DEFAULT:
            released_at = latest.at
            previous = before[0].model_version if before else None
    return make_period(
        until=at, model_version=model_version, previous_version=previous, released_at=released_at
    )


def count_fixed(
    connection: sa.Connection, period: Period, *, advertiser: str | None = None
) -> dict[str, Fixed]:
    """Return by advertiser how many images had an answer that people overruled.

    A fix that says what the model said, a reverted one, and one that was imported beside its
    model's answer count nothing (W1 to W3 of `core.judged`). In the period only answers of the
    champion count: what is put right of an earlier model's is no fault of it.
    """
    now: dict[str, _Pile] = defaultdict(_Pile)
    before: dict[str, _Pile] = defaultdict(_Pile)
    for fixes in iter_fixed_images(
        connection,
        model_version=period.model_version,
        advertiser=advertiser,
        since=period.before_since,
    ):
        own = [fix for fix in fixes if advertiser in {None, fix.advertiser}]
        for answer in find_wrong_answers(own, by_advertiser=True):
            if not answer.is_stored or not period.before_since <= answer.word.at <= period.until:
                continue
            if answer.word.at < period.since:
                before[answer.word.advertiser].add(answer)
            elif answer.model_version == period.model_version:
                now[answer.word.advertiser].add(answer)
    return {
        name: Fixed(now[name].count(), before[name].count()) for name in sorted({*now, *before})
    }


def measure(
    connection: sa.Connection,
    advertiser: str,
    period: Period,
    *,
    known_since: datetime,
    fixed: Fixed,
    looks: Looks | None,
) -> Observed:
    """Look at the latest scrape of an advertiser; one that is being tagged counts as far as known.

    Args:
        connection: A reading connection.
        advertiser: Whose.
        period: What is looked at.
        known_since: When the advertiser's first scrape, or fix, came in.
        fixed: What `count_fixed` says of it.
        looks: Of the champion's training pictures; None: nobody can say what is unlike them.
    """
    scrape = scrapes.find_latest(connection, advertiser)
    if scrape is None:
        return Observed()
    vehicles, places = measures.count_places(connection, scrape.id)
    now, classes = measures.count_answers(connection, scrape.id, period.model_version)
    flips, predecessor = Counts(), Answers()
    if period.previous_version is not None:
        flips, predecessor = measures.count_flips(
            connection,
            scrape.id,
            model_version=period.model_version,
            previous_version=period.previous_version,
        )
    before: Answers | None = predecessor
    if not period.has_release:
        before = stored.earlier_answers(
            connection, advertiser, model_version=period.model_version, until=period.since
        )
    counted = measures.load_counted(
        connection,
        advertiser,
        # Without a release in the period, what an earlier model said tells of no drift.
        model_version=None if period.has_release else period.model_version,
        until=period.since,
        limit=EARLIER_SCRAPES,
    )
    classes_before = _mean_classes([by_field for _at, by_field in counted])
    shown_before = _count_shown(
        measures.load_counted(connection, advertiser, until=period.since, limit=1)
    )
    grids = b""
    if looks is not None:
        every = max(1, math.ceil(places / LOOKED_AT))
        grids = measures.sample_grids(connection, scrape.id, every=every)
    waiting = _find_waiting(connection, scrape, period)
    days = [_days(period.until - since) for since in waiting.values()]
    figures = Figures(
        images=places,
        now=now,
        before=before if before is not None and before.images else None,
        compared=predecessor.images,
        flips=flips,
        fixed=fixed.now,
        fixed_before=fixed.before,
        exposure=now.images * _days(period.until - max(period.since, known_since)),
        exposure_before=shown_before * _days(period.since - max(period.before_since, known_since)),
        classes=classes,
        classes_before=classes_before,
        looked_at=len(grids) // GRID_BYTES,
        strange=count_strange(looks, grids) if looks is not None and grids else 0,
        waiting=Waiting(
            vehicles=len(days), of=vehicles, days=sum(days), longest=max(days, default=0.0)
        ),
    )
    return Observed(figures, waiting)


@dataclass(slots=True)
class _Pile:
    """Overruled answers by field."""

    by_field: dict[FixField, set[int]] = field(default_factory=lambda: defaultdict(set))

    def add(self, answer: WrongAnswer) -> None:
        # An answer that is stored has an image.
        self.by_field[answer.word.field].add(answer.word.image_id or 0)

    def count(self) -> Counts:
        of_type, of_color = self.by_field[FixField.IMAGE_TYPE], self.by_field[FixField.COLOR]
        return Counts(images=len(of_type | of_color), image_type=len(of_type), color=len(of_color))


def _mean_classes(
    earlier: list[dict[str, dict[str, float]]],
) -> dict[str, dict[str, float]]:
    if not earlier:
        return {}
    return {str(name): mean_counts([one.get(name, {}) for one in earlier]) for name in FixField}


def _count_shown(counted: list[tuple[datetime, dict[str, dict[str, float]]]]) -> float:
    """Return how many images the latest of counted scrapes had."""
    return sum(sum(by_field[FixField.IMAGE_TYPE].values()) for _at, by_field in counted[:1])


def _find_waiting(connection: sa.Connection, scrape: Scrape, period: Period) -> dict[int, datetime]:
    """Return the vehicles that show a Placeholder and no picture of themselves, and since when.

    Since it came in, if no run has seen the vehicle before; else since this run.
    """
    rows: dict[str, int] = {}
    for page in measures.iter_may_wait(connection, scrape.id, model_version=period.model_version):
        for vehicles in iter_evidence(
            connection, scrape, model_version=period.model_version, vehicle_ids=list(page)
        ):
            for one in vehicles:
                if _waits([evidence for _image, evidence in one.images]):
                    rows[one.vehicle.id] = page[one.vehicle.id]
    lasting = spells.lasting_since(connection, scrape.advertiser)
    new = [row for row in rows.values() if row not in lasting]
    came_in = spells.first_seen(connection, new)
    last = stored.latest_of(connection, scrape.advertiser)
    for row, at in came_in.items():
        if last is not None and at <= last[0].at:
            came_in[row] = period.until
    return {row: lasting.get(row) or came_in[row] for row in rows.values()}


def _waits(images: list[Evidence]) -> bool:
    told = [resolve(one) for one in images]
    types = {one.image_type.value for one in told if one.status is Status.TAGGED}
    is_pending = any(one.skip_reason is SkipReason.PENDING for one in told)
    return types == {ImageType.PLACEHOLDER} and not is_pending


def _days(span: timedelta) -> float:
    return max(0.0, span.total_seconds() / 86_400)
