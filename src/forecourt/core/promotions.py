"""Models of the registry, and the order in which they were champions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class PromotionKind(StrEnum):
    """How a model came to be the champion."""

    DEFAULT = "default"  # shipped with the release, before anything was promoted
    PROMOTE = "promote"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredModel:
    """A model that the registry keeps.

    Attributes:
        version: Predictions are keyed by it.
        network_sha256: Of `model.onnx`, in hex.
        manifest_sha256: Of `bundle.json`, in hex.
        folder: Name of its folder below `models/` in the home folder.
        registered_at: When, in UTC.
        registered_by: Who did it.
    """

    version: str
    network_sha256: str
    manifest_sha256: str
    folder: str
    registered_at: datetime
    registered_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """A model becomes the champion.

    Attributes:
        id: Later ones have higher ids.
        kind: How.
        model_version: The champion from now on.
        at: When, in UTC.
        by: Who did it.
        note: What they wrote beside it.
        reason: What the program says: what a gate found, or where a rollback came from.
    """

    id: int
    kind: PromotionKind
    model_version: str
    at: datetime
    by: str
    note: str
    reason: str


def find_standing(promotions: Iterable[Promotion]) -> list[str]:
    """Return the versions that a rollback would walk back through; the champion comes last.

    Args:
        promotions: All of them, in the order of their ids. A promotion comes on top of what stood
            before, a rollback takes the top away.
    """
    standing: list[str] = []
    for one in promotions:
        if one.kind is PromotionKind.ROLLBACK:
            standing.pop()
        else:
            standing.append(one.model_version)
    return standing
