"""What a version is made from: pictures that are offered, with labels and where these come from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from forecourt.core.conflicts import find_positions
from forecourt.core.dataset import ItemSource, LeftOut, Omission, Split
from forecourt.core.fixes import Fix, FixField
from forecourt.core.labels import Color, ImageType, parse_color, parse_image_type
from forecourt.core.records import Role, VisualKey
from forecourt.store.dataset_fixes import FixedImage
from forecourt.store.media import MediaFolder

OF_STAFF = 1.0
OF_ADVERTISER = 0.9
OF_IMPORT = 0.9
UNSAID = 0.7  # a type that a person saw and left as it was, when they fixed the colour


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a picture is, and how far that is believed (`core.dataset.Item` has the words)."""

    image_type: ImageType
    type_trust: float
    color: Color | None = None
    paint: bool | None = None
    color_trust: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One picture that may become an item.

    Attributes:
        file: Where its bytes are.
        is_owned: Nobody writes to the file: a version may link to it.
        key: SHA-256 of the original, where that is not the file's own.
        size: Width and height of the original in pixels, where the file is a thumbnail of it.
        split: As given with the picture, or None.
        at: When the label was given; imports: when they were imported.
    """

    url: str
    file: Path
    label: Label
    source: ItemSource
    at: datetime
    kind: str = ""
    view: str = ""
    advertiser: str = ""
    group: str = ""
    vehicle: str | None = None
    notes: str = ""
    split: Split | None = None
    key: str | None = None
    is_owned: bool = False
    size: tuple[int, int] | None = None
    visual_key: VisualKey | None = None


def make_label(
    image_type: ImageType,
    color: Color | None,
    *,
    type_trust: float,
    color_trust: float,
    view: str = "",
) -> Label:
    """Return a label as far as a type and a colour tell; no colour says little of the paint."""
    paint: bool | None = None
    if image_type is ImageType.PLACEHOLDER:
        color, paint = None, False
    elif color is not None:
        paint = True
    elif view in {"interior", "detail"}:
        paint = False
    return Label(
        image_type=image_type,
        type_trust=type_trust,
        color=color,
        paint=paint,
        color_trust=0.0 if paint is None else color_trust,
    )


def label_of_fixes(image: FixedImage) -> tuple[Label, datetime] | None:
    """Return what people say of an image and since when, or None where nothing of it holds.

    Of a contested image this means nothing: leave those out before. Where only the colour is fixed,
    the person saw the type and left it: it is what the model said. Where only the type is fixed,
    the colour stays unknown.
    """
    positions = {
        field: find_positions(fix for fix in image.fixes if fix.field is field)
        for field in FixField
    }
    of_type, of_color = positions[FixField.IMAGE_TYPE], positions[FixField.COLOR]
    if not of_type and not of_color:
        return None
    if of_type:
        image_type, type_trust = parse_image_type(of_type[-1].value or ""), _trust(of_type)
    elif image.seen_type is not None:
        image_type, type_trust = image.seen_type, UNSAID
    else:
        return None
    at = max(fix.at for fix in (*of_type, *of_color))
    if not of_color:
        return make_label(image_type, None, type_trust=type_trust, color_trust=type_trust), at
    color = parse_color(of_color[-1].value)
    if color is not None and image_type is ImageType.PLACEHOLDER and not of_type:
        return None  # who fixed the colour saw a vehicle
    is_placeholder = image_type is ImageType.PLACEHOLDER
    label = Label(
        image_type=image_type,
        type_trust=type_trust,
        color=None if is_placeholder else color,
        paint=color is not None and not is_placeholder,
        color_trust=_trust(of_color),
    )
    return label, at


def offer_of_fixes(image: FixedImage, media: MediaFolder) -> Offer | Omission | None:
    """Return a fixed image as an offer, why it is none, or None where no fix of it holds."""
    live = [fix for fix in image.fixes if fix.is_live]
    if not live:
        return None
    last = live[-1]
    found = label_of_fixes(image)
    if found is None:
        return Omission(key=image.bytes_key, url=last.url, reason=LeftOut.NO_LABEL)
    file = media.path(image.thumbnail) if image.thumbnail else None
    if file is None:
        return Omission(key=image.bytes_key, url=last.url, reason=LeftOut.NO_PICTURE)
    label, at = found
    return Offer(
        url=last.url,
        file=file,
        label=label,
        source=ItemSource.FIX,
        at=at,
        kind="" if label.image_type is ImageType.PLACEHOLDER else image.kind,
        view="" if label.image_type is ImageType.PLACEHOLDER else image.view,
        advertiser=last.advertiser,
        group=f"{last.advertiser}/{last.vehicle_id}" if last.vehicle_id else "",
        vehicle=last.vehicle_id,
        key=image.bytes_key,
        is_owned=True,
        size=(image.width, image.height),
        visual_key=image.visual_key,
    )


def _trust(positions: Iterable[Fix]) -> float:
    """Return how far agreeing parties are believed: as far as the best of them."""
    return max(OF_ADVERTISER if one.role is Role.ADVERTISER else OF_STAFF for one in positions)
