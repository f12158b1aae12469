"""The fields of a vehicle by the names that feeds give them, and the words of its condition."""

from __future__ import annotations

import re

from forecourt.feeds.images import is_image_field
from forecourt.feeds.records import Fields
from forecourt.feeds.vocabulary import ALIASES, AMBIGUOUS
from forecourt.feeds.words import clean_text, is_nothing

_KNOWN = frozenset(alias for aliases in ALIASES.values() for alias in aliases) | {AMBIGUOUS}

_CONDITIONS = {
    "New": "new n newcondition brand_new new_vehicle neu nuevo neuf",
    "Used": "used u pre_owned preowned usedcondition used_vehicle usado gebraucht occasion demo",
    "Certified": (
        "cpo certified c certified_pre_owned certified_preowned certified_used "
        "certified_pre_owned_vehicle"
    ),
}
_CONDITION_OF = {
    word.replace("_", " "): condition for condition, words in _CONDITIONS.items()
    for word in words.split()
}  # fmt: skip
_SCHEMA_ORG = re.compile(r"^https?://(?:www\.)?schema\.org/")
_BETWEEN_WORDS = re.compile(r"[\s_-]+")
_YES = frozenset({"1", "y", "yes", "true", "t", "x", "certified"})


def is_known_field(name: str) -> bool:
    """Whether a normalised name is one of a vehicle's fields, images included."""
    return name in _KNOWN or is_image_field(name)


def find(fields: Fields, canonical: str) -> str | None:
    """Return the first value under any alias of a field that says something, or None."""
    for name in ALIASES[canonical]:
        for value in fields.get(name, ()):
            text = clean_text(value)
            if not is_nothing(text):
                return text
    return None


def find_kind(
    fields: Fields,
) -> tuple[str | None, str | None, str | None]:
    """Return title, condition and body type: feeds put the condition under all three names."""
    title, body_type = find(fields, "title"), find(fields, "body_type")
    condition = None
    for name in ALIASES["condition"]:
        condition = condition or read_condition(next(iter(fields.get(name, ())), None))
    if read_condition(title) is not None:  # a known dealer format calls the condition "title"
        condition, title = condition or read_condition(title), None
    kind = clean_text(next(iter(fields.get(AMBIGUOUS, ())), "")) or None
    if read_condition(kind) is not None:
        condition = condition or read_condition(kind)
    else:
        body_type = body_type or kind
    certified = (find(fields, "certified") or "").lower()
    if certified in _YES and condition != "New":
        condition = "Certified"
    return title, condition, body_type


def read_condition(text: str | None) -> str | None:
    """Return "New", "Used" or "Certified" where a text is a way to write it, else None."""
    word = _SCHEMA_ORG.sub("", clean_text(text or "").lower())
    return _CONDITION_OF.get(_BETWEEN_WORDS.sub(" ", word).strip())
