"""Values as feeds write them: what is nothing, and what may not stand in a stored text."""

from __future__ import annotations

import re

_NOTHING = frozenset(
    ("", "-", "--", "n/a", "#n/a", "na", "n.a.", "none", "null", "nil", "nan", "undefined", "tbd")
)
# Control characters (databases refuse the zero byte), line ends and byte order marks.
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\x9f\ufeff\u200b\u2028\u2029]+")
_HALF_CHARACTER = re.compile(r"[\ud800-\udfff]")


def clean_text(text: str) -> str:
    """Return a value on one line, without what cannot be stored or seen."""
    return _HALF_CHARACTER.sub("\ufffd", _UNPRINTABLE.sub(" ", text)).strip()


def is_nothing(text: str) -> bool:
    """Whether a value is a way to write that there is none: "N/A", "null", "-"."""
    return text.strip().lower() in _NOTHING
