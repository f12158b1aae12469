"""Runs of the monitor, what each measured, and the alarms that stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forecourt.core.monitor import (
    Answers,
    Figures,
    Period,
    figures_from_dict,
    figures_to_dict,
)
from forecourt.core.monitor_rules import Finding, Reason, Rule, Suggestion
from forecourt.store.engine import wait_for_turn
from forecourt.store.schema import monitor_alarms, monitor_figures, monitor_runs

ALL = ""  # in place of an advertiser's name: all together
_LOCK = 0x4D4F4E49  # an advisory lock of PostgreSQL; the number only has to be ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of the monitor.

    Attributes:
        advertiser: The only one that was looked at; None: all were.
        suggestions: Why a model should be trained anew; none of a run over one advertiser.
    """

    id: int
    at: datetime
    period: Period
    advertiser: str | None
    suggestions: tuple[Suggestion, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one run says of one advertiser, or of all together (`ALL`).

    Attributes:
        badness: The number of findings, and the share of its images that was surely fixed.
    """

    advertiser: str
    badness: float
    figures: Figures
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A rule that speaks for an advertiser, or for all together (`ALL`), until it does no more."""

    id: int
    advertiser: str
    rule: Rule
    seen: str
    raised_at: datetime
    cleared_at: datetime | None


def lock_monitor(connection: sa.Connection) -> None:
    """Let one run at a time be kept: alarms are then raised once."""
    wait_for_turn(connection, _LOCK)


def add_run(
    connection: sa.Connection,
    period: Period,
    measured: Sequence[Measured],
    *,
    advertiser: str | None,
    suggestions: Sequence[Suggestion],
) -> Run:
    """Append a run and its figures, and return it."""
    run_id: int = connection.execute(
        sa.insert(monitor_runs)
        .values(
            at=period.until,
            since=period.since,
            released_at=period.released_at,
            model_version=period.model_version,
            previous_version=period.previous_version,
            advertiser=advertiser,
            suggestions=[[one.reason, one.seen] for one in suggestions],
        )
        .returning(monitor_runs.c.id)
    ).scalar_one()
    rows = [
        {
            "run_id": run_id,
            "advertiser": one.advertiser,
            "badness": one.badness,
            "figures": figures_to_dict(one.figures),
            "findings": [[found.rule, found.seen] for found in one.findings],
        }
        for one in measured
    ]
    if rows:
        connection.execute(sa.insert(monitor_figures), rows)
    return Run(
        id=run_id,
        at=period.until,
        period=period,
        advertiser=advertiser,
        suggestions=tuple(suggestions),
    )


def latest_run(connection: sa.Connection) -> Run | None:
    """Return the latest run over all advertisers, or None before the first one."""
    row = connection.execute(
        sa.select(monitor_runs)
        .where(monitor_runs.c.advertiser.is_(None))
        .order_by(monitor_runs.c.id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else _read_run(row)


def latest_of(connection: sa.Connection, advertiser: str) -> tuple[Run, Measured] | None:
    """Return the latest run that looked at an advertiser (or `ALL`), and what it found."""
    row = connection.execute(
        sa.select(
            monitor_runs,
            monitor_figures.c.badness,
            monitor_figures.c.figures,
            monitor_figures.c.findings,
        )
        .join(monitor_runs, monitor_runs.c.id == monitor_figures.c.run_id)
        .where(monitor_figures.c.advertiser == advertiser)
        .order_by(monitor_figures.c.run_id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else (_read_run(row), _read_measured(row, advertiser))


def earlier_answers(
    connection: sa.Connection, advertiser: str, *, model_version: str, until: datetime
) -> Answers | None:
    """Return a model's answers as its latest run by then had them, or None."""
    figures = connection.scalar(
        sa.select(monitor_figures.c.figures)
        .join(monitor_runs, monitor_runs.c.id == monitor_figures.c.run_id)
        .where(
            monitor_figures.c.advertiser == advertiser,
            monitor_runs.c.model_version == model_version,
            monitor_runs.c.at <= until,
        )
        .order_by(monitor_figures.c.run_id.desc())
        .limit(1)
    )
    return None if figures is None else figures_from_dict(figures).now


def list_worst(
    connection: sa.Connection,
    run_id: int,
    *,
    after: tuple[float, str] | None = None,
    limit: int,
) -> list[Measured]:
    """Return what a run says of advertisers, worst first.

    Args:
        connection: A connection.
        run_id: Of a run over all.
        after: `badness` and name of the last one of the page before.
        limit: How many.
    """
    place = monitor_figures.c.badness, monitor_figures.c.advertiser
    query = (
        sa.select(monitor_figures)
        .where(monitor_figures.c.run_id == run_id, monitor_figures.c.advertiser != ALL)
        .order_by(place[0].desc(), place[1].desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(sa.tuple_(*place) < sa.tuple_(*after))
    return [_read_measured(row, row.advertiser) for row in connection.execute(query)]


def load_trend(
    connection: sa.Connection, advertiser: str, *, limit: int
) -> list[tuple[Run, Measured]]:
    """Return the latest runs that looked at an advertiser (or `ALL`), and figures; oldest first."""
    rows = connection.execute(
        sa.select(
            monitor_runs,
            monitor_figures.c.badness,
            monitor_figures.c.figures,
            monitor_figures.c.findings,
        )
        .join(monitor_runs, monitor_runs.c.id == monitor_figures.c.run_id)
        .where(monitor_figures.c.advertiser == advertiser)
        .order_by(monitor_figures.c.run_id.desc())
        .limit(limit)
    ).all()
    return [(_read_run(row), _read_measured(row, advertiser)) for row in reversed(rows)]


# ---- alarms --------------------------------------------------------------------------------------


def list_standing(
    connection: sa.Connection, *, advertiser: str | None = None, limit: int | None = None
) -> list[Alarm]:
    """Return the alarms that stand, of one advertiser (or `ALL`), or of everybody; by name."""
    query = (
        sa.select(monitor_alarms)
        .where(monitor_alarms.c.cleared_at.is_(None))
        .order_by(monitor_alarms.c.advertiser, monitor_alarms.c.rule)
        .limit(limit)
    )
    if advertiser is not None:
        query = query.where(monitor_alarms.c.advertiser == advertiser)
    return [_read_alarm(row) for row in connection.execute(query)]


def list_alarms(connection: sa.Connection, advertiser: str, *, limit: int) -> list[Alarm]:
    """Return the latest alarms of an advertiser (or `ALL`), cleared ones too, latest first."""
    rows = connection.execute(
        sa.select(monitor_alarms)
        .where(monitor_alarms.c.advertiser == advertiser)
        .order_by(monitor_alarms.c.id.desc())
        .limit(limit)
    )
    return [_read_alarm(row) for row in rows]


def settle_alarms(
    connection: sa.Connection,
    found: Mapping[str, Sequence[Finding]],
    *,
    at: datetime,
) -> list[Alarm]:
    """Raise what is new, clear what speaks no more, and leave the rest; return what was raised.

    Args:
        connection: A writing connection, in its turn (`lock_monitor`).
        found: What speaks for each advertiser that was looked at (or `ALL`); nobody else's alarms
            are touched.
        at: When.
    """
    speaking = {(name, one.rule): one for name, many in found.items() for one in many}
    standing = [one for one in list_standing(connection) if one.advertiser in found]
    silent = [one.id for one in standing if (one.advertiser, one.rule) not in speaking]
    if silent:
        connection.execute(
            sa.update(monitor_alarms)
            .where(monitor_alarms.c.id == sa.bindparam("silent"))
            .values(cleared_at=at),
            [{"silent": one} for one in silent],
        )
    known = {(one.advertiser, one.rule) for one in standing}
    raised = []
    for (name, rule), finding in speaking.items():
        if (name, rule) not in known:
            row = connection.execute(
                sa.insert(monitor_alarms)
                .values(advertiser=name, rule=rule, seen=finding.seen, raised_at=at)
                .returning(*monitor_alarms.c)
            ).one()
            raised.append(_read_alarm(row))
    return raised


def _read_run(row: sa.Row[Any]) -> Run:
    return Run(
        id=row.id,
        at=row.at,
        period=Period(
            since=row.since,
            until=row.at,
            model_version=row.model_version,
            previous_version=row.previous_version,
            released_at=row.released_at,
        ),
        advertiser=row.advertiser,
        suggestions=tuple(Suggestion(Reason(reason), seen) for reason, seen in row.suggestions),
    )


def _read_measured(row: sa.Row[Any], advertiser: str) -> Measured:
    return Measured(
        advertiser=advertiser,
        badness=row.badness,
        figures=figures_from_dict(row.figures),
        findings=tuple(Finding(Rule(rule), seen) for rule, seen in row.findings),
    )


def _read_alarm(row: sa.Row[Any]) -> Alarm:
    return Alarm(
        id=row.id,
        advertiser=row.advertiser,
        rule=Rule(row.rule),
        seen=row.seen,
        raised_at=row.raised_at,
        cleared_at=row.cleared_at,
    )
