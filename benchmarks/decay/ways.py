"""Three ways to keep a model for a year: none, the classic loop, and this product's.

    nothing   the first model stays
    classic   fixes are appended and the last word counts; a random split; every picture is shown
              as often; the candidate with the best accuracy on the split takes over
    ours      `dataset.compose` (split by advertiser, conflicts out), `balance.weigh` (quotas),
              `suspects` looked through by a person, classes balanced as `train` does, the blend of
              the candidates and then these, ranked on validation advertisers, and `core.gate` on
              test advertisers

Both loops train by the product's `finetune`, from the first model every time, on the same views.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.decay.calendar import Role
from benchmarks.decay.people import Fix, People, Told
from benchmarks.decay.pool import BEFORE, Pool
from benchmarks.decay.teach import Candidate, Schooling, ask, blend_all, label_pool, teach
from forecourt.core.dataset import Decision, Item, ItemSource, Opinion, Split, Verdict
from forecourt.core.fixes import FixField
from forecourt.core.gate import Answer, GateDecision, ModelReport, TestPicture, decide
from forecourt.core.gate import Verdict as Outcome
from forecourt.dataset.balance import weigh
from forecourt.dataset.compose import Knowledge, Word, compose
from forecourt.dataset.doubts import find_doubts
from forecourt.dataset.offers import OF_ADVERTISER, UNSAID, Label, make_label
from forecourt.dataset.suspects import find_suspects
from forecourt.train.eyes import Eyes

_HELD = 0.15  # of the classic loop's pictures, at random
_MONTH = timedelta(days=30)


class Way(Protocol):
    """A way to keep a model: `eyes` is what answers now."""

    name: str
    eyes: Eyes

    def learn(self, month: int, fixes: Sequence[Fix], kinds: Mapping[int, str]) -> str:
        """Take a month's fixes in; return what became of them.

        Args:
            month: Counted from 1.
            fixes: In the order in which they were made.
            kinds: Of fixed pictures: what the model that answered was sure of, or "".
        """


class Nothing:
    """The first model stays."""

    name = "nothing"

    def __init__(self, pool: Pool) -> None:
        self.eyes = pool.eyes

    def learn(self, month: int, fixes: Sequence[Fix], kinds: Mapping[int, str]) -> str:
        """Pass all fixes over."""
        del month, kinds
        return f"{len(fixes)} fixes passed over"


class Classic:
    """Fixes appended, a random split, the best accuracy."""

    name = "classic"

    def __init__(self, pool: Pool, schooling: Schooling) -> None:
        self.pool, self.schooling, self.eyes = pool, schooling, pool.eyes
        self.items = {
            int(index): _item(pool, int(index), pool.pictures[index].offer.label)
            for index in pool.role(Role.START)
        }

    def learn(self, month: int, fixes: Sequence[Fix], kinds: Mapping[int, str]) -> str:
        """Append, train, promote."""
        pool = self.pool
        for fix in fixes:
            item = _item(pool, fix.picture, _label([fix]), kind=kinds[fix.picture])
            self.items[fix.picture] = replace(item, source=ItemSource.FIX)
        schooling = replace(self.schooling, seed=self.schooling.seed + 100 * month)
        order = np.random.default_rng([schooling.seed, 1]).permutation(sorted(self.items))
        count = round(_HELD * len(order))
        held, shown = order[:count], order[count:]
        weight = np.zeros(len(pool.dated))
        weight[shown] = 1.0
        labels = label_pool(pool, self.items)
        found = teach(pool, labels, weight, held.tolist(), schooling, balances=False)
        scores = [self._accuracy(one, held) for one in found]
        self.eyes = found[int(np.argmax(scores))].eyes
        return f"{len(fixes)} fixes; {len(order)} pictures, {max(scores):.1%} right on its split"

    def _accuracy(self, candidate: Candidate, held: NDArray[np.int64]) -> float:
        told = ask(candidate.eyes, self.pool, held).told
        right = [
            is_right
            for index, said in zip(held, told, strict=True)
            for is_right in _compare(self.items[int(index)], said)
        ]
        return sum(right) / len(right)


class Ours:
    """The product's own steps."""

    name = "ours"

    def __init__(self, pool: Pool, schooling: Schooling, people: People) -> None:
        self.pool, self.schooling, self.people = pool, schooling, people
        self.eyes = pool.eyes
        self.items, self.sides = list(pool.start.items), dict(pool.start.sides)
        self.fixes: defaultdict[int, list[Fix]] = defaultdict(list)
        self.kinds: dict[int, str] = {}
        self.decisions: dict[str, Decision] = {}
        self.place = {one.key: number for number, one in reversed([*enumerate(pool.pictures)])}
        self.refused = 0

    def learn(self, month: int, fixes: Sequence[Fix], kinds: Mapping[int, str]) -> str:
        """Build a version, look through its doubtful labels, build again, train, ask the gate."""
        for fix in fixes:
            self.fixes[fix.picture].append(fix)
            self.kinds.setdefault(fix.picture, kinds[fix.picture])
        self._build(month)
        mended = 0
        if month % self.people.rests == 0:
            mended = self._look_through(month)
            self._build(month)
        parts = {split: self._of(split) for split in Split}
        weight = np.zeros(len(self.pool.dated))
        for index, item in parts[Split.TRAIN].items():
            weight[index] = item.weight * item.type_trust
        labels = label_pool(self.pool, {k: v for one in parts.values() for k, v in one.items()})
        schooling = replace(self.schooling, seed=self.schooling.seed + 100 * month)
        found = teach(
            self.pool,
            labels,
            weight,
            list(parts[Split.VALIDATION]),
            schooling,
            balances=True,
        )
        for index, item in parts[Split.VALIDATION].items():
            weight[index] = item.weight * item.type_trust
        ranked = blend_all(
            self.pool,
            found,
            labels,
            weight,
            list(parts[Split.VALIDATION]),
            schooling,
        )
        told = self._promote(ranked, parts[Split.TEST])
        sizes = ", ".join(f"{len(one)} {split}" for split, one in parts.items())
        return f"{len(fixes)} fixes; {sizes}; {mended} labels mended; {told}"

    def _build(self, month: int) -> None:
        """Compose the month's version from the one before and all that people say."""
        at = BEFORE + month * _MONTH
        torn = {number for number, fixes in self.fixes.items() if _is_torn(fixes)}
        words = {
            self.pool.pictures[number].key: Word(label=_label(fixes), at=at)
            for number, fixes in self.fixes.items()
        }
        offered = [
            replace(
                self.pool.pictures[number],
                offer=replace(
                    self.pool.pictures[number].offer,
                    label=words[self.pool.pictures[number].key].label,
                    source=ItemSource.FIX,
                    at=at,
                    kind=self.kinds[number],
                    view="",
                ),
            )
            for number in self.fixes
        ]
        knowledge = Knowledge(
            words=words,
            contested={self.pool.pictures[number].key for number in torn},
            decisions=self.decisions,
            sides=self.sides,
        )
        composed = compose(f"month-{month}", self.items, offered, knowledge)
        self.items = weigh(composed.items)
        self.sides |= composed.sides

    def _look_through(self, month: int) -> int:
        """Let a person look through the most doubtful labels; return how many were mended."""
        index = np.array([self.place[item.key] for item in self.items])
        seen = self.pool.features.take(index)
        ranked = [one for asked in FixField for one in find_suspects(self.items, seen, asked)]
        doubts = find_doubts(ranked, set(self.decisions), limit=self.people.looks)
        mended = 0
        for doubt in doubts:
            truth = self.pool.dated[self.place[doubt.item.key]].sample
            opinion = Opinion(verdict=Verdict.KEEP)
            is_other_color = truth.color is not None and doubt.item.color is not truth.color
            if doubt.item.image_type is not truth.image_type or is_other_color:
                opinion = Opinion(
                    verdict=Verdict.RELABEL,
                    image_type=truth.image_type,
                    color=truth.color,
                    sets_color=truth.color is not None,
                )
                mended += 1
            self.decisions[doubt.item.key] = Decision(
                key=doubt.item.key,
                opinion=opinion,
                by="reviewer",
                at=BEFORE + (month + 0.5) * _MONTH,
                version=f"month-{month}",
            )
        return mended

    def _of(self, split: Split) -> dict[int, Item]:
        return {self.place[one.key]: one for one in self.items if one.split is split}

    def _promote(self, ranked: Sequence[Candidate], test: Mapping[int, Item]) -> str:
        before = self._report(self.eyes, "champion", test)
        told: list[GateDecision] = []
        for one in ranked:
            told.append(decide(before, self._report(one.eyes, str(one.number), test)))
            if told[-1].verdict is Outcome.PROMOTED:
                self.eyes = one.eyes
                return f"candidate {one.number} promoted"
        self.refused += 1
        return f"refused: {told[0].reasons[0].text}"

    def _report(self, eyes: Eyes, name: str, test: Mapping[int, Item]) -> ModelReport:
        told = ask(eyes, self.pool, np.array(list(test), np.int64)).told
        return ModelReport(
            model_version=name,
            pictures=[
                TestPicture(
                    key=one.key,
                    image_type=one.image_type,
                    color=one.color,
                    kind=one.kind,
                    advertiser=one.advertiser,
                )
                for one in test.values()
            ],
            answers=[Answer(image_type=one.image_type, color=one.color) for one in told],
        )


