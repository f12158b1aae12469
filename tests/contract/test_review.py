"""Manual fixes on both databases: what is shown, who may do what, and that nothing is ever lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from forecourt import review
from forecourt.core.errors import NotFoundError, UsageError
from forecourt.core.fixes import Actor, ActSource, Fix, FixField, NewAct
from forecourt.core.labels import Color, ImageType
from forecourt.core.records import Role, Vehicle
from forecourt.identity.urls import make_url_key
from forecourt.sitemap import iter_sitemap
from forecourt.store import fixes as stored_fixes
from forecourt.store import inventory
from forecourt.store.engine import reading, writing
from forecourt.store.schema import images, metadata, predictions, vehicle_images

START = datetime(2026, 11, 24, 8, tzinfo=UTC)
URLS = [f"https://cdn.example.com/{number}.jpg" for number in range(3)]
ACME, ZENITH = "acme", "zenith"


class Shop:
    """Two advertisers that show the same three images, each tagged Dealer, Grey by the model."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.now = START
        self.model = "m1"
        with writing(engine) as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(sa.delete(table))
            self.image_ids = [
                connection.execute(
                    sa.insert(images)
                    .values(
                        bytes_key=f"{number:064}",
                        format="JPEG",
                        width=640,
                        height=480,
                        size_bytes=1,
                        created_at=START,
                    )
                    .returning(images.c.id)
                ).scalar_one()
                for number in range(len(URLS))
            ]
        for advertiser in (ACME, ZENITH):
            self.scrape(advertiser)
        self.promote("m1")

    def tick(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now

    def scrape(self, advertiser: str, color: str | None = None) -> None:
        new = inventory.NewScrape(
            advertiser=advertiser,
            feed_name="feed.json",
            feed_format="scrape-json",
            feed_digest=str(self.tick()),
            scraped_at=None,
            received_at=self.now,
        )
        keyed = [
            inventory.KeyedVehicle(
                number, Vehicle(id=f"v{number}", images=(url,), color=color), (make_url_key(url),)
            )
            for number, url in enumerate(URLS)
        ]
        with writing(self.engine) as connection:
            scrape_id = inventory.add_scrape(connection, new)
            inventory.add_vehicles(connection, scrape_id, advertiser, keyed)
            for image_id, url in zip(self.image_ids, URLS, strict=True):
                connection.execute(
                    sa.update(vehicle_images)
                    .where(vehicle_images.c.url == url)
                    .values(image_id=image_id, state="tagged")
                )

    def promote(self, version: str) -> None:
        self.model = version
        with writing(self.engine) as connection:
            for image_id in self.image_ids:
                connection.execute(
                    sa.insert(predictions).values(
                        image_id=image_id,
                        model_version=version,
                        image_type="Dealer",
                        image_type_confidence=0.9,
                        image_type_reason="most_probable",
                        color="Grey",
                        color_confidence=0.8,
                        color_reason="most_probable",
                        review=False,
                        review_reasons=[],
                        answer={},
                        created_at=self.tick(),
                    )
                )

    def act(self, role: Role = Role.STAFF, advertiser: str | None = None) -> NewAct:
        name = "Ada" if role is Role.STAFF else f"{advertiser}'s owner"
        actor = Actor(
            name=name, role=role, advertiser=advertiser if role is Role.ADVERTISER else None
        )
        return NewAct(actor=actor, at=self.tick(), source=ActSource.API)

    def fix(
        self,
        advertiser: str,
        change: review.Change,
        *,
        urls: list[str] = URLS[:1],
        role: Role = Role.STAFF,
        everywhere: bool = False,
    ) -> review.Done:
        with writing(self.engine) as connection:
            return review.fix_images(
                connection,
                self.act(role, advertiser),
                advertiser=advertiser,
                urls=urls,
                change=change,
                model_version=self.model,
                everywhere=everywhere,
            )

    def revert(
        self,
        *,
        act_id: int | None = None,
        fix_id: int | None = None,
        role: Role = Role.STAFF,
        advertiser: str | None = None,
    ) -> review.Done:
        with writing(self.engine) as connection:
            return review.revert(
                connection, self.act(role, advertiser), act_id=act_id, fix_id=fix_id
            )

    def shown(self, advertiser: str) -> list[tuple[str, str | None]]:
        with reading(self.engine) as connection:
            return [
                (image.resolved.image_type.value, image.resolved.color.value)
                for entry in iter_sitemap(connection, advertiser, model_version=self.model)
                for image in entry.images
            ]

    def history(self, advertiser: str, **filters: object) -> list[Fix]:
        with reading(self.engine) as connection:
            return list(review.history(connection, advertiser=advertiser, **filters))  # type: ignore[arg-type]


@pytest.fixture
def shop(engine: sa.Engine) -> Shop:
    return Shop(engine)


STOCK = review.Change(image_type=ImageType.STOCK)
BLUE = review.Change(color=Color.BLUE, sets_color=True)


def test_fix__holds_for_its_advertiser_whatever_the_model_says_later(shop: Shop) -> None:
    shop.fix(ACME, STOCK)
    shop.promote("m2")
    shop.scrape(ACME)
    assert shop.shown(ACME)[0] == ("Stock", "Grey")
    assert shop.shown(ZENITH)[0] == ("Dealer", "Grey")


def test_fix__everywhere_yields_to_the_advertisers_own(shop: Shop) -> None:
    shop.fix(ZENITH, BLUE, role=Role.ADVERTISER)
    shop.fix(ACME, review.Change(color=Color.RED, sets_color=True), everywhere=True)
    assert shop.shown(ACME)[0] == ("Dealer", "Red")
    assert shop.shown(ZENITH)[0] == ("Dealer", "Blue")


def test_fix__records_what_who_when_and_which_model_was_wrong(shop: Shop) -> None:
    shop.fix(ACME, review.Change(image_type=ImageType.PLACEHOLDER, sets_color=True))
    of_type, of_color = shop.history(ACME)
    assert (of_type.value_from, of_type.value) == ("Dealer", "Placeholder")
    assert (of_color.field, of_color.value_from, of_color.value) == (FixField.COLOR, "Grey", None)
    assert (of_type.by, of_type.role, of_type.advertiser) == ("Ada", "staff", ACME)
    assert (of_type.vehicle_id, of_type.url, of_type.model_version) == ("v0", URLS[0], "m1")
    assert of_type.at == shop.now


def test_fix__to_placeholder_shows_no_color_even_where_the_scrape_has_one(shop: Shop) -> None:
    shop.scrape(ACME, color="Brilliant Red")
    assert shop.shown(ACME)[0] == ("Dealer", "Red")
    shop.fix(ACME, review.Change(image_type=ImageType.PLACEHOLDER))
    assert shop.shown(ACME)[0] == ("Placeholder", None)


def test_bulk_fix__is_one_act_and_is_undone_as_one(shop: Shop) -> None:
    done = shop.fix(ACME, STOCK, urls=URLS)
    assert len(done.fixes) == 3
    assert {one[0] for one in shop.shown(ACME)} == {"Stock"}
    undone = shop.revert(act_id=done.act_id)
    assert {one[0] for one in shop.shown(ACME)} == {"Dealer"}
    shop.revert(act_id=undone.act_id)  # undo the undo
    assert {one[0] for one in shop.shown(ACME)} == {"Stock"}


def test_revert__of_one_fix_leaves_the_rest_of_its_act(shop: Shop) -> None:
    done = shop.fix(ACME, STOCK, urls=URLS)
    shop.revert(fix_id=done.fixes[1].id)
    assert [one[0] for one in shop.shown(ACME)] == ["Stock", "Dealer", "Stock"]
    with pytest.raises(UsageError, match="undone before"):
        shop.revert(fix_id=done.fixes[1].id)


def test_history__can_be_asked_as_it_stood(shop: Shop) -> None:
    done = shop.fix(ACME, STOCK)
    before_revert = shop.now
    shop.revert(act_id=done.act_id)
    assert [fix.is_live for fix in shop.history(ACME)] == [False]
    assert [fix.is_live for fix in shop.history(ACME, until=before_revert)] == [True]
    assert shop.history(ACME, until=START) == []


def test_history__of_one_url_and_of_one_advertiser(shop: Shop) -> None:
    shop.fix(ACME, STOCK, urls=URLS[:1])
    shop.fix(ACME, STOCK, urls=URLS[1:2])
    shop.fix(ZENITH, STOCK, urls=URLS[1:2])
    assert len(shop.history(ACME)) == 2
    assert [fix.url for fix in shop.history(ACME, url=URLS[1])] == [URLS[1]]


def test_fix__of_an_image_that_never_came_holds_for_its_url(shop: Shop) -> None:
    with writing(shop.engine) as connection:
        connection.execute(
            sa.update(vehicle_images)
            .where(vehicle_images.c.url == URLS[2])
            .values(image_id=None, state="skipped", skip_reason="http_error")
        )
    assert shop.shown(ACME)[2] == ("Placeholder", None)
    shop.fix(ACME, review.Change(image_type=ImageType.DEALER), urls=URLS[2:])
    assert shop.shown(ACME)[2][0] == "Dealer"
    assert shop.shown(ZENITH)[2] == ("Placeholder", None)


def test_fix__url_that_is_not_there_changes_nothing(shop: Shop) -> None:
    with pytest.raises(NotFoundError, match=r"gone\.jpg is not in the sitemap"):
        shop.fix(ACME, STOCK, urls=[URLS[0], "https://cdn.example.com/gone.jpg"])
    assert shop.history(ACME) == []
    with pytest.raises(NotFoundError, match="no scrape of 'nobody'"):
        shop.fix("nobody", STOCK)


def test_advertiser__may_change_and_undo_their_own_only(shop: Shop) -> None:
    staffs = shop.fix(ACME, STOCK)
    with pytest.raises(UsageError, match="Only staff"):
        shop.fix(ACME, STOCK, role=Role.ADVERTISER, everywhere=True)
    with pytest.raises(UsageError, match="not acme's"):
        shop.revert(act_id=staffs.act_id, role=Role.ADVERTISER, advertiser=ACME)
    own = shop.fix(ACME, BLUE, role=Role.ADVERTISER)
    with pytest.raises(UsageError, match="not zenith's"):
        shop.revert(act_id=own.act_id, role=Role.ADVERTISER, advertiser=ZENITH)
    shop.revert(act_id=own.act_id)  # staff may, and the advertiser sees it in the history
    assert [fix.is_live for fix in shop.history(ACME)] == [True, False]
    with writing(shop.engine) as connection, pytest.raises(UsageError, match="acme only"):
        review.fix_images(
            connection,
            shop.act(Role.ADVERTISER, ACME),
            advertiser=ZENITH,
            urls=URLS[:1],
            change=STOCK,
            model_version="m1",
        )


def test_change__must_say_something_that_can_be() -> None:
    with pytest.raises(UsageError, match="Say what to fix"):
        review.Change()
    with pytest.raises(UsageError, match="no colour"):
        review.Change(image_type=ImageType.PLACEHOLDER, color=Color.RED, sets_color=True)


def test_two_advertisers_against_each_other__each_sees_its_own_and_one_conflict(
    shop: Shop,
) -> None:
    for _turn in range(50):
        shop.fix(ACME, BLUE, role=Role.ADVERTISER)
        shop.fix(ZENITH, review.Change(color=Color.BLACK, sets_color=True), role=Role.ADVERTISER)
    assert shop.shown(ACME)[0] == ("Dealer", "Blue")
    assert shop.shown(ZENITH)[0] == ("Dealer", "Black")
    with reading(shop.engine) as connection:
        (conflict,) = review.list_conflicts(connection)
    assert [(fix.advertiser, fix.value) for fix in conflict.positions] == [
        (ACME, "Blue"),
        (ZENITH, "Black"),
    ]
    assert len(conflict.history) == 100


def test_conflict__ends_when_one_side_gives_in(shop: Shop) -> None:
    shop.fix(ACME, STOCK, role=Role.ADVERTISER)
    staffs = shop.fix(ACME, review.Change(image_type=ImageType.DEALER))
    with reading(shop.engine) as connection:
        assert len(review.list_conflicts(connection)) == 1
    shop.revert(act_id=staffs.act_id)
    with reading(shop.engine) as connection:
        assert review.list_conflicts(connection) == []


# ---- any sequence replays to the same state ------------------------------------------------------

_TYPES = st.sampled_from([*ImageType, None])
_COLORS = st.sampled_from([Color.RED, Color.BLUE, None])


class Machine(RuleBasedStateMachine):
    """Acts in any order, against a plain list of what was done."""

    engine: sa.Engine

    def __init__(self) -> None:
        super().__init__()
        self.shop = Shop(self.engine)
        self.made: dict[int, tuple[str, Role, bool, int, str, str | None]] = {}  # by fix id
        self.live: dict[int, bool] = {}
        self.acts: list[int] = []

    @rule(
        advertiser=st.sampled_from([ACME, ZENITH]),
        numbers=st.sets(st.integers(0, 2), min_size=1),
        image_type=_TYPES,
        color=_COLORS,
        sets_color=st.booleans(),
        role=st.sampled_from([Role.STAFF, Role.ADVERTISER]),
        everywhere=st.booleans(),
    )
    def fix(
        self,
        advertiser: str,
        numbers: set[int],
        image_type: ImageType | None,
        color: Color | None,
        sets_color: bool,  # noqa: FBT001
        role: Role,
        everywhere: bool,  # noqa: FBT001
    ) -> None:
        try:
            change = review.Change(
                image_type=image_type, color=color if sets_color else None, sets_color=sets_color
            )
        except UsageError:
            return
        everywhere = everywhere and role is Role.STAFF
        done = self.shop.fix(
            advertiser,
            change,
            urls=[URLS[number] for number in sorted(numbers)],
            role=role,
            everywhere=everywhere,
        )
        self.acts.append(done.act_id)
        for fix in done.fixes:
            number = self.shop.image_ids.index(fix.image_id or 0)
            self.made[fix.id] = (advertiser, role, everywhere, number, fix.field, fix.value)
            self.live[fix.id] = True
        assert len(done.fixes) == len(numbers) * ((image_type is not None) + sets_color)

    @rule(data=st.data())
    def revert_act(self, data: st.DataObject) -> None:
        if not self.acts:
            return
        act_id = data.draw(st.sampled_from(self.acts))
        with reading(self.shop.engine) as connection:
            states = stored_fixes.load_act_states(connection, act_id)
        turned = {fix_id: not live for fix_id, live in states if self.live[fix_id] is live}
        if not turned:
            with pytest.raises(UsageError, match="undone before"):
                self.shop.revert(act_id=act_id)
            return
        self.acts.append(self.shop.revert(act_id=act_id).act_id)
        self.live |= turned

    @rule(data=st.data())
    def revert_fix(self, data: st.DataObject) -> None:
        if live := [fix_id for fix_id, is_live in self.live.items() if is_live]:
            fix_id = data.draw(st.sampled_from(live))
            self.acts.append(self.shop.revert(fix_id=fix_id).act_id)
            self.live[fix_id] = False

    @rule(advertiser=st.sampled_from([ACME, ZENITH]))
    def rescrape(self, advertiser: str) -> None:
        self.shop.scrape(advertiser)

    @rule()
    def promote(self) -> None:
        self.shop.promote(f"m{self.shop.tick():%j%H%M}")

    @invariant()
    def the_sitemap_shows_what_the_acts_say(self) -> None:
        for advertiser in (ACME, ZENITH):
            expected = []
            for number in range(len(URLS)):
                image_type = self._winner(advertiser, number, "image_type", "Dealer")
                color = self._winner(advertiser, number, "color", "Grey")
                expected.append((image_type, None if image_type == "Placeholder" else color))
            assert self.shop.shown(advertiser) == expected

    def _winner(self, advertiser: str, number: int, field: str, model: str) -> str | None:
        ranked: dict[int, str | None] = {}
        for fix_id, (owner, role, everywhere, image, of_field, value) in self.made.items():
            concerns = image == number and of_field == field and (everywhere or owner == advertiser)
            if self.live[fix_id] and concerns:
                ranked[3 if everywhere else 1 if role is Role.ADVERTISER else 2] = value
        return ranked[min(ranked)] if ranked else model


def test_any_sequence_of_acts_replays_to_the_same_state(engine: sa.Engine) -> None:
    machine = type("OneEngine", (Machine,), {"engine": engine})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=20,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
