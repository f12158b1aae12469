"""The monitor on made-up months, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from forecourt import monitor
from forecourt.core.fixes import ActSource, FixField
from forecourt.core.looks import summarize
from forecourt.core.monitor import Counts, Figures
from forecourt.core.monitor_rules import Reason, Rule
from forecourt.core.promotions import PromotionKind
from forecourt.store.engine import reading, writing
from forecourt.store.schema import (
    carries,
    monitor_figures,
    placeholder_spells,
    vehicle_images,
)
from tests.support.watched import DAY, START, Said, Watched, look_at_all, mixed

ACME, ZENITH = "acme", "zenith"


@pytest.fixture
def watched(engine: sa.Engine) -> Watched:
    return Watched(engine)


def figures(kept: monitor.Kept, advertiser: str = ACME) -> Figures:
    return next(one.figures for one in kept.measured if one.advertiser == advertiser)


def findings(kept: monitor.Kept, advertiser: str = ACME) -> list[Rule]:
    found = next(one.findings for one in kept.measured if one.advertiser == advertiser)
    return [one.rule for one in found]


def standing(watched: Watched) -> list[tuple[str, str]]:
    with reading(watched.engine) as connection:
        return [(one.advertiser, one.rule) for one in monitor.list_standing(connection)]


# ---- the period ----------------------------------------------------------------------------------


def test_period__knows_release_and_predecessor(watched: Watched) -> None:
    def period(model: str) -> tuple[Any, ...]:
        with reading(watched.engine) as connection:
            found = monitor.find_period(connection, model, at=watched.now)
        return found.previous_version, found.released_at, found.has_release

    assert period("m1") == (None, None, False)
    watched.promote("m1", PromotionKind.DEFAULT)
    assert period("m1") == (None, None, False)  # shipped: since when, nobody knows
    watched.promote("m2")
    watched.later(3)
    assert period("m2") == ("m1", START, True)
    assert period("pinned") == (None, None, False)
    watched.later(40)
    assert period("m2") == ("m1", START, False)
    watched.promote("m1", PromotionKind.ROLLBACK)
    assert period("m1") == ("m2", watched.now, True)


# ---- fixes ---------------------------------------------------------------------------------------


def test_only_fixes_that_overrule_the_champion_count(watched: Watched) -> None:
    watched.promote("m1")
    watched.scrape(ACME, {"m1": mixed(50)})
    watched.later(1)
    watched.fix(ACME, [0, 1, 2], "Stock", model="m1")
    watched.fix(ACME, [2], "Placeholder", model="m1")  # once more: one answer
    watched.fix(ACME, [3], "Dealer", model="m1")  # says what the model said
    watched.fix(ACME, [4], "Stock", model="m1", is_live=False)  # reverted
    watched.fix(ACME, [5], "Stock", model="m0", source=ActSource.IMPORT)  # whose answer is unknown
    watched.fix(ACME, [0], "Red", model="m1", field=FixField.COLOR)
    watched.later(1)
    watched.fix(ACME, [6], "Stock", model="m1")
    watched.later(0.5)
    watched.fix(ACME, [6], "Dealer", model="m1")  # the model was right after all
    kept = look_at_all(watched, "m1")
    assert figures(kept).fixed == Counts(images=3, image_type=3, color=1)
    assert figures(kept).fixed_before == Counts()
    assert figures(kept).fix_rate == pytest.approx(7_000 * 3 / (50 * 2.5))


def test_fixes_before_and_after_a_release_are_told_apart(watched: Watched) -> None:
    watched.promote("m1")
    watched.scrape(ACME, {"m1": mixed(50)})
    watched.later(40)
    watched.fix(ACME, [0], "Stock", model="m1")
    watched.later(20)
    watched.fix(ACME, [1, 2], "Stock", model="m1")
    watched.later(1).promote("m2")
    watched.later(1)
    watched.scrape(ACME, {"m1": mixed(50), "m2": mixed(50)})
    watched.fix(ACME, [3], "Stock", model="m1")  # an answer that was not renewed yet
    watched.fix(ACME, [4, 5, 6, 7], "Stock", model="m2")
    kept = look_at_all(watched, "m2")
    assert figures(kept).fixed.images == 4
    assert figures(kept).fixed_before.images == 3  # 28 days before the release
    assert figures(kept).exposure == pytest.approx(50)
    assert figures(kept).exposure_before == pytest.approx(50 * 28)


def test_fixes_of_one_advertiser_are_no_others(watched: Watched) -> None:
    watched.promote("m1")
    for name in (ACME, ZENITH):
        watched.scrape(name, {"m1": mixed(50)})
    watched.fix(ACME, range(20), "Stock", model="m1")
    kept = look_at_all(watched.later(1), "m1")
    assert [one.advertiser for one in kept.measured] == ["", ACME, ZENITH]
    assert findings(kept) == [Rule.MANY_FIXED]
    assert figures(kept, ZENITH).fixed.images == 0
    assert figures(kept, monitor.ALL).fixed.images == 20
    assert figures(look_at_all(watched, "m1", advertiser=ACME)).fixed.images == 20
    assert figures(look_at_all(watched, "m1", advertiser=ZENITH), ZENITH).fixed.images == 0


# ---- answers -------------------------------------------------------------------------------------


def test_flips_and_confidence_are_compared_with_the_predecessor(watched: Watched) -> None:
    watched.promote("m1")
    old = mixed(100, placeholder=10)
    watched.scrape(ACME, {"m1": old})
    watched.later(30).promote("m2")
    assert (
        figures(look_at_all(watched.later(0.1), "m2")).before is None
    )  # nothing has its answer yet
    new = [Said("Stock", "Red", 0.5, review=True)] * 20 + old[20:]
    watched.later(1).scrape(ACME, {"m1": old, "m2": new})
    kept = look_at_all(watched, "m2")
    found = figures(kept)
    assert (found.compared, found.images) == (100, 100)
    assert found.flips == Counts(images=20, image_type=20, color=20)
    assert found.now.reviews == 20
    assert found.before is not None
    assert found.before.reviews == 0
    assert found.now.confidence(FixField.IMAGE_TYPE).value == pytest.approx(0.86)
    assert found.before.confidence(FixField.IMAGE_TYPE).value == pytest.approx(0.95)
    assert findings(kept) == [
        Rule.MANY_FLIPS,
        Rule.CLASS_SHARES_MOVED,
        Rule.ABSTENTIONS_ROSE,
    ]


def test_a_color_that_went_is_a_flip(watched: Watched) -> None:
    watched.promote("m1")
    watched.promote("m2")
    watched.scrape(
        ACME,
        {
            "m1": [Said(color="Grey"), Said(color=None), Said(color=None)],
            "m2": [Said(color=None), Said(color="Red"), Said(color=None)],
        },
    )
    assert figures(look_at_all(watched, "m2")).flips == Counts(images=2, image_type=0, color=2)


def test_without_a_release_an_earlier_run_is_compared_with(watched: Watched) -> None:
    watched.promote("m1")
    watched.scrape(ACME, {"m1": mixed(150)})
    watched.later(40)
    assert figures(look_at_all(watched, "m1")).before is None
    watched.later(10)
    assert figures(look_at_all(watched, "m1")).before is None  # that run was within the period
    watched.later(20)
    unsure = mixed(300)[:150] + [Said(sure=0.5)] * 150
    watched.scrape(ACME, {"m1": unsure})
    kept = look_at_all(watched, "m1")
    assert figures(kept).before is not None
    assert findings(kept) == [Rule.CONFIDENCE_FELL]
    assert [one.reason for one in kept.run.suggestions] == [Reason.DRIFT]
    assert findings(kept, monitor.ALL) == [Rule.CONFIDENCE_FELL, Rule.RETRAIN_SUGGESTED]


def test_class_shares_are_compared_with_scrapes_before_the_period(watched: Watched) -> None:
    watched.promote("m1")
    for _day in range(9):
        watched.scrape(ACME, {"m1": mixed(100, stock=10)})
        watched.later(1)
    watched.later(29)
    assert findings(look_at_all(watched, "m1")) == []
    watched.scrape(ACME, {"m1": [*mixed(100, stock=10), *[Said("Stock")] * 200]})
    kept = look_at_all(watched, "m1")
    assert figures(kept).classes_before == {
        "color": {"Grey": 100},
        "image_type": {"Dealer": 90, "Stock": 10},
    }
    assert findings(kept) == [Rule.CLASS_SHARES_MOVED]
    assert findings(look_at_all(watched, "m1", advertiser=ACME)) == [Rule.CLASS_SHARES_MOVED]
    for _day in range(7):
        watched.later(1).scrape(ACME, {"m1": [*mixed(100, stock=10), *[Said("Stock")] * 200]})
    assert findings(look_at_all(watched.later(30), "m1")) == []  # that is how it is now


def test_what_a_release_changed_is_no_drift_weeks_later(watched: Watched) -> None:
    watched.promote("m1")
    old, new = mixed(200, stock=20), [Said("Stock", sure=0.6)] * 200
    for _day in range(3):
        watched.later(1).scrape(ACME, {"m1": old})
    look_at_all(watched, "m1")
    watched.promote("m2")
    watched.later(1).scrape(ACME, {"m1": old, "m2": new})
    kept = look_at_all(watched, "m2")
    assert {Rule.CLASS_SHARES_MOVED, Rule.CONFIDENCE_FELL} <= set(findings(kept))
    assert kept.run.suggestions == ()  # the release is what people should look at
    kept = look_at_all(watched.later(28), "m2")
    assert findings(kept) == []
    assert kept.run.suggestions == ()


def test_images_unlike_the_training_pictures(watched: Watched) -> None:
    usual = bytes([100, 128, 128] * 64)
    looks = summarize(usual * 300)
    assert looks is not None
    watched.promote("m1")
    watched.scrape(ACME, {"m1": mixed(120)}, grid=bytes([240, 90, 200] * 64))
    watched.scrape(ZENITH, {"m1": mixed(120)}, grid=usual)
    kept = look_at_all(watched, "m1", looks=looks)
    assert findings(kept) == [Rule.UNLIKE_TRAINING]
    assert (figures(kept, ZENITH).looked_at, figures(kept, ZENITH).strange) == (120, 0)
    assert figures(look_at_all(watched, "m1")).looked_at == 0


def test_a_large_inventory_is_sampled_all_over(watched: Watched) -> None:
    watched.promote("m1")
    watched.scrape(ACME, {"m1": mixed(1_000)}, grid=bytes(192))
    looks = summarize(bytes(192) * 200)
    assert 300 <= figures(look_at_all(watched, "m1", looks=looks)).looked_at <= 400


# ---- days on Placeholder -------------------------------------------------------------------------


def spells(watched: Watched) -> list[tuple[str, float, float | None]]:
    """All spells: vehicle, begin and end in days since the start."""
    with reading(watched.engine) as connection:
        rows = connection.execute(sa.select(placeholder_spells).order_by(placeholder_spells.c.id))
        names = {
            row.id: row.vehicle_id for row in connection.execute(sa.text("SELECT * FROM vehicles"))
        }
        return [
            (
                names[row.vehicle_id],
                (row.since - START) / DAY,
                None if row.until is None else (row.until - START) / DAY,
            )
            for row in rows
        ]


def test_vehicles_wait_from_their_first_day_until_a_picture_comes(watched: Watched) -> None:
    watched.promote("m1")
    watched.scrape(ACME, {"m1": mixed(6, placeholder=3)}, every=2)  # v0 waits, v1 has one picture
    kept = look_at_all(watched.later(4), "m1")
    assert spells(watched) == [("v0", 0.0, None)]
    assert figures(kept).waiting.vehicles == 1
    assert (figures(kept).waiting.of, figures(kept).waiting.longest) == (3, 4.0)
    look_at_all(watched.later(1), "m1")
    assert spells(watched) == [("v0", 0.0, None)]
    watched.fix(ACME, [0], "Dealer", model="m1")  # a picture after all
    look_at_all(watched.later(1), "m1")
    assert spells(watched) == [("v0", 0.0, 6.0)]
    watched.fix(ACME, [4, 5], "Placeholder", model="m1")  # v2 shows a card, people say
    look_at_all(watched.later(1), "m1")
    assert spells(watched)[1:] == [("v2", 7.0, None)]  # seen otherwise before
    watched.scrape(ACME, {"m1": mixed(2)}, every=2)  # v2 was sold
    look_at_all(watched.later(1), "m1")
    assert spells(watched)[1:] == [("v2", 7.0, 8.0)]
    with reading(watched.engine) as connection:
        assert monitor.list_longest(connection, ACME, limit=10) == []


def test_a_placeholder_that_was_carried_counts_and_pending_or_skipped_images_do_not(
    watched: Watched,
) -> None:
    watched.promote("m1")
    watched.scrape(ACME, {"m1": mixed(5, placeholder=3)})
    watched.fix(ACME, [0], "Placeholder", model="m1")
    with writing(watched.engine) as connection:
        ids = list(
            connection.scalars(sa.select(vehicle_images.c.image_id).order_by(vehicle_images.c.id))
        )
        connection.execute(
            sa.insert(carries).values(
                advertiser=ACME,
                image_id=ids[4],
                from_image_id=ids[0],
                with_color=True,
                pdq_distance=0,
                grid_distance=0.0,
                created_at=watched.now,
            )
        )
        for place, state, reason in ((1, "pending", None), (2, "skipped", "timeout")):
            connection.execute(
                sa.update(vehicle_images)
                .where(vehicle_images.c.image_id == ids[place])
                .values(image_id=None, state=state, skip_reason=reason)
            )
    look_at_all(watched, "m1")
    with reading(watched.engine) as connection:
        longest = monitor.list_longest(connection, ACME, limit=10)
    assert sorted(one.vehicle_id for one in longest) == ["v0", "v4"]


# ---- runs and alarms -----------------------------------------------------------------------------


def test_an_alarm_is_raised_once_and_clears(watched: Watched) -> None:
    watched.promote("m1")
    watched.scrape(ACME, {"m1": mixed(60)})
    watched.fix(ACME, range(30), "Stock", model="m1")
    first = look_at_all(watched.later(1), "m1")
    assert [(one.advertiser, one.rule) for one in first.raised] == [
        (ACME, Rule.MANY_FIXED),
        ("", Rule.MANY_FIXED),
        ("", Rule.RETRAIN_SUGGESTED),
    ]
    assert look_at_all(watched.later(1), "m1").raised == ()
    assert standing(watched) == [
        ("", "many_fixed"),
        ("", "retrain_suggested"),
        (ACME, "many_fixed"),
    ]
    look_at_all(watched.later(30), "m1", advertiser=ACME)  # touches nobody else's
    assert standing(watched) == [("", "many_fixed"), ("", "retrain_suggested")]
    look_at_all(watched, "m1")
    assert standing(watched) == []
    with reading(watched.engine) as connection:
        (alarm,) = monitor.list_alarms(connection, ACME, limit=10)
    assert (alarm.raised_at, alarm.cleared_at) == (START + DAY, START + 32 * DAY)
    watched.fix(ACME, range(30, 60), "Stock", model="m1")
    assert [one.advertiser for one in look_at_all(watched.later(1), "m1").raised] == [ACME, "", ""]


def test_corrections_since_the_release_suggest_to_train(watched: Watched) -> None:
    watched.promote("m1")
    watched.scrape(ACME, {"m1": mixed(400)})
    watched.fix(ACME, range(299), "Stock", model="m1")
    watched.fix(ACME, range(299, 400), "Dealer", model="m1")  # the model was right
    watched.later(100)
    assert look_at_all(watched, "m1").run.suggestions == ()
    watched.fix(ACME, [299], "Stock", model="m1")
    (found,) = look_at_all(watched, "m1").run.suggestions
    assert (found.reason, found.seen) == (
        Reason.ENOUGH_FIXES,
        "300 images were corrected since the champion's release.",
    )
    watched.promote("m2")
    assert look_at_all(watched, "m2").run.suggestions == ()


def test_runs_are_kept_and_read_back(watched: Watched) -> None:
    with reading(watched.engine) as connection:
        assert monitor.latest_run(connection) is None
        assert monitor.latest_of(connection, ACME) is None
    watched.promote("m1")
    for name in ("a", "b", "c"):
        watched.scrape(name, {"m1": mixed(40)})
    watched.fix("b", range(20), "Stock", model="m1")
    first = look_at_all(watched.later(1), "m1")
    second = look_at_all(watched.later(1), "m1")
    look_at_all(watched, "m1", advertiser="c")
    with reading(watched.engine) as connection:
        assert monitor.latest_run(connection) == second.run
        worst = monitor.list_worst(connection, second.run.id, limit=2)
        assert [one.advertiser for one in worst] == ["b", "c"]
        after = (worst[-1].badness, worst[-1].advertiser)
        rest = monitor.list_worst(connection, second.run.id, after=after, limit=2)
        assert [one.advertiser for one in rest] == ["a"]
        trend = monitor.load_trend(connection, "b", limit=10)
        assert [one.id for one, _found in trend] == [first.run.id, second.run.id]
        assert trend[-1][1] == worst[0]
        assert len(monitor.load_trend(connection, "c", limit=10)) == 3
        assert len(monitor.load_trend(connection, monitor.ALL, limit=1)) == 1


def test_an_advertiser_without_a_scrape_is_looked_at_too(watched: Watched) -> None:
    watched.promote("m1")
    watched.fix("imported", [], "Stock", model="m1")
    with writing(watched.engine) as connection:
        connection.execute(
            sa.text("INSERT INTO advertisers (id, created_at) VALUES ('idle', :at)"),
            {"at": (START - timedelta(days=1)).replace(tzinfo=None)},
        )
    kept = look_at_all(watched, "m1")
    assert figures(kept, "idle") == Figures()
    with reading(watched.engine) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(monitor_figures)) == 2
