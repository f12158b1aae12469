"""Prediction → decision: numbered pure rules over probabilities; all numbers are the bundle's.

    D1  Placeholder, if its probability reaches `placeholder_floor`: a leaked one costs most
    D2  otherwise the most probable type
    D3  a Placeholder has no colour
    D4  no colour, if the probability that paint is seen is under `paint_visible`
    D5  otherwise the most probable colour
    D6  review, if the decided type's probability is under `review_type`
    D7  review, if a colour was decided and its probability is under `review_color`
    D8  the colour is marked as between two, if the second is nearly as probable as the first and
        they have nearly all of the probability: two-tone, or paint outside the twelve

A picture always gets a type; a review mark says that a person should look (the model abstains).
"""

from __future__ import annotations

from forecourt.core.labels import Color, ImageType
from forecourt.core.records import Decision, Prediction
from forecourt.vision.bundle import Thresholds

_NEARLY = 0.5  # of the first colour's probability (D8)
_NEARLY_ALL = 0.75  # of all probability (D8)


def decide(prediction: Prediction, thresholds: Thresholds) -> Decision:
    """Apply rules D1-D7."""
    image_type, type_reason = _decide_type(prediction, thresholds)
    color, color_confidence, color_reason = _decide_color(prediction, thresholds, image_type)
    type_confidence = prediction.image_type_probs[image_type]
    reviews = []
    if type_confidence < thresholds.review_type:  # D6
        reviews.append("image_type_uncertain")
    if color is not None and color_confidence < thresholds.review_color:  # D7
        reviews.append("color_uncertain")
    return Decision(
        model_version=prediction.model_version,
        image_type=image_type,
        image_type_confidence=type_confidence,
        image_type_reason=type_reason,
        color=color,
        color_confidence=color_confidence,
        color_reason=color_reason,
        review=bool(reviews),
        review_reasons=tuple(reviews),
    )


def _decide_type(prediction: Prediction, thresholds: Thresholds) -> tuple[ImageType, str]:
    probs = prediction.image_type_probs
    most_probable = max(probs, key=lambda image_type: probs[image_type])
    if most_probable is ImageType.PLACEHOLDER:
        return ImageType.PLACEHOLDER, "most_probable"
    if probs[ImageType.PLACEHOLDER] >= thresholds.placeholder_floor:  # D1
        return ImageType.PLACEHOLDER, "placeholder_floor"
    return most_probable, "most_probable"  # D2


def _decide_color(
    prediction: Prediction, thresholds: Thresholds, image_type: ImageType
) -> tuple[Color | None, float, str]:
    visible = prediction.color_visible
    if image_type is ImageType.PLACEHOLDER:  # D3
        return None, prediction.image_type_probs[image_type], "placeholder_has_no_color"
    if visible < thresholds.paint_visible:  # D4
        return None, 1 - visible, "no_paint_seen"
    probs = prediction.color_probs
    color = max(probs, key=lambda one: probs[one])  # D5
    return color, probs[color], "most_probable"


def second_color(prediction: Prediction) -> Color:
    """Return the second most probable colour, whatever is decided."""
    return _ranked_colors(prediction)[1]


def is_between(prediction: Prediction) -> bool:
    """Say whether the paint lies between the two most probable colours (D8)."""
    first, second = (prediction.color_probs[one] for one in _ranked_colors(prediction)[:2])
    return second >= _NEARLY * first and first + second >= _NEARLY_ALL


def _ranked_colors(prediction: Prediction) -> list[Color]:
    probs = prediction.color_probs
    return sorted(probs, key=lambda color: -probs[color])
