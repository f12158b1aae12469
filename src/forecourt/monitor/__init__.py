"""The champion at work: what is measured every night, and when people are called.

`find_period` → `count_fixed` → `measure`, advertiser by advertiser → `keep`. Functions take a
connection and do not commit; `measure` wants a reading one of its own for each advertiser.
"""

from forecourt.monitor.forms import alarm_to_json, measured_to_json, run_to_json
from forecourt.monitor.keep import Kept, keep
from forecourt.monitor.measure import Fixed, Observed, count_fixed, find_period, measure
from forecourt.store.measures import known_since, list_since, load_counted
from forecourt.store.monitor import (
    ALL,
    Alarm,
    Measured,
    Run,
    latest_of,
    latest_run,
    list_alarms,
    list_standing,
    list_worst,
    load_trend,
)
from forecourt.store.spells import Spell, list_longest

__all__ = [
    "ALL",
    "Alarm",
    "Fixed",
    "Kept",
    "Measured",
    "Observed",
    "Run",
    "Spell",
    "alarm_to_json",
    "count_fixed",
    "find_period",
    "keep",
    "known_since",
    "latest_of",
    "latest_run",
    "list_alarms",
    "list_longest",
    "list_since",
    "list_standing",
    "list_worst",
    "load_counted",
    "load_trend",
    "measure",
    "measured_to_json",
    "run_to_json",
]
