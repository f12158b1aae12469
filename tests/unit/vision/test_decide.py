"""Rules D1-D8, each from both sides of its threshold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecourt.core.labels import COLORS, IMAGE_TYPES, Color, ImageType
from forecourt.core.records import Prediction
from forecourt.vision.bundle import Thresholds
from forecourt.vision.decide import decide, is_between, second_color

THRESHOLDS = Thresholds(placeholder_floor=0.3, paint_visible=0.5, review_type=0.7, review_color=0.6)


def predict(
    *,
    dealer: float = 0.0,
    stock: float = 0.0,
    placeholder: float = 0.0,
    color: Color = Color.RED,
    color_prob: float = 0.9,
    visible: float = 0.9,
) -> Prediction:
    rest = (1 - color_prob) / 11
    return Prediction(
        model_version="m-1",
        image_type_probs={
            ImageType.DEALER: dealer,
            ImageType.STOCK: stock,
            ImageType.PLACEHOLDER: placeholder,
        },
        color_probs={one: color_prob if one is color else rest for one in COLORS},
        color_visible=visible,
    )


@pytest.mark.parametrize(
    ("probs", "image_type", "reason"),
    [
        # D1: a Placeholder from its floor on, however probable another type is
        ({"dealer": 0.70, "placeholder": 0.30}, ImageType.PLACEHOLDER, "placeholder_floor"),
        ({"stock": 0.65, "placeholder": 0.35}, ImageType.PLACEHOLDER, "placeholder_floor"),
        ({"dealer": 0.71, "placeholder": 0.29}, ImageType.DEALER, "most_probable"),
        ({"dealer": 0.1, "placeholder": 0.9}, ImageType.PLACEHOLDER, "most_probable"),
        # D2: else the most probable type
        ({"dealer": 0.6, "stock": 0.4}, ImageType.DEALER, "most_probable"),
        ({"dealer": 0.4, "stock": 0.6}, ImageType.STOCK, "most_probable"),
    ],
)
def test_image_type(probs: dict[str, float], image_type: ImageType, reason: str) -> None:
    prediction = predict(**probs)
    decision = decide(prediction, THRESHOLDS)
    assert (decision.image_type, decision.image_type_reason) == (image_type, reason)
    assert decision.image_type_confidence == prediction.image_type_probs[image_type]


def test_most_probable_placeholder_under_its_floor_is_one_all_the_same() -> None:
    high_floor = THRESHOLDS.model_copy(update={"placeholder_floor": 0.9})
    decision = decide(predict(dealer=0.3, stock=0.3, placeholder=0.4), high_floor)
    assert decision.image_type is ImageType.PLACEHOLDER


@pytest.mark.parametrize(
    ("prediction", "color", "confidence", "reason"),
    [
        # D3: never on a Placeholder, whatever is seen
        (predict(placeholder=0.8, dealer=0.2), None, 0.8, "placeholder_has_no_color"),
        # D4: none where no paint is seen
        (predict(dealer=1.0, visible=0.49), None, 0.51, "no_paint_seen"),
        (predict(dealer=1.0, visible=0.5), Color.RED, 0.9, "most_probable"),
        # D5: else the most probable
        (predict(stock=1.0, color=Color.PINK, color_prob=0.2), Color.PINK, 0.2, "most_probable"),
    ],
)
def test_color(prediction: Prediction, color: Color | None, confidence: float, reason: str) -> None:
    decision = decide(prediction, THRESHOLDS)
    assert (decision.color, decision.color_reason) == (color, reason)
    assert decision.color_confidence == pytest.approx(confidence)


@pytest.mark.parametrize(
    ("prediction", "reasons"),
    [
        (predict(dealer=0.70, stock=0.30), ()),
        (predict(dealer=0.69, stock=0.31), ("image_type_uncertain",)),  # D6
        (predict(placeholder=0.31, dealer=0.69), ("image_type_uncertain",)),  # the decided type's
        (predict(dealer=1.0, color_prob=0.6), ()),
        (predict(dealer=1.0, color_prob=0.59), ("color_uncertain",)),  # D7
        (
            predict(dealer=0.5, stock=0.5, color_prob=0.3),
            ("image_type_uncertain", "color_uncertain"),
        ),
        # D7 asks for a decided colour: a doubtful one that is not shown needs no look
        (predict(dealer=1.0, color_prob=0.2, visible=0.1), ()),
        (predict(placeholder=1.0, color_prob=0.2), ()),
    ],
)
def test_review(prediction: Prediction, reasons: tuple[str, ...]) -> None:
    decision = decide(prediction, THRESHOLDS)
    assert decision.review_reasons == reasons
    assert decision.review is bool(reasons)


unit = st.floats(0, 1)


@given(
    types=st.lists(st.floats(0.001, 1), min_size=3, max_size=3),
    colors=st.lists(st.floats(0.001, 1), min_size=12, max_size=12),
    visible=unit,
    thresholds=st.builds(
        Thresholds,
        placeholder_floor=unit,
        paint_visible=unit,
        review_type=unit,
        review_color=unit,
    ),
)
def test_every_picture_gets_a_type_and_no_placeholder_a_color(
    types: list[float], colors: list[float], visible: float, thresholds: Thresholds
) -> None:
    prediction = Prediction(
        model_version="m-1",
        image_type_probs={k: p / sum(types) for k, p in zip(IMAGE_TYPES, types, strict=True)},
        color_probs={k: p / sum(colors) for k, p in zip(COLORS, colors, strict=True)},
        color_visible=visible,
    )
    decision = decide(prediction, thresholds)
    assert decision.model_version == "m-1"
    assert 0 <= decision.image_type_confidence <= 1
    assert 0 <= decision.color_confidence <= 1
    if decision.image_type is ImageType.PLACEHOLDER:
        assert decision.color is None
    if prediction.image_type_probs[ImageType.PLACEHOLDER] >= thresholds.placeholder_floor:
        assert decision.image_type is ImageType.PLACEHOLDER


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (0.5, 0.26, True),  # D8: close to each other, and nothing else is likely
        (0.51, 0.25, False),  # the second is less than half as probable
        (0.45, 0.29, False),  # others have too much
        (0.9, 0.05, False),
    ],
)
def test_paint_between_two_colors(first: float, second: float, *, expected: bool) -> None:
    rest = (1 - first - second) / 10
    probs = dict.fromkeys(COLORS, rest) | {Color.WHITE: first, Color.BROWN: second}
    prediction = Prediction(
        model_version="m-1", image_type_probs={}, color_probs=probs, color_visible=1.0
    )
    assert second_color(prediction) is Color.BROWN
    assert is_between(prediction) is expected
