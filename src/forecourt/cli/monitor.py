"""`forecourt monitor`: how the champion does at work, and whether to train a model anew."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Annotated

import typer

from forecourt.cli.console import counted, out
from forecourt.cli.dataset import print_rows, show_progress
from forecourt.core.settings import Settings

if TYPE_CHECKING:
    from forecourt.monitor import Kept, Measured

_SHOWN_ROWS = 20


def monitor(
    advertiser: Annotated[
        str | None, typer.Option("--advertiser", "-a", help="Only this one; default: all.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure the champion at work, keep the figures, and raise or clear alarms."""
    from forecourt.jobs.monitoring import run_monitor
    from forecourt.jobs.workspace import open_store
    from forecourt.monitor import measured_to_json, run_to_json

    settings = Settings()
    with open_store(settings) as engine, show_progress("Looking at advertisers") as on_progress:
        kept = run_monitor(engine, settings, advertiser=advertiser, on_progress=on_progress)
    if as_json:
        document = {
            **run_to_json(kept.run),
            "measured": [measured_to_json(one) for one in kept.measured],
            "raised": len(kept.raised),
        }
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        _print(kept)


def _print(kept: Kept) -> None:
    from forecourt.core.monitor_rules import ADVICE, Rule
    from forecourt.monitor import ALL

    period = kept.run.period
    since = f"{period.since:%Y-%m-%d %H:%M}"
    release = f" (its release; {period.previous_version or 'no model'} before)"
    _say(f"{period.model_version} since {since} UTC{release if period.has_release else ''}")
    rows = [_row(one, ALL) for one in kept.measured[:_SHOWN_ROWS]]
    headings = ("advertiser", "images", "fixed", "a week", "before", "unsure", "changed", "waiting")
    print_rows("", headings, rows)
    for one in kept.measured[:_SHOWN_ROWS]:
        for found in one.findings:
            if found.rule is not Rule.RETRAIN_SUGGESTED:
                _say(f"{_name(one, ALL)}: {found.seen} {ADVICE[found.rule]}")
    for reason in kept.run.suggestions:
        _say(f"Train a model anew ({reason.reason}): {reason.seen}")
    left = len(kept.measured) - _SHOWN_ROWS
    more = f", the worst {_SHOWN_ROWS} are shown" if left > 0 else ""
    _say(f"{counted(len(kept.raised), 'new alarm')}{more}.")


def _row(one: Measured, every: str) -> tuple[str | int, ...]:
    figures = one.figures
    waiting = figures.waiting
    return (
        _name(one, every),
        figures.images,
        figures.fixed.images,
        _rate(figures.fix_rate),
        _rate(figures.fix_rate_before),
        _share(figures.now.reviews, figures.now.images),
        _share(figures.flips.images, figures.compared),
        f"{waiting.vehicles:,} of {waiting.of:,}",
    )


def _name(one: Measured, every: str) -> str:
    return "all together" if one.advertiser == every else one.advertiser


def _rate(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.1f}"


def _share(count: int, of: int) -> str:
    return f"{count / of:.1%}" if of else ""


def _say(text: str) -> None:
    out.print(text, highlight=False, markup=False, soft_wrap=True)
