"""What the gate asks of a candidate; apart from it, since it needs arrays and commands do not."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Numbers of the gate.

    Attributes:
        placeholder_recall: G2's floor, 0-1.
        least: Pictures that a slice needs to be guarded; with fewer no difference is beyond chance.
        worst_share: Of the champion's worst advertisers, how many are guarded, at least three.
    """

    placeholder_recall: float = 0.9
    least: int = 10
    worst_share: float = 0.1
