"""Properties of rules R0-R7 over every mixture of evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from forecourt.core.labels import COLORS, IMAGE_TYPES, ImageType
from forecourt.core.paint import map_paint
from forecourt.core.records import Decision, Role, Source
from forecourt.core.resolve import Evidence, FixedValue, Status, resolve, strongest_fix
from forecourt.core.skips import SkipReason

START = datetime(2026, 1, 1, tzinfo=UTC)
moments = st.integers(0, 3).map(lambda hours: START + timedelta(hours=hours))
maybe_colors = st.sampled_from([*COLORS, None])


def fixes_of(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[FixedValue[Any]]]:
    return st.lists(
        st.builds(
            FixedValue,
            value=values,
            role=st.sampled_from(Role),
            by=st.just("kim"),
            at=moments,
            everywhere=st.booleans(),
            carried_from=st.sampled_from([None, "https://cdn.example/a.jpg"]),
        ),
        max_size=5,
    )


@st.composite
def decisions(draw: st.DrawFn) -> Decision:
    image_type = draw(st.sampled_from(IMAGE_TYPES))
    return Decision(
        model_version="m1",
        image_type=image_type,
        image_type_confidence=draw(st.floats(0, 1)),
        image_type_reason="most_probable",
        color=None if image_type is ImageType.PLACEHOLDER else draw(maybe_colors),
        color_confidence=draw(st.floats(0, 1)),
        color_reason="most_probable",
        review=draw(st.booleans()),
    )


evidences = st.builds(
    Evidence,
    decision=st.none() | decisions(),
    is_stale=st.booleans(),
    skip_reason=st.none() | st.sampled_from(SkipReason),
    scrape_color=st.none()
    | st.sampled_from(["", " ", "Red", "Champagne", "Sting-Gray", "Red/Blue"]),
    type_fixes=fixes_of(st.sampled_from(IMAGE_TYPES)),
    color_fixes=fixes_of(maybe_colors),
)


@given(evidences)
def test_an_answer_always_comes_and_is_always_the_same(evidence: Evidence) -> None:
    shown = resolve(evidence)
    assert shown == resolve(evidence)
    assert shown.image_type.reason
    assert shown.color.reason
    for tag in (shown.image_type, shown.color):
        assert tag.confidence is None or tag.source is Source.MODEL


@given(evidences)
def test_a_placeholder_never_has_a_color(evidence: Evidence) -> None:
    shown = resolve(evidence)
    assert shown.image_type.value is not ImageType.PLACEHOLDER or shown.color.value is None


@given(evidences)
def test_skipped_exactly_where_nobody_and_no_model_gave_a_type(evidence: Evidence) -> None:
    shown = resolve(evidence)
    has_type = evidence.decision is not None or bool(evidence.type_fixes)
    assert (shown.status is Status.TAGGED) == has_type
    assert (shown.skip_reason is None) == has_type
    assert (shown.image_type.source is Source.DEFAULT) == (not has_type)


@given(evidences)
def test_sources_come_in_the_order_of_the_rules(evidence: Evidence) -> None:
    shown = resolve(evidence)
    if evidence.type_fixes:
        assert shown.image_type.source is Source.FIX
    elif evidence.decision is not None:
        assert shown.image_type.source is Source.MODEL
    if shown.image_type.value is ImageType.PLACEHOLDER:
        return
    if evidence.color_fixes:
        expected = Source.FIX
    elif map_paint(evidence.scrape_color) is not None:
        expected = Source.SCRAPE
    else:
        # A model that saw a Placeholder where a person sees none has no word on the colour.
        decision = evidence.decision
        has_word = decision is not None and decision.image_type is not ImageType.PLACEHOLDER
        expected = Source.MODEL if has_word else Source.DEFAULT
    assert shown.color.source is expected


def beats(one: FixedValue[Any], other: FixedValue[Any]) -> bool:
    """The order in words: whose fix it is, then how direct it is, then how late."""

    def standing(fix: FixedValue[Any]) -> Sequence[Any]:
        scope = 1 if fix.everywhere else (3 if fix.role is Role.ADVERTISER else 2)
        return (scope, fix.carried_from is None, fix.at)

    return standing(one) > standing(other)


@given(fixes_of(st.sampled_from(IMAGE_TYPES)))
def test_no_fix_beats_the_strongest(fixes: list[FixedValue[ImageType]]) -> None:
    strongest = strongest_fix(fixes)
    assert (strongest is None) == (not fixes)
    assert strongest is None or not any(beats(fix, strongest) for fix in fixes)


@given(fixes_of(st.sampled_from(IMAGE_TYPES)), st.randoms(use_true_random=False))
def test_the_order_of_fixes_made_at_different_times_does_not_matter(
    fixes: list[FixedValue[ImageType]], random: Any
) -> None:
    apart = [replace(fix, at=START + timedelta(days=n)) for n, fix in enumerate(fixes)]
    mixed = list(apart)
    random.shuffle(mixed)
    assert strongest_fix(mixed) == strongest_fix(apart)


@given(evidences)
def test_a_new_model_changes_nothing_that_a_person_decided(evidence: Evidence) -> None:
    if evidence.decision is None or not evidence.type_fixes or not evidence.color_fixes:
        return
    other = replace(evidence.decision, image_type=ImageType.STOCK, color=None, review=False)
    before, after = resolve(evidence), resolve(replace(evidence, decision=other))
    assert (before.image_type, before.color) == (after.image_type, after.color)


@given(evidences)
def test_a_failed_recheck_changes_no_value(evidence: Evidence) -> None:
    if evidence.decision is None:
        return
    fine = resolve(replace(evidence, skip_reason=None))
    failed = resolve(replace(evidence, skip_reason=SkipReason.TIMEOUT))
    assert (fine.image_type.value, fine.color.value) == (
        failed.image_type.value,
        failed.color.value,
    )
    assert (fine.image_type.source, fine.status) == (failed.image_type.source, failed.status)
    assert failed.image_type.reason.endswith("recheck_failed")
