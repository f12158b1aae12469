"""The year: who comes when, what people fix, how it is measured and drawn."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from benchmarks.decay import chart
from benchmarks.decay.calendar import Dated, Plan, Role, arrange, date_hard
from benchmarks.decay.measure import (
    COLOR,
    TYPE,
    Asked,
    ahead,
    error_ratio,
    find_bars,
    gather,
    others_ahead,
    share,
)
from benchmarks.decay.people import People, Told, fix_month
from forecourt.core.labels import Color, ImageType
from forecourt.core.samples import Sample

PLAN = Plan(start=("web",), strange=("stranger",), months=6, pictures=4)
RED_PHOTO = Told(image_type=ImageType.DEALER, color=Color.RED)


def sample(number: int, advertiser: str, **changes: object) -> Sample:
    told: dict[str, object] = {
        "file": f"{advertiser}/{number}.jpg",
        "split": "train",
        "image_type": ImageType.DEALER,
        "color": Color.RED,
        "advertiser": advertiser,
        "group": f"{advertiser}/{number // 2}",
        "kind": "car",
        "view": "exterior",
        "is_render": False,
    }
    return Sample(**{**told, **changes})  # type: ignore[arg-type]


def pictures() -> list[Sample]:
    names = ("web", "stranger", "shop", "yard", "harbour", "one")
    found = [sample(number, name) for name in names[:-1] for number in range(24)]
    found += [
        sample(number, "web", kind="van", group=f"van/{number}", file=f"van/{number}.jpg")
        for number in range(12)
    ]
    return [*found, sample(0, "one")]


def test_no_vehicle_and_no_advertiser_is_on_both_sides() -> None:
    dated = arrange(pictures(), PLAN)
    for name in ("group", "advertiser"):
        roles: defaultdict[str, set[Role]] = defaultdict(set)
        for one in dated:
            roles[getattr(one.sample, name)].add(one.role)
        assert all(len(found) == 1 for found in roles.values()), name
    assert {one.role for one in dated} == set(Role)


def test_what_a_starting_source_has_of_other_kinds_comes_later() -> None:
    dated = arrange(pictures(), PLAN)
    vans = [one for one in dated if one.sample.kind == "van"]
    assert {one.source for one in vans} == {"web (van)"}
    assert {one.role for one in vans} == {Role.ARRIVES, Role.JUDGES}
    starting = [one for one in dated if one.role is Role.START]
    assert {one.source for one in starting} == {"web"}
    assert {one.month for one in starting} == {0}


def test_judges_count_from_the_month_in_which_their_source_comes() -> None:
    dated = arrange(pictures(), PLAN)
    for source in ("shop", "yard", "harbour"):
        of_source = [one for one in dated if one.source == source]
        coming = {one.month for one in of_source if one.role is Role.ARRIVES}
        judged = {one.month for one in of_source if one.role is Role.JUDGES}
        assert judged == {min(coming)}
        assert 1 <= min(coming) <= max(coming) <= PLAN.months


def test_the_year_hangs_on_names_alone() -> None:
    forwards = {one.sample.file: one for one in arrange(pictures(), PLAN)}
    backwards = {one.sample.file: one for one in arrange(pictures()[::-1], PLAN)}
    assert {key: one.month for key, one in forwards.items()} == {
        key: one.month for key, one in backwards.items()
    }


def test_hard_pictures_stay_with_the_advertiser_of_their_photo() -> None:
    made_of = [one for one in arrange(pictures(), PLAN) if one.role is Role.ARRIVES]
    photo = made_of[0].sample
    changed = sample(0, "dealer: night", group=photo.group, file="hard/0.jpg")
    cards = [
        sample(
            number,
            f"placeholder: {family}",
            file=f"hard/{family}{number}.jpg",
            group=f"hard/{family}{number}.jpg",
            image_type=ImageType.PLACEHOLDER,
            color=None,
        )
        for family in ("logo", "teaser")
        for number in range(3)
    ]
    night, *placed = date_hard([changed, *cards], made_of, PLAN)
    assert night.sample.advertiser == photo.advertiser
    assert night.month >= made_of[0].month
    known = {one.sample.advertiser for one in made_of}
    assert all(one.is_hard and one.sample.advertiser in known for one in placed)
    assert {one.role for one in placed} == {Role.ARRIVES}
    months = {one.sample.file[5:-5]: one.month for one in placed if one.month}
    assert months["logo"] != months["teaser"]  # families come one after the other


def test_people_fix_the_mistakes_that_they_see_and_nothing_else() -> None:
    truth = [RED_PHOTO] * 40
    wrong = Told(image_type=ImageType.STOCK, color=Color.BLUE)
    answers = [wrong if number % 2 else RED_PHOTO for number in range(40)]
    keen = People(rate=1.0, wrong=0.0)
    fixes = fix_month(keen, 1, list(range(40)), truth, answers)
    assert sorted(one.picture for one in fixes) == list(range(1, 40, 2))
    assert {one.told for one in fixes} == {RED_PHOTO}
    assert not fix_month(People(rate=0.0), 1, list(range(40)), truth, answers)


def test_a_type_that_is_right_is_left_unsaid() -> None:
    answer = Told(image_type=ImageType.DEALER, color=Color.BLUE)
    (fix,) = fix_month(People(rate=1.0, wrong=0.0), 1, [7], [RED_PHOTO], [answer])
    assert (fix.sets_type, fix.sets_color, fix.told.color) == (False, True, Color.RED)


def test_the_same_pictures_catch_the_eye_whoever_answered() -> None:
    places, truth = list(range(200)), [RED_PHOTO] * 200
    bad = [Told(image_type=ImageType.STOCK, color=Color.RED)] * 200
    better = bad[:100] + truth[100:]
    people = People(rate=0.5, wrong=0.0)
    of_bad = {one.picture for one in fix_month(people, 3, places, truth, bad)}
    of_better = {one.picture for one in fix_month(people, 3, places, truth, better)}
    assert of_better == {one for one in of_bad if one < 100}


def test_some_fixes_are_wrong_and_some_of_these_are_contradicted() -> None:
    places, truth = list(range(400)), [RED_PHOTO] * 400
    bad = [Told(image_type=ImageType.STOCK, color=Color.RED)] * 400
    fixes = fix_month(People(rate=1.0, wrong=0.1, torn=0.5), 1, places, truth, bad)
    wrong = [one for one in fixes if one.told.image_type is not ImageType.DEALER
             or one.told.color not in {Color.RED, None}]  # fmt: skip
    assert len(wrong) == 40
    words: defaultdict[int, int] = defaultdict(int)
    for one in fixes:
        words[one.picture] += 1
    assert 5 < sum(words[one.picture] > 2 for one in wrong) < 35


def judge(number: int, **changes: object) -> Dated:
    told: dict[str, object] = {"month": 1, "is_hard": True, **changes}
    kind = str(told.pop("kind", "car"))
    return Dated(
        sample=sample(number, "shop", kind=kind),
        role=Role.JUDGES,
        source="shop",
        **told,  # type: ignore[arg-type]
    )


def asked(nothing: int, classic: int, ours: int, *, n: int = 200) -> Asked:
    judges = [judge(number, kind="van" if number % 4 == 0 else "car") for number in range(n)]
    wrong = Told(image_type=ImageType.STOCK, color=Color.RED)
    told = {
        way: [[RED_PHOTO] * n, [wrong] * mistakes + [RED_PHOTO] * (n - mistakes)]
        for way, mistakes in (("nothing", nothing), ("classic", classic), ("ours", ours))
    }
    return gather(judges, [told], TYPE)


def joined(*years: Asked) -> Asked:
    right = {way: np.concatenate([one.right[way] for one in years]) for way in years[0].right}
    return replace(years[0], right=right)


def test_half_the_error_is_half_of_the_mistakes() -> None:
    ratio = error_ratio(asked(80, 60, 20), 1)
    assert ratio.value == pytest.approx(0.25)
    assert ratio.low < 0.25 < ratio.high
    assert np.isnan(error_ratio(asked(0, 0, 0), 1).value)


def test_ours_is_worse_only_beyond_the_interval() -> None:
    assert ahead(asked(80, 20, 21), 1).low < 0 <= ahead(asked(80, 20, 21), 1).high
    assert ahead(asked(80, 20, 60), 1).high < 0


def test_years_are_taken_together() -> None:
    first, second = asked(80, 60, 20), asked(80, 60, 60)
    both = joined(first, second)
    assert len(both.right["ours"]) == 2
    assert error_ratio(both, 1).value == pytest.approx(0.5)
    assert error_ratio(second, 1).value == pytest.approx(0.75)
    one, twice = share(asked(80, 60, 20), 1, "ours"), joined(asked(80, 60, 20), asked(80, 60, 20))
    assert share(twice, 1, "ours") == one  # the same pictures again are no more evidence


def test_an_interval_is_as_wide_as_theory_has_it() -> None:
    judges = [replace(judge(i), sample=sample(i, "shop", group=f"shop/{i}")) for i in range(400)]
    wrong = Told(image_type=ImageType.STOCK, color=Color.RED)
    said = [wrong] * 80 + [RED_PHOTO] * 320
    found = share(gather(judges, [{"ours": [said, said]}], TYPE), 1, "ours")
    assert found.value == pytest.approx(0.8)
    assert found.n == 400
    assert found.high - found.low == pytest.approx(2 * 1.96 * (0.8 * 0.2 / 400) ** 0.5, rel=0.1)


@pytest.mark.parametrize(
    ("mistakes", "reached"),
    [((80, 60, 40), [True, True, True]), ((80, 40, 42), [False, True, True])],
)
def test_bars_say_what_is_reached(mistakes: tuple[int, int, int], reached: list[bool]) -> None:
    assert [one.is_reached for one in find_bars({TYPE: asked(*mistakes)}, 1)] == reached


def test_other_vehicles_are_held_against_cars() -> None:
    one = asked(0, 0, 0)
    one.right["ours"][:, 1, one.is_other] = False
    assert share(one, 1, "ours", one.is_car).value == 1.0
    assert share(one, 1, "ours", one.is_other).value == 0.0
    assert others_ahead(one, 1, "ours").value == -1.0
    assert not find_bars({TYPE: one}, 1)[-1].is_reached


def test_pictures_count_from_their_month_on() -> None:
    judges = [judge(0), judge(1, month=2), judge(2, is_hard=False)]
    told = {"ours": [[RED_PHOTO] * 3] * 3}
    found = gather(judges, [told], TYPE)
    assert [share(found, month, "ours").n for month in (0, 1, 2)] == [0, 1, 2]
    assert np.isnan(share(found, 0, "ours").value)
    assert share(gather(judges, [told], COLOR), 2, "ours").n == 1


def test_the_figure_is_one_well_formed_document() -> None:
    one = asked(80, 60, 20)
    lines = {way: [share(one, month, way) for month in (0, 1)] for way in one.right}
    svg = chart.draw([chart.Panel("a < b", lines), chart.Panel("colour", lines)])
    root = ET.fromstring(svg)  # noqa: S314  # our own words
    words = [one.text for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "a < b" in words
    assert {"nothing 60%", "classic 70%", "ours 90%"} <= set(words)
    assert "nan" not in svg
