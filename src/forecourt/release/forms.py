"""JSON forms of models and promotions; their shapes are a contract (docs/api.md)."""

from __future__ import annotations

from typing import Any

from forecourt.core.promotions import Promotion
from forecourt.release.promotions import ListedModel


def model_to_json(model: ListedModel) -> dict[str, Any]:
    """Return the JSON form of a model."""
    registered, promotion = model.registered, model.promotion
    return {
        "version": model.version,
        "champion": model.is_champion,
        "shipped": model.is_shipped,
        "sha256": model.network_sha256,
        "registered_at": registered.registered_at.isoformat() if registered else None,
        "registered_by": registered.registered_by if registered else None,
        "promotion": promotion_to_json(promotion) if promotion else None,
    }


def promotion_to_json(promotion: Promotion) -> dict[str, Any]:
    """Return the JSON form of a promotion."""
    return {
        "id": promotion.id,
        "kind": promotion.kind,
        "model_version": promotion.model_version,
        "at": promotion.at.isoformat(),
        "by": promotion.by,
        "note": promotion.note,
        "reason": promotion.reason,
    }
