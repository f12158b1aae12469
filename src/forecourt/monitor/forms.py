"""What the monitor says, as JSON values: contracts (docs/monitoring.md)."""

from __future__ import annotations

import math
from typing import Any

from forecourt.core.fixes import FixField
from forecourt.core.monitor import Answers, Counts, Figures, Waiting
from forecourt.core.monitor_rules import ADVICE, shift_of
from forecourt.store.monitor import ALL, Alarm, Measured, Run

_DIGITS = 6


def run_to_json(run: Run) -> dict[str, Any]:
    """Return what a run looked at, and why to train anew."""
    period = run.period
    return {
        "run": run.id,
        "at": run.at.isoformat(),
        "since": period.since.isoformat(),
        "before_since": period.before_since.isoformat(),
        "model_version": period.model_version,
        "previous_version": period.previous_version,
        "released_at": None if period.released_at is None else period.released_at.isoformat(),
        "suggestions": [{"reason": one.reason, "seen": one.seen} for one in run.suggestions],
    }


def measured_to_json(one: Measured) -> dict[str, Any]:
    """Return what a run says of an advertiser; null in place of its name: of all together."""
    return {
        "advertiser": None if one.advertiser == ALL else one.advertiser,
        "findings": [
            {"rule": found.rule, "seen": found.seen, "advice": ADVICE[found.rule]}
            for found in one.findings
        ],
        **_figures(one.figures),
    }


def alarm_to_json(alarm: Alarm) -> dict[str, Any]:
    """Return an alarm."""
    return {
        "id": alarm.id,
        "advertiser": None if alarm.advertiser == ALL else alarm.advertiser,
        "rule": alarm.rule,
        "seen": alarm.seen,
        "advice": ADVICE[alarm.rule],
        "raised_at": alarm.raised_at.isoformat(),
        "cleared_at": None if alarm.cleared_at is None else alarm.cleared_at.isoformat(),
    }


def _figures(figures: Figures) -> dict[str, Any]:
    shifts = {name: shift_of(figures, name) for name in FixField}
    return {
        "images": figures.images,
        "fixed": _counts(figures.fixed),
        "fixed_before": _counts(figures.fixed_before),
        "fix_rate": _number(figures.fix_rate),
        "fix_rate_before": _number(figures.fix_rate_before),
        "compared": figures.compared,
        "flips": _counts(figures.flips),
        "classes": figures.classes,
        "classes_before": figures.classes_before,
        "psi": {
            str(name): None if shift is None else _number(shift.psi)
            for name, shift in shifts.items()
        },
        "now": _answers(figures.now),
        "before": None if figures.before is None else _answers(figures.before),
        "looked_at": figures.looked_at,
        "strange": figures.strange,
        "waiting": _waiting(figures.waiting),
    }


def _counts(counts: Counts) -> dict[str, int]:
    return {"images": counts.images, "image_type": counts.image_type, "color": counts.color}


def _answers(answers: Answers) -> dict[str, Any]:
    return {
        "images": answers.images,
        "reviews": answers.reviews,
        "type_confidence": _number(answers.confidence(FixField.IMAGE_TYPE).value),
        "color_confidence": _number(answers.confidence(FixField.COLOR).value),
    }


def _waiting(waiting: Waiting) -> dict[str, Any]:
    return {
        "vehicles": waiting.vehicles,
        "of": waiting.of,
        "mean_days": _number(waiting.days / waiting.vehicles) if waiting.vehicles else None,
        "longest_days": _number(waiting.longest) if waiting.vehicles else None,
    }


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, _DIGITS)
