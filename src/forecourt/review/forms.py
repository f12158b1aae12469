"""What people did, and what stands out, as JSON: the same at every edge."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from forecourt.core.conflicts import Conflict, Ruled
from forecourt.core.fixes import Fix
from forecourt.core.oddities import ADVICE, WHY, Oddity
from forecourt.core.records import tag_to_json
from forecourt.review.fixing import Preview
from forecourt.review.misclassified import Misclassified
from forecourt.review.queue import Waiting
from forecourt.review.unshown import UnshownFix


def fix_to_json(fix: Fix) -> dict[str, Any]:
    """Return the JSON form of a fix; its shape is a contract (docs/fixes.md)."""
    return {
        "kind": "fix",
        "id": fix.id,
        "act_id": fix.act_id,
        "at": fix.at.isoformat(),
        "by": fix.by,
        "role": fix.role,
        "source": fix.source,
        "note": fix.note,
        "advertiser": fix.advertiser,
        "everywhere": fix.everywhere,
        "vehicle_id": fix.vehicle_id,
        "vin": fix.vin,
        "url": fix.url,
        "field": fix.field,
        "from": fix.value_from,
        "to": fix.value,
        "model_version": fix.model_version,
        "live": fix.is_live,
    }


def ruling_to_json(ruled: Ruled) -> dict[str, Any]:
    """Return the JSON form of a ruling; its shape is a contract (docs/fixes.md)."""
    return {
        "kind": "ruling",
        "id": ruled.id,
        "act_id": ruled.act_id,
        "at": ruled.at.isoformat(),
        "by": ruled.by,
        "role": ruled.role,
        "source": ruled.source,
        "note": ruled.note,
        "image_id": ruled.image_id,
        "field": ruled.field,
        "ruling": ruled.ruling,
        "positions": list(ruled.positions),
        "live": ruled.is_live,
    }


def entry_to_json(entry: Fix | Ruled) -> dict[str, Any]:
    """Return the JSON form of one entry of a history; `kind` tells the two forms apart."""
    return ruling_to_json(entry) if isinstance(entry, Ruled) else fix_to_json(entry)


def preview_to_json(preview: Preview) -> dict[str, Any]:
    """Return the JSON form of what a selection holds."""
    return {
        "images": preview.images,
        "examples": [
            {
                "vehicle_id": one.vehicle.id,
                "url": one.image.url,
                "image_type": one.resolved.image_type.value,
                "color": one.resolved.color.value,
            }
            for one in preview.examples
        ],
    }


def unshown_to_json(one: UnshownFix) -> dict[str, Any]:
    """Return the JSON form of a fix that the sitemap does not show."""
    return {
        "fix_id": one.fix.id,
        "url": one.fix.url,
        "field": one.fix.field,
        "shown": one.shown,
        "reason": one.reason,
    }


def conflict_to_json(conflict: Conflict) -> dict[str, Any]:
    """Return the JSON form of a conflict; its shape is a contract (docs/fixes.md)."""
    return {
        "image_id": conflict.image_id,
        "field": conflict.field,
        "status": conflict.status,
        "version": conflict.version,
        "positions": [fix_to_json(one) for one in conflict.positions],
        "history": [fix_to_json(one) for one in conflict.history],
        "rulings": [ruling_to_json(one) for one in conflict.rulings],
    }


def oddity_to_json(oddity: Oddity) -> dict[str, Any]:
    """Return the JSON form of an oddity; its shape is a contract (docs/api.md)."""
    return {
        "kind": oddity.kind,
        "advertiser": oddity.advertiser,
        "host": oddity.host,
        "count": oddity.count,
        "of": oddity.of,
        "seen": oddity.seen,
        "why": WHY[oddity.kind],
        "advice": ADVICE[oddity.kind],
        "examples": [asdict(one) for one in oddity.examples],
    }


def misclassified_to_json(one: Misclassified) -> dict[str, Any]:
    """Return the JSON form of a count; its shape is a contract (docs/api.md)."""
    return {
        "group": one.group,
        "field": one.field,
        "from": one.value_from,
        "to": one.value,
        "wrong": one.wrong,
        "images": one.images,
        "share": None if one.share is None else round(one.share, 4),
    }


def waiting_to_json(one: Waiting) -> dict[str, Any]:
    """Return the JSON form of a queued image; its shape is a contract (docs/api.md)."""
    return {
        "id": one.id,
        "advertiser": one.advertiser,
        "image_id": one.image_id,
        "url": one.image.url,
        "vehicle_id": one.vehicle.id,
        "vin": one.vehicle.vin,
        "title": one.vehicle.title,
        "scrape_color": one.vehicle.color,
        "image_type": tag_to_json(one.resolved.image_type),
        "color": tag_to_json(one.resolved.color),
        "predicted": {
            "image_type": one.decision.image_type,
            "color": one.decision.color,
            "model_version": one.decision.model_version,
        },
        "thumbnail": one.thumbnail,
        "width": one.width,
        "height": one.height,
        "reasons": [asdict(reason) for reason in one.reasons],
    }
