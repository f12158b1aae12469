"""The history of fixes as rows of a file: what leaves one Forecourt, and what comes into another.

A row is one event: a fix, or what became of a fix later (a revert, or the revert of that). Rows
stand in the order in which things were done, so reading them again gives the same history.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from forecourt.core.fixes import FixField
from forecourt.core.records import ImageKey, Role


class HistoryEvent(StrEnum):
    """What a row of the history says."""

    FIX = "fix"
    REVERT = "revert"  # the fix holds no more
    RESTORE = "restore"  # the revert was reverted: the fix holds again


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedBy:
    """Who made a fix, and when: with what was fixed, this is what a fix is known by."""

    by: str
    role: Role
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRow:
    """One event of the history, as a file tells it.

    Attributes:
        line: 1-based line of the file.
        row: 1-based number of the row, header not counted.
        act: Who did it, and when.
        note: Why, or "".
        url: The image, or "" where only its key is known.
        key: The image, or None where only its URL is known.
        value_from: What was shown before; None: no colour, or not known.
        value: What was said; None: no colour.
        given_from: How the file spells `value_from`, where that is not our spelling.
        given: How the file spells `value`, where that is not our spelling.
        of: The fix that is reverted or restored; None for a fix.
    """

    line: int | None
    row: int
    event: HistoryEvent
    act: FixedBy
    note: str
    advertiser: str
    everywhere: bool
    vehicle_id: str | None
    vin: str | None
    url: str
    key: ImageKey | None
    field: FixField
    value_from: str | None
    value: str | None
    given_from: str | None
    given: str | None
    model_version: str | None
    of: FixedBy | None = None
