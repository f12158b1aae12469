"""Whatever comes, in whatever order: nobody changes sides, and nothing stands on two."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecourt.core.dataset import Item, LeftOut, Sides, Split, Unit
from forecourt.core.labels import ImageType
from forecourt.dataset.balance import LEAST_OTHER, MOST_WEIGHT, shown_share, weigh
from forecourt.dataset.compose import Knowledge, compose
from forecourt.dataset.sift import Picture
from forecourt.dataset.split import unit_of
from forecourt.dataset.twins import are_twins
from tests.support.dataset_pictures import item, picture

NAMES = [f"p{number}" for number in range(12)]


@st.composite
def batches(draw: st.DrawFn) -> list[list[Picture]]:
    """Some imports; looks, advertisers and groups are shared by chance."""
    return [
        [
            picture(
                draw(st.sampled_from(NAMES)),
                draw(st.sampled_from(ImageType)),
                looks=draw(st.sampled_from(["L1", "L2", *NAMES])),
                advertiser=draw(st.sampled_from(["", "acme", "zenith", "north", "south"])),
                group=draw(st.sampled_from(["", "", "g1", "g2"])),
                kind=draw(st.sampled_from(["", "car", "boat"])),
                split=draw(st.sampled_from([None, None, None, *Split])),
            )
            for _ in range(draw(st.integers(1, 8)))
        ]
        for _ in range(draw(st.integers(1, 4)))
    ]


def build_all(given_batches: list[list[Picture]]) -> list[tuple[list[Item], Sides]]:
    """Build a version on each batch, as the store would remember it."""
    items: list[Item] = []
    sides: dict[tuple[Unit, str], Split] = {}
    versions = []
    for number, batch in enumerate(given_batches):
        composed = compose(f"v{number}", items, batch, Knowledge(sides=dict(sides)))
        items = composed.items
        sides = {**composed.sides, **sides}
        versions.append((items, dict(sides)))
    return versions


@given(batches())
@settings(max_examples=200)
def test_who_has_a_side_keeps_it_for_good(given_batches: list[list[Picture]]) -> None:
    first: dict[str, Split] = {}
    of_unit: dict[tuple[Unit, str], Split] = {}
    for items, _sides in build_all(given_batches):
        for one in items:
            assert first.setdefault(one.key, one.split) is one.split
            unit = unit_of(one.advertiser, one.group, one.key)
            assert of_unit.setdefault(unit, one.split) is one.split


@given(batches())
@settings(max_examples=200)
def test_nothing_stands_on_two_sides(given_batches: list[list[Picture]]) -> None:
    for items, _sides in build_all(given_batches):
        for number, one in enumerate(items):
            for other in items[:number]:
                is_one = one.advertiser == other.advertiser != "" or one.group == other.group != ""
                assert not is_one or one.split is other.split
                assert not are_twins(one.visual_key, other.visual_key)


@given(batches())
@settings(max_examples=100)
def test_what_is_given_for_testing_is_never_trained_on(
    given_batches: list[list[Picture]],
) -> None:
    # Of one file that is given both ways at once, testing has it.
    for_testing = {one.key for one in given_batches[0] if one.offer.split is Split.TEST}
    for items, _sides in build_all(given_batches):
        assert all(one.split is Split.TEST for one in items if one.key in for_testing)


@given(batches(), st.randoms())
@settings(max_examples=100)
def test_the_order_of_what_comes_together_does_not_matter(
    given_batches: list[list[Picture]], random: object
) -> None:
    # The same file twice is told apart by order alone: C1.
    unique = list({one.key: one for one in given_batches[0]}.values())
    shuffled = list(unique)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = (compose("v0", [], some, Knowledge()) for some in (unique, shuffled))
    assert sorted(one.items, key=lambda i: i.key) == sorted(other.items, key=lambda i: i.key)
    assert one.sides == other.sides


@given(batches())
def test_every_offer_becomes_an_item_or_an_omission(given_batches: list[list[Picture]]) -> None:
    batch = given_batches[0]
    composed = compose("v0", [], batch, Knowledge())
    assert len(composed.items) + len(composed.omissions) == len(batch)
    assert {one.reason for one in composed.omissions} <= {
        LeftOut.DUPLICATE,
        LeftOut.LABELS_DIFFER,
        LeftOut.OTHER_SIDE,
    }


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 9), st.integers(0, 9))
def test_quotas_keep_other_vehicles_in_share(cars: int, boats: int, rvs: int, cards: int) -> None:
    items = [item(f"c{n}") for n in range(cars)]
    items += [item(f"b{n}", kind="boat") for n in range(boats)]
    items += [item(f"r{n}", kind="rv") for n in range(rvs)]
    items += [item(f"k{n}", ImageType.PLACEHOLDER, kind="") for n in range(cards)]
    weighed = weigh(items)
    if items:
        assert abs(sum(one.weight for one in weighed) / len(weighed) - 1) < 1e-9
    if boats or rvs:
        # The quota, or as near as a most weight lets it come; no more, if it is there already.
        most = MOST_WEIGHT * (boats + rvs)
        attainable = min(LEAST_OTHER, most / (most + cars))
        assert shown_share(weighed) == pytest.approx(max(attainable, shown_share(items)))
    if cars:
        counts_as = {one.kind: one.weight / weighed[0].weight for one in weighed}
        assert all(1 - 1e-9 <= one <= MOST_WEIGHT + 1e-9 for one in counts_as.values())


@pytest.mark.parametrize(
    ("counts", "counts_as"),
    [
        # What the boat may not count more, the others do: the quota is kept.
        ({"car": 400, "truck": 100, "trailer": 50, "boat": 1}, (1.92, 3.84, 16)),
        # Nor do the trucks count less than cars: the rest is for the other two.
        ({"car": 2000, "truck": 1400, "trailer": 100, "boat": 100}, (1, 3, 3)),
        # There are enough of them.
        ({"car": 50, "truck": 100, "trailer": 5, "boat": 1}, (1, 1, 1)),
    ],
)
def test_each_kind_counts_as_much_as_another(
    counts: dict[str, int], counts_as: tuple[float, float, float]
) -> None:
    items = [item(f"{kind}{n}", kind=kind) for kind, count in counts.items() for n in range(count)]
    weight = {one.kind: one.weight for one in weigh(items)}
    found = [weight[kind] / weight["car"] for kind in ("truck", "trailer", "boat")]
    assert found == pytest.approx(counts_as)
    assert {one.weight for one in weigh(items, least_other=0)} == {1.0}


def test_a_word_that_names_no_kind_has_no_share_of_its_own() -> None:
    kinds = ["car"] * 60 + ["boat"] * 10 + ["bote", "yacht", "other", "other"]
    weight = {
        one.kind: one.weight
        for one in weigh([item(f"{n}", kind=kind) for n, kind in enumerate(kinds)])
    }
    assert weight["bote"] == weight["yacht"] == weight["other"]


def test_validation_pictures_are_weighed_for_the_last_training_and_test_ones_are_not() -> None:
    cars = [item(f"c{n}") for n in range(9)]
    boats = {split: replace(item(split, kind="boat"), split=split) for split in Split}
    weighed = {one.key: one.weight for one in weigh([*cars, *boats.values()])}
    train, validation, test = (weighed[boats[split].key] for split in Split)
    car = weighed[cars[0].key]
    # The last training shows both boats beside nine cars: each is to count less than the one alone.
    assert (train / car, validation / car) == pytest.approx((9, 4.5))
    assert test == 1.0
