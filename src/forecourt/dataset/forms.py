"""Versions, their pictures and decisions as JSON: the same at every edge."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from forecourt.core.dataset import KeptDecision, Summary
from forecourt.dataset.looking import Looked

_NO_COLOR = "none"


def summary_to_json(summary: Summary) -> dict[str, Any]:
    """Return the JSON form of what a version says of itself (docs/api.md)."""
    recipe = summary.recipe
    return {
        "name": summary.name,
        "created_at": summary.created_at,
        "parent": recipe.parent,
        "imported": list(recipe.imported),
        "fixes_until": recipe.fixes_until,
        "images": summary.images,
        "size_bytes": summary.size_bytes,
        "manifest_sha256": summary.manifest_sha256,
        "counts": summary.counts,
        "left_out": summary.left_out,
    }


def decision_to_json(kept: KeptDecision) -> dict[str, Any]:
    """Return the JSON form of a decision; its colour is a word, as in a request."""
    decision, opinion = kept.decision, kept.decision.opinion
    return {
        "id": kept.id,
        "key": decision.key,
        "version": decision.version,
        "verdict": opinion.verdict,
        "image_type": opinion.image_type,
        "color": (opinion.color or _NO_COLOR) if opinion.sets_color else None,
        "by": decision.by,
        "at": decision.at,
        "note": opinion.note,
        "undone_by": kept.undone_by,
        "undone_at": kept.undone_at,
    }


def looked_to_json(looked: Looked) -> dict[str, Any]:
    """Return the JSON form of a picture that is looked through."""
    item, doubt = looked.item, looked.doubt
    told = asdict(item)
    for name in ("image", "sha256", "visual_key", "weight"):
        del told[name]
    return {
        **told,
        "doubt": doubt
        and {
            "likely_type": doubt.likely_type or None,
            "likely_color": doubt.likely_color or None,
            "score": round(doubt.score, 4),
            "is_issue": doubt.is_issue,
        },
        "decision": looked.decision and decision_to_json(looked.decision),
    }
