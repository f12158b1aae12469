"""Rules Q2 to Q8 at their edges, and the order of the queue."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forecourt.core.labels import Color, ImageType
from forecourt.core.queue import (
    MOST_OF_VEHICLE,
    Candidate,
    Cause,
    QueueReason,
    SeenImage,
    SeenVehicle,
    add_cause,
    explain,
    judge_vehicle,
    merit,
    rank,
)

SURE = SeenImage(
    image_id=1,
    image_type=ImageType.DEALER,
    image_type_confidence=0.99,
    color=Color.RED,
    color_confidence=0.9,
)
TYPE_UNCERTAIN = ("image_type_uncertain",)
COLOR_UNCERTAIN = ("color_uncertain",)


def reasons(image: SeenImage, scrape_color: Color | None = None) -> list[QueueReason]:
    found = judge_vehicle(SeenVehicle(scrape_color=scrape_color, images=(image,)))
    return [cause.reason for one in found for cause in one.causes]


def weight(image: SeenImage, scrape_color: Color | None = None) -> float:
    (found,) = judge_vehicle(SeenVehicle(scrape_color=scrape_color, images=(image,)))
    return found.score


def candidate(image_id: int, score: float, reason: QueueReason) -> Candidate:
    return Candidate(image_id, (Cause(reason, score),))


def test_what_nobody_doubts_is_not_in_the_queue() -> None:
    assert reasons(SURE) == []
    assert reasons(SURE, Color.RED) == []


def test_q2__the_less_sure_of_the_type_the_earlier() -> None:
    doubtful = replace(SURE, image_type_confidence=0.9, review_reasons=TYPE_UNCERTAIN)
    lost = replace(doubtful, image_type_confidence=0.4)
    assert reasons(doubtful) == [QueueReason.IMAGE_TYPE_UNCERTAIN]
    assert weight(lost) > weight(doubtful)
    (found,) = judge_vehicle(SeenVehicle(scrape_color=None, images=(doubtful,)))
    assert found.causes[0].text == "The model is not sure of the type: Dealer at 90 %."


@pytest.mark.parametrize(
    ("confidence", "scrape_color", "expected"),
    [
        (0.6, Color.BLUE, [QueueReason.AGAINST_SCRAPE]),
        (0.59, Color.BLUE, []),  # a guess contradicts nobody
        (0.9, Color.RED, []),
        (0.9, None, []),
    ],
)
def test_q3__another_colour_than_the_feeds(
    confidence: float, scrape_color: Color | None, expected: list[QueueReason]
) -> None:
    assert reasons(replace(SURE, color_confidence=confidence), scrape_color) == expected


def test_q3__no_paint_and_placeholders_contradict_nobody() -> None:
    assert reasons(replace(SURE, color=None), Color.BLUE) == []
    assert reasons(replace(SURE, image_type=ImageType.PLACEHOLDER), Color.BLUE) == []


@pytest.mark.parametrize(
    ("others", "is_odd"),
    [
        ([Color.BLUE] * 3, True),
        ([Color.BLUE] * 2, False),  # no majority of two
        ([Color.BLUE] * 3 + [Color.GREEN], False),  # nor of three among five
        ([Color.BLUE] * 4 + [Color.GREEN], True),
        ([None] * 4, False),
    ],
)
def test_q4__another_colour_than_the_vehicles_other_images(
    others: list[Color | None], *, is_odd: bool
) -> None:
    images = [SURE] + [
        replace(SURE, image_id=2 + number, color=color) for number, color in enumerate(others)
    ]
    found = judge_vehicle(SeenVehicle(scrape_color=None, images=tuple(images)))
    told = {one.image_id: one.causes for one in found}
    assert (1 in told) is is_odd
    if is_odd:
        assert told[1][0].text == "The model sees Red here, and Blue on the vehicle's other images."


def test_q5_and_q7__count_only_where_the_models_colour_is_shown() -> None:
    unsure = replace(SURE, color_confidence=0.4, review_reasons=COLOR_UNCERTAIN, has_several=True)
    assert reasons(unsure) == [QueueReason.COLOR_UNCERTAIN, QueueReason.SEVERAL_VEHICLES]
    assert reasons(unsure, Color.BLUE) == []
    assert reasons(replace(unsure, color=None)) == []


@pytest.mark.parametrize(("kind", "expected"), [("boat", [QueueReason.RARE_KIND]), ("van", [])])
def test_q8__kinds_of_which_the_model_has_seen_few(kind: str, expected: list[QueueReason]) -> None:
    assert reasons(replace(SURE, kind=kind)) == expected
    assert reasons(replace(SURE, kind=kind, image_type=ImageType.PLACEHOLDER)) == []


def test_no_vehicle_fills_the_queue() -> None:
    images = tuple(
        replace(
            SURE, image_id=number, image_type_confidence=0.5 + number / 100,
            review_reasons=TYPE_UNCERTAIN,
        )
        for number in range(9)
    )  # fmt: skip
    found = judge_vehicle(SeenVehicle(scrape_color=None, images=images))
    assert [one.image_id for one in found] == [0, 1][:MOST_OF_VEHICLE]


def test_several_causes_count_more_than_each_and_never_more_than_all() -> None:
    one = add_cause(None, 1, Cause(QueueReason.NEW_ADVERTISER, 0.2))
    both = add_cause(one, 1, Cause(QueueReason.CONFLICT, 0.9))
    assert both.score == pytest.approx(1 - 0.8 * 0.1)
    assert [cause.reason for cause in both.causes] == [
        QueueReason.CONFLICT,
        QueueReason.NEW_ADVERTISER,
    ]


def test_rank__takes_the_best_and_no_reason_fills_it() -> None:
    kind, type_ = QueueReason.RARE_KIND, QueueReason.IMAGE_TYPE_UNCERTAIN
    found = [candidate(number, 0.9 - number / 100, type_) for number in range(5)]
    found.append(candidate(9, 0.1, kind))
    ranked = rank(found, most=4, most_of_reason=2)
    assert [one.image_id for one in ranked] == [0, 1, 9]
    assert [one.image_id for one in rank(found, most=1, most_of_reason=2)] == [0]


def test_merit__an_advertiser_with_many_gives_way() -> None:
    strong, weak = (candidate(1, score, QueueReason.CONFLICT) for score in (0.9, 0.4))
    assert merit(strong, 1) > merit(strong, 2) > merit(weak, 1) > merit(strong, 3)


@pytest.mark.parametrize("reason", list(QueueReason))
def test_every_reason_has_a_text(reason: QueueReason) -> None:
    assert explain(reason, ("one", "two", "three")).endswith(".")
