"""What an examination of an installation finds: a level, what was found, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    WARNING = "warning"  # it works, and somebody should look
    FAILED = "failed"  # something does not work


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        check: What was looked at; the name is stable.
        found: In words, without secrets.
        mend: What to do; empty where all is well.
    """

    check: str
    level: Level
    found: str
    mend: str = ""


def worst(findings: Iterable[Finding]) -> Level:
    """Return the gravest level among `findings`; OK where there are none."""
    return max((one.level for one in findings), key=list(Level).index, default=Level.OK)


def findings_to_json(findings: Iterable[Finding]) -> dict[str, Any]:
    """Return findings for machines."""
    listed = list(findings)
    return {"status": worst(listed), "checks": [asdict(one) for one in listed]}
