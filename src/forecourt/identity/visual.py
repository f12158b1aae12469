"""The visual key: "the same picture, encoded anew". Pure.

Two measures, and both must agree. A perceptual hash of the luminance (PDQ) finds candidates among
millions, but cannot tell a render from the same render in another paint. A coarse grid of mean
colours can, and also sees a banner put over a photo. Neither follows a crop or a mirror image:
those are other pictures.

A plain picture (a card with a line of text) has no hash: its bits would be noise. There the grid
alone decides, within tight bounds, and only on one and the same vehicle.

PDQ: "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm", Facebook 2019, with
another way down to 64 x 64: one antialiased resample from whatever size the picture has, instead of
two box filters. The hash then hardly depends on the size that a server chose (decision 15 has the
figures), and hashes are compared with our own only.

CIELAB: CIE 15:2004 section 8.2.1, white D65, from sRGB (IEC 61966-2-1); distances are CIE 1976.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from forecourt.core.records import VisualKey

PDQ_BITS = 256
PDQ_BYTES = PDQ_BITS // 8
GRID_SIDE = 8
GRID_BYTES = GRID_SIDE * GRID_SIDE * 3

# Chosen on re-encodings, repaints, banners and neighbouring frames of training pictures, with room
# on both sides: `benchmarks/README.md`.
MAX_PDQ_DISTANCE = 20  # bits
MAX_GRID_DISTANCE = 6.0  # CIELAB units, in the cell that differs most
MAX_COLOR_GRID_DISTANCE = 5.0  # tighter, for a fix of the colour to travel
MAX_PLAIN_GRID_DISTANCE = 3.0  # between plain pictures, which no hash tells apart
# Median distance of the coefficients from their median, in grey levels of the transform: below,
# encoding anew flips more bits than the bound allows. PDQ's own measure of quality misses that in
# pictures that are symmetric.
_MIN_SPREAD = 10.0

_SIDE = 64
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_L_SCALE = 2.55


def _dct_rows() -> NDArray[np.float32]:
    """Return rows 1-16 of the 64-point DCT-II; the mean (row 0) is no part of the hash."""
    k, n = np.arange(1, 17)[:, None], np.arange(_SIDE)[None]
    rows = np.sqrt(2 / _SIDE) * np.cos(np.pi / (2 * _SIDE) * k * (2 * n + 1))
    return np.asarray(rows, np.float32)


def _linear_light() -> NDArray[np.float32]:
    v = np.arange(256) / 255
    linear = np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear, np.float32)


_DCT = _dct_rows()
_LINEAR = _linear_light()
_WHITE = np.array([0.95047, 1.0, 1.08883], np.float32)
_TO_XYZ = (
    np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ],
        np.float32,
    )
    / _WHITE[:, None]
)


@dataclass(frozen=True, slots=True)
class Likeness:
    """How far two pictures are apart.

    Attributes:
        pdq_distance: Differing bits, 0-256; None where neither picture has a hash.
        grid_distance: CIELAB distance of the cell that differs most.
    """

    pdq_distance: int | None
    grid_distance: float

    @property
    def is_plain(self) -> bool:
        """Whether only the grids say so: good enough on one and the same vehicle only."""
        return self.pdq_distance is None

    @property
    def is_same_picture(self) -> bool:
        """Whether a fix of the image type may travel from the one to the other."""
        if self.pdq_distance is None:
            return self.grid_distance <= MAX_PLAIN_GRID_DISTANCE
        return self.pdq_distance <= MAX_PDQ_DISTANCE and self.grid_distance <= MAX_GRID_DISTANCE

    @property
    def is_same_paint(self) -> bool:
        """Whether a fix of the colour may travel too."""
        return self.is_same_picture and self.grid_distance <= MAX_COLOR_GRID_DISTANCE


def make_visual_key(rgb: NDArray[np.uint8]) -> VisualKey:
    """Return what a picture looks like.

    Args:
        rgb: Shape (H, W, 3), of any size.
    """
    resized = Image.fromarray(rgb).resize((_SIDE, _SIDE), Image.Resampling.BILINEAR)
    pixels = np.asarray(resized)
    coefficients = _DCT @ (pixels.astype(np.float32) @ _LUMA) @ _DCT.T
    above = coefficients - np.median(coefficients)
    is_plain = np.median(np.abs(above)) < _MIN_SPREAD
    pdq = b"" if is_plain else np.packbits((above > 0).ravel()).tobytes()
    cell = _SIDE // GRID_SIDE
    lab = _to_lab(pixels).reshape(GRID_SIDE, cell, GRID_SIDE, cell, 3).mean((1, 3))
    packed = np.clip(lab * [_L_SCALE, 1, 1] + [0, 128, 128] + 0.5, 0, 255).astype(np.uint8)
    return VisualKey(pdq=pdq, grid=packed.tobytes())


def compare(one: VisualKey, other: VisualKey) -> Likeness:
    """Return how far two pictures are apart. Symmetric; no distance between one and itself."""
    bits: int | None = PDQ_BITS  # a plain picture and one that is not have nothing in common
    if one.pdq and other.pdq:
        bits = (int.from_bytes(one.pdq, "big") ^ int.from_bytes(other.pdq, "big")).bit_count()
    elif not one.pdq and not other.pdq:
        bits = None
    steps = _unpack_grids(one.grid) - _unpack_grids(other.grid)
    return Likeness(pdq_distance=bits, grid_distance=float(_worst_cell(steps)[0]))


class VisualIndex:
    """Finds hashes within a distance of another: an exact scan, four words of a hash at a time.

    A scan of 1,000,000 hashes takes a few milliseconds and 40 MB, misses nothing and has no
    parameters to tune (`benchmarks/visual_lookup.py`).

    Args:
        ids: Of the images.
        hashes: Their `pdq`, end to end.

    Attributes:
        ids: As given.
    """

    def __init__(self, ids: Sequence[int], hashes: bytes) -> None:
        self.ids = ids
        words = np.frombuffer(hashes, np.uint64).reshape(len(ids), PDQ_BYTES // 8)
        self._columns = [np.ascontiguousarray(column) for column in words.T]

    def find(self, pdq: bytes, *, max_distance: int = MAX_PDQ_DISTANCE) -> list[int]:
        """Return the ids whose hash differs from `pdq` in at most `max_distance` bits."""
        words = np.frombuffer(pdq, np.uint64)
        # Half of the words leaves next to nothing of unrelated pictures for the other half.
        distances = np.bitwise_count(self._columns[0] ^ words[0])
        distances += np.bitwise_count(self._columns[1] ^ words[1])
        left = np.flatnonzero(distances <= max_distance)
        totals = distances[left].astype(np.int64)
        for column, word in zip(self._columns[2:], words[2:], strict=True):
            totals += np.bitwise_count(column[left] ^ word)
        near: list[int] = left[totals <= max_distance].tolist()
        return [self.ids[position] for position in near]


class PlainIndex:
    """Finds plain pictures by their grids: a scan, for there are few.

    Args:
        ids: Of the images.
        grids: Their `grid`, end to end.

    Attributes:
        ids: As given.
    """

    def __init__(self, ids: Sequence[int], grids: bytes) -> None:
        self.ids = ids
        self._grids = _unpack_grids(grids)

    def find(self, grid: bytes) -> list[int]:
        """Return the ids whose grid is near enough for plain pictures."""
        worst = _worst_cell(self._grids - _unpack_grids(grid))
        near = np.flatnonzero(worst <= MAX_PLAIN_GRID_DISTANCE).tolist()
        return [self.ids[position] for position in near]


def _to_lab(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    ratios = _LINEAR[pixels] @ _TO_XYZ.T
    f = np.where(ratios > 216 / 24389, np.cbrt(ratios), (24389 / 27 * ratios + 16) / 116)
    lab = (116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2]))
    return np.asarray(np.stack(lab, axis=-1), np.float32)


def _unpack_grids(grids: bytes) -> NDArray[np.float32]:
    """Return grids that stand end to end as L*, a* + 128, b* + 128; shape (N, 64, 3)."""
    cells = np.frombuffer(grids, np.uint8).reshape(-1, GRID_SIDE * GRID_SIDE, 3)
    return np.asarray(cells / np.array([_L_SCALE, 1, 1]), np.float32)


def _worst_cell(steps: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.linalg.norm(steps, axis=-1).max(axis=-1), np.float32)
