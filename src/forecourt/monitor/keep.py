"""What a run found is judged, kept, and raises alarms; in one transaction."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from forecourt.core.metrics import Z999
from forecourt.core.monitor import Figures, Period, add_up
from forecourt.core.monitor_rules import (
    Finding,
    Rule,
    Suggestion,
    judge,
    judge_all,
    suggest_retraining,
)
from forecourt.monitor.measure import Observed
from forecourt.store import measures, spells
from forecourt.store import monitor as stored
from forecourt.store.monitor import ALL, Alarm, Measured, Run


@dataclass(frozen=True, slots=True)
class Kept:
    """A run, what it says of everybody (worst first), and the alarms that it raised."""

    run: Run
    measured: tuple[Measured, ...]
    raised: tuple[Alarm, ...]


def keep(
    connection: sa.Connection,
    period: Period,
    observed: Mapping[str, Observed],
    *,
    advertiser: str | None = None,
) -> Kept:
    """Judge what was seen, and keep it as a run. Alarms are raised once, until they clear.

    Args:
        connection: A writing connection; the caller commits.
        period: What was looked at.
        looks: By advertiser.
        advertiser: The only one that was looked at; None: all were.
    """
    stored.lock_monitor(connection)
    measured = [
        _judged(name, one.figures, judge(one.figures, period)) for name, one in observed.items()
    ]
    suggestions: tuple[Suggestion, ...] = ()
    if advertiser is None:
        many = [one.figures for one in observed.values()]
        findings = judge_all(many, period)
        suggestions = suggest_retraining(
            findings,
            period=period,
            corrected=measures.count_corrected(
                connection, period.model_version, since=period.released_at or period.since
            ),
            unlike=sum(
                found.rule is Rule.UNLIKE_TRAINING for one in measured for found in one.findings
            ),
        )
        if suggestions:
            seen = " ".join(one.seen for one in suggestions)
            findings = (*findings, Finding(Rule.RETRAIN_SUGGESTED, seen))
        measured.append(_judged(ALL, add_up(many), findings))
    run = stored.add_run(
        connection, period, measured, advertiser=advertiser, suggestions=suggestions
    )
    for name, one in observed.items():
        spells.keep_spells(connection, name, one.waiting, at=period.until)
    raised = stored.settle_alarms(
        connection, {one.advertiser: one.findings for one in measured}, at=period.until
    )
    worst_first = sorted(measured, key=lambda one: (one.badness, one.advertiser), reverse=True)
    return Kept(run, tuple(worst_first), tuple(raised))


def _judged(advertiser: str, figures: Figures, findings: tuple[Finding, ...]) -> Measured:
    low = figures.fixed_share(z=Z999).low
    return Measured(
        advertiser=advertiser,
        badness=len(findings) + (0.0 if math.isnan(low) else low),
        figures=figures,
        findings=findings,
    )
