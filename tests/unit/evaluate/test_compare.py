from __future__ import annotations

from datetime import UTC, datetime

import pytest

from forecourt.core.evaluation import Evaluation, JudgedAnswer, JudgedModel, JudgedPicture
from forecourt.core.labels import Color, ImageType
from forecourt.evaluate.compare import compare_models, label_suspects, worst_mistakes


def answer(image_type: ImageType, color: Color | None, sure: float) -> JudgedAnswer:
    return JudgedAnswer(
        image_type=image_type,
        color=color,
        type_confidence=sure,
        color_confidence=sure,
        review=False,
    )


def evaluation(*answers: list[JudgedAnswer]) -> Evaluation:
    """Three red photos; the first model is the champion."""
    return Evaluation(
        name="Run r",
        source="a test",
        manifest_sha256=None,
        made_at=datetime(2026, 12, 1, tzinfo=UTC),
        champion="m0",
        pictures=tuple(
            JudgedPicture(
                key=str(index), image=f"{index}.jpg", image_type=ImageType.DEALER,
                color=Color.RED, kind="car", advertiser="acme",
            )
            for index in range(3)
        ),
        models=tuple(
            JudgedModel(version=f"m{index}", report={}, seen=None, cpu_ms=1, answers=tuple(said))
            for index, said in enumerate(answers)
        ),
    )  # fmt: skip


RIGHT = answer(ImageType.DEALER, Color.RED, 0.99)
STOCK = answer(ImageType.STOCK, Color.RED, 0.95)
BLUE = answer(ImageType.DEALER, Color.BLUE, 0.97)
UNSURE = answer(ImageType.STOCK, Color.RED, 0.6)
NONE = answer(ImageType.DEALER, None, 0.97)


def test_candidates_are_compared_with_the_champion_on_each_question() -> None:
    (found,) = compare_models(evaluation([RIGHT, STOCK, RIGHT], [RIGHT, RIGHT, BLUE]))
    assert (found.image_type.gained, found.image_type.lost) == (1, 0)
    assert (found.color.gained, found.color.lost) == (0, 1)


def test_the_surest_mistakes_come_first_types_before_colours() -> None:
    found = worst_mistakes(evaluation([UNSURE, STOCK, BLUE]), "m0", most=2)
    assert [one.told for one in found] == [
        "Stock, not Dealer",
        "Stock, not Dealer",
        "Blue, not Red",
    ]
    assert [one.confidence for one in found] == [0.95, 0.6, 0.97]


@pytest.mark.parametrize(
    ("first", "second", "keys"),
    [
        ([STOCK, RIGHT, RIGHT], [STOCK, RIGHT, RIGHT], ["0"]),
        ([BLUE, RIGHT, RIGHT], [BLUE, RIGHT, RIGHT], ["0"]),
        ([STOCK, RIGHT, RIGHT], [RIGHT, RIGHT, RIGHT], []),  # they disagree
        ([UNSURE, RIGHT, RIGHT], [STOCK, RIGHT, RIGHT], []),  # one is not sure
        ([NONE, RIGHT, RIGHT], [NONE, RIGHT, RIGHT], []),  # no colour is no other colour
    ],
)
def test_a_label_is_suspect_where_all_models_are_sure_against_it(
    first: list[JudgedAnswer], second: list[JudgedAnswer], keys: list[str]
) -> None:
    found = label_suspects(evaluation(first, second), most=9)
    assert [one.picture.key for one in found] == keys


def test_an_evaluation_lacks_no_answer() -> None:
    with pytest.raises(ValueError, match="one answer for each picture"):
        evaluation([RIGHT, RIGHT])
