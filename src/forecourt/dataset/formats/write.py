"""A version → a folder of labelled pictures that other tools read. Written whole or not at all."""

from __future__ import annotations

import csv
import json
import shutil
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from forecourt.core.dataset import Item
from forecourt.core.errors import UsageError
from forecourt.core.samples import MANIFEST
from forecourt.core.spreadsheet import defuse
from forecourt.dataset.formats import coco, label_studio
from forecourt.dataset.formats.read import METADATA, Format
from forecourt.dataset.formats.rows import FIELDS, to_fields
from forecourt.store.versions import DatasetVersion
from forecourt.vision.decode import decode_image

COCO_FILE = "coco.json"
TASKS_FILE = "label_studio.json"
CONFIG_FILE = "label_config.xml"


def export(version: DatasetVersion, items: Sequence[Item], out: Path, to: Format) -> None:
    """Write items of a version to a new folder.

    Args:
        version: Which they are of.
        items: All of its items, or some.
        out: A folder that is not there yet.
        to: Its format. Folders by class hold types, colours and splits, and lose the rest.

    Raises:
        UsageError: the folder is there already, or cannot be made.
    """
    if out.exists():
        raise UsageError(f"{out} is there already; name a folder that is not.")
    draft = out.with_name(f".draft-{out.name}")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        files = [_place(to, item) for item in items]
        for item, file in zip(items, files, strict=True):
            target = draft / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(version.path_of(item), target)
        _LABELS[to](draft, [to_fields(item, file) for item, file in zip(items, files, strict=True)])
        draft.rename(out)
    except OSError as error:
        raise UsageError(f"Cannot write {out}: {error.strerror}: {error.filename}.") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _place(to: Format, item: Item) -> str:
    name = Path(item.image).name
    if to is Format.FOLDERS:
        return "/".join(filter(None, (item.split, item.image_type, item.color, name)))
    return f"{item.split}/{name}" if to is Format.IMAGEFOLDER else f"images/{name}"


def _write_table(folder: Path, rows: list[dict[str, str]]) -> None:
    with (folder / MANIFEST).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        writer.writerows({name: defuse(cell) for name, cell in row.items()} for row in rows)


def _write_metadata(folder: Path, rows: list[dict[str, str]]) -> None:
    of_split: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        of_split[row["split"]].append(row)
    for split, some in of_split.items():
        with (folder / split / METADATA).open("w", encoding="utf-8") as file:
            for row in some:
                fields = {"file_name": Path(row["file"]).name, **row}
                del fields["file"], fields["split"]
                file.write(json.dumps(fields, ensure_ascii=False) + "\n")


def _write_coco(folder: Path, rows: list[dict[str, str]]) -> None:
    pictures = []
    for row in rows:
        info = decode_image((folder / row["file"]).read_bytes()).info
        pictures.append((row, (info.width, info.height)))
    _write_json(folder / COCO_FILE, coco.write(pictures))


def _write_tasks(folder: Path, rows: list[dict[str, str]]) -> None:
    _write_json(folder / TASKS_FILE, label_studio.write(rows))
    (folder / CONFIG_FILE).write_text(label_studio.config(), encoding="utf-8")


def _write_nothing(_folder: Path, _rows: list[dict[str, str]]) -> None:
    """The folders say it all."""


def _write_json(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


_LABELS: dict[Format, Callable[[Path, list[dict[str, str]]], None]] = {
    Format.FOLDERS: _write_nothing,
    Format.CSV: _write_table,
    Format.COCO: _write_coco,
    Format.LABEL_STUDIO: _write_tasks,
    Format.IMAGEFOLDER: _write_metadata,
}
