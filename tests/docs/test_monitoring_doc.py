"""docs/monitoring.md against the code: rules, reasons, fields, numbers."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from forecourt.core import monitor_rules
from forecourt.core.monitor import WINDOW, Answers, Figures, Waiting, make_period
from forecourt.core.monitor_rules import Reason, Rule
from forecourt.core.webhooks import AlarmKind
from forecourt.monitor import ALL, Measured, Run, measured_to_json, run_to_json
from forecourt.monitor.measure import EARLIER_SCRAPES
from tests.support.documents import ROOT, listed, section

DOCUMENT = ROOT / "docs" / "monitoring.md"
WEBHOOKS = ROOT / "docs" / "webhooks.md"
AT = datetime(2026, 11, 24, tzinfo=UTC)


def test_rules_and_reasons_are_listed_in_their_order() -> None:
    assert listed(DOCUMENT, "Rules") == [*Rule, *Reason]
    kinds = re.findall(r"^\| `(\w+)` \| ", section(WEBHOOKS, "Data of an alarm"), re.MULTILINE)
    assert kinds[-len(AlarmKind) :] == list(AlarmKind)


def test_numbers_of_the_rules_are_those_of_the_code() -> None:
    text = section(DOCUMENT, "Rules")
    for number in (
        f"at least {monitor_rules.FEWEST_FIXED} images were fixed",
        f"more than {monitor_rules.RISE:g} times",
        f"more than {monitor_rules.FIXED_SHARE:.0%} of".replace("%", " %"),
        f"more than {monitor_rules.FLIPPED_SHARE:.0%} of".replace("%", " %"),
        f"at least {monitor_rules.FEWEST_COMPARED} images",
        f"more than {monitor_rules.CONFIDENCE_FALL:g} lower",
        f"more than {100 * monitor_rules.REVIEW_RISE:g} points higher",
        f"more than {monitor_rules.STRANGE_SHARE:.0%} of".replace("%", " %"),
        f"{monitor_rules.ENOUGH_FIXES} images were corrected",
    ):
        assert number in text, number
    compared = section(DOCUMENT, "What is compared")
    assert f"the last {EARLIER_SCRAPES} finished scrapes" in compared
    assert f"the {WINDOW.days} days before" in compared


def test_every_field_of_the_json_is_explained() -> None:
    figures = Figures(before=Answers(), waiting=Waiting(vehicles=1, of=1))
    entry = measured_to_json(Measured(advertiser=ALL, badness=0, figures=figures, findings=()))
    period = make_period(until=AT, model_version="m", previous_version=None, released_at=None)
    run = run_to_json(Run(id=1, at=AT, period=period, advertiser=None, suggestions=()))
    text = section(DOCUMENT, "Figures")
    of_run, _heading, of_entry = text.partition("| field of an entry |")
    assert [*run, "measured", "raised"] == _names(of_run)
    assert list(entry) == _names(of_entry)
    for part in ("now", "waiting", "fixed"):
        assert all(f"`{name}`" in of_entry for name in entry[part])


def _names(table: str) -> list[str]:
    cells = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", table, re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
