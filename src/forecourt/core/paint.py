"""Paint words → one of the twelve colours, where that is unambiguous.

An advertiser writes "Brilliant Red Metallic"; the tables know what a word or phrase names:

    P1  words of two or many tones: nobody can say, and the answer is None
    P2  whole phrases before their words ("red wine", "rose gold")
    P3  words of hue. One colour: that one. Two ("Black/White", "Red with black roof"), or one
        beside a hue that has no home among the twelve ("White/Gold"): None
    P4  only without any word of hue, words of material: "Sapphire Black" is black, "Sapphire" blue

Names of effects and places add nothing. Beige, gold, champagne and turquoise name none of the
twelve. None costs little: the model, which sees the picture, decides then.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import chain

from forecourt.core.labels import Color

_HUES: dict[Color, str] = {
    Color.BLACK: (
        "black blk noir noire negro negra nero nera preto preta schwarz zwart czarny "
        "svart sort siyah musta"
    ),
    Color.BLUE: (
        "blue blu bleu bleue azul blau blauw niebieski blaa mavi sininen navy indigo cyan"
    ),
    Color.BROWN: (
        "brown brn brun brune marron marrom cafe braun bruin brazowy kahverengi ruskea mocha "
        "espresso chocolate chestnut walnut cocoa coffee mahogany umber cinnamon hazel sepia"
    ),
    Color.BURGUNDY: (
        "burgundy maroon bordeaux burdeos bordo wine merlot oxblood garnet claret vino"
    ),
    Color.GREEN: (
        "green grn vert verte verde grun gruen groen groenn gron zielony yesil vihrea olive lime "
        "sage mint moss"
    ),
    Color.GREY: (
        "grey gry gris grise grigio grigia cinza grau grijs szary graa gri harmaa "
        "silver slv sil argent plata plateado argento prata silber zilver srebrny gumus "
        "hopea graphite gunmetal charcoal anthracite antracite antracita anthrazit"
    ),
    Color.ORANGE: (
        "orange naranja arancio arancione laranja oranje pomaranczowy turuncu oranssi "
        "tangerine copperhead mango"
    ),
    Color.PINK: "pink rose rosa roze rozowy pembe fuchsia magenta",
    Color.PURPLE: (
        "purple violet violeta viola morado roxo lila violett paars fioletowy mor "
        "violetti plum aubergine lavender"
    ),
    Color.RED: (
        "red rouge rosso rossa rojo roja vermelho vermelha rot rood czerwony roed kirmizi "
        "punainen crimson scarlet cherry vermilion"
    ),
    Color.WHITE: (
        "white wht blanc blanche blanco blanca bianco bianca branco branca weiss wit "
        "bialy hvid vit hvit beyaz valkoinen"
    ),
    Color.YELLOW: (
        "yellow ylw jaune amarillo amarilla giallo gialla amarelo gelb geel zolty gul "
        "sari keltainen canary"
    ),
}
_HOMELESS = (
    "beige gold golden dorado champagne champan tan bronze bronce copper teal turquoise tuerkis "
    "turkis turquesa aqua taupe khaki cream creme crema"
)
_MATERIALS: dict[Color, str] = {
    Color.BLACK: "onyx ebony jet obsidian raven caviar tuxedo",
    Color.BLUE: "azure cobalt sapphire lapis denim",
    Color.GREEN: "emerald jade",
    Color.GREY: "titanium steel slate pewter platinum tungsten",
    Color.PURPLE: "amethyst",
    Color.RED: "ruby cardinal",
    Color.WHITE: "ivory alabaster alpine snow polar chalk",
}
# None: the phrase names no single one of the twelve, whatever else is said.
_PHRASES: dict[str, Color | None] = {
    "red wine": Color.BURGUNDY,
    "wine red": Color.BURGUNDY,
    "burgundy red": Color.BURGUNDY,
    "bordeaux red": Color.BURGUNDY,
    "rouge bordeaux": Color.BURGUNDY,
    "rojo burdeos": Color.BURGUNDY,
    "candy apple": Color.RED,
    "turquoise blue": Color.BLUE,
    "cream white": Color.WHITE,
    "dark red": None,  # as often burgundy
    "rose gold": None,
    "desert rose": None,
    "wine berry": None,
}

_COLOR_OF_HUE: dict[str, Color | None] = {
    word: color for color, words in _HUES.items() for word in words.split()
} | dict.fromkeys(_HOMELESS.split())
_COLOR_OF_MATERIAL = {word: color for color, words in _MATERIALS.items() for word in words.split()}
_MANY_TONES = re.compile(
    r"\b(two|2|tri|three)[ -]?tone\b|\bbi-?tone?s?\b|\bbicolou?re?\b|\bmulti[ -]?colou?r(ed)?\b"
)
_BETWEEN = re.compile(r"[/\\|,;&+]")  # no phrase reaches over these
_TOKEN = re.compile(r"[a-z]+")
# Letters that are no accented ones, or that without their accent spell another word ("blå", "röd").
_LETTERS = str.maketrans(
    {"ß": "ss", "ł": "l", "\u0131": "i", "å": "aa", "ø": "oe", "ö": "oe"}  # 0131: dotless i
)
_LONGEST = 200


@lru_cache(maxsize=4096)
def map_paint(words: str | None) -> Color | None:
    """Return the one colour that an advertiser's words name; None where they name none or two."""
    text = _plain((words or "")[:_LONGEST])
    if _MANY_TONES.search(text):  # P1
        return None
    parts = [_TOKEN.findall(part) for part in _BETWEEN.split(text)]
    hues = set().union(*map(_find_hues, parts))
    if not hues:  # P4
        tokens = chain.from_iterable(parts)
        hues = {_COLOR_OF_MATERIAL[token] for token in tokens if token in _COLOR_OF_MATERIAL}
    return hues.pop() if len(hues) == 1 else None


def _find_hues(tokens: list[str]) -> set[Color | None]:
    """P2 and P3: what the words name; None stands for a hue without a home."""
    found: set[Color | None] = set()
    index = 0
    while index < len(tokens):
        phrase = " ".join(tokens[index : index + 2])
        if phrase in _PHRASES:
            found.add(_PHRASES[phrase])
            index += 2
            continue
        if tokens[index] in _COLOR_OF_HUE:
            found.add(_COLOR_OF_HUE[tokens[index]])
        index += 1
    return found


def _plain(text: str) -> str:
    """Lower case, without accents; "gray" as "grey"."""
    folded = unicodedata.normalize("NFC", text.lower()).translate(_LETTERS)
    decomposed = unicodedata.normalize("NFKD", folded)
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return re.sub(r"\bgray\b", "grey", plain)
