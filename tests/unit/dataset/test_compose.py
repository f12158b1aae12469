"""C1-C6 and S1-S7: what becomes of a parent, offers and decisions."""

from __future__ import annotations

from datetime import timedelta

from forecourt.core.dataset import ItemSource, LeftOut, Split, Unit, Verdict
from forecourt.core.labels import Color, ImageType
from forecourt.dataset.compose import Composed, Knowledge, Word, compose
from forecourt.dataset.offers import UNSAID, Label, make_label
from tests.support.dataset_pictures import AT, decision, item, key_of, picture

DEALER, STOCK, PLACEHOLDER = ImageType.DEALER, ImageType.STOCK, ImageType.PLACEHOLDER


def word(image_type: ImageType, color: Color | None = None, *, hours: int = 0) -> Word:
    label = make_label(image_type, color, type_trust=1.0, color_trust=1.0)
    return Word(label=label, at=AT + timedelta(hours=hours))


def reasons(composed: Composed) -> list[tuple[str, LeftOut]]:
    return sorted((one.url, one.reason) for one in composed.omissions)


def labels(composed: Composed) -> dict[str, tuple[ImageType, Color | None]]:
    return {one.url: (one.image_type, one.color) for one in composed.items}


# ---- C1: whose word counts -----------------------------------------------------------------------


def test_c1_a_fix_changes_the_label_of_a_parents_picture() -> None:
    known = Knowledge(words={key_of("a"): word(STOCK, Color.RED)})
    (found,) = compose("v2", [item("a")], [], known).items
    assert (found.image_type, found.color, found.paint) == (STOCK, Color.RED, True)
    assert (found.source, found.added_in) == (ItemSource.FIX, "v2")


def test_c1_what_a_fix_leaves_unsaid_stays() -> None:
    was = item("a", color=Color.BLUE, paint=True, color_trust=1.0)
    (found,) = compose("v2", [was], [], Knowledge(words={was.key: word(STOCK)})).items
    assert (found.image_type, found.color, found.color_trust) == (STOCK, Color.BLUE, 1.0)


def test_c1_a_type_that_nobody_fixed_does_not_overrule_an_imported_one() -> None:
    said = Label(image_type=DEALER, type_trust=UNSAID, color=Color.RED, paint=True, color_trust=1.0)
    known = Knowledge(words={key_of("a"): Word(label=said, at=AT)})
    (found,) = compose("v2", [item("a", STOCK)], [], known).items
    assert (found.image_type, found.type_trust, found.color) == (STOCK, 0.9, Color.RED)


def test_c1_a_picture_fixed_to_placeholder_loses_its_colour() -> None:
    was = item("a", color=Color.BLUE, paint=True, color_trust=1.0)
    (found,) = compose("v2", [was], [], Knowledge(words={was.key: word(PLACEHOLDER)})).items
    assert (found.color, found.paint) == (None, False)


def test_c1_the_later_of_fix_and_decision_counts() -> None:
    decided = decision("a", Verdict.RELABEL, image_type=PLACEHOLDER)
    for hours, expected in ((-1, PLACEHOLDER), (1, STOCK)):
        known = Knowledge(
            words={key_of("a"): word(STOCK, hours=hours)}, decisions={key_of("a"): decided}
        )
        (found,) = compose("v2", [item("a")], [], known).items
        assert found.image_type is expected


def test_c1_a_decision_that_was_applied_before_makes_nothing_new() -> None:
    known = Knowledge(decisions={key_of("a"): decision("a", Verdict.KEEP)})
    (once,) = compose("v2", [item("a")], [], known).items
    (twice,) = compose("v3", [once], [], known).items
    assert (once.type_trust, once.source, once.added_in) == (1.0, ItemSource.DECISION, "v2")
    assert twice == once


def test_c1_a_placeholder_relabelled_as_a_photo_has_no_known_colour() -> None:
    was = item("a", PLACEHOLDER, paint=False, color_trust=1.0)
    decided = decision("a", Verdict.RELABEL, image_type=DEALER)
    (found,) = compose("v2", [was], [], Knowledge(decisions={was.key: decided})).items
    assert (found.image_type, found.paint, found.color_trust) == (DEALER, None, 0.0)


def test_c1_the_same_file_with_two_labels_stays_out() -> None:
    pictures = [picture("a", DEALER), picture("a", STOCK)]
    composed = compose("v1", [], [*pictures, picture("b")], Knowledge())
    assert labels(composed) == {"b": (DEALER, None)}
    assert reasons(composed) == [("a", LeftOut.DUPLICATE), ("a", LeftOut.LABELS_DIFFER)]


def test_c1_the_original_takes_the_place_of_its_thumbnail() -> None:
    thumbnail = item("a", is_thumbnail=True, sha256=key_of("small"), image="images/small.jpg")
    (found,) = compose("v2", [thumbnail], [picture("a")], Knowledge()).items
    assert (found.is_thumbnail, found.sha256) == (False, key_of("a"))


# ---- C2-C4: what goes -------------------------------------------------------------------------


def test_c2_dropped_pictures_stay_out_however_they_come() -> None:
    known = Knowledge(decisions={key_of(n): decision(n, Verdict.DROP) for n in ("a", "b")})
    composed = compose("v2", [item("a"), item("c")], [picture("b")], known)
    assert list(labels(composed)) == ["c"]
    assert reasons(composed) == [("a", LeftOut.DROPPED), ("b", LeftOut.DROPPED)]


