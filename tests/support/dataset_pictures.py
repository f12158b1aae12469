"""Pictures of datasets without any pixels: for rules that look at labels and visual keys only."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forecourt.core.dataset import Decision, Item, ItemSource, Opinion, Split, Verdict
from forecourt.core.labels import Color, ImageType
from forecourt.core.records import VisualKey
from forecourt.dataset.offers import Offer, make_label
from forecourt.dataset.sift import Picture

AT = datetime(2026, 11, 24, 8, tzinfo=UTC)


def key_of(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def looks_of(name: str) -> VisualKey:
    """Other names look nothing alike."""
    pdq = hashlib.sha256(f"pdq {name}".encode()).digest()
    return VisualKey(pdq=pdq, grid=(pdq * 6)[:192])


def picture(
    name: str,
    image_type: ImageType = ImageType.DEALER,
    color: Color | None = None,
    *,
    looks: str | None = None,
    key: str | None = None,
    **fields: Any,
) -> Picture:
    """Return an offered picture; `looks` names another that shows the same."""
    offer = Offer(
        url=name,
        file=Path(name),
        label=make_label(image_type, color, type_trust=0.9, color_trust=0.9),
        **{"source": ItemSource.IMPORT, "at": AT, "advertiser": "acme", **fields},
    )
    return Picture(
        offer=offer,
        key=key or key_of(name),
        sha256=key_of(name),
        suffix=".jpg",
        visual_key=looks_of(looks or name),
    )


def item(name: str, image_type: ImageType = ImageType.DEALER, **fields: Any) -> Item:
    """Return a picture of an earlier version."""
    return Item(
        **{
            "key": key_of(name),
            "image": f"images/{name}.jpg",
            "sha256": key_of(name),
            "is_thumbnail": False,
            "visual_key": looks_of(name),
            "image_type": image_type,
            "type_trust": 0.9,
            "color": None,
            "paint": None,
            "color_trust": 0.0,
            "kind": "car",
            "view": "",
            "advertiser": "acme",
            "group": "",
            "vehicle": None,
            "source": ItemSource.IMPORT,
            "added_in": "v1",
            "split": Split.TRAIN,
            "weight": 1.0,
            "url": name,
            "notes": "",
            **fields,
        }
    )


def decision(name: str, verdict: Verdict, *, at: datetime = AT, **opinion: Any) -> Decision:
    return Decision(
        key=key_of(name),
        opinion=Opinion(verdict=verdict, **opinion),
        by="ada",
        at=at,
        version="v1",
    )
