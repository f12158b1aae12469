"""Labelled pictures in any known format → offers."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from forecourt.core.errors import UsageError
from forecourt.core.labels import COLORS, ImageType
from forecourt.core.samples import MANIFEST
from forecourt.core.spreadsheet import undo_defuse
from forecourt.dataset.formats import coco, label_studio
from forecourt.dataset.formats.rows import Row, split_of, to_offer
from forecourt.dataset.offers import Offer

METADATA = "metadata.jsonl"
_NEEDED = ("file", "image_type")
_COLOR_FOLDERS = {color.value.lower() for color in COLORS}
_TYPE_FOLDERS = {one.value.lower() for one in ImageType}


class Format(StrEnum):
    """How labelled pictures lie on disk."""

    FOLDERS = "folders"  # Dealer/Red/1.jpg, with a folder for the split above where there is one
    CSV = "csv"  # a table with the columns file and image_type
    COCO = "coco"  # categories named by type or colour
    LABEL_STUDIO = "label-studio"  # choices named by type or colour
    IMAGEFOLDER = "imagefolder"  # Hugging Face: a metadata.jsonl beside the pictures


def read_offers(
    source: Path, *, at: datetime, images: Path | None = None
) -> tuple[Format, list[Offer]]:
    """Return what a file or folder offers, and the format that was found.

    Args:
        source: A folder by class, a folder with `data.csv` or `metadata.jsonl`, a CSV, or the JSON
            of COCO or Label Studio.
        at: When it is imported.
        images: Where the paths start from; else the folder of the file.

    Raises:
        UsageError: it is none of these, or a row cannot be understood.
    """
    if not source.exists():
        raise UsageError(f"{source} does not exist.")
    found, read, base = _find_format(source)
    base = images or base
    offers = [to_offer(row, base, at=at) for row in read()]
    if not offers:
        raise UsageError(f"{source} has no labelled pictures.")
    return found, offers


def _find_format(source: Path) -> tuple[Format, Callable[[], Iterator[Row]], Path]:
    if source.is_dir():
        return _find_folder(source)
    if source.suffix.lower() == ".json":
        document = _load_json(source)
        if coco.is_coco(document):
            return Format.COCO, lambda: coco.read(document, source.name), source.parent
        if isinstance(document, list):
            return (
                Format.LABEL_STUDIO,
                lambda: label_studio.read(document, source.name),
                source.parent,
            )
        raise UsageError(f"{source} is neither COCO nor a list of Label Studio's tasks.")
    if source.suffix.lower() in {".csv", ".tsv"}:
        return Format.CSV, lambda: _read_table(source), source.parent
    raise UsageError(f"{source} is none of: a folder, a CSV, the JSON of COCO or of Label Studio.")


def _find_folder(source: Path) -> tuple[Format, Callable[[], Iterator[Row]], Path]:
    if (source / MANIFEST).is_file():
        return Format.CSV, lambda: _read_table(source / MANIFEST), source
    if metadata := sorted([*source.glob(METADATA), *source.glob(f"*/{METADATA}")]):
        return Format.IMAGEFOLDER, lambda: _read_metadata(source, metadata), source
    if any(_labels_of(path.relative_to(source)) for path in source.glob("**/")):
        return Format.FOLDERS, lambda: _read_folders(source), source
    raise UsageError(
        f"{source} has no {MANIFEST}, no {METADATA} and no folder named Dealer, Stock or "
        "Placeholder."
    )


def _read_table(path: Path) -> Iterator[Row]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
        reader = csv.DictReader(file, delimiter=delimiter, restval="")
        missing = [name for name in _NEEDED if name not in (reader.fieldnames or ())]
        if missing:
            raise UsageError(f"{path} lacks the columns {', '.join(missing)}.")
        for fields in reader:
            fields.pop(None, None)  # cells beyond the header
            cells = {name: undo_defuse(cell) for name, cell in fields.items()}
            yield Row(f"{path.name}, line {reader.line_num}", cells)


def _read_metadata(source: Path, paths: list[Path]) -> Iterator[Row]:
    for path in paths:
        folder = path.parent.relative_to(source)
        split = split_of(folder.name)
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                where = f"{path.relative_to(source)}, line {number}"
                if not line.strip():
                    continue
                try:
                    given = json.loads(line)
                    fields = {name: _to_text(value) for name, value in given.items()}
                    fields["file"] = (folder / fields.pop("file_name")).as_posix()
                except (ValueError, AttributeError, KeyError) as error:
                    raise UsageError(f"{where}: no JSON object with a file_name.") from error
                yield Row(where, {"split": split or "", **fields})


def _read_folders(source: Path) -> Iterator[Row]:
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(source)
        labels = _labels_of(relative.parent)
        if labels and path.is_file() and not path.name.startswith("."):
            yield Row(str(relative), {"file": relative.as_posix(), **labels})


def _labels_of(folder: Path) -> dict[str, str] | None:
    """Return the labels that a folder's path names, or None where it names no type.

    The folder below the type is the colour, where it is one; that above, the split.
    """
    parts = folder.parts
    place = next((n for n, part in enumerate(parts) if part.lower() in _TYPE_FOLDERS), None)
    if place is None:
        return None
    below = parts[place + 1].lower() if len(parts) > place + 1 else ""
    split = split_of(parts[place - 1]) if place else None
    return {
        "image_type": parts[place],
        "color": below if below in _COLOR_FOLDERS else "",
        "split": split or "",
    }


def _load_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise UsageError(f"{path} is no JSON: {error}.") from error


def _to_text(value: object) -> str:
    return "" if value is None else str(value)
