"""How units are dealt to sides (S1, S4)."""

from __future__ import annotations

from collections import Counter

from forecourt.core.dataset import Split, Unit
from forecourt.core.labels import ImageType
from forecourt.dataset.split import Member, deal, stratum_of, unit_of
from tests.support.dataset_pictures import key_of

SHARES = {Split.TRAIN: 0.7, Split.VALIDATION: 0.1, Split.TEST: 0.2}


def members(*units: tuple[str, str, int]) -> list[Member]:
    return [
        Member(unit=(Unit.ADVERTISER, name), stratum=stratum)
        for name, stratum, count in units
        for _ in range(count)
    ]


def test_s1_the_unit_is_the_advertiser_or_else_the_group_or_else_the_picture() -> None:
    assert unit_of("acme", "spin", "k") == (Unit.ADVERTISER, "acme")
    assert unit_of("", "spin", "k") == (Unit.GROUP, key_of("spin"))
    assert unit_of("", "", "k") == (Unit.PICTURE, "k")


def test_s4_many_small_units_come_near_the_shares_in_every_class() -> None:
    of_all = members(*((f"{kind}{n}", kind, 10) for kind in "xyz" for n in range(20)))
    dealt = deal(of_all, {}, shares=SHARES)
    for kind in "xyz":
        counts = Counter(dealt[one.unit] for one in of_all if one.stratum == kind)
        assert counts == {Split.TRAIN: 140, Split.VALIDATION: 20, Split.TEST: 40}


def test_s4_the_only_unit_of_a_class_is_trained_on() -> None:
    of_all = members(("rare", "boat", 3), *((f"a{n}", "car", 10) for n in range(20)))
    assert deal(of_all, {}, shares=SHARES)[Unit.ADVERTISER, "rare"] is Split.TRAIN


def test_a_share_of_nothing_gets_nothing() -> None:
    shares = {Split.TRAIN: 1.0, Split.VALIDATION: 0.0, Split.TEST: 0.0}
    dealt = deal(members(*((str(n), "car", 1) for n in range(9))), {}, shares=shares)
    assert set(dealt.values()) == {Split.TRAIN}


def test_s4_new_advertisers_do_not_make_up_for_what_testing_lacks_of_old_ones() -> None:
    """The first whose pictures people fix is learned from, however little testing holds."""
    old, new = (stratum_of(ImageType.DEALER, "car", is_fixed=one) for one in (False, True))
    given = members(*((f"old{n}", old, 50) for n in range(4)))
    held = {(Unit.ADVERTISER, f"old{n}"): Split.TRAIN for n in range(4)}
    dealt = deal([*given, *members(("new", new, 12))], held, shares=SHARES)
    assert dealt[Unit.ADVERTISER, "new"] is Split.TRAIN
    mixed = deal([*given, *members(("new", old, 12))], held, shares=SHARES)
    assert mixed[Unit.ADVERTISER, "new"] is not Split.TRAIN  # as it would be without S4


def test_s4_many_new_advertisers_come_near_the_shares_among_themselves() -> None:
    new = stratum_of(ImageType.DEALER, "car", is_fixed=True)
    of_all = members(*((f"a{n}", new, 10) for n in range(20)))
    dealt = deal(of_all, {}, shares=SHARES)
    counts = Counter(dealt[one.unit] for one in of_all)
    assert counts == {Split.TRAIN: 140, Split.VALIDATION: 20, Split.TEST: 40}