def test_c3_contested_pictures_stay_out_even_if_decided() -> None:
    known = Knowledge(contested={key_of("a")}, decisions={key_of("a"): decision("a", Verdict.KEEP)})
    composed = compose("v2", [item("a"), item("b")], [], known)
    assert reasons(composed) == [("a", LeftOut.CONTESTED)]


def test_c4_a_picture_goes_with_its_last_fix_unless_it_was_imported() -> None:
    parent = [item("a", source=ItemSource.FIX), item("b")]
    composed = compose("v2", parent, [], Knowledge())
    assert list(labels(composed)) == ["b"]
    assert reasons(composed) == [("a", LeftOut.FIX_REVERTED)]


# ---- C5, C6: pictures that show the same -----------------------------------------------------


def test_c5_of_two_encodings_one_stays() -> None:
    composed = compose("v1", [], [picture("a"), picture("b", looks="a")], Knowledge())
    assert len(composed.items) == 1
    assert [reason for _url, reason in reasons(composed)] == [LeftOut.DUPLICATE]


def test_c5_two_new_ones_with_two_labels_stay_out_both() -> None:
    pictures = [picture("a", DEALER), picture("b", STOCK, looks="a"), picture("c")]
    composed = compose("v1", [], pictures, Knowledge())
    assert list(labels(composed)) == ["c"]
    assert reasons(composed) == [("a", LeftOut.LABELS_DIFFER), ("b", LeftOut.LABELS_DIFFER)]


def test_c5_a_new_import_does_not_push_out_what_was_in() -> None:
    composed = compose("v2", [item("a")], [picture("b", STOCK, looks="a")], Knowledge())
    assert labels(composed) == {"a": (DEALER, None)}
    assert reasons(composed) == [("b", LeftOut.LABELS_DIFFER)]


def test_c5_a_persons_word_is_handed_on_to_the_picture_that_stays() -> None:
    fixed = picture("b", STOCK, looks="a", source=ItemSource.FIX)
    known = Knowledge(words={fixed.key: word(STOCK)})
    composed = compose("v2", [item("a")], [fixed], known)
    assert labels(composed) == {"a": (STOCK, None)}
    assert composed.items[0].source is ItemSource.FIX
    assert reasons(composed) == [("b", LeftOut.DUPLICATE)]


def test_c5_what_one_label_does_not_know_is_no_difference() -> None:
    pictures = [picture("a", DEALER, Color.RED), picture("b", DEALER, looks="a")]
    assert len(compose("v1", [], pictures, Knowledge()).items) == 1


def test_c6_a_group_stands_on_one_side() -> None:
    parent = [item("a", group="spin", split=Split.TEST, advertiser="tester"), item("x")]
    composed = compose("v2", parent, [picture("b", group="spin")], Knowledge())
    assert reasons(composed) == [("b", LeftOut.OTHER_SIDE)]


# ---- S1-S7: the split --------------------------------------------------------------------------


def test_s2_a_picture_that_was_for_testing_is_never_trained_on_under_another_advertiser() -> None:
    known = Knowledge(sides={(Unit.PICTURE, key_of("a")): Split.TEST})
    composed = compose("v2", [item("x")], [picture("a")], known)
    assert list(labels(composed)) == ["x"]
    assert reasons(composed) == [("a", LeftOut.OTHER_SIDE)]


def test_s2_an_advertiser_that_was_for_testing_stays_there() -> None:
    known = Knowledge(sides={(Unit.ADVERTISER, "acme"): Split.TEST})
    composed = compose("v2", [], [picture(str(n)) for n in range(9)], known)
    assert {one.split for one in composed.items} == {Split.TEST}


def test_s3_s5_what_is_given_for_testing_takes_its_advertiser_there() -> None:
    pictures = [
        picture("a", split=Split.TEST),
        picture("b", split=Split.TRAIN),  # of the same advertiser: neither here nor there
        picture("c", split=Split.TRAIN, advertiser="zenith"),
    ]
    composed = compose("v1", [], pictures, Knowledge())
    assert {one.url: one.split for one in composed.items} == {"a": Split.TEST, "c": Split.TRAIN}
    assert reasons(composed) == [("b", LeftOut.OTHER_SIDE)]


def test_s7_testing_pictures_are_not_trained_on_in_another_encoding() -> None:
    pictures = [
        picture("a", split=Split.TRAIN, advertiser="zenith"),
        picture("b", looks="a", split=Split.TEST),
    ]
    composed = compose("v1", [], pictures, Knowledge())
    assert {one.url: one.split for one in composed.items} == {"b": Split.TEST}
    assert reasons(composed) == [("a", LeftOut.OTHER_SIDE)]


def test_s7_what_was_trained_on_does_not_come_to_testing_in_another_encoding() -> None:
    known = Knowledge(sides={(Unit.ADVERTISER, "tester"): Split.TEST})
    composed = compose("v2", [item("a")], [picture("b", looks="a", advertiser="tester")], known)
    assert {one.url: one.split for one in composed.items} == {"a": Split.TRAIN}
    assert reasons(composed) == [("b", LeftOut.OTHER_SIDE)]


def test_sides_are_given_for_pictures_and_their_units_alone() -> None:
    composed = compose("v1", [], [picture("a"), picture("b", advertiser="")], Knowledge())
    assert {unit for unit, _value in composed.sides} == {Unit.ADVERTISER, Unit.PICTURE}
    assert len(composed.sides) == 3
