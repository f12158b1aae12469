"""What the champion sees in a version's pictures, computed once for each picture and kept.

Kept in one file for each network, beside the versions: it can be deleted at any time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forecourt.store.versions import DatasetVersion
from forecourt.vision.decode import decode_image
from forecourt.vision.features import FeatureReader

FOLDER = ".features"
_BATCH = 32


@dataclass(frozen=True, slots=True)
class Features:
    """Of N pictures: what the type is judged by, shape (N, D), and the colour, shape (N, E)."""

    of_type: NDArray[np.float32]
    of_color: NDArray[np.float32]

    def take(self, index: NDArray[np.int64]) -> Features:
        """Return those at `index`."""
        return Features(self.of_type[index], self.of_color[index])


def read_features(
    version: DatasetVersion,
    reader: FeatureReader,
    *,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Features:
    """Return the features of a version's items, in order; what is new is computed and kept."""
    path = version.folder.parent / FOLDER / f"{reader.digest[:16]}.npz"
    kept = _load(path)
    missing = [item for item in version.items if item.sha256 not in kept]
    done = 0
    for start in range(0, len(missing), _BATCH):
        batch = missing[start : start + _BATCH]
        found = look(reader, [version.path_of(item) for item in batch])
        for number, item in enumerate(batch):
            kept[item.sha256] = (found.of_type[number], found.of_color[number])
        done += len(batch)
        on_progress(done, len(missing))
    if missing:
        _store(path, kept)
    return _stack([kept[item.sha256] for item in version.items])


def look(reader: FeatureReader, files: Sequence[Path]) -> Features:
    """Return the features of picture files.

    Raises:
        ImageSkippedError: one of them is no picture that can be used.
    """

    def prepare(file: Path) -> NDArray[np.uint8]:
        return reader.prepare(decode_image(file.read_bytes()).rgb)

    parts = []
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for start in range(0, len(files), _BATCH):
            squares = list(pool.map(prepare, files[start : start + _BATCH]))
            parts.append(reader.read(squares))
    return Features(*(np.concatenate(some) for some in zip(*parts, strict=True)))


def nearest(
    queries: NDArray[np.float32], items: NDArray[np.float32], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the items that are nearest to each query by cosine, exactly, nearest first.

    Args:
        queries: Shape (Q, D).
        items: Shape (N, D).
        count: How many; N at most.

    Returns:
        Positions of items and cosines, each of shape (Q, count).
    """
    count = min(count, len(items))
    cosines = _unit(queries) @ _unit(items).T
    order = np.argsort(-cosines, axis=1, kind="stable")[:, :count]
    return order, np.take_along_axis(cosines, order, axis=1)


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(length, 1e-12), np.float32)


_Kept = dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]


def _load(path: Path) -> _Kept:
    if not path.is_file():
        return {}
    with np.load(path) as arrays:
        keys, of_type, of_color = arrays["keys"], arrays["of_type"], arrays["of_color"]
    return {str(key): (of_type[n], of_color[n]) for n, key in enumerate(keys)}


def _store(path: Path, kept: _Kept) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.npz")
    found = _stack(list(kept.values()))
    np.savez(draft, keys=np.array(list(kept)), of_type=found.of_type, of_color=found.of_color)
    draft.replace(path)


def _stack(rows: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]]) -> Features:
    return Features(*(np.stack(some).astype(np.float32) for some in zip(*rows, strict=True)))
