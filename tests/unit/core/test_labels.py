from __future__ import annotations

import pytest

from forecourt.core.errors import UnknownLabelError
from forecourt.core.labels import COLORS, IMAGE_TYPES, Color, parse_color, parse_image_type


def test_the_label_sets_are_those_that_people_know() -> None:
    assert list(IMAGE_TYPES) == ["Dealer", "Stock", "Placeholder"]
    assert " ".join(COLORS) == (
        "Black Blue Brown Burgundy Green Grey Orange Pink Purple Red White Yellow"
    )


@pytest.mark.parametrize("text", ["Placeholder", "PLACEHOLDER", " placeholder\n"])
def test_parse_image_type__any_letter_case(text: str) -> None:
    assert parse_image_type(text) == "Placeholder"


@pytest.mark.parametrize("text", ["Gray", "GREY", " grey "])
def test_parse_color__both_spellings_of_grey(text: str) -> None:
    assert parse_color(text) is Color.GREY


@pytest.mark.parametrize("text", ["N/A", "n/a", "NA", "none", "None", "null", "", "  ", None])
def test_parse_color__every_spelling_of_no_color(text: str | None) -> None:
    assert parse_color(text) is None


@pytest.mark.parametrize("text", ["Silver", "Blu", "Red Metallic", "0"])
def test_parse_color__unknown_word_lists_what_is_allowed(text: str) -> None:
    with pytest.raises(UnknownLabelError, match=r"Black, Blue, .*Yellow, none") as caught:
        parse_color(text)
    assert caught.value.word == text


@pytest.mark.parametrize("text", ["", "N/A", "Photo", "Deal er"])
def test_parse_image_type__unknown_word_lists_what_is_allowed(text: str) -> None:
    with pytest.raises(UnknownLabelError, match="Dealer, Stock, Placeholder"):
        parse_image_type(text)
