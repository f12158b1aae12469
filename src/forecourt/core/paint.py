"""Paint words → one of the twelve colours, where that is unambiguous.

An advertiser writes "Brilliant Red Metallic"; the table knows what a word or phrase names. The
rule: phrases are looked up first, then words; names of materials, effects or places add nothing.
Exactly one colour found: that one. None, or two different ones ("Black/White", "Red with black
roof"): nobody can say, and the answer is None. Beige, gold and champagne have no home among the
twelve and name none.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from forecourt.core.labels import Color

_WORDS: dict[Color, str] = {
    Color.BLACK: (
        "black blk noir noire negro negra nero nera preto preta schwarz zwart czarny "
        "svart sort siyah musta onyx ebony jet obsidian raven caviar carbon tuxedo "
        "nightfall"
    ),
    Color.BLUE: (
        "blue blu bleu bleue azul blau blauw niebieski bla mavi sininen navy azure cobalt "
        "sapphire indigo cyan turquoise teal aqua denim lapis riviera estoril laguna"
    ),
    Color.BROWN: (
        "brown brn brun brune marron cafe braun bruin brazowy kahverengi ruskea mocha "
        "espresso chocolate chestnut walnut cocoa coffee mahogany umber cinnamon hazel "
        "sepia"
    ),
    Color.BURGUNDY: (
        "burgundy maroon bordeaux burdeos bordo wine merlot oxblood garnet claret vino"
    ),
    Color.GREEN: (
        "green grn vert verte verde grun groen zielony gron yesil vihrea olive emerald "
        "lime jade sage mint moss"
    ),
    Color.GREY: (
        "grey gray gry gris grise grigio grigia cinza grau grijs szary gra gri harmaa "
        "silver slv sil argent plata plateado argento prata silber zilver srebrny gumus "
        "hopea graphite gunmetal charcoal anthracite antracite antracita anthrazit "
        "titanium steel slate pewter platinum tungsten nardo"
    ),
    Color.ORANGE: (
        "orange naranja arancio arancione laranja oranje pomaranczowy turuncu oranssi "
        "tangerine copperhead mango"
    ),
    Color.PINK: ("pink rose rosa roze rozowy pembe fuchsia magenta"),
    Color.PURPLE: (
        "purple violet violeta viola morado roxo lila violett paars fioletowy mor "
        "violetti amethyst plum aubergine lavender"
    ),
    Color.RED: (
        "red rouge rosso rossa rojo roja vermelho vermelha rot rood czerwony rod kirmizi "
        "punainen ruby crimson scarlet cherry vermilion cardinal candy-apple"
    ),
    Color.WHITE: (
        "white wht blanc blanche blanco blanca bianco bianca branco branca weiss wit "
        "bialy hvid vit hvit beyaz valkoinen ivory alabaster alpine snow polar chalk"
    ),
    Color.YELLOW: (
        "yellow ylw jaune amarillo amarilla giallo gialla amarelo gelb geel zolty gul "
        "sari keltainen canary"
    ),
}

# Whole phrases, looked up before their words; None: it names no single one of the twelve.
_PHRASES: dict[str, Color | None] = {
    "midnight blue": Color.BLUE,
    "dark blue pearl": Color.BLUE,
    "blue black": None,
    "black blue": None,
    "black cherry": None,
    "cherry black": None,
    "red wine": Color.BURGUNDY,
    "wine red": Color.BURGUNDY,
    "burgundy red": Color.BURGUNDY,
    "bordeaux red": Color.BURGUNDY,
    "rouge bordeaux": Color.BURGUNDY,
    "dark red": None,
    "deep cherry red": Color.RED,
    "ruby red": Color.RED,
    "red orange": None,
    "orange red": None,
    "burnt orange": Color.ORANGE,
    "rose gold": None,
    "white gold": None,
    "desert rose": None,
    "wine berry": None,
    "blue green": None,
    "green blue": None,
    "grey blue": None,
    "blue grey": None,
    "steel blue": Color.BLUE,
    "slate blue": Color.BLUE,
    "silver blue": None,
    "blue silver": None,
    "ice blue": Color.BLUE,
    "titanium silver": Color.GREY,
    "white silver": None,
    "silver white": None,
    "carbon grey": Color.GREY,
    "charcoal black": None,
    "graphite black": None,
    "carbon black": Color.BLACK,
    "jet black": Color.BLACK,
    "snow white": Color.WHITE,
    "polar white": Color.WHITE,
    "ivory white": Color.WHITE,
    "pearl white": Color.WHITE,
    "white pearl": Color.WHITE,
    "white platinum": Color.WHITE,
    "platinum white": Color.WHITE,
    "white diamond": Color.WHITE,
    "chalk grey": Color.GREY,
    "olive grey": None,
    "olive green": Color.GREEN,
    "lime yellow": None,
    "lime green": Color.GREEN,
    "mint green": Color.GREEN,
    "sage green": Color.GREEN,
    "emerald green": Color.GREEN,
    "sapphire blue": Color.BLUE,
    "navy blue": Color.BLUE,
    "turquoise blue": Color.BLUE,
    "sapphire black": Color.BLACK,
    "obsidian blue": Color.BLUE,
    "obsidian black": Color.BLACK,
    "onyx black": Color.BLACK,
    "raven black": Color.BLACK,
    "mocha brown": Color.BROWN,
    "espresso black": None,
    "violet red": None,
    "plum red": None,
    "alpine white": Color.WHITE,
    "alpine grey": Color.GREY,
    "jet grey": Color.GREY,
    "emerald black": Color.BLACK,
    "ruby black": Color.BLACK,
    "cobalt grey": Color.GREY,
    "slate grey": Color.GREY,
    "steel grey": Color.GREY,
    "polar silver": Color.GREY,
    "alpine blue": Color.BLUE,
    "moss green": Color.GREEN,
    "jade green": Color.GREEN,
    "cherry red": Color.RED,
    "rosso corsa": Color.RED,
    "mango orange": Color.ORANGE,
    "aubergine black": None,
    "plum purple": Color.PURPLE,
}

_COLOR_OF_WORD = {word: color for color, words in _WORDS.items() for word in words.split()}
_TWO_TONE = re.compile(r"\btwo[ -]?tone\b|\bbi-?ton\b|\bbicolou?r\b|\bmulti(-?colou?r)?\b")
_TOKEN = re.compile(r"[a-z]+(?:-[a-z]+)*")
_LETTERS = str.maketrans({"\u00df": "ss", "\u0142": "l", "\u00f8": "o", "\u0131": "i"})
_LONGEST = 200


@lru_cache(maxsize=4096)
def map_paint(words: str | None) -> Color | None:
    """Return the one colour that an advertiser's words name; None where they name none or two."""
    text = _plain((words or "")[:_LONGEST])
    if _TWO_TONE.search(text):
        return None
    found: set[Color] = set()
    tokens = _TOKEN.findall(text)
    index = 0
    while index < len(tokens):
        for length in (3, 2):
            phrase = " ".join(tokens[index : index + length])
            if phrase in _PHRASES:
                color = _PHRASES[phrase]
                if color is None:
                    return None
                found.add(color)
                index += length
                break
        else:
            word_color = _COLOR_OF_WORD.get(tokens[index])
            if word_color is not None:
                found.add(word_color)
            index += 1
    return found.pop() if len(found) == 1 else None


def _plain(text: str) -> str:
    """Lower case, without accents; "gray" as "grey"; letters that no accent makes as typed."""
    folded = text.lower().translate(_LETTERS)
    decomposed = unicodedata.normalize("NFKD", folded)
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return re.sub(r"\bgray\b", "grey", plain)