def _label(fixes: Sequence[Fix]) -> Label:
    """Return what fixes of a picture say together, as `offers.label_of_fixes` does."""
    types = [one.told.image_type for one in fixes if one.sets_type]
    colors = [one.told.color for one in fixes if one.sets_color]
    return make_label(
        types[-1] if types else fixes[-1].told.image_type,
        colors[-1] if colors else None,
        type_trust=OF_ADVERTISER if types else UNSAID,
        color_trust=OF_ADVERTISER,
    )


def _is_torn(fixes: Sequence[Fix]) -> bool:
    """Whether people disagree on a picture."""
    types = {one.told.image_type for one in fixes if one.sets_type}
    colors = {one.told.color for one in fixes if one.sets_color}
    return len(types) > 1 or len(colors) > 1


def _compare(item: Item, told: Told) -> list[bool]:
    found = [told.image_type is item.image_type]
    if item.color is not None:
        found.append(told.color is item.color)
    return found


def _item(pool: Pool, index: int, label: Label, *, kind: str | None = None) -> Item:
    """Return a picture as the classic loop keeps it: a label, and nothing else that counts."""
    picture = pool.pictures[index]
    offer = picture.offer
    return Item(
        key=picture.key,
        image=offer.url,
        sha256=picture.sha256,
        is_thumbnail=False,
        visual_key=picture.visual_key,
        image_type=label.image_type,
        type_trust=label.type_trust,
        color=label.color,
        paint=label.paint,
        color_trust=label.color_trust,
        kind=offer.kind if kind is None else kind,
        view=offer.view if kind is None else "",
        advertiser=offer.advertiser,
        group=offer.group,
        vehicle=None,
        source=offer.source,
        added_in="",
        split=Split.TRAIN,
        weight=1.0,
        url=offer.url,
        notes="",
    )
