"""JSON forms of models and of what becomes of them; their shapes are a contract (docs/api.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from forecourt.core.agreement import Agreement, Disagreement, Said, Share
from forecourt.core.promotions import Promotion
from forecourt.core.trials import CanaryStep, Retag, ShadowStep
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


def shadow_to_json(step: ShadowStep) -> dict[str, Any]:
    """Return the JSON form of a start or a stop in the shadow."""
    return {
        "id": step.id,
        "kind": step.kind,
        "model_version": step.model_version,
        "share": step.share,
        "at": step.at.isoformat(),
        "by": step.by,
        "note": step.note,
        "reason": step.reason,
    }


def canary_to_json(step: CanaryStep) -> dict[str, Any]:
    """Return the JSON form of what was done about a canary."""
    return {
        "id": step.id,
        "kind": step.kind,
        "advertiser": step.advertiser,
        "model_version": step.model_version,
        "at": step.at.isoformat(),
        "by": step.by,
        "note": step.note,
    }


def retag_to_json(retag: Retag) -> dict[str, Any]:
    """Return the JSON form of a re-tag."""
    return {
        "id": retag.id,
        "model_version": retag.model_version,
        "advertiser": retag.advertiser,
        "promotion_id": retag.promotion_id,
        "status": retag.status,
        "by": retag.by,
        "requested_at": retag.requested_at.isoformat(),
        "started_at": retag.started_at.isoformat() if retag.started_at else None,
        "finished_at": retag.finished_at.isoformat() if retag.finished_at else None,
        "images": retag.images,
        "looked_at": retag.looked_at,
        "answered": retag.answered,
        "missed": retag.missed,
        "failures": retag.failures,
        "last_error": retag.last_error,
    }


def agreement_to_json(agreement: Agreement) -> dict[str, Any]:
    """Return the JSON form of how far two models agree."""
    return {
        "model_version": agreement.model_version,
        "against": agreement.against,
        **asdict(agreement.total),
        "by_type": _shares(agreement.by_type),
        "by_color": _shares(agreement.by_color),
        "by_advertiser": _shares(agreement.by_advertiser),
    }


def disagreement_to_json(one: Disagreement) -> dict[str, Any]:
    """Return the JSON form of an image of which two models say different things."""
    return {
        "image_id": one.image_id,
        "thumbnail": one.thumbnail,
        "advertiser": one.advertiser,
        "url": one.url,
        "champion": _said(one.champion),
        "challenger": _said(one.challenger),
    }


def _said(said: Said) -> dict[str, Any]:
    return {
        "image_type": said.image_type,
        "image_type_confidence": round(said.image_type_confidence, 4),
        "color": said.color,
        "color_confidence": round(said.color_confidence, 4),
    }


def _shares(shares: Mapping[str, Share]) -> dict[str, Any]:
    return {name: asdict(share) for name, share in shares.items()}
