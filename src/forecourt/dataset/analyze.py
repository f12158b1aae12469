"""Why the model was wrong: what training shows that is like the mistakes, and what it lacks. Pure.

A1  the nearest training pictures of each mistake, by what the model sees in them (cosine, exact)
A2  where most of these bear the label that the model said, their labels are to be looked at
first: pruned or relabelled, if they are wrong
A3  where mistakes are at least twice as frequent as training pictures in a class, colour, kind
or advertiser, training lacks such pictures: collect them
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from forecourt.core.dataset import Item, Split
from forecourt.core.fixes import FixField
from forecourt.dataset.doubts import Suspect
from forecourt.dataset.features import Features, nearest
from forecourt.dataset.mistakes import NO_COLOR, Mistake

NEIGHBOURS = 10
_LACKS_FROM = 2.0  # times as frequent among mistakes
_LEAST_MISTAKES = 3
_MOST_SUSPECTS = 0.1  # of a ranking: what people would look through


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A training picture near to a mistake."""

    item: Item
    cosine: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A mistake, and the training pictures nearest to it, nearest first."""

    mistake: Mistake
    neighbours: tuple[Neighbour, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Imbalance:
    """How frequent something is among mistakes and in training.

    Attributes:
        slice: As "kind=boat".
        mistakes: How many are of it; `mistake_share` of all (0-1).
        training: How many training pictures are; `training_share` of all (0-1).
        advice: What to collect, or "".
    """

    slice: str
    mistakes: int
    mistake_share: float
    training: int
    training_share: float
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What is behind some mistakes.

    Attributes:
        confusions: (field, said, right) → how many, most frequent first.
        explained: Each mistake with its neighbours.
        pullers: Training pictures that bear what the model said and are near to most mistakes, with
            the number of mistakes that each is near to.
        suspects: Those of the pullers whose labels are also suspect by themselves.
        imbalances: Most over-represented among mistakes first.
    """

    confusions: list[tuple[FixField, str, str, int]]
    explained: list[Explained]
    pullers: list[tuple[Item, int]]
    suspects: list[Suspect]
    imbalances: list[Imbalance]


def analyze(
    items: Sequence[Item],
    features: Features,
    mistakes: Sequence[Mistake],
    seen: Features,
    suspects: Sequence[Suspect] = (),
    *,
    count: int = NEIGHBOURS,
) -> Analysis:
    """Explain mistakes by what training shows (A1-A3).

    Args:
        items: Of a version.
        features: Of these.
        mistakes: At least one.
        seen: Features of their pictures.
        suspects: Rankings of the version's labels, worst first, or none.
        count: How many neighbours.
    """
    index = np.array([n for n, one in enumerate(items) if one.split is Split.TRAIN], np.int64)
    training = [items[number] for number in index]
    known = features.take(index)
    explained = [
        _explain(mistake, number, training, known, seen, count)
        for number, mistake in enumerate(mistakes)
    ]
    pulls = Counter(
        near.item.key
        for one in explained
        for near in one.neighbours
        if _label(near.item, one.mistake.field) == one.mistake.said
    )
    of_key = {item.key: item for item in training}
    doubtful = suspects[: round(_MOST_SUSPECTS * len(suspects))]
    confusions = Counter((one.field, one.said, one.right) for one in mistakes)
    return Analysis(
        confusions=[(*what, number) for what, number in confusions.most_common()],
        explained=explained,
        pullers=[(of_key[key], number) for key, number in pulls.most_common()],
        suspects=[one for one in doubtful if one.item.key in pulls],
        imbalances=_find_imbalances(mistakes, training),
    )


def _explain(
    mistake: Mistake,
    number: int,
    training: Sequence[Item],
    known: Features,
    seen: Features,
    count: int,
) -> Explained:
    is_type = mistake.field is FixField.IMAGE_TYPE
    query = (seen.of_type if is_type else seen.of_color)[number : number + 1]
    # One more than asked for: the picture itself may be among them.
    order, cosines = nearest(query, known.of_type if is_type else known.of_color, count + 1)
    found = [
        Neighbour(item=training[place], cosine=float(cosine))
        for place, cosine in zip(order[0], cosines[0], strict=True)
        if training[place].key != mistake.key
    ]
    return Explained(mistake=mistake, neighbours=tuple(found[:count]))


def _find_imbalances(mistakes: Sequence[Mistake], training: Sequence[Item]) -> list[Imbalance]:
    wrong = Counter(name for one in mistakes for name in _slices_of_mistake(one))
    shown = Counter(name for item in training for name in _slices_of_item(item))
    found = []
    for name, number in wrong.items():
        share, shown_share = number / len(mistakes), shown[name] / max(len(training), 1)
        is_lacking = number >= _LEAST_MISTAKES and share >= _LACKS_FROM * shown_share
        advice = f"collect more of {name}: training has {shown[name]}" if is_lacking else ""
        found.append(
            Imbalance(
                slice=name,
                mistakes=number,
                mistake_share=share,
                training=shown[name],
                training_share=shown_share,
                advice=advice,
            )
        )
    return sorted(found, key=lambda one: (not one.advice, -one.mistakes, one.slice))


def _slices_of_mistake(mistake: Mistake) -> Iterator[str]:
    yield f"{mistake.field}={mistake.right}"
    if mistake.kind:
        yield f"kind={mistake.kind}"
    if mistake.advertiser:
        yield f"advertiser={mistake.advertiser}"


def _slices_of_item(item: Item) -> Iterator[str]:
    yield f"{FixField.IMAGE_TYPE}={item.image_type}"
    if item.paint is not None:
        yield f"{FixField.COLOR}={item.color or NO_COLOR}"
    if item.kind:
        yield f"kind={item.kind}"
    if item.advertiser:
        yield f"advertiser={item.advertiser}"


def _label(item: Item, field: FixField) -> str | None:
    if field is FixField.IMAGE_TYPE:
        return item.image_type
    if item.paint is None:
        return None
    return item.color or NO_COLOR
