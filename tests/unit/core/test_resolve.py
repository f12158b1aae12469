"""Rules R0-R7 one by one; the properties of their order stand in tests/property."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from forecourt.core.labels import Color, ImageType
from forecourt.core.records import Decision, Role, Source
from forecourt.core.resolve import Evidence, FixedValue, Status, resolve, strongest_fix
from forecourt.core.skips import SkipReason

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

RED_DEALER = Decision(
    model_version="m2",
    image_type=ImageType.DEALER,
    image_type_confidence=0.98,
    image_type_reason="most_probable",
    color=Color.RED,
    color_confidence=0.91,
    color_reason="most_probable",
    review=False,
)
PLACEHOLDER = replace(
    RED_DEALER,
    image_type=ImageType.PLACEHOLDER,
    color=None,
    color_confidence=0.98,
    color_reason="placeholder_has_no_color",
)


def type_fix(value: ImageType, role: Role = Role.STAFF, **more: object) -> FixedValue[ImageType]:
    return FixedValue(value=value, role=role, **({"by": "kim", "at": NOON} | more))  # type: ignore[arg-type]


def color_fix(
    value: Color | None, role: Role = Role.STAFF, **more: object
) -> FixedValue[Color | None]:
    return FixedValue(value=value, role=role, **({"by": "kim", "at": NOON} | more))  # type: ignore[arg-type]


# ---- R1-R3 fixes ---------------------------------------------------------------------------------


def test_r1_advertisers_fix_beats_staffs_later_one() -> None:
    fixes = [
        type_fix(ImageType.STOCK, Role.STAFF, at=NOON + timedelta(days=3)),
        type_fix(ImageType.PLACEHOLDER, Role.ADVERTISER),
    ]
    shown = resolve(Evidence(decision=RED_DEALER, type_fixes=fixes)).image_type
    assert (shown.value, shown.source, shown.confidence) == ("Placeholder", "fix", None)
    assert shown.reason == "fixed by the advertiser (kim) on 2026-11-23"


@pytest.mark.parametrize("role", [Role.STAFF, Role.ADMIN])
def test_r2_staffs_fix_for_the_advertiser_beats_one_for_everyone(role: Role) -> None:
    fixes = [
        color_fix(Color.BLUE, everywhere=True, at=NOON + timedelta(days=3)),
        color_fix(Color.GREEN, role),
    ]
    shown = resolve(Evidence(decision=RED_DEALER, color_fixes=fixes)).color
    assert (shown.value, shown.source) == ("Green", "fix")


def test_r3_fix_for_everyone_beats_the_scrape_and_the_model() -> None:
    fixes = [color_fix(Color.BLUE, everywhere=True)]
    evidence = Evidence(decision=RED_DEALER, scrape_color="Green", color_fixes=fixes)
    shown = resolve(evidence).color
    assert shown.value == "Blue"
    assert shown.reason == "fixed by staff (kim) on 2026-11-23 for every advertiser"


def test_within_a_rank_the_latest_wins() -> None:
    fixes = [
        type_fix(ImageType.STOCK, at=NOON + timedelta(seconds=1)),
        type_fix(ImageType.DEALER),
    ]
    assert resolve(Evidence(type_fixes=fixes)).image_type.value == "Stock"


def test_within_a_rank_a_direct_fix_beats_a_later_carried_one() -> None:
    later = NOON + timedelta(days=3)
    fixes = [
        type_fix(ImageType.STOCK, at=later, carried_from="https://cdn.example/a.jpg"),
        type_fix(ImageType.DEALER),
    ]
    assert resolve(Evidence(type_fixes=fixes)).image_type.value == "Dealer"


def test_a_carried_fix_of_the_advertiser_beats_a_direct_one_of_staff() -> None:
    fixes = [
        type_fix(ImageType.STOCK, Role.ADVERTISER, carried_from="https://cdn.example/a.jpg"),
        type_fix(ImageType.DEALER),
    ]
    shown = resolve(Evidence(type_fixes=fixes)).image_type
    assert (shown.value, shown.carried_from) == ("Stock", "https://cdn.example/a.jpg")
    assert "carried from https://cdn.example/a.jpg" in shown.reason


def test_of_two_fixes_in_the_same_moment_the_one_stored_later_wins() -> None:
    one, other = type_fix(ImageType.STOCK), type_fix(ImageType.DEALER)
    assert strongest_fix([one, other]) is other
    assert strongest_fix([other, one]) is one
    assert strongest_fix([]) is None


def test_a_color_fixed_to_none_is_an_answer() -> None:
    fixes = [color_fix(None)]
    evidence = Evidence(decision=RED_DEALER, scrape_color="Red", color_fixes=fixes)
    assert (resolve(evidence).color.value, resolve(evidence).color.source) == (None, "fix")


def test_fields_are_resolved_one_by_one() -> None:
    evidence = Evidence(decision=RED_DEALER, color_fixes=[color_fix(Color.BLUE)])
    shown = resolve(evidence)
    assert (shown.image_type.source, shown.color.source) == (Source.MODEL, Source.FIX)


# ---- R4 scrape -----------------------------------------------------------------------------------


def test_r4_color_of_the_scrape_beats_the_model() -> None:
    shown = resolve(Evidence(decision=RED_DEALER, scrape_color="Deep Blue Metallic")).color
    assert (shown.value, shown.source, shown.confidence, shown.reason) == (
        "Blue",
        "scrape",
        None,
        "scrape_color",
    )


@pytest.mark.parametrize("words", ["Champagne", "Black/White", "Two-Tone Red"])
def test_r4_unmapped_color_of_the_scrape_leaves_the_models(words: str) -> None:
    shown = resolve(Evidence(decision=RED_DEALER, scrape_color=words)).color
    assert (shown.value, shown.source, shown.confidence, shown.reason) == (
        "Red",
        "model",
        0.91,
        "scrape_color_unmapped",
    )


@pytest.mark.parametrize("words", [None, "", "   "])
def test_r4_empty_color_of_the_scrape_is_none_at_all(words: str | None) -> None:
    assert resolve(Evidence(decision=RED_DEALER, scrape_color=words)).color.reason == (
        "most_probable"
    )


def test_r4_color_of_the_scrape_says_nothing_of_the_type() -> None:
    assert resolve(Evidence(decision=RED_DEALER, scrape_color="Blue")).image_type == (
        resolve(Evidence(decision=RED_DEALER)).image_type
    )


# ---- R5-R7 model and default ---------------------------------------------------------------------


def test_r5_champions_decision_with_its_confidence() -> None:
    shown = resolve(Evidence(decision=RED_DEALER))
    assert (shown.status, shown.skip_reason, shown.review) == ("tagged", None, False)
    assert (shown.image_type.value, shown.image_type.confidence) == ("Dealer", 0.98)
    assert (shown.color.value, shown.color.confidence) == ("Red", 0.91)
    assert shown.image_type.reason == shown.color.reason == "most_probable"


def test_r6_earlier_models_decision_is_marked() -> None:
    shown = resolve(Evidence(decision=RED_DEALER, is_stale=True))
    assert shown.image_type.reason == shown.color.reason == "stale_model"


def test_r6_and_an_unmapped_color_are_both_told() -> None:
    shown = resolve(Evidence(decision=RED_DEALER, is_stale=True, scrape_color="Champagne"))
    assert shown.color.reason == "stale_model; scrape_color_unmapped"


@pytest.mark.parametrize("reason", list(SkipReason))
def test_r7_never_tagged_is_a_skipped_placeholder(reason: SkipReason) -> None:
    shown = resolve(Evidence(skip_reason=reason, scrape_color="Red"))
    assert (shown.status, shown.skip_reason) == (Status.SKIPPED, reason)
    for tag in (shown.image_type, shown.color):
        assert (tag.source, tag.confidence, tag.reason) == ("default", None, reason)
    assert (shown.image_type.value, shown.color.value) == ("Placeholder", None)
    assert not shown.review


def test_r7_not_yet_asked_about_is_pending() -> None:
    assert resolve(Evidence()).skip_reason is SkipReason.PENDING


def test_r7_a_color_fix_alone_does_not_make_an_unseen_image_tagged() -> None:
    evidence = Evidence(skip_reason=SkipReason.TIMEOUT, color_fixes=[color_fix(Color.RED)])
    shown = resolve(evidence)
    assert (shown.status, shown.skip_reason) == (Status.SKIPPED, SkipReason.TIMEOUT)
    assert (shown.image_type.value, shown.color.value) == ("Placeholder", None)


def test_a_type_fix_makes_an_unseen_image_tagged() -> None:
    evidence = Evidence(
        skip_reason=SkipReason.TIMEOUT, type_fixes=[type_fix(ImageType.DEALER)], scrape_color=None
    )
    shown = resolve(evidence)
    assert (shown.status, shown.skip_reason) == (Status.TAGGED, None)
    assert (shown.image_type.value, shown.image_type.source) == ("Dealer", "fix")
    assert (shown.color.value, shown.color.source, shown.color.reason) == (
        None,
        "default",
        "no_prediction",
    )


# ---- R0 a Placeholder has no colour --------------------------------------------------------------


def test_r0_no_color_on_a_placeholder_whatever_is_configured_or_fixed() -> None:
    evidence = Evidence(
        decision=PLACEHOLDER, scrape_color="Red", color_fixes=[color_fix(Color.BLUE)]
    )
    shown = resolve(evidence).color
    assert (shown.value, shown.reason) == (None, "placeholder_has_no_color")


def test_r0_type_fixed_to_placeholder_hides_the_color() -> None:
    evidence = Evidence(decision=RED_DEALER, type_fixes=[type_fix(ImageType.PLACEHOLDER)])
    shown = resolve(evidence).color
    assert (shown.value, shown.source) == (None, Source.FIX)


def test_r0_type_fixed_away_from_placeholder_shows_the_configured_color() -> None:
    fixes = [type_fix(ImageType.DEALER)]
    evidence = Evidence(decision=PLACEHOLDER, type_fixes=fixes, scrape_color="Red")
    assert (resolve(evidence).color.value, resolve(evidence).color.source) == ("Red", "scrape")


# ---- re-check failed -----------------------------------------------------------------------------


def test_r7_a_model_that_saw_a_placeholder_has_no_word_on_the_colour_of_what_is_none() -> None:
    fixes = [type_fix(ImageType.DEALER)]
    for words in (None, "Champagne"):
        shown = resolve(Evidence(decision=PLACEHOLDER, type_fixes=fixes, scrape_color=words)).color
        assert (shown.value, shown.source) == (None, Source.DEFAULT)
        assert (shown.confidence, shown.reason) == (None, "model_saw_placeholder")
    failed = Evidence(decision=PLACEHOLDER, type_fixes=fixes, skip_reason=SkipReason.TIMEOUT)
    assert resolve(failed).color.reason == "model_saw_placeholder; recheck_failed"


def test_known_image_that_cannot_be_rechecked_keeps_its_tags() -> None:
    shown = resolve(Evidence(decision=RED_DEALER, skip_reason=SkipReason.TIMEOUT))
    assert (shown.status, shown.skip_reason) == (Status.TAGGED, None)
    assert (shown.image_type.value, shown.color.value) == ("Dealer", "Red")
    assert shown.image_type.reason == shown.color.reason == "recheck_failed"
    assert shown.image_type.confidence == 0.98


def test_recheck_failed_hides_nothing_else_that_people_must_know() -> None:
    evidence = Evidence(
        decision=RED_DEALER,
        is_stale=True,
        skip_reason=SkipReason.TIMEOUT,
        scrape_color="Champagne",
    )
    shown = resolve(evidence)
    assert shown.image_type.reason == "stale_model; recheck_failed"
    assert shown.color.reason == "stale_model; scrape_color_unmapped; recheck_failed"
    scrape = resolve(
        Evidence(decision=RED_DEALER, skip_reason=SkipReason.TIMEOUT, scrape_color="Blue")
    )
    assert scrape.color.reason == "scrape_color; recheck_failed"
    placeholder = resolve(Evidence(decision=PLACEHOLDER, skip_reason=SkipReason.TIMEOUT))
    assert placeholder.color.reason == "placeholder_has_no_color; recheck_failed"
    fixed = resolve(
        Evidence(
            decision=RED_DEALER,
            skip_reason=SkipReason.TIMEOUT,
            type_fixes=[type_fix(ImageType.STOCK)],
        )
    )
    assert fixed.image_type.reason == "fixed by staff (kim) on 2026-11-23; recheck_failed"


# ---- review --------------------------------------------------------------------------------------


def test_review_is_asked_for_until_a_person_has_looked() -> None:
    doubtful = replace(RED_DEALER, review=True, review_reasons=("color_uncertain",))
    assert resolve(Evidence(decision=doubtful)).review
    assert not resolve(Evidence(decision=doubtful, type_fixes=[type_fix(ImageType.STOCK)])).review
    assert not resolve(Evidence(decision=doubtful, color_fixes=[color_fix(Color.RED)])).review
