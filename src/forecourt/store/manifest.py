"""The rows of a dataset version as a Parquet file: one for each picture.

Needs pyarrow (the extra `train`), and imports it when it is needed: a server without it can still
say which versions there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecourt.core.dataset import Item, ItemSource, Split
from forecourt.core.errors import StateError
from forecourt.core.labels import Color, ImageType
from forecourt.core.records import VisualKey

if TYPE_CHECKING:
    import pyarrow as pa


def is_readable() -> bool:
    """Whether pyarrow is installed."""
    return find_spec("pyarrow") is not None


def _check_readable() -> None:
    if not is_readable():
        raise StateError(
            "The pictures of dataset versions cannot be read here: the extra `train` is not "
            "installed. Install forecourt[train] where they are looked through."
        )


def write_manifest(path: Path, items: Sequence[Item]) -> None:
    """Write the rows of a version, in the order that they are given in."""
    import pyarrow.parquet as pq  # noqa: PLC0415  # an extra

    pq.write_table(_to_table(items), path, compression="zstd")


def read_manifest(path: Path) -> tuple[Item, ...]:
    """Read the rows of a version.

    Raises:
        StateError: pyarrow is not installed.
    """
    _check_readable()
    import pyarrow.parquet as pq  # noqa: PLC0415  # an extra

    rows: Iterable[dict[str, Any]] = pq.read_table(path).to_pylist()
    return tuple(_read_item(row) for row in rows)


def _schema() -> pa.Schema:
    import pyarrow as pa  # noqa: PLC0415  # an extra

    return pa.schema(
        [
            pa.field("key", pa.string(), nullable=False),
            pa.field("image", pa.string(), nullable=False),
            pa.field("sha256", pa.string(), nullable=False),
            pa.field("is_thumbnail", pa.bool_(), nullable=False),
            pa.field("pdq", pa.binary(), nullable=False),  # empty where the picture is too plain
            pa.field("lab_grid", pa.binary(), nullable=False),
            pa.field("image_type", pa.string(), nullable=False),
            pa.field("type_trust", pa.float64(), nullable=False),
            pa.field("color", pa.string()),
            pa.field("paint", pa.bool_()),
            pa.field("color_trust", pa.float64(), nullable=False),
            pa.field("kind", pa.string(), nullable=False),
            pa.field("view", pa.string(), nullable=False),
            pa.field("advertiser", pa.string(), nullable=False),
            pa.field("group", pa.string(), nullable=False),
            pa.field("vehicle", pa.string()),
            pa.field("source", pa.string(), nullable=False),
            pa.field("added_in", pa.string(), nullable=False),
            pa.field("split", pa.string(), nullable=False),
            pa.field("weight", pa.float64(), nullable=False),
            pa.field("url", pa.string(), nullable=False),
            pa.field("notes", pa.string(), nullable=False),
        ]
    )


def _to_table(items: Sequence[Item]) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415  # an extra

    schema = _schema()
    rows = [
        {
            **{one.name: getattr(item, one.name) for one in fields(item)},
            "pdq": item.visual_key.pdq,
            "lab_grid": item.visual_key.grid,
        }
        for item in items
    ]
    columns = {name: [_plain(row[name]) for row in rows] for name in schema.names}
    return pa.table(columns, schema=schema)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, str) else value


def _read_item(row: dict[str, Any]) -> Item:
    key = VisualKey(pdq=row.pop("pdq"), grid=row.pop("lab_grid"))
    return Item(
        **{
            **row,
            "image_type": ImageType(row["image_type"]),
            "color": None if row["color"] is None else Color(row["color"]),
            "source": ItemSource(row["source"]),
            "split": Split(row["split"]),
        },
        visual_key=key,
    )
