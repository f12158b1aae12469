"""Names that advertisers and makers really give to paints."""

from __future__ import annotations

import pytest

from forecourt.core.labels import COLORS
from forecourt.core.paint import map_paint


@pytest.mark.parametrize("color", COLORS)
def test_every_color_maps_to_itself(color: str) -> None:
    assert map_paint(color) == color
    assert map_paint(f"  {color.upper()} METALLIC ") == color


@pytest.mark.parametrize(
    ("words", "color"),
    [
        ("Brilliant Red Metallic", "Red"),
        ("Pearl White Multi-Coat", "White"),  # "multi" alone is no two-tone
        ("Red Multi-Coat", "Red"),
        ("Midnight Silver Metallic", "Grey"),
        ("Gray", "Grey"),
        ("gray/grey", "Grey"),
        ("Silver", "Grey"),
        ("Billet Silver", "Grey"),
        ("BLK", "Black"),
        ("Blue/Blue", "Blue"),  # outside and inside alike
        ("Lime", "Green"),
        ("Merlot Jewel", "Burgundy"),
        ("Maroon", "Burgundy"),
    ],
)
def test_words_that_name_one_color(words: str, color: str) -> None:
    assert map_paint(words) == color


@pytest.mark.parametrize(
    ("words", "color"),
    [
        ("Jet-Black", "Black"),
        ("Sting-Gray", "Grey"),
        ("Dark-Blue", "Blue"),
        ("Schwarz-Metallic", "Black"),
        ("red_metallic", "Red"),
        ("WHITE,PEARL", "White"),
    ],
)
def test_words_joined_by_signs(words: str, color: str) -> None:
    assert map_paint(words) == color


@pytest.mark.parametrize(
    ("words", "color"),
    [
        ("Sapphire Black", "Black"),
        ("Sapphire", "Blue"),
        ("Emerald Black", "Black"),
        ("Alpine White", "White"),
        ("Alpine Grey", "Grey"),
        ("Jet Grey", "Grey"),
        ("Steel Blue", "Blue"),
        ("Modern Steel Metallic", "Grey"),
        ("Ruby Flare Pearl", "Red"),
        ("Platinum White Pearl", "White"),
        ("Ivory Tri-Coat", "White"),
        ("Obsidian", "Black"),
    ],
)
def test_a_material_counts_only_without_a_hue(words: str, color: str) -> None:
    assert map_paint(words) == color


@pytest.mark.parametrize(
    "words",
    [
        "Black/White",
        "Red with black roof",
        "Two-Tone Red",
        "2 tone Blue",
        "Bicolor",
        "multi-coloured red",
        "Blue Grey",
        "Black Cherry",
        "Olive Grey",
        "Silver Blue",
        "Burgundy/Red",
        "Onyx/Ivory",  # two materials
    ],
)
def test_two_colors_are_nobodys_to_say(words: str) -> None:
    assert map_paint(words) is None


@pytest.mark.parametrize(
    "words",
    [
        "Champagne",
        "Gold",
        "Beige",
        "Tan",
        "Bronze",
        "Teal",
        "White/Gold",
        "Champagne Silver",
        "Rose Gold",
        "Dark Red",  # as often burgundy
    ],
)
def test_hues_without_a_home_map_to_none(words: str) -> None:
    assert map_paint(words) is None


@pytest.mark.parametrize(
    "words", [None, "", "   ", "N/A", "Unknown", "Granite Crystal", "Metallic", "белый", "白", "🚗"]
)
def test_words_that_name_no_color(words: str | None) -> None:
    assert map_paint(words) is None


@pytest.mark.parametrize(
    ("words", "color"),
    [
        ("Red Wine", "Burgundy"),
        ("wine red metallic", "Burgundy"),
        ("Burgundy Red", "Burgundy"),
        ("Rouge Bordeaux", "Burgundy"),
        ("Candy Apple Red", "Red"),
        ("Candy-Apple Red", "Red"),
        ("Turquoise Blue", "Blue"),
    ],
)
def test_phrases_come_before_their_words(words: str, color: str) -> None:
    assert map_paint(words) == color


@pytest.mark.parametrize(
    ("words", "color"),
    [
        ("Weiß", "White"),
        ("WEISS", "White"),
        ("grün", "Green"),
        ("gruen", "Green"),
        ("Röd", "Red"),
        ("Rød", "Red"),
        ("Hot Rod Yellow", "Yellow"),  # no red in it
        ("Blå", "Blue"),
        ("Bla\u030a", "Blue"),  # the ring as a character of its own
        ("Grå", "Grey"),
        ("Noir", "Black"),
        ("Bleu Foncé", "Blue"),
        ("Marrón", "Brown"),
        ("Blanco", "White"),
        ("Rosso Corsa", "Red"),
        ("żółty", "Yellow"),
        ("KIRMIZI", "Red"),
        ("k\u0131rm\u0131z\u0131", "Red"),
        ("Cinza", "Grey"),
    ],
)
def test_other_languages(words: str, color: str) -> None:
    assert map_paint(words) == color


def test_only_the_beginning_of_a_long_text_counts() -> None:
    assert map_paint("red " + "x" * 500 + " blue") == "Red"
