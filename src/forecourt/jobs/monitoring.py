"""One run of the monitor: each advertiser in a transaction of its own, then all is kept at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import sqlalchemy as sa
import structlog

from forecourt import monitor, release, webhooks
from forecourt.core.errors import NotFoundError
from forecourt.core.monitor_rules import ADVICE, Rule
from forecourt.core.settings import Settings
from forecourt.core.webhooks import AlarmKind, EventType, alarm_data
from forecourt.store.engine import reading, writing
from forecourt.vision.bundle import read_looks

_log = structlog.get_logger(__name__)
_NAMED = 50  # advertisers in one alarm; the panel has them all


def run_monitor(
    engine: sa.Engine,
    settings: Settings,
    *,
    advertiser: str | None = None,
    at: datetime | None = None,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> monitor.Kept:
    """Observed at one advertiser or at all, keep what was seen, and tell webhooks of new alarms.

    Args:
        engine: Of the store.
        settings: Where the champion is.
        advertiser: Only this one.
        at: The time that counts as now.
        on_progress: Called with the number of advertisers that were looked at, and of all.

    Raises:
        NotFoundError: there is no such advertiser.
        BundleError: the champion is gone or damaged.
    """
    now = at or datetime.now(UTC)
    with reading(engine) as connection:
        champion = release.load_champion(connection, settings)
        period = monitor.find_period(connection, champion.version, at=now)
        names = _list_names(connection, advertiser)
        fixed = monitor.count_fixed(connection, period, advertiser=advertiser)
    looks = read_looks(champion.folder)
    seen: dict[str, monitor.Observed] = {}
    for name, since in names.items():
        with reading(engine) as connection:
            seen[name] = monitor.measure(
                connection,
                name,
                period,
                known_since=since,
                fixed=fixed.get(name, monitor.Fixed()),
                looks=looks,
            )
        on_progress(len(seen), len(names))
    with writing(engine) as connection:
        kept = monitor.keep(connection, period, seen, advertiser=advertiser)
        _announce(connection, kept.raised, at=now)
    _log.info("monitor.ran", run=kept.run.id, advertisers=len(seen), raised=len(kept.raised))
    return kept


def _list_names(connection: sa.Connection, advertiser: str | None) -> dict[str, datetime]:
    if advertiser is None:
        return monitor.list_since(connection)
    since = monitor.known_since(connection, advertiser)
    if since is None:
        raise NotFoundError(f"There is no advertiser {advertiser!r}.")
    return {advertiser: since}


def _announce(connection: sa.Connection, raised: Iterable[monitor.Alarm], *, at: datetime) -> None:
    """Tell of new alarms, one event for each rule: a bad release may raise it for hundreds."""
    by_rule: dict[Rule, list[monitor.Alarm]] = defaultdict(list)
    for alarm in raised:
        by_rule[alarm.rule].append(alarm)
    for rule, alarms in by_rule.items():
        of_all = next((one for one in alarms if one.advertiser == monitor.ALL), None)
        names = [one.advertiser for one in alarms if one.advertiser != monitor.ALL]
        first = of_all or alarms[0]
        where = "All advertisers" if of_all else first.advertiser
        others = len(alarms) - 1
        more = f" So it is with {others:,} other{'s' if others > 1 else ''}." if others else ""
        webhooks.announce(
            connection,
            EventType.ALARM_RAISED,
            advertiser=None,  # it is about the model: for those who run it
            data=alarm_data(
                AlarmKind(rule.value),
                scrape_id=None,
                detail=f"{where}: {first.seen}{more} {ADVICE[rule]}",
                is_overall=of_all is not None,
                advertisers=names[:_NAMED],
                advertisers_count=len(names),
            ),
            at=at,
        )
