"""Labelled pictures: the manifest, and a cache of decoded squares in memory."""

from __future__ import annotations

import csv
import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from forecourt.core.errors import UsageError
from forecourt.core.labels import Color, ImageType, parse_color, parse_image_type
from forecourt.vision.decode import Rgb, decode_image
from forecourt.vision.preprocess import resize_square

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


def load_squares(folder: Path, samples: list[Sample], size: int) -> Rgb:
    """Decode pictures as serving does.

    Returns:
        Shape (N, size, size, 3), uint8, in the order of `samples`.
    """

    def load(sample: Sample) -> Rgb:
        return resize_square(decode_image((folder / sample.file).read_bytes()).rgb, size)

    squares = np.empty((len(samples), size, size, 3), np.uint8)
    with ThreadPoolExecutor(2) as pool:
        for index, square in enumerate(pool.map(load, samples)):
            squares[index] = square
    return squares


def assign_folds(samples: list[Sample], folds: int) -> np.ndarray:
    """Deal advertisers to folds, largest first, so that every class is shared out evenly.

    Greedy: each advertiser goes to the fold in which its classes are scarcest. Ties are broken by
    a hash of the name, so that the assignment does not depend on the order of the manifest.

    Returns:
        Fold of each sample, shape (N,), int.
    """
    counts: dict[str, np.ndarray] = {}
    order = list(ImageType)
    for sample in samples:
        counts.setdefault(sample.advertiser, np.zeros(len(order)))[
            order.index(sample.image_type)
        ] += 1
    totals = np.maximum(np.sum(list(counts.values()), axis=0), 1)
    load = np.zeros((folds, len(order)))
    fold_of: dict[str, int] = {}
    by_size = sorted(
        counts, key=lambda name: (-counts[name].sum(), hashlib.sha256(name.encode()).hexdigest())
    )
    for name in by_size:
        after = (load + counts[name]) / totals
        fold_of[name] = int(np.argmin((after**2).sum(axis=1) - ((load / totals) ** 2).sum(axis=1)))
        load[fold_of[name]] += counts[name]
    return np.array([fold_of[sample.advertiser] for sample in samples])
