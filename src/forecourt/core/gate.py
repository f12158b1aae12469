"""Whether a candidate may take the champion's place: numbered rules over paired answers. Pure.

G1  Both are judged on the same pictures.
G2  Placeholder recall keeps a floor: a leaked placeholder is the costly error. Where the champion
    itself is below it, the candidate must not be below the champion.
G3  On no guarded slice is the candidate worse than the champion beyond the paired interval: over
    all pictures the plain one of 95 %; the slices share their 5 %, or of thirty one would refuse
    by chance.

Slices with fewer pictures than `Rules.least` are not guarded: the decision names them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from forecourt.core.gate_rules import Rules
from forecourt.core.labels import Color, ImageType
from forecourt.core.metrics import share
from forecourt.core.paired import Paired, compare

PLACEHOLDERS = f"type={ImageType.PLACEHOLDER}"
WHOLE = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestPicture:
    """A labelled picture of a test set, and the slices that it belongs to.

    Attributes:
        key: What names it.
        color: None where it is not known, or no paint is seen.
        kind: Vehicle kind, or "".
        advertiser: Or "".
        is_hard: Drawn or chosen to be hard.
    """

    __test__ = False  # no test of pytest's

    key: str
    image_type: ImageType
    color: Color | None
    kind: str = ""
    advertiser: str = ""
    is_hard: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a model decides on a picture."""

    image_type: ImageType
    color: Color | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReport:
    """A model's answers on a test set: one for each picture, in the same order."""

    model_version: str
    pictures: Sequence[TestPicture]
    answers: Sequence[Answer]


class Question(StrEnum):
    """What is asked of a picture."""

    IMAGE_TYPE = "image_type"
    COLOR = "color"  # where it is known


class Verdict(StrEnum):
    """What the gate says."""

    PROMOTED = "promoted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One slice and question, compared."""

    slice: str
    question: Question
    paired: Paired


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a candidate is refused."""

    rule: str  # G1, G2, G3
    slice: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GateDecision:
    """What the gate says, and all that it looked at.

    Attributes:
        reasons: Why it is refused; empty where it is not.
        unguarded: Slices with too few pictures.
    """

    candidate: str
    champion: str
    verdict: Verdict
    reasons: tuple[Reason, ...]
    checks: tuple[Check, ...]
    unguarded: tuple[str, ...]

    def explain(self) -> str:
        """Return the decision in a sentence or two; kept with a promotion."""
        if self.reasons:
            return f"refused: {'; '.join(one.text for one in self.reasons)}"
        whole = [one.paired for one in self.checks if one.slice == WHOLE]
        told = " and ".join(
            f"{one.candidate_right} of {one.n} right (champion {one.champion_right})"
            for one in whole
        )
        slices = len({one.slice for one in self.checks})
        return (
            f"passed the gate against {self.champion}: type and colour {told}; worse beyond the "
            f"interval on none of {slices} slices"
        )

    def to_json(self) -> dict[str, Any]:
        """Return the decision as plain data."""
        return {
            "candidate": self.candidate,
            "champion": self.champion,
            "verdict": self.verdict.value,
            "reasons": [asdict(one) for one in self.reasons],
            "checks": [
                {"slice": one.slice, "question": one.question.value, **asdict(one.paired)}
                for one in self.checks
            ],
            "unguarded": list(self.unguarded),
        }


def decide(
    champion: ModelReport, candidate: ModelReport, rules: Rules | None = None
) -> GateDecision:
    """Decide whether a candidate may take the champion's place."""
    rules = rules or Rules()
    if [one.key for one in champion.pictures] != [one.key for one in candidate.pictures]:
        told = "the champion and the candidate were judged on different pictures; evaluate again"
        return _decision(champion, candidate, [Reason(rule="G1", slice=WHOLE, text=told)], [], [])
    checks, unguarded = _check_slices(champion, candidate, rules)
    reasons = [*_check_floor(champion, candidate, rules), *_worse(checks)]
    return _decision(champion, candidate, reasons, checks, unguarded)


def _decision(
    champion: ModelReport,
    candidate: ModelReport,
    reasons: Sequence[Reason],
    checks: Sequence[Check],
    unguarded: Sequence[str],
) -> GateDecision:
    return GateDecision(
        candidate=candidate.model_version,
        champion=champion.model_version,
        verdict=Verdict.REFUSED if reasons else Verdict.PROMOTED,
        reasons=tuple(reasons),
        checks=tuple(checks),
        unguarded=tuple(unguarded),
    )


