"""Rules O1 to O9 at their edges, on fixes and counts written out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from forecourt.core.fixes import ActSource, FixField
from forecourt.core.judged import JudgedFix
from forecourt.core.oddities import (
    ADVICE,
    WHY,
    OddityKind,
    is_much_fixed,
    is_run,
    judge_fixes,
)
from forecourt.core.records import Role
from forecourt.core.shift import find_shift

AT = datetime(2026, 11, 24, tzinfo=UTC)
FIX = JudgedFix(
    id=1,
    at=AT,
    by="Ada",
    role=Role.STAFF,
    source=ActSource.CLI,
    advertiser="acme",
    everywhere=False,
    image_id=1,
    url="https://img.example.com/1.jpg",
    url_key="0",
    host="img.example.com",
    vehicle_id="v0",
    body_type=None,
    model_kind=None,
    is_shown=True,
    field=FixField.IMAGE_TYPE,
    value_from="Dealer",
    value="Placeholder",
    given_from=None,
    given=None,
    model_version="m1",
    is_live=True,
    is_answered=True,
    answer="Dealer",
    champion_type="Dealer",
)
OWNERS = replace(FIX, role=Role.ADVERTISER)
LATER = {"id": 2, "at": AT + timedelta(hours=1)}


def kinds(*fixes: JudgedFix) -> list[tuple[str, str]]:
    return [(one.kind, one.fix.advertiser) for one in judge_fixes(fixes)]


@pytest.mark.parametrize(
    ("skipped", "of", "expected"),
    [
        (0, 0, False),
        (2, 2, False),  # O1: too few to be a run
        (2, 3, False),
        (3, 3, True),
        (3, 10, True),
        (3, 11, False),
        (118, 1_000, False),
        (119, 1_000, True),
        (1_000, 1_000, True),
    ],
)
def test_o1_skipped_run(skipped: int, of: int, expected: bool) -> None:  # noqa: FBT001
    assert is_run(skipped, of) is expected


@pytest.mark.parametrize(
    ("fixed", "of", "expected"),
    [(9, 9, False), (10, 10, True), (10, 94, True), (10, 120, False), (12, 3, True)],
)
def test_o6_much_fixed(fixed: int, of: int, expected: bool) -> None:  # noqa: FBT001
    assert is_much_fixed(fixed, of) is expected


def shift(before: dict[str, int], after: dict[str, int], scrapes: int = 1) -> str | None:
    found = find_shift([before] * scrapes, after)
    return found and found.value


def test_o2_shift_is_found_and_named() -> None:
    found = find_shift([{"Dealer": 90, "Stock": 10}], {"Dealer": 40, "Placeholder": 60})
    assert found is not None
    assert (found.value, found.before, found.after) == ("Placeholder", 0.0, 0.6)
    assert found.psi > 0.25


def test_o2_needs_images_on_both_sides() -> None:
    assert shift({"Dealer": 29}, {"Stock": 500}) is None
    assert shift({"Dealer": 500}, {"Stock": 29}) is None
    assert shift({"Dealer": 30}, {"Stock": 30}) == "Dealer"
    assert find_shift([], {"Dealer": 500}) is None


def test_o2_asks_small_inventories_for_more() -> None:
    before, after = (80, 20), (50, 50)
    for size, expected in ((1, None), (10, "Dealer")):
        assert (
            shift(
                {"Dealer": before[0] * size // 2, "Stock": before[1] * size // 2},
                {"Dealer": after[0] * size // 2, "Stock": after[1] * size // 2},
            )
            == expected
        )


def test_o2_everyday_change_and_one_class_are_nothing() -> None:
    assert shift({"Dealer": 900, "Stock": 100}, {"Dealer": 850, "Stock": 150}) is None
    assert shift({"Dealer": 900}, {"Dealer": 20_000}) is None
    thirteen = {str(number): 100 for number in range(13)}
    assert shift(thirteen, thirteen | {"0": 140}) is None
    assert shift(thirteen, {"0": 1_300}) == "0"


def test_o2_more_scrapes_of_the_same_images_are_no_more_images() -> None:
    small = {"Dealer": 20}
    assert shift(small, {"Stock": 40}, scrapes=7) is None


def test_o3_advertisers_placeholder_where_the_model_sees_a_vehicle() -> None:
    found = [("placeholder_fix", "acme")]
    assert kinds(OWNERS) == found
    assert kinds(replace(OWNERS, champion_type="Stock")) == found
    assert kinds(replace(OWNERS, champion_type="Placeholder")) == []
    assert kinds(replace(OWNERS, champion_type=None)) == []
    assert kinds(FIX) == []  # staff's
    assert kinds(replace(OWNERS, value="Stock")) == []
    assert kinds(replace(OWNERS, is_live=False)) == []
    assert kinds(OWNERS, replace(OWNERS, value="Dealer", **LATER)) == []  # type: ignore[arg-type]


def test_o4_imported_placeholder_with_a_color() -> None:
    kind = replace(FIX, source=ActSource.IMPORT)
    color = replace(kind, field=FixField.COLOR, value="Red", id=2)
    assert kinds(kind, color) == [("placeholder_with_color", "acme")]
    assert kinds(kind, replace(color, source=ActSource.PANEL)) == []
    assert kinds(kind, replace(color, value=None)) == []
    assert kinds(replace(kind, value="Dealer"), color) == []
    assert kinds(color) == []
    assert kinds(kind, replace(color, advertiser="zenith")) == []


def test_o5_not_available_in_an_imported_history() -> None:
    color = replace(
        FIX, source=ActSource.IMPORT, field=FixField.COLOR, value=None, given="N/A", value_from=None
    )
    for fixes, is_doubtful in (
        ([color], True),  # the model sees a vehicle
        ([replace(color, champion_type=None)], False),
        ([replace(color, champion_type="Placeholder")], False),
        ([replace(color, id=2), FIX], False),  # fixed to Placeholder
        ([replace(color, champion_type=None), replace(FIX, value="Stock", id=2)], True),
    ):
        (found,) = judge_fixes(fixes)
        assert (found.kind, found.is_doubtful) == ("legacy_no_color", is_doubtful)
    assert kinds(replace(color, given="none")) == []
    assert kinds(replace(color, given=None)) == []


def test_o8_advertiser_and_staff_say_different_types() -> None:
    owners = replace(OWNERS, value="Dealer", **LATER)  # type: ignore[arg-type]
    found = [("criteria_differ", "acme")]
    assert kinds(replace(FIX, value="Stock"), owners) == found
    assert kinds(replace(FIX, value="Stock", everywhere=True, advertiser="zenith"), owners) == found
    assert kinds(replace(FIX, value="Dealer"), owners) == []
    assert kinds(replace(FIX, value="Stock", is_live=False), owners) == []


def test_o9_advertisers_say_different_types_of_one_image() -> None:
    here = replace(FIX, value="Stock")
    there = replace(FIX, value="Dealer", advertiser="zenith", id=2)
    assert kinds(here, there) == [
        ("advertisers_disagree", "acme"),
        ("advertisers_disagree", "zenith"),
    ]
    assert kinds(here, replace(there, value="Stock")) == []
    assert kinds(here, replace(there, everywhere=True)) == []


def test_every_kind_says_why_and_what_to_do() -> None:
    assert list(WHY) == list(ADVICE) == list(OddityKind)
