"""Labelled pictures: a folder with a manifest, read by training and by evaluation."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from forecourt.core.errors import UsageError
from forecourt.core.labels import Color, ImageType, parse_color, parse_image_type

CARS = "car"
MANIFEST = "data.csv"
_COLUMNS = ("file", "split", "image_type", "color", "advertiser", "group")
_LEAST_COLUMNS = ("file", "image_type")


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
    def is_other_vehicle(self) -> bool:
        """Whether it shows a vehicle that is known to be no car."""
        is_other = self.kind not in {"", "none", CARS}
        return is_other and self.image_type is not ImageType.PLACEHOLDER

    @property
    def shows_paint(self) -> bool:
        """False where surely no paint of a vehicle is seen: the picture has no colour."""
        return self.color is not None or not (
            self.image_type is ImageType.PLACEHOLDER or self.view in {"interior", "detail"}
        )


def read_manifest(folder: Path) -> list[Sample]:
    """Read `data.csv` of a data folder that is trained on.

    Raises:
        UsageError: there is no manifest, or a row of it cannot be understood.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise UsageError(f"{path} does not exist; the folder needs a manifest named {MANIFEST}.")
    return _read_rows(path, _COLUMNS)


def find_labelled(source: Path) -> tuple[Path, list[Sample]]:
    """Return labelled pictures to judge a model on, and the folder that their paths start from.

    Args:
        source: A manifest, of which only `file` and `image_type` are needed; a folder with one
            named `data.csv`; or a folder of folders named by type, and below them by colour where
            it is known: `Dealer/Red/1.jpg`, `Placeholder/2.png`.

    Raises:
        UsageError: it is none of these, or a label cannot be understood.
    """
    if source.is_file():
        return source.parent, _read_rows(source, _LEAST_COLUMNS)
    if (source / MANIFEST).is_file():
        return source, _read_rows(source / MANIFEST, _LEAST_COLUMNS)
    named = {one.value for one in ImageType}
    folders = sorted(one for one in source.glob("*") if one.is_dir() and one.name in named)
    if not folders:
        raise UsageError(
            f"{source} is no manifest, has no {MANIFEST} and no folder named Dealer, Stock or "
            "Placeholder."
        )
    files = [path for one in folders for path in sorted(one.rglob("*")) if path.is_file()]
    return source, [_read_path(path.relative_to(source)) for path in files]


def _read_rows(path: Path, needed: tuple[str, ...]) -> list[Sample]:
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = [name for name in needed if name not in (reader.fieldnames or ())]
        if missing:
            raise UsageError(f"{path} lacks the columns {', '.join(missing)}.")
        return [_read_row(row) for row in reader]


def _read_path(path: Path) -> Sample:
    """Return the sample that the folders of a path describe: type, and colour if there is one."""
    image_type, *below = path.parts[:-1]
    return _read_row(
        {"file": str(path), "image_type": image_type, "color": below[0] if below else ""}
    )


def _read_row(row: dict[str, str]) -> Sample:
    return Sample(
        file=row["file"],
        split=row.get("split") or "",
        image_type=parse_image_type(row["image_type"]),
        color=parse_color(row.get("color")),
        advertiser=row.get("advertiser") or "",
        group=row.get("group") or row["file"],
        kind=row.get("vehicle_kind") or "",
        view=row.get("view") or "",
        is_render="game render" in (row.get("notes") or ""),
    )
