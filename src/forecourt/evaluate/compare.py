"""An evaluation → what people read first: paired tests, worst mistakes, suspect labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forecourt.core.evaluation import Evaluation, JudgedAnswer, JudgedPicture
from forecourt.core.paired import Paired, compare

_SURE = 0.9  # an answer against the label, given with less, says nothing of the label


@dataclass(frozen=True, slots=True)
class Comparison:
    """A candidate beside the champion on the test set."""

    version: str
    image_type: Paired
    color: Paired  # as decided, where it is known


@dataclass(frozen=True, slots=True)
class Mistake:
    """A picture that a model gets wrong; `confidence` is of the wrong answer."""

    picture: JudgedPicture
    answer: JudgedAnswer
    confidence: float
    told: str


def compare_models(evaluation: Evaluation) -> list[Comparison]:
    """Compare every candidate with the champion, picture by picture."""
    champion, *others = evaluation.models
    pictures = evaluation.pictures
    return [
        Comparison(
            one.version,
            compare(_right_types(pictures, champion.answers), _right_types(pictures, one.answers)),
            compare(
                _right_colors(pictures, champion.answers), _right_colors(pictures, one.answers)
            ),
        )
        for one in others
    ]


def worst_mistakes(evaluation: Evaluation, version: str, *, most: int) -> list[Mistake]:
    """Return a model's wrong types, then its wrong colours, the surest first, `most` of each."""
    (model,) = (one for one in evaluation.models if one.version == version)
    pairs = list(zip(evaluation.pictures, model.answers, strict=True))
    types = [
        Mistake(picture, said, said.type_confidence, f"{said.image_type}, not {picture.image_type}")
        for picture, said in pairs
        if said.image_type is not picture.image_type
    ]
    colors = [
        Mistake(
            picture,
            said,
            said.color_confidence,
            f"{said.color or 'no colour'}, not {picture.color}",
        )
        for picture, said in pairs
        if picture.color is not None
        and said.image_type is picture.image_type
        and said.color is not picture.color
    ]
    return [
        one
        for found in (types, colors)
        for one in sorted(found, key=lambda one: (-one.confidence, one.picture.key))[:most]
    ]


def label_suspects(evaluation: Evaluation, *, most: int) -> list[Mistake]:
    """Return labels that every model is sure against, and all in the same way.

    A test label that is wrong counts against every model, and most against the best.
    """
    found = []
    for index, picture in enumerate(evaluation.pictures):
        said = [model.answers[index] for model in evaluation.models]
        types, colors = {one.image_type for one in said}, {one.color for one in said}
        sure_type = min(one.type_confidence for one in said)
        sure_color = min(one.color_confidence for one in said)
        if types != {picture.image_type} and len(types) == 1 and sure_type >= _SURE:
            found.append(Mistake(picture, said[0], sure_type, f"rather {said[0].image_type}?"))
        elif (
            picture.color is not None
            and len(colors) == 1
            and colors.isdisjoint({picture.color, None})
            and sure_color >= _SURE
        ):
            found.append(Mistake(picture, said[0], sure_color, f"rather {said[0].color}?"))
    return sorted(found, key=lambda one: (-one.confidence, one.picture.key))[:most]


def _right_types(pictures: Sequence[JudgedPicture], answers: Sequence[JudgedAnswer]) -> list[bool]:
    return [one.image_type is said.image_type for one, said in zip(pictures, answers, strict=True)]


def _right_colors(pictures: Sequence[JudgedPicture], answers: Sequence[JudgedAnswer]) -> list[bool]:
    return [
        one.color is said.color
        for one, said in zip(pictures, answers, strict=True)
        if one.color is not None
    ]
