"""Labelled pictures: a folder with a manifest, read by training and by evaluation."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from forecourt.core.errors import UsageError
from forecourt.core.labels import Color, ImageType, parse_color, parse_image_type

_COLUMNS = ("file", "split", "image_type", "color", "advertiser", "group")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One labelled picture.

    Attributes:
        file: Path below the data folder.
        color: None where the picture has no colour label.
        advertiser: Unit of the split: no advertiser is on both sides.
        group: Near-duplicates and frames of one spin; never divided either.
        kind: Vehicle kind, "" where none is known.
        view: "exterior", "interior", "detail", or "".
        is_render: A video-game render, labelled Stock; real stock pictures look different.
    """

    file: str
    split: str
    image_type: ImageType
    color: Color | None
    advertiser: str
    group: str
    kind: str
    view: str
    is_render: bool

    @property
    def shows_paint(self) -> bool:
        """False where surely no paint of a vehicle is seen: the picture has no colour."""
        return self.color is not None or not (
            self.image_type is ImageType.PLACEHOLDER or self.view in {"interior", "detail"}
        )


def read_manifest(folder: Path) -> list[Sample]:
    """Read `data.csv` of a data folder.

    Raises:
        UsageError: there is no manifest, or a row of it cannot be understood.
    """
    path = folder / "data.csv"
    if not path.is_file():
        raise UsageError(f"{path} does not exist; the folder needs a manifest named data.csv.")
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise UsageError(f"{path} lacks the columns {', '.join(missing)}.")
        return [_read_row(row) for row in reader]


def _read_row(row: dict[str, str]) -> Sample:
    return Sample(
        file=row["file"],
        split=row["split"],
        image_type=parse_image_type(row["image_type"]),
        color=parse_color(row["color"]),
        advertiser=row["advertiser"],
        group=row["group"] or row["file"],
        kind=row.get("vehicle_kind") or "",
        view=row.get("view") or "",
        is_render="game render" in (row.get("notes") or ""),
    )
