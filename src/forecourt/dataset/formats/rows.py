"""One labelled picture as text fields: what every format is read into, and written from.

Fields: `file` (path below the base folder), `image_type`, and where they are known `color`,
`paint` ("yes", "no"), `split`, `advertiser`, `group`, `vehicle`, `vehicle_kind`, `view`,
`type_trust`, `color_trust`, `url`, `notes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from forecourt.core.dataset import Item, ItemSource, Split
from forecourt.core.errors import UnknownLabelError, UsageError
from forecourt.core.labels import ImageType, parse_color, parse_image_type
from forecourt.dataset.offers import OF_IMPORT, Label, Offer, make_label

FIELDS = (
    "file",
    "split",
    "image_type",
    "color",
    "paint",
    "vehicle_kind",
    "view",
    "advertiser",
    "group",
    "vehicle",
    "type_trust",
    "color_trust",
    "url",
    "notes",
)
_SPLITS = {
    "": None,
    "train": Split.TRAIN,
    "training": Split.TRAIN,
    "val": Split.VALIDATION,
    "valid": Split.VALIDATION,
    "validation": Split.VALIDATION,
    "dev": Split.VALIDATION,
    "test": Split.TEST,
    "testing": Split.TEST,
}
_PAINT = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
# A column of label tables: looked at one by one, or taken over from the source.
_QUALITIES = {"eye": 1.0, "source": 0.8}


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled picture, and where it stands in what was read: for messages."""

    where: str
    fields: Mapping[str, str]


def split_of(name: str) -> Split | None:
    """Return the split that a word names ("train", "val", "test"), or None for none of them."""
    return _SPLITS.get(name.strip().lower())


def to_offer(row: Row, base: Path, *, at: datetime) -> Offer:
    """Return a row as an offer.

    Raises:
        UsageError: a label or a number cannot be understood, or the path leaves the base folder.
    """
    fields = {name: (value or "").strip() for name, value in row.fields.items()}
    try:
        label = _read_label(fields)
        split = _read_split(fields.get("split", ""))
    except (UnknownLabelError, ValueError) as error:
        raise UsageError(f"{row.where}: {error}") from error
    file = fields.get("file", "")
    path = PurePosixPath(file.replace("\\", "/"))
    if not file or path.is_absolute() or ".." in path.parts:
        raise UsageError(f"{row.where}: {file!r} is no path below the folder {base}.")
    return Offer(
        url=fields.get("url") or file,
        file=base / path,
        label=label,
        source=ItemSource.IMPORT,
        at=at,
        kind=_read_kind(fields.get("vehicle_kind", ""), label),
        view=fields.get("view", ""),
        advertiser=fields.get("advertiser", ""),
        group=fields.get("group", ""),
        vehicle=fields.get("vehicle") or None,
        notes=fields.get("notes", ""),
        split=split,
    )


def to_fields(item: Item, file: str) -> dict[str, str]:
    """Return an item as text fields, in the order of `FIELDS`."""
    return {
        "file": file,
        "split": item.split,
        "image_type": item.image_type,
        "color": item.color or "",
        "paint": "" if item.paint is None else "yes" if item.paint else "no",
        "vehicle_kind": item.kind,
        "view": item.view,
        "advertiser": item.advertiser,
        "group": item.group,
        "vehicle": item.vehicle or "",
        "type_trust": f"{item.type_trust:g}",
        "color_trust": f"{item.color_trust:g}",
        "url": item.url,
        "notes": item.notes,
    }


def _read_label(fields: Mapping[str, str]) -> Label:
    quality = fields.get("label_quality", "")
    trust = _QUALITIES.get(quality, OF_IMPORT)
    label = make_label(
        parse_image_type(fields.get("image_type", "")),
        parse_color(fields.get("color", "")),
        type_trust=_read_trust(fields, "type_trust", trust),
        color_trust=_read_trust(fields, "color_trust", trust),
        view=fields.get("view", ""),
    )
    said = fields.get("paint", "").lower()
    if said and label.color is None:
        if said not in _PAINT:
            raise ValueError(f"paint is {said!r}, and can be yes or no.")
        trust = _read_trust(fields, "color_trust", trust)
        return replace(label, paint=_PAINT[said], color_trust=trust)
    return label


def _read_kind(text: str, label: Label) -> str:
    is_vehicle = label.image_type is not ImageType.PLACEHOLDER and text.lower() != "none"
    return text.lower() if is_vehicle else ""


def _read_trust(fields: Mapping[str, str], name: str, default: float) -> float:
    text = fields.get(name, "")
    if not text:
        return default
    trust = float(text)
    if not 0 <= trust <= 1:
        raise ValueError(f"{name} is {text}, and can be 0 to 1.")
    return trust


def _read_split(text: str) -> Split | None:
    if text.lower() not in _SPLITS:
        raise ValueError(f"{text!r} is no split; use train, validation or test.")
    return split_of(text)
