"""Flipped labels are found among others; what people decided on is not asked again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from forecourt.core.dataset import Item, Split
from forecourt.core.errors import UsageError
from forecourt.core.fixes import FixField
from forecourt.core.labels import IMAGE_TYPES, Color, ImageType
from forecourt.dataset.doubts import find_doubts
from forecourt.dataset.features import Features, nearest
from forecourt.dataset.review import Choice, choose
from forecourt.dataset.suspects import find_suspects, out_of_fold
from tests.support.dataset_pictures import item, key_of

PER_CLASS = 60


@pytest.fixture
def pictures() -> tuple[list[Item], Features]:
    """Three clouds of features, one for each type, of ten advertisers."""
    random = np.random.default_rng(0)
    centres = np.eye(3, 8) * 4
    items, rows = [], []
    for number in range(3 * PER_CLASS):
        image_type = IMAGE_TYPES[number % 3]
        items.append(item(f"p{number}", image_type, advertiser=f"a{number % 10}"))
        rows.append(centres[number % 3] + random.normal(0, 1, 8))
    return items, both(np.array(rows, np.float32))


def both(rows: NDArray[np.float32]) -> Features:
    return Features(rows, rows)


def test_flipped_labels_come_first(pictures: tuple[list[Item], Features]) -> None:
    items, features = pictures
    flipped = set(range(0, len(items), 20))
    wrong = [
        replace(one, image_type=IMAGE_TYPES[(IMAGE_TYPES.index(one.image_type) + 1) % 3])
        if number in flipped
        else one
        for number, one in enumerate(items)
    ]
    suspects = find_suspects(wrong, features)
    first = suspects[: len(items) // 10]
    assert {items[number].key for number in flipped} <= {one.item.key for one in first}
    assert len(suspects) == len(items)
    right = {one.key: str(one.image_type) for one in items}
    assert [one.likely for one in first[: len(flipped)]] == [
        right[one.item.key] for one in first[: len(flipped)]
    ]
    assert suspects[0].is_issue
    assert not suspects[-1].is_issue
    assert suspects[0].score < 0 < suspects[-1].score


def test_testing_pictures_and_unlabelled_colours_take_no_part(
    pictures: tuple[list[Item], Features],
) -> None:
    items, features = pictures
    items = [
        replace(one, split=Split.TEST if n < 30 else Split.TRAIN) for n, one in enumerate(items)
    ]
    held = {one.key for one in items[:30]}
    assert held.isdisjoint(one.item.key for one in find_suspects(items, features))
    items[40:70] = [replace(one, color=Color.RED) for one in items[40:70]]
    assert find_suspects(items, features, FixField.COLOR) == []  # one colour: nothing to mistake
    items[70:100] = [replace(one, color=Color.BLUE) for one in items[70:100]]
    found = find_suspects(items, features, FixField.COLOR)
    assert {one.item.key for one in found} == {one.key for one in items[40:100]}


def test_no_probability_comes_from_the_pictures_own_advertiser() -> None:
    """An advertiser whose every label is wrong does not vouch for itself."""
    random = np.random.default_rng(1)
    truth = np.arange(120) % 2
    rows = (truth[:, None] * 6 + random.normal(0, 1, (120, 4))).astype(np.float32)
    units = [f"a{number // 2 % 6}" for number in range(120)]
    labels = np.array([1 - t if unit == "a0" else t for t, unit in zip(truth, units, strict=True)])
    probs = out_of_fold(rows, labels, units)
    of_liar = np.array([unit == "a0" for unit in units])
    assert (probs[of_liar].argmax(1) == truth[of_liar]).all()
    assert np.allclose(probs.sum(1), 1)


def test_one_advertiser_alone_still_gives_a_ranking(
    pictures: tuple[list[Item], Features],
) -> None:
    items, features = pictures
    items = [replace(one, advertiser="acme") for one in items]
    items[0] = replace(items[0], image_type=ImageType.PLACEHOLDER)
    assert find_suspects(items, features)[0].item.key == items[0].key


@pytest.mark.parametrize("each", [1, 2, 3])
def test_classes_smaller_than_the_folds_still_give_a_ranking(each: int) -> None:
    types = [image_type for image_type in IMAGE_TYPES for _picture in range(each)]
    items = [item(f"p{n}", one, advertiser=f"a{n}") for n, one in enumerate(types)]
    rows = np.random.default_rng(0).normal(0, 1, (len(items), 4)).astype(np.float32)
    suspects = find_suspects(items, both(rows))
    assert {one.item.key for one in suspects} == {one.key for one in items}


def test_nearest_is_exact() -> None:
    random = np.random.default_rng(2)
    rows = random.normal(size=(50, 6)).astype(np.float32)
    queries = random.normal(size=(3, 6)).astype(np.float32)
    order, cosines = nearest(queries, rows, 5)
    for query, found, values in zip(queries, order, cosines, strict=True):
        by_hand = [float(row @ query / np.linalg.norm(row) / np.linalg.norm(query)) for row in rows]
        expected = sorted(range(50), key=lambda n: -by_hand[n])[:5]
        assert found.tolist() == expected
        assert np.allclose(values, [by_hand[n] for n in expected], atol=1e-5)
    assert nearest(queries, rows, 99)[0].shape == (3, 50)


def test_doubts_are_worst_first_joined_and_asked_once(
    pictures: tuple[list[Item], Features],
) -> None:
    items, features = pictures
    items = [
        replace(one, color=(Color.RED, Color.BLUE, Color.GREEN)[n % 3])
        for n, one in enumerate(items)
    ]
    items[3] = replace(items[3], image_type=ImageType.STOCK, color=Color.BLUE)
    items[7] = replace(items[7], image_type=ImageType.PLACEHOLDER)
    suspects = [one for field in FixField for one in find_suspects(items, features, field)]
    doubts = find_doubts(suspects, set(), limit=9)
    (of_both,) = (one for one in doubts if one.item.key == items[3].key)
    assert (of_both.likely_type, of_both.likely_color) == ("Dealer", "Red")
    assert [one.score for one in doubts] == sorted(one.score for one in doubts)
    assert {one.item.key for one in doubts} >= {items[3].key, items[7].key}
    left = find_doubts(suspects, {items[3].key}, limit=9)
    assert items[3].key not in {one.item.key for one in left}
    assert find_doubts(suspects, set(), limit=1) == doubts[:1]


# ---- choosing -------------------------------------------------------------------------------


def test_choices_hold_together() -> None:
    items = [item("a"), item("b", kind="boat"), item("c", kind="boat", advertiser="zenith")]
    assert choose(items, Choice(kind="boat", advertiser="acme")) == [items[1]]
    assert choose(items, Choice(keys=(key_of("c")[:8], key_of("a")))) == [items[0], items[2]]
    assert choose(items, Choice(sets_color=True)) == items
    assert choose(items, Choice(image_type=ImageType.STOCK)) == []


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (Choice(), "Say which pictures"),
        (Choice(keys=("abc",)), "too short"),
        (Choice(keys=("0" * 8,)), "names 0 pictures"),
    ],
)
def test_choices_that_mean_nothing_are_refused(choice: Choice, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        choose([item("a")], choice)
