"""The vehicle kind that a feed's words for a body type name, where they name one. Pure.

A model that has never seen a boat is sure that it is a car; the feed knows better.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# The kinds that bundles tell apart. Words that are used for two of them (caravan, minivan, camper)
# do not stand here: nothing is said then.
_WORDS: Mapping[str, tuple[str, ...]] = {
    "car": (
        "car",
        "sedan",
        "saloon",
        "hatchback",
        "coupe",
        "convertible",
        "cabriolet",
        "roadster",
        "wagon",
        "station wagon",
        "estate",
        "suv",
        "crossover",
    ),
    "truck": ("truck", "pickup", "pick up", "crew cab", "chassis cab", "lorry"),
    "van": ("van", "cargo van", "panel van"),
    "motorcycle": ("motorcycle", "motorbike", "scooter", "moped", "cruiser bike", "dirt bike"),
    "rv": ("rv", "motorhome", "motor home", "recreational vehicle"),
    "boat": ("boat", "yacht", "pontoon", "sailboat", "motorboat", "bowrider"),
    "trailer": ("trailer", "utility trailer", "horse trailer", "semi trailer"),
    "bus": ("bus", "minibus", "motorcoach"),
}
_KIND_OF = {phrase: kind for kind, phrases in _WORDS.items() for phrase in phrases}
_PHRASE = re.compile(
    r"\b(" + "|".join(sorted(map(re.escape, _KIND_OF), key=len, reverse=True)) + r")s?\b"
)


def kind_of_body_type(words: str | None) -> str | None:
    """Return the kind that words name ("Pick-up": truck); None where none or several are named."""
    text = " ".join(re.findall(r"\w+", (words or "").casefold().replace("é", "e")))
    kinds = {_KIND_OF[phrase] for phrase in _PHRASE.findall(text)}
    return kinds.pop() if len(kinds) == 1 else None
