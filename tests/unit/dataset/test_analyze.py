"""A1-A3: what training shows that is like mistakes, and what it lacks."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from forecourt.core.dataset import Split
from forecourt.core.fixes import FixField
from forecourt.core.labels import ImageType
from forecourt.dataset.analyze import Analysis, analyze
from forecourt.dataset.balance import find_shortages
from forecourt.dataset.doubts import Suspect
from forecourt.dataset.features import Features
from forecourt.dataset.mistakes import Mistake
from tests.support.dataset_pictures import item, key_of

STOCK = ImageType.STOCK


def mistake(name: str, *, said: str = "Stock", kind: str = "boat") -> Mistake:
    return Mistake(
        name=name,
        file=Path(name),
        key=key_of(name),
        field=FixField.IMAGE_TYPE,
        said=said,
        right="Dealer",
        kind=kind,
        advertiser="acme",
    )


def explain() -> Analysis:
    """Three mistakes at 0 degrees; training at 0 (Stock, wrongly), 10, 40 and 90 degrees."""
    items = [
        item("wrong", STOCK, kind="boat"),
        item("near", kind="boat"),
        item("far", STOCK),
        item("away"),
        item("m0", kind="boat"),  # one of the mistakes itself
        item("tested", STOCK, split=Split.TEST),
        *(item(f"car{n}", advertiser="zenith") for n in range(14)),
    ]
    angles = np.radians([0, 10, 40, 90, 0, 0, *[180] * 14])
    rows = np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)
    seen = np.array([[1, 0]] * 3, np.float32)
    suspect = Suspect(
        item=items[0],
        field=FixField.IMAGE_TYPE,
        given="Stock",
        likely="Dealer",
        score=-0.9,
        is_issue=True,
    )
    rest = [
        Suspect(item=one, field=FixField.IMAGE_TYPE, given="", likely="", score=0.9, is_issue=False)
        for one in items[1:]
    ]
    mistakes = [mistake(f"m{n}") for n in range(3)]
    return analyze(
        items, Features(rows, rows), mistakes, Features(seen, seen), [suspect, *rest], count=3
    )


def test_a1_the_nearest_are_training_pictures_and_never_the_mistake_itself() -> None:
    first, second, _third = explain().explained
    assert [near.item.url for near in first.neighbours] == ["wrong", "near", "far"]
    assert [near.item.url for near in second.neighbours] == ["wrong", "m0", "near"]
    assert [round(near.cosine, 2) for near in first.neighbours] == [1.0, 0.98, 0.77]


def test_a2_pictures_that_bear_what_the_model_said_are_named_with_their_suspect_labels() -> None:
    found = explain()
    assert [(one.url, number) for one, number in found.pullers] == [("wrong", 3), ("far", 1)]
    assert [one.item.url for one in found.suspects] == ["wrong"]
    assert found.confusions == [(FixField.IMAGE_TYPE, "Stock", "Dealer", 3)]


def test_a3_what_is_frequent_among_mistakes_and_rare_in_training_is_to_be_collected() -> None:
    found = {one.slice: one for one in explain().imbalances}
    boats, dealers = found["kind=boat"], found["image_type=Dealer"]
    assert (boats.mistakes, boats.mistake_share, boats.training) == (3, 1.0, 3)
    assert boats.advice == "collect more of kind=boat: training has 3"
    assert dealers.advice == ""


def test_shortages_say_what_to_collect_worst_first() -> None:
    items = [item(f"d{n}", advertiser=f"a{n % 2}") for n in range(150)]
    items += [item(f"b{n}", kind="boat", advertiser="quay") for n in range(90)]
    items += [item(f"t{n}", split=Split.TEST) for n in range(29)]
    found = {(one.split, one.slice): one for one in find_shortages(items)}
    boats = found[Split.TRAIN, "kind=boat, image_type=Dealer"]
    assert (boats.images, boats.wanted) == (90, 100)
    assert boats.advice.startswith("collect 10 more")
    assert (Split.TRAIN, "kind=car, image_type=Dealer") not in found
    assert found[Split.TEST, "kind=car, image_type=Dealer"].images == 29
    one_sided = found[Split.TRAIN, "image_type=Dealer"]
    assert one_sided.advice == "38% are of quay: collect of others"
    shares = [one.images / one.wanted for one in find_shortages(items)]
    assert shares == sorted(shares)
