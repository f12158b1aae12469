"""Temperatures and thresholds, from what networks say of advertisers that they have not seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import structlog
from numpy.typing import NDArray

from forecourt.train import calibrate
from forecourt.train.targets import PLACEHOLDER, UNKNOWN, Targets
from forecourt.vision.predict import sigmoid, softmax

_log = structlog.get_logger(__name__)

_FLOOR_COST = 0.002  # of accuracy, at most, for placeholder recall
_REVIEW_TYPE = 0.03  # share of pictures that type marks for review
_REVIEW_COLOR = 0.04
_ENOUGH_INTERIORS = 50
# Placeholders alone say nothing of interiors. The layer is settled on as many pictures with paint
# as without, so the middle is as good for either.
_PAINT_VISIBLE = 0.5

Answers = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a manifest holds beside the network."""

    temperatures: dict[str, float]
    thresholds: dict[str, float]


def find_numbers(answers: Answers, truth: Targets, is_render: NDArray[np.bool_]) -> Numbers:
    """Return temperatures and thresholds, and log how right the answers are.

    Args:
        answers: Logits by the names of `eyes.Answers`, for N pictures.
        truth: Of the same.
        is_render: Video-game renders; they do not count for the type.
    """
    temperatures, thresholds = _of_type(answers, truth, is_render)
    for name, asked in (("kind", truth.kind), ("view", truth.view), ("color", truth.color)):
        known = asked != UNKNOWN
        logits, labels = answers[name][known], asked[known]
        if not len(labels):
            temperatures[name] = 1.0
            continue
        temperatures[name] = round(calibrate.fit_temperature(logits, labels), 4)
        ranked = np.argsort(-logits, axis=1)[:, :2] == labels[:, None]
        top1, top2 = _rounded(ranked[:, 0].mean()), _rounded(ranked.any(1).mean())
        _log.info("head.held_out", head=name, n=len(labels), top1=top1, top2=top2)
    known = truth.color != UNKNOWN
    probs = softmax(answers["color"][known] / temperatures["color"])
    seen = sigmoid(answers["color_visible"][:, 0])
    thresholds["paint_visible"] = _visible_threshold(seen, truth)
    thresholds["review_color"] = calibrate.review_threshold(probs.max(1), _REVIEW_COLOR)
    return Numbers(temperatures, thresholds)


def _visible_threshold(seen: NDArray[np.float64], truth: Targets) -> float:
    """Return the best threshold on "paint is seen", where there are interiors to find it with."""
    asked = ~np.isnan(truth.visible)
    inside = (truth.visible == 0) & (truth.image_type != PLACEHOLDER)
    if inside.sum() < _ENOUGH_INTERIORS:
        return _PAINT_VISIBLE
    return calibrate.visible_threshold(seen[asked], truth.visible[asked] > 0.5)


def _of_type(
    answers: Answers, truth: Targets, is_render: NDArray[np.bool_]
) -> tuple[dict[str, float], dict[str, float]]:
    logits, labels = answers["image_type"][~is_render], truth.image_type[~is_render]
    temperature = round(calibrate.fit_temperature(logits, labels), 4)
    probs = softmax(logits / temperature)
    floor = calibrate.placeholder_floor(probs, labels, cost=_FLOOR_COST)
    decided = calibrate.decide_types(probs, floor)
    right = decided == labels
    recalls = [_rounded(right[labels == label].mean()) for label in np.unique(labels)]
    accuracy = _rounded(right.mean())
    _log.info("type.held_out", n=len(labels), accuracy=accuracy, recalls=recalls, floor=floor)
    confidence = probs[np.arange(len(decided)), decided]
    return {"image_type": temperature}, {
        "placeholder_floor": floor,
        "review_type": calibrate.review_threshold(confidence, _REVIEW_TYPE),
    }


def _rounded(share: float) -> float:
    return round(float(share), 4)
