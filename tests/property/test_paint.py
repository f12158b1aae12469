from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from forecourt.core.labels import COLORS
from forecourt.core.paint import map_paint

colors = st.sampled_from(COLORS)
effects = st.lists(
    st.sampled_from(["Metallic", "Pearl", "Brilliant", "II", "Crystal", "-", "2024"]),
    max_size=9,  # the colour must stand within the 200 characters that are read
)


@given(st.text(max_size=300))
def test_any_text_maps_to_one_of_the_twelve_or_to_none(words: str) -> None:
    assert map_paint(words) in {*COLORS, None}


@given(colors, effects, effects)
def test_effects_change_nothing(color: str, before: list[str], after: list[str]) -> None:
    assert map_paint(" ".join([*before, color, *after])) == color


@given(colors, colors, st.sampled_from(["/", " / ", " and ", "-", " with "]))
def test_two_colors_agree_or_map_to_none(one: str, other: str, between: str) -> None:
    if between == "-" and (one, other) == ("Burgundy", "Red"):
        return  # a phrase of its own
    assert map_paint(f"{one}{between}{other}") == (one if one == other else None)


@given(st.text(alphabet=st.characters(codec="latin-1"), max_size=40))
def test_letter_case_does_not_matter(words: str) -> None:
    if len(words.upper()) == len(words):  # "ß" has no capital of its own
        assert map_paint(words.lower()) == map_paint(words.upper())
