"""Rules M1 to M8 and N1 to N4 at their edges, on figures written out by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from forecourt.core.fixes import FixField
from forecourt.core.monitor import (
    WINDOW,
    Answers,
    Counts,
    Figures,
    Waiting,
    add_up,
    figures_from_dict,
    figures_to_dict,
    make_period,
)
from forecourt.core.monitor_rules import (
    ADVICE,
    Finding,
    Reason,
    Rule,
    judge,
    judge_all,
    rate_ratio_low,
    suggest_retraining,
)
from forecourt.core.webhooks import AlarmKind

NOW = datetime(2026, 11, 24, tzinfo=UTC)
RELEASED = NOW - timedelta(days=7)
FRESH = make_period(until=NOW, model_version="m2", previous_version="m1", released_at=RELEASED)
OLD = make_period(
    until=NOW, model_version="m2", previous_version="m1", released_at=NOW - timedelta(days=90)
)


def answers(images: int, *, sure: float = 0.9, reviews: int = 0) -> Answers:
    return Answers(
        images=images,
        reviews=reviews,
        type_sum=images * sure,
        type_squares=images * sure * sure,
        color_sum=images * 0.9,
        color_squares=images * 0.81,
    )


def fixed(now: int, before: int, *, images: int = 1_000, days: float = 7.0) -> Figures:
    return Figures(
        images=images,
        now=answers(images),
        fixed=Counts(images=now, image_type=now),
        fixed_before=Counts(images=before, image_type=before),
        exposure=images * days,
        exposure_before=images * 28.0,
    )


def rules(figures: Figures, period: object = FRESH) -> list[Rule]:
    return [one.rule for one in judge(figures, period)]  # type: ignore[arg-type]


def test_period_begins_with_the_release_and_later_four_weeks_ago() -> None:
    assert (FRESH.since, FRESH.before_since, FRESH.has_release) == (
        RELEASED,
        RELEASED - WINDOW,
        True,
    )
    assert (OLD.since, OLD.has_release) == (NOW - WINDOW, False)
    unknown = make_period(until=NOW, model_version="x", previous_version=None, released_at=None)
    assert (unknown.since, unknown.has_release) == (NOW - WINDOW, False)


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        (0, 0, []),
        (9, 0, []),  # a few slips
        (40, 40, ["fix_rate_rose"]),  # in a week what took four
        (10, 40, []),  # as before
        (14, 28, []),  # twice the rate: could be chance
        (40, 0, ["fix_rate_rose"]),
    ],
)
def test_m1_goes_by_the_rate_and_not_by_the_count(
    now: int, before: int, expected: list[str]
) -> None:
    assert rules(fixed(now, before)) == expected


def test_m1_needs_a_time_before() -> None:
    figures = replace(fixed(40, 0), exposure_before=0.0)
    assert math.isnan(rate_ratio_low(figures))
    assert rules(figures) == []
    assert math.isnan(rate_ratio_low(fixed(0, 0)))


def test_m1_ratio_of_equal_rates_is_around_one() -> None:
    assert 0.8 < rate_ratio_low(fixed(1_000, 4_000, images=100_000)) < 1.0


@pytest.mark.parametrize(
    ("now", "images", "expected"),
    [(9, 20, False), (10, 20, True), (60, 1_000, False), (90, 1_000, True), (30, 10, True)],
)
def test_m2_goes_by_the_lower_end(now: int, images: int, expected: bool) -> None:  # noqa: FBT001
    figures = replace(fixed(now, 100_000, images=images), exposure_before=1.0)
    assert rules(figures) == (["many_fixed"] if expected else [])


@pytest.mark.parametrize(
    ("flips", "compared", "expected"),
    [(99, 99, False), (30, 100, True), (15, 100, False), (150, 1_000, True), (100, 1_000, False)],
)
def test_m3_flips_count_after_a_release_only(
    flips: int,
    compared: int,
    expected: bool,  # noqa: FBT001
) -> None:
    figures = Figures(compared=compared, flips=Counts(images=flips, image_type=flips))
    assert rules(figures) == (["many_flips"] if expected else [])
    assert rules(figures, OLD) == []


def test_m4_names_class_and_shares() -> None:
    figures = Figures(
        classes={"image_type": {"Dealer": 40, "Stock": 60}},
        classes_before={"image_type": {"Dealer": 90, "Stock": 10}},
    )
    (found,) = judge(figures, OLD)
    assert found.rule is Rule.CLASS_SHARES_MOVED
    assert "Dealer is 40%, after 90% before (PSI 1.27)" in found.seen
    small = Figures(
        classes={"image_type": {"Dealer": 8, "Stock": 12}},
        classes_before={"image_type": {"Dealer": 18, "Stock": 2}},
    )
    assert rules(small) == []


@pytest.mark.parametrize(
    ("sure", "images", "expected"), [(0.84, 100, True), (0.86, 100, False), (0.5, 99, False)]
)
def test_m5_confidence(sure: float, images: int, expected: bool) -> None:  # noqa: FBT001
    figures = Figures(now=answers(images, sure=sure), before=answers(images))
    assert rules(figures) == (["confidence_fell"] if expected else [])
    assert rules(replace(figures, before=None)) == []


def test_m5_counts_the_spread_of_small_inventories() -> None:
    wide = replace(answers(100, sure=0.8), type_squares=100 * (0.8 * 0.8 + 0.09))
    assert rules(Figures(now=wide, before=answers(100))) == []
    many = replace(answers(10_000, sure=0.8), type_squares=10_000 * (0.8 * 0.8 + 0.09))
    assert rules(Figures(now=many, before=answers(100))) == ["confidence_fell"]


@pytest.mark.parametrize(
    ("reviews", "images", "expected"),
    [(20, 100, False), (35, 100, True), (90, 1_000, False), (180, 1_000, True)],
)
def test_m6_abstentions(reviews: int, images: int, expected: bool) -> None:  # noqa: FBT001
    figures = Figures(
        now=answers(images, reviews=reviews), before=answers(images, reviews=images // 20)
    )
    assert rules(figures) == (["abstentions_rose"] if expected else [])


@pytest.mark.parametrize(
    ("strange", "of", "expected"),
    [(99, 99, False), (45, 100, True), (30, 100, False), (140, 400, True)],
)
def test_m7_strange_images(strange: int, of: int, expected: bool) -> None:  # noqa: FBT001
    assert rules(Figures(looked_at=of, strange=strange)) == (
        ["unlike_training"] if expected else []
    )


def test_m4_to_m6_wait_until_most_of_an_inventory_is_answered() -> None:
    figures = Figures(
        images=1_000,
        now=answers(800, sure=0.5, reviews=800),
        before=answers(1_000),
        classes={"image_type": {"Stock": 800}},
        classes_before={"image_type": {"Dealer": 1_000}},
    )
    three = ["class_shares_moved", "confidence_fell", "abstentions_rose"]
    assert rules(figures) == three
    early = replace(figures, now=answers(799, sure=0.5, reviews=799))
    assert rules(early) == []
    assert [one.rule for one in judge_all([figures, early], OLD)] == three
    assert judge_all([early], OLD) == ()


def test_of_all_together_only_those_are_compared_of_whom_both_are_known() -> None:
    steady = Figures(
        now=answers(1_000),
        before=answers(1_000),
        classes={"image_type": {"Dealer": 900, "Stock": 100}},
        classes_before={"image_type": {"Dealer": 900, "Stock": 100}},
    )
    new = Figures(
        now=answers(3_000, sure=0.5, reviews=3_000), classes={"image_type": {"Stock": 3_000}}
    )
    assert judge_all([steady, new], OLD) == ()
    moved = replace(new, before=answers(3_000), classes_before={"image_type": {"Dealer": 3_000}})
    assert [one.rule for one in judge_all([steady, moved], OLD)] == [
        "class_shares_moved",
        "confidence_fell",
        "abstentions_rose",
    ]


def test_figures_add_up() -> None:
    one = replace(
        fixed(3, 4),
        before=answers(10),
        compared=7,
        flips=Counts(images=2, image_type=1, color=2),
        classes={"image_type": {"Dealer": 5}},
        waiting=Waiting(vehicles=1, of=4, days=3.0, longest=3.0),
    )
    other = replace(
        one,
        before=None,
        classes={"image_type": {"Stock": 2}, "color": {"": 1}},
        waiting=Waiting(vehicles=2, of=5, days=9.0, longest=8.0),
    )
    total = add_up([one, other])
    assert (total.images, total.fixed.images, total.flips.color) == (2_000, 6, 4)
    assert total.before == answers(10)
    assert total.classes == {"color": {"": 1}, "image_type": {"Dealer": 5, "Stock": 2}}
    assert total.waiting == Waiting(vehicles=3, of=9, days=12.0, longest=8.0)
    assert total.fix_rate == pytest.approx(7_000 * 6 / 14_000)
    assert add_up([]) == Figures()


def test_figures_come_back_as_they_were_kept() -> None:
    one = replace(fixed(3, 4), before=answers(10), classes={"color": {"": 1.5}})
    assert figures_from_dict({**figures_to_dict(one), "of_a_later_release": 1}) == one
    assert figures_from_dict({}) == Figures()


def found(*which: Rule) -> list[Finding]:
    return [Finding(rule, f"{rule} was seen.") for rule in which]


@pytest.mark.parametrize(
    ("findings", "corrected", "unlike", "expected"),
    [
        ([], 299, 2, []),
        ([], 300, 0, [Reason.ENOUGH_FIXES]),
        ([Rule.MANY_FIXED], 0, 0, [Reason.FIX_RATE]),
        ([Rule.MANY_FLIPS], 0, 0, []),
        ([Rule.CONFIDENCE_FELL], 0, 0, [Reason.DRIFT]),
        ([], 0, 3, [Reason.NEW_PICTURES]),
        ([Rule.UNLIKE_TRAINING], 0, 0, [Reason.NEW_PICTURES]),
    ],
)
def test_retraining_is_suggested_with_its_reasons(
    findings: list[Rule], corrected: int, unlike: int, expected: list[Reason]
) -> None:
    told = suggest_retraining(found(*findings), period=OLD, corrected=corrected, unlike=unlike)
    assert [one.reason for one in told] == expected
    assert all(one.seen for one in told)


def test_right_after_a_release_drift_is_the_release_and_no_reason_to_train() -> None:
    told = suggest_retraining(
        found(Rule.CONFIDENCE_FELL, Rule.FIX_RATE_ROSE), period=FRESH, corrected=0, unlike=0
    )
    assert [one.reason for one in told] == [Reason.FIX_RATE]


def test_every_rule_has_advice_and_a_kind_of_alarm() -> None:
    assert set(ADVICE) == set(Rule)
    assert {rule.value for rule in Rule} <= {kind.value for kind in AlarmKind}


def test_confidence_of_nothing_is_no_number() -> None:
    assert math.isnan(Answers().confidence(FixField.COLOR).value)
