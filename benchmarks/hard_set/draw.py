"""Draw a hard set: a folder with pictures and `data.csv`, for `forecourt evaluate`.

    python -m benchmarks.hard_set --data PICTURES --out hard            from the split `test`
    python -m benchmarks.hard_set --data PICTURES --out dev --choosing  from the split `train`

The labelling rule: a picture whose message is "there is no photo (yet)" is a Placeholder, whatever
lies behind it; a collage of other vehicles with an advertising line is one too. A photo of the
vehicle with a banner, frame or watermark is still Dealer, a stock picture with one is still Stock.
The family stands in the column `advertiser`, so that the report has a row for each.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.hard_set import craft, missing, shown
from benchmarks.hard_set.dialect import Dialect
from benchmarks.hard_set.pictures import Pictures
from forecourt.core.labels import ImageType
from forecourt.core.samples import Sample

SPLIT = "hard"
Row = tuple[str, str, str, str, str, str, str, str]
_COLUMNS = (
    *("file", "split", "image_type", "color"),
    *("vehicle_kind", "view", "advertiser", "group"),
)


def draw_set(folder: Path, samples: list[Sample], dialect: Dialect, out: Path, *, each: int) -> int:
    """Write the set and return how many pictures it has.

    Args:
        folder: Where the labelled pictures lie.
        samples: Those to draw from, of one split.
        dialect: Words, fonts and colours.
        out: Folder to write.
        each: Pictures of each family.
    """
    (out / SPLIT).mkdir(parents=True, exist_ok=True)
    rows = []
    for name, data, row in _draw(Pictures(folder, samples), dialect, each):
        (out / name).write_bytes(data)
        rows.append(row)
    with (out / "data.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        writer.writerows(rows)
    return len(rows)


def _draw(pictures: Pictures, dialect: Dialect, each: int) -> Iterator[tuple[str, bytes, Row]]:
    for family in missing.FAMILIES:
        label = f"placeholder: {family.__name__}"
        for index in range(each):
            rng = _seeded(label, index)
            name = _name(label, index)
            data = craft.wear(rng, family(rng, pictures, dialect))
            yield name, data, (name, SPLIT, ImageType.PLACEHOLDER, "", "", "", label, name)
    for image_type, sources, families in (
        (ImageType.DEALER, pictures.photos, shown.DEALER_FAMILIES),
        (ImageType.STOCK, pictures.stocks, shown.STOCK_FAMILIES),
    ):
        for change in families:
            label = f"{image_type.lower()}: {change.__name__}"
            order = _seeded(label, -1).permutation(len(sources))
            for index in range(each):
                sample = sources[int(order[index % len(order)])]
                rng = _seeded(label, index)
                data = craft.wear(rng, change(rng, pictures.open(sample), dialect))
                name = _name(label, index)
                color = "" if change in shown.COLOR_CHANGING else sample.color or ""
                row = (name, SPLIT, image_type, color, sample.kind, "exterior", label, sample.group)
                yield name, data, row


def _name(label: str, index: int) -> str:
    return f"{SPLIT}/{label.replace(': ', '-')}-{index:03}.jpg"


def _seeded(label: str, index: int) -> np.random.Generator:
    """Return randomness of this picture alone: adding a family leaves the others as they were."""
    digest = hashlib.sha256(f"{label}/{index}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "little"))
