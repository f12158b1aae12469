"""Temperatures and thresholds, from predictions on advertisers that training did not see."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecourt.core.labels import IMAGE_TYPES, ImageType
from forecourt.vision.predict import softmax

Logits = NDArray[np.float32]

_PLACEHOLDER = IMAGE_TYPES.index(ImageType.PLACEHOLDER)
_GRID = np.exp(np.linspace(np.log(0.3), np.log(5.0), 120))


def fit_temperature(logits: Logits, labels: NDArray[np.int64]) -> float:
    """Return the temperature of least log loss (Guo et al., ICML 2017), found on a fine grid."""
    losses = [log_loss(softmax(logits / temperature), labels) for temperature in _GRID]
    return float(_GRID[int(np.argmin(losses))])


def log_loss(probs: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Return the mean negative log probability of the labels."""
    return float(-np.log(probs[np.arange(len(labels)), labels].clip(1e-12)).mean())


def placeholder_floor(
    probs: NDArray[np.float64], labels: NDArray[np.int64], *, cost: float
) -> float:
    """Return the probability from which on a picture counts as Placeholder (rule D1).

    The floor of the best macro recall: there are few placeholders, and a leaked one costs most. But
    never one by which accuracy falls by more than `cost` below that of the plain maximum. Of equal
    ones the highest.
    """
    plain = (probs.argmax(1) == labels).mean()
    best, best_recall = 0.5, 0.0
    for floor in np.arange(50, 4, -1) / 100:
        right = decide_types(probs, float(floor)) == labels
        recall = np.mean([right[labels == label].mean() for label in np.unique(labels)])
        if recall > best_recall and right.mean() >= plain - cost:
            best, best_recall = float(floor), float(recall)
    return best


def decide_types(probs: NDArray[np.float64], floor: float) -> NDArray[np.int64]:
    """Return rules D1 and D2 of `vision.decide` over many rows."""
    return np.where(probs[:, _PLACEHOLDER] >= floor, _PLACEHOLDER, probs.argmax(1))


def visible_threshold(probs: NDArray[np.float64], is_seen: NDArray[np.bool_]) -> float:
    """Return the threshold on "paint is seen" with the best balanced accuracy (rule D4)."""
    grid = np.arange(0.1, 0.91, 0.02)
    scores = [((probs >= t)[is_seen].mean() + (probs < t)[~is_seen].mean()) / 2 for t in grid]
    return round(float(grid[int(np.argmax(scores))]), 4)


def review_threshold(confidence: NDArray[np.float64], share: float) -> float:
    """Return the confidence under which the given share of answers lies (rules D6 and D7)."""
    return round(float(np.quantile(confidence, share)), 4)
