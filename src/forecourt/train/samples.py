"""Decoded squares of labelled pictures in memory, and the folds of a cross-validation."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from forecourt.core.labels import ImageType
from forecourt.core.samples import Sample
from forecourt.vision.decode import Rgb, decode_image
from forecourt.vision.preprocess import resize_square


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
