"""Rules W1 to W3: each wrong answer of the model counts once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from forecourt.core.fixes import ActSource, FixField
from forecourt.core.judged import JudgedFix, find_word, find_wrong_answers
from forecourt.core.records import Role
from tests.unit.core.test_oddities import AT, FIX

IMPORTED = replace(FIX, source=ActSource.IMPORT, is_answered=False, answer=None, model_version=None)


def later(fix: JudgedFix, hours: int = 1, **changes: object) -> JudgedFix:
    return replace(fix, id=fix.id + hours, at=AT + timedelta(hours=hours), **changes)  # type: ignore[arg-type]


def wrong(*fixes: JudgedFix, by_advertiser: bool = False) -> list[tuple[object, ...]]:
    return [
        (one.value_from, one.word.value, one.model_version)
        for one in find_wrong_answers(fixes, by_advertiser=by_advertiser)
    ]


def test_word__is_the_strongest_and_then_the_latest() -> None:
    owners = replace(FIX, role=Role.ADVERTISER, value="Dealer")
    assert find_word([owners, later(FIX)], FixField.IMAGE_TYPE) == owners
    assert find_word([FIX, later(FIX, value="Stock")], FixField.IMAGE_TYPE) == later(
        FIX, value="Stock"
    )
    assert find_word([FIX, later(FIX, everywhere=True)], FixField.IMAGE_TYPE) == FIX
    assert find_word([FIX], FixField.COLOR) is None


def test_w1_repeated_fixes_count_once() -> None:
    assert wrong(FIX, later(FIX, value="Stock", value_from="Placeholder")) == [
        ("Dealer", "Stock", "m1")
    ]
    assert wrong(FIX, later(FIX, advertiser="zenith")) == [("Dealer", "Placeholder", "m1")]


def test_w1_each_model_version_answers_for_itself() -> None:
    second = later(FIX, model_version="m2", value_from="Placeholder", answer="Stock")
    assert wrong(FIX, second) == [("Dealer", "Placeholder", "m1"), ("Stock", "Placeholder", "m2")]


def test_w1_type_and_color_are_two_answers() -> None:
    color = replace(FIX, field=FixField.COLOR, answer="Red", value=None)
    assert wrong(FIX, color) == [("Dealer", "Placeholder", "m1"), ("Red", None, "m1")]


def test_w2_reverted_and_confirming_fixes_do_not_count() -> None:
    assert wrong(replace(FIX, is_live=False)) == []
    assert wrong(replace(FIX, value="Dealer")) == []


def test_w2_what_the_sitemap_showed_is_not_what_the_model_said() -> None:
    color = replace(FIX, field=FixField.COLOR, value_from="Red", answer="Blue", value="Blue")
    assert wrong(color) == []  # the scrape's colour was wrong, the model's was right


def test_w2_image_that_no_model_saw_has_no_wrong_answer() -> None:
    assert wrong(replace(FIX, image_id=None, model_version=None, is_answered=False)) == []


def test_w3_imported_chain_counts_its_first_answer() -> None:
    assert wrong(IMPORTED) == [("Dealer", "Placeholder", None)]
    person = later(IMPORTED, value_from="Placeholder", value="Stock")
    assert wrong(IMPORTED, person) == [("Dealer", "Stock", None)]
    assert wrong(replace(IMPORTED, value_from=None)) == []
    assert wrong(replace(IMPORTED, value_from="Placeholder")) == []


def test_by_advertiser__each_has_a_word_of_its_own() -> None:
    there = later(FIX, advertiser="zenith", value="Stock")
    assert wrong(FIX, there) == [("Dealer", "Stock", "m1")]
    assert wrong(FIX, there, by_advertiser=True) == [
        ("Dealer", "Placeholder", "m1"),
        ("Dealer", "Stock", "m1"),
    ]