def _check_floor(
    champion: ModelReport, candidate: ModelReport, rules: Rules
) -> Iterator[Reason]:  # G2
    before, now = (_placeholder_recall(one) for one in (champion, candidate))
    if now.n < rules.least:
        yield Reason(
            rule="G2",
            slice=PLACEHOLDERS,
            text=f"{PLACEHOLDERS}: the test set has {now.n} placeholders; the floor on their "
            f"recall needs {rules.least}. Collect some for the test split",
        )
    elif now.value < min(rules.placeholder_recall, before.value):
        yield Reason(
            rule="G2",
            slice=PLACEHOLDERS,
            text=f"{PLACEHOLDERS}: {now.right} of {now.n} placeholders found, "
            f"{100 * now.value:.1f} %; the floor is {100 * rules.placeholder_recall:.1f} %, the "
            f"champion finds {100 * before.value:.1f} %",
        )


def _placeholder_recall(report: ModelReport) -> Any:
    found = [
        answer.image_type is ImageType.PLACEHOLDER
        for picture, answer in zip(report.pictures, report.answers, strict=True)
        if picture.image_type is ImageType.PLACEHOLDER
    ]
    return share(sum(found), len(found))


def _worse(checks: Sequence[Check]) -> Iterator[Reason]:  # G3
    for one in checks:
        if one.paired.is_worse:
            gap = one.paired.gap
            yield Reason(
                rule="G3",
                slice=one.slice,
                text=f"{one.slice}: {one.question} right on {one.paired.candidate_right} of "
                f"{one.paired.n}, champion {one.paired.champion_right}; difference "
                f"{100 * gap.value:+.1f} points, 95 % interval {100 * gap.low:+.1f} to "
                f"{100 * gap.high:+.1f}",
            )


def _check_slices(
    champion: ModelReport, candidate: ModelReport, rules: Rules
) -> tuple[list[Check], list[str]]:
    pictures, found, unguarded = champion.pictures, [], []
    for name, members in _slices(champion, rules):
        guarded = [
            (name, question, asked)
            for question in Question
            if len(asked := [i for i in members if _is_asked(pictures[i], question)]) >= rules.least
        ]
        found += guarded
        if members and not guarded:
            unguarded.append(name)
    shared = max(1, sum(name != WHOLE for name, _question, _asked in found))
    checks = [
        Check(
            slice=name,
            question=question,
            paired=compare(
                *(
                    [_is_right(pictures[i], report.answers[i], question) for i in asked]
                    for report in (champion, candidate)
                ),
                comparisons=1 if name == WHOLE else shared,
            ),
        )
        for name, question, asked in found
    ]
    return checks, unguarded


def _slices(champion: ModelReport, rules: Rules) -> Iterator[tuple[str, list[int]]]:
    """Yield the names of all slices, with the places of their pictures."""
    pictures = champion.pictures
    yield WHOLE, list(range(len(pictures)))
    parts: tuple[tuple[str, Sequence[Any], Sequence[Any]], ...] = (
        ("type", tuple(ImageType), [one.image_type for one in pictures]),
        (
            "kind",
            sorted({one.kind for one in pictures if one.kind}),
            [one.kind for one in pictures],
        ),
        ("color", tuple(Color), [one.color for one in pictures]),
        ("advertiser", worst_advertisers(champion, rules), [one.advertiser for one in pictures]),
    )
    for title, wanted, values in parts:
        for value in wanted:
            yield f"{title}={value}", [i for i, one in enumerate(values) if one == value]
    yield "hard", [index for index, one in enumerate(pictures) if one.is_hard]


def worst_advertisers(report: ModelReport, rules: Rules) -> list[str]:
    """Return the advertisers with the worst answers on the type and the colour, worst first.

    Of those with enough pictures, the worst `rules.worst_share`, but three at least.
    """
    right: dict[str, list[bool]] = {}
    for picture, answer in zip(report.pictures, report.answers, strict=True):
        if picture.advertiser:
            right.setdefault(picture.advertiser, []).append(
                all(_is_right(picture, answer, one) for one in Question if _is_asked(picture, one))
            )
    enough = {name: sum(one) / len(one) for name, one in right.items() if len(one) >= rules.least}
    count = max(3, round(len(enough) * rules.worst_share))
    return sorted(enough, key=lambda name: (enough[name], name))[:count]


def _is_asked(picture: TestPicture, question: Question) -> bool:
    return question is Question.IMAGE_TYPE or picture.color is not None


def _is_right(picture: TestPicture, answer: Answer, question: Question) -> bool:
    if question is Question.IMAGE_TYPE:
        return answer.image_type is picture.image_type
    return answer.color is picture.color
