"""What the training pictures look like, kept in a few numbers; how many others do not. Pure NumPy.

Looks are the coarse grid of mean colours of `identity.visual`, which every stored image has: where
in the picture it is light, dark or coloured. That tells studio shots from forecourts and drawings
from photos, and costs nothing: no network runs, and no picture is decoded.

A summary holds the mean and the main directions of the training pictures. A picture's distance is
its Mahalanobis distance along these, and what is left of it beyond them is one direction more. Of
the training pictures 5 % are farther than `far`; a stored image that is too is *strange*.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FORMAT = 1
FEWEST = 200  # pictures: fewer do not say what is usual
USUAL = 0.05  # share of the training pictures that are strange by definition
_DIRECTIONS = 16
GRID_BYTES = 192  # 8 x 8 cells of three
_L_SCALE = 2.55


@dataclass(frozen=True, slots=True)
class Looks:
    """What a set of pictures looks like.

    Attributes:
        mean: Shape (192,): L*, a* + 128, b* + 128 of each cell.
        directions: Shape (16, 192), orthonormal rows, the one that varies most first.
        variances: Shape (16,): along each of these.
        rest: Mean squared distance from the span of the directions.
        far: 95 % of the pictures are nearer than this.
        pictures: How many there were.
    """

    mean: NDArray[np.float32]
    directions: NDArray[np.float32]
    variances: NDArray[np.float32]
    rest: float
    far: float
    pictures: int


def summarize(grids: bytes) -> Looks | None:
    """Return what pictures look like, or None where they are too few.

    Args:
        grids: `VisualKey.grid` of each, end to end.
    """
    cells = _unpack(grids)
    if len(cells) < FEWEST:
        return None
    mean = cells.mean(axis=0)
    centred = cells - mean
    _left, sizes, rows = np.linalg.svd(centred, full_matrices=False)
    directions = rows[:_DIRECTIONS]
    variances = np.maximum(sizes[:_DIRECTIONS] ** 2 / len(cells), 0.01)
    rest = max(float((sizes[_DIRECTIONS:] ** 2).sum()) / len(cells), 0.01)
    looks = Looks(mean, directions, variances, rest, 0.0, len(cells))
    far = float(np.quantile(_distances(cells, looks), 1 - USUAL))
    return Looks(mean, directions, variances, rest, far, len(cells))


def count_strange(looks: Looks, grids: bytes) -> int:
    """Return how many pictures are farther off than 95 % of the training pictures."""
    return int((_distances(_unpack(grids), looks) > looks.far).sum())


def looks_to_json(looks: Looks) -> str:
    """Return a summary as JSON; some 40 KB."""
    return json.dumps(
        {
            "format": FORMAT,
            "pictures": looks.pictures,
            "far": round(looks.far, 4),
            "rest": round(looks.rest, 4),
            "variances": _rounded(looks.variances, 4),
            "mean": _rounded(looks.mean, 2),
            "directions": [_rounded(one, 4) for one in looks.directions],
        }
    )


def looks_from_json(text: str) -> Looks:
    """Return a summary that was kept.

    Raises:
        ValueError: it is none, or of another format.
    """
    try:
        given = json.loads(text)
        if given["format"] != FORMAT:
            raise ValueError(f"format {given['format']}; this release reads {FORMAT}")
        looks = Looks(
            mean=np.array(given["mean"], np.float32),
            directions=np.array(given["directions"], np.float32),
            variances=np.array(given["variances"], np.float32),
            rest=float(given["rest"]),
            far=float(given["far"]),
            pictures=int(given["pictures"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a summary of looks ({error!r})") from error
    shape = (len(looks.variances), GRID_BYTES)
    if looks.mean.shape != (GRID_BYTES,) or looks.directions.shape != shape:
        raise ValueError("not a summary of looks (its rows have other lengths)")
    return looks


def _unpack(grids: bytes) -> NDArray[np.float32]:
    cells = np.frombuffer(grids, np.uint8).reshape(-1, GRID_BYTES).astype(np.float32)
    cells[:, ::3] /= _L_SCALE
    return cells


def _distances(cells: NDArray[np.float32], looks: Looks) -> NDArray[np.float32]:
    centred = cells - looks.mean
    along = centred @ looks.directions.T
    rest = np.maximum((centred**2).sum(axis=1) - (along**2).sum(axis=1), 0)
    return np.asarray(
        np.sqrt((along**2 / looks.variances).sum(axis=1) + rest / looks.rest), np.float32
    )


def _rounded(values: NDArray[np.float32], digits: int) -> list[float]:
    return [round(float(one), digits) for one in values]
