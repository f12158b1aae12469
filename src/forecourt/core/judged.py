"""Fixes beside what the model said of the same images: what people's corrections tell. Pure.

What holds for a sitemap is the *word* of a field: of its live fixes the strongest by the ranks
R1-R3 of `core.resolve`, of equal ones the latest. From words follow the model's wrong answers:

    W1  each answer (one model version, one image, one field) counts once, however often it was
        fixed, by whomever, and on however many images the fix is carried
    W2  it is wrong where it differs from the word; reverted fixes have none, and a fix that says
        what the model said corrects no model
    W3  where the answer itself is not stored (an imported history), it is what the first fix of the
        field overruled; where nobody wrote that down, nothing is counted
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from forecourt.core.fixes import ActSource, FixField
from forecourt.core.records import Role
from forecourt.core.resolve import rank_of


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedFix:
    """A fix, and the model's answers to its image.

    Attributes:
        host: Of the URL; "" where it was never asked.
        body_type: Of the vehicle, as its feed gives it.
        model_kind: The vehicle kind that the overruled model saw, or None.
        is_shown: Whether the image is in today's inventory (of the advertiser, or of the host).
        given_from: As an imported file spelled `value_from`, where that is not our spelling.
        given: As an imported file spelled `value`, where that is not our spelling.
        is_answered: Whether the answer of `model_version` to the image is stored.
        answer: That answer's value of the field.
        champion_type: The image type that the champion sees, or else the overruled model; None
            where neither has seen the image.
    """

    id: int
    at: datetime
    by: str
    role: Role
    source: ActSource
    advertiser: str
    everywhere: bool
    image_id: int | None
    url: str
    url_key: str
    host: str
    vehicle_id: str | None
    body_type: str | None
    model_kind: str | None
    is_shown: bool
    field: FixField
    value_from: str | None
    value: str | None
    given_from: str | None
    given: str | None
    model_version: str | None
    is_live: bool
    is_answered: bool
    answer: str | None
    champion_type: str | None

    @property
    def rank(self) -> int:
        """See `rank_of`."""
        return rank_of(self.role, everywhere=self.everywhere)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongAnswer:
    """One answer of a model that people say is wrong.

    Attributes:
        word: The fix that says what is right.
        value_from: What the model said.
        is_stored: Whether the model's own answer is stored, or only told by an import.
    """

    word: JudgedFix
    value_from: str | None
    model_version: str | None
    is_stored: bool


def find_word(fixes: Sequence[JudgedFix], field: FixField) -> JudgedFix | None:
    """Return the live fix of a field that holds, or None."""
    live = [fix for fix in fixes if fix.is_live and fix.field is field]
    return min(live, key=lambda fix: (fix.rank, -fix.at.timestamp(), -fix.id), default=None)


def find_wrong_answers(
    fixes: Sequence[JudgedFix], *, by_advertiser: bool = False
) -> Iterator[WrongAnswer]:
    """Yield the wrong answers (W1-W3) to one image.

    Args:
        fixes: All fixes of the image, oldest first, reverted ones too.
        by_advertiser: Each advertiser has a word of its own: an answer counts once for each.
    """
    if by_advertiser:
        ordered = sorted(fixes, key=lambda fix: fix.advertiser)
        for _advertiser, own in groupby(ordered, key=lambda fix: fix.advertiser):
            yield from find_wrong_answers(list(own))
        return
    for field in FixField:
        word = find_word(fixes, field)
        if word is not None:
            of_field = [fix for fix in fixes if fix.field is field]
            yield from _find_stored(of_field, word)
            yield from _find_told(of_field, word)


def _find_stored(fixes: Sequence[JudgedFix], word: JudgedFix) -> Iterator[WrongAnswer]:
    answers = {
        fix.model_version: fix.answer
        for fix in fixes
        if fix.is_live and fix.is_answered and fix.model_version is not None
    }
    for model_version, answer in answers.items():  # W1
        if answer != word.value:  # W2
            yield WrongAnswer(
                word=word, value_from=answer, model_version=model_version, is_stored=True
            )


def _find_told(fixes: Sequence[JudgedFix], word: JudgedFix) -> Iterator[WrongAnswer]:
    first = fixes[0]  # W3
    is_told = first.source is ActSource.IMPORT and not first.is_answered
    if is_told and first.value_from is not None and first.value_from != word.value:
        yield WrongAnswer(
            word=word,
            value_from=first.value_from,
            model_version=first.model_version,
            is_stored=False,
        )
