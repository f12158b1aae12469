"""Verdicts → figures: overall, per class, and per slice, because an average hides advertisers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, cast

from forecourt.core.labels import COLORS, IMAGE_TYPES
from forecourt.core.metrics import (
    Gap,
    Share,
    calibration_error,
    confusion,
    gap,
    macro_recall,
    precisions,
    recalls,
    share,
)
from forecourt.evaluate.judge import Verdict

_SUREST = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassFigures:
    """How one class fares."""

    name: str
    recall: Share
    precision: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeFigures:
    """Image type, over all pictures; `confusion` rows are the truth, in the order of `classes`."""

    accuracy: Share
    macro_recall: float
    calibration_error: float
    classes: list[ClassFigures]
    confusion: list[list[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColorFigures:
    """Colour, over the pictures whose colour is known.

    Attributes:
        decided: The sitemap's colour is the right one; "no colour" counts as wrong.
        top1: The most probable colour is right, whatever was decided.
        top2: One of the two most probable colours is right.
        none: No colour is shown where no paint is seen (interiors, details, placeholders).
    """

    decided: Share
    top1: Share
    top2: Share
    none: Share
    macro_recall: float
    calibration_error: float
    classes: list[ClassFigures]
    confusion: list[list[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceFigures:
    """One advertiser, vehicle kind or view."""

    name: str
    image_type: Share
    color: Share  # decided


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFigures:
    """How many pictures are marked for review, and what that is worth.

    Attributes:
        marked: Share of pictures that are marked (`right` counts the marked ones).
        type_unmarked: Image type where nothing is marked.
        color_unmarked: Colour, as decided, where nothing is marked.
        type_surest: Image type of the surest 95 %, if only confidence in the type counts.
        color_surest: The most probable colour of the surest 95 %, if only its confidence counts.
    """

    marked: Share
    type_unmarked: Share
    color_unmarked: Share
    type_surest: Share
    color_surest: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class GapFigures:
    """How much better cars fare than all other vehicles; without placeholders."""

    image_type: Gap
    color: Gap  # decided


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All figures of one model on one split."""

    model_version: str
    split: str
    pictures: int
    advertisers: int
    image_type: TypeFigures
    color: ColorFigures
    review: ReviewFigures
    cars_and_others: GapFigures
    by_kind: list[SliceFigures] = field(default_factory=list)
    by_view: list[SliceFigures] = field(default_factory=list)
    by_advertiser: list[SliceFigures] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return plain data, the same for the same verdicts; a share of nothing has nulls."""
        return cast("dict[str, Any]", _without_nan(asdict(self)))


def make_report(verdicts: Sequence[Verdict], *, model_version: str, split: str) -> Report:
    """Count verdicts.

    Args:
        verdicts: One per picture.
        model_version: Whose verdicts they are.
        split: Name of the pictures, for the reader.
    """
    return Report(
        model_version=model_version,
        split=split,
        pictures=len(verdicts),
        advertisers=len({one.sample.advertiser for one in verdicts}),
        image_type=_type_figures(verdicts),
        color=_color_figures(verdicts),
        review=_review_figures(verdicts),
        cars_and_others=_gap_figures(verdicts),
        by_kind=_slices(verdicts, lambda one: one.sample.kind),
        by_view=_slices(verdicts, lambda one: one.sample.view),
        by_advertiser=_slices(verdicts, lambda one: one.sample.advertiser),
    )


def _without_nan(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: _without_nan(value) for name, value in data.items()}
    if isinstance(data, list):
        return [_without_nan(value) for value in data]
    return None if isinstance(data, float) and math.isnan(data) else data


def _type_figures(verdicts: Sequence[Verdict]) -> TypeFigures:
    counts = confusion(
        [one.sample.image_type for one in verdicts],
        [one.image_type for one in verdicts],
        IMAGE_TYPES,
    )
    return TypeFigures(
        accuracy=_type_share(verdicts),
        macro_recall=macro_recall(counts),
        calibration_error=calibration_error(
            [one.type_confidence for one in verdicts],
            [one.image_type is one.sample.image_type for one in verdicts],
        ),
        classes=[
            ClassFigures(name=name, recall=recall, precision=precision)
            for name, recall, precision in zip(
                IMAGE_TYPES, recalls(counts), precisions(counts), strict=True
            )
        ],
        confusion=counts.tolist(),
    )


def _color_figures(verdicts: Sequence[Verdict]) -> ColorFigures:
    known = [one for one in verdicts if one.sample.color is not None]
    counts = confusion(
        [one.sample.color for one in known], [one.ranked_colors[0] for one in known], COLORS
    )
    unseen = [one for one in verdicts if not one.sample.shows_paint]
    is_top1 = [one.ranked_colors[0] is one.sample.color for one in known]
    return ColorFigures(
        decided=_color_share(verdicts),
        top1=share(sum(is_top1), len(known)),
        top2=share(sum(one.sample.color in one.ranked_colors[:2] for one in known), len(known)),
        none=share(sum(one.color is None for one in unseen), len(unseen)),
        macro_recall=macro_recall(counts),
        calibration_error=calibration_error([one.color_confidence for one in known], is_top1),
        classes=[
            ClassFigures(name=name, recall=recall, precision=precision)
            for name, recall, precision in zip(
                COLORS, recalls(counts), precisions(counts), strict=True
            )
        ],
        confusion=counts.tolist(),
    )


def _review_figures(verdicts: Sequence[Verdict]) -> ReviewFigures:
    unmarked = [one for one in verdicts if not one.review]
    known = [one for one in verdicts if one.sample.color is not None]
    colors = _surest(known, lambda one: one.color_confidence)
    is_right = [one.ranked_colors[0] is one.sample.color for one in colors]
    return ReviewFigures(
        marked=share(len(verdicts) - len(unmarked), len(verdicts)),
        type_unmarked=_type_share(unmarked),
        color_unmarked=_color_share(unmarked),
        type_surest=_type_share(_surest(verdicts, lambda one: one.type_confidence)),
        color_surest=share(sum(is_right), len(is_right)),
    )


def _surest(verdicts: Sequence[Verdict], confidence: Callable[[Verdict], float]) -> list[Verdict]:
    """Return the 95 % of verdicts with the highest confidence."""
    ranked = sorted(verdicts, key=confidence, reverse=True)
    return ranked[: round(len(ranked) * _SUREST)]


def _gap_figures(verdicts: Sequence[Verdict]) -> GapFigures:
    shown = [one for one in verdicts if one.sample.kind]
    cars = [one for one in shown if one.sample.kind == "car"]
    others = [one for one in shown if one.sample.kind not in {"car", "none"}]
    return GapFigures(
        image_type=gap(_type_share(cars), _type_share(others)),
        color=gap(_color_share(cars), _color_share(others)),
    )


def _slices(verdicts: Sequence[Verdict], name_of: Callable[[Verdict], str]) -> list[SliceFigures]:
    parts: dict[str, list[Verdict]] = {}
    for one in verdicts:
        parts.setdefault(name_of(one) or "(none)", []).append(one)
    largest_first = sorted(parts.items(), key=lambda item: (-len(item[1]), item[0]))
    return [
        SliceFigures(name=name, image_type=_type_share(part), color=_color_share(part))
        for name, part in largest_first
    ]


def _type_share(verdicts: Sequence[Verdict]) -> Share:
    return share(sum(one.image_type is one.sample.image_type for one in verdicts), len(verdicts))


def _color_share(verdicts: Sequence[Verdict]) -> Share:
    known = [one for one in verdicts if one.sample.color is not None]
    return share(sum(one.color is one.sample.color for one in known), len(known))
