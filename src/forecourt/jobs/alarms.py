"""What a run over a scrape shows that people should look at; told to webhooks as it is stored."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from forecourt import webhooks
from forecourt.core.webhooks import AlarmKind, EventType, alarm_data
from forecourt.store.scrapes import Scrape
from forecourt.tagging import Tally

_BROKE_OFF_TIMES = 3  # once or twice may be a restart
_MANY_SKIPPED = 0.5  # of a scrape's images
_FEW_IMAGES = 20  # below this many any share is chance


def raise_on_failure(connection: sa.Connection, scrape: Scrape) -> None:
    """Raise an alarm where runs over a scrape break off again and again; once per scrape."""
    if scrape.failures == _BROKE_OFF_TIMES:
        _raise(
            connection,
            scrape,
            AlarmKind.SCRAPE_BREAKS_OFF,
            f"Scrape {scrape.id} of {scrape.advertiser} has broken off {scrape.failures} times; it "
            f"is tried again. The latest error: {scrape.last_error}",
            failures=scrape.failures,
        )


def raise_on_finish(connection: sa.Connection, scrape: Scrape, tally: Tally) -> None:
    """Raise alarms for what a finished run has met."""
    if tally.distrusted:
        hosts = sorted(set(tally.distrusted))
        _raise(
            connection,
            scrape,
            AlarmKind.HOST_DISTRUSTED,
            "The headers of these hosts did not tell the truth; their images are downloaded at "
            f"every scrape from now on: {', '.join(hosts)}. `forecourt hosts` says why.",
            hosts=hosts,
        )
    skipped = tally.skipped.total()
    if tally.total >= _FEW_IMAGES and skipped > _MANY_SKIPPED * tally.total:
        reasons = {str(reason): count for reason, count in sorted(tally.skipped.items())}
        _raise(
            connection,
            scrape,
            AlarmKind.MANY_SKIPPED,
            f"{skipped:,} of {tally.total:,} images of {scrape.advertiser} could not be had. Where "
            "that was an outage, retry the scrape.",
            skipped=skipped,
            reasons=reasons,
        )


def _raise(
    connection: sa.Connection, scrape: Scrape, kind: AlarmKind, detail: str, **more: Any
) -> None:
    webhooks.announce(
        connection,
        EventType.ALARM_RAISED,
        advertiser=scrape.advertiser,
        data=alarm_data(kind, scrape_id=scrape.id, detail=detail, **more),
        at=datetime.now(UTC),
    )
