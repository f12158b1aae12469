"""Any sequence of acts, scrapes and promotions comes to the same on both databases and in a model.

Every step is done to SQLite, to PostgreSQL and to `fix_model`, which knows nothing of the code.
Then what every advertiser's sitemap shows, its history and the disagreements have to be equal in
all three; numbers stand for ids, which the two databases give as they like. More examples:
`pytest --hypothesis-profile thorough tests/contract/test_fix_history.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from forecourt import review
from forecourt.core.conflicts import Ruling
from forecourt.core.errors import UsageError
from forecourt.core.fixes import FixField
from forecourt.core.labels import Color, ImageType
from forecourt.core.records import Role, Vehicle
from forecourt.store.conflicts import iter_contested
from forecourt.store.engine import reading
from tests.support.fix_filters import make_fits
from tests.support.fix_model import COLOR, PAINT, TYPE, Model, Place, Refused
from tests.support.fix_world import (
    ADVERTISERS,
    ANSWERS,
    CHANGES,
    LAYOUT,
    SAYINGS,
    SELECTIONS,
    SHOWN,
    Saying,
    World,
    describe,
    identify,
    read_conflicts,
    read_sitemap,
)
from tests.support.shop import ACME, URLS, ZENITH, Answer, Shop

_STEPS = 15
_EXAMPLES = 25


class Machine(RuleBasedStateMachine):
    """What is done to both databases and to the model, and that they agree."""

    engines: tuple[sa.Engine, ...]

    def __init__(self) -> None:
        super().__init__()
        self.worlds = [World(engine) for engine in self.engines]
        self.model = Model()
        self.model.promote("m1", dict.fromkeys(range(len(URLS)), Answer()))
        for advertiser in (ACME, ZENITH):
            self._rescrape(advertiser, dict(zip(URLS, range(3), strict=True)), None, None)

    # ---- what is done ----------------------------------------------------------------------------

    @rule(
        advertiser=ADVERTISERS,
        url=st.sampled_from(URLS[:2]),
        value=st.sampled_from([Color.RED, Color.BLUE, None]),
        scope=st.sampled_from(["own", "staff", "everyone"]),
    )
    def fix_one(self, advertiser: str, url: str, value: Color | None, scope: str) -> None:
        """Often: few images, values and parties, so that they come into each other's way."""
        self.fix(advertiser, {"urls": (url,)}, {COLOR: value}, scope == "own", scope == "everyone")

    @rule(
        url=st.sampled_from(URLS[:2]),
        said=st.lists(SAYINGS, min_size=2, max_size=4),
        ruling=st.sampled_from(Ruling),
        afterwards=st.lists(SAYINGS, max_size=1),
    )
    def quarrel(
        self, url: str, said: list[Saying], ruling: Ruling, afterwards: list[Saying]
    ) -> None:
        """Several speak of one picture, and staff rule: by chance alone this is too rare."""
        for one in said:
            self.fix_one(one[0], url, *one[1:])
        image = self.model.sitemaps[ACME][URLS.index(url)].image
        if image is not None:
            self.rule_on(image, Color.RED, ruling, None)
        for one in afterwards:
            self.fix_one(one[0], url, *one[1:])

    @rule(
        advertiser=ADVERTISERS,
        given=SELECTIONS,
        change=CHANGES,
        as_advertiser=st.booleans(),
        everywhere=st.booleans(),
    )
    def fix_selection(
        self,
        advertiser: str,
        given: Mapping[str, Any],
        change: Mapping[str, Any],
        as_advertiser: bool,  # noqa: FBT001
        everywhere: bool,  # noqa: FBT001
    ) -> None:
        self.fix(advertiser, given, change, as_advertiser, everywhere)

    def fix(
        self,
        advertiser: str,
        given: Mapping[str, Any],
        change: Mapping[str, Any],
        as_advertiser: bool,  # noqa: FBT001
        everywhere: bool,  # noqa: FBT001
    ) -> None:
        fits = make_fits(self.model, advertiser, given)
        selection = review.Selection(**given)
        expected = self.model.places(advertiser, fits)
        for world in self.worlds:
            found = world.shop.preview(advertiser, selection)
            assert found.images == len(expected)
            assert [one.image.url for one in found.examples] == [one.url for one in expected]
        self._act(
            lambda at: self.model.fix(
                at, advertiser, change, fits, as_advertiser=as_advertiser, everywhere=everywhere
            ),
            lambda world: world.shop.fix_selection(
                advertiser,
                review.Change(
                    image_type=change.get(TYPE), color=change.get(COLOR), sets_color=COLOR in change
                ),
                selection,
                role=Role.ADVERTISER if as_advertiser else Role.STAFF,
                everywhere=everywhere,
            ),
        )

    @rule(data=st.data(), by=st.sampled_from([None, None, ACME, ZENITH]))
    def revert_act(self, data: st.DataObject, by: str | None) -> None:
        if not self.model.acts:
            return
        act = data.draw(st.integers(0, len(self.model.acts) - 1))
        self._act(
            lambda at: self.model.revert_act(at, act, advertiser=by),
            lambda world: world.shop.revert(
                act_id=world.acts[act],
                role=Role.ADVERTISER if by else Role.STAFF,
                advertiser=by,
            ),
        )

    @rule(data=st.data(), by=st.sampled_from([None, ACME, ZENITH]))
    def revert_fix(self, data: st.DataObject, by: str | None) -> None:
        if not self.model.fixes:
            return
        number = data.draw(st.integers(0, len(self.model.fixes) - 1))
        self._act(
            lambda at: self.model.revert_fix(at, number, advertiser=by),
            lambda world: world.shop.revert(
                fix_id=world.fixes[number],
                role=Role.ADVERTISER if by else Role.STAFF,
                advertiser=by,
            ),
        )

    @rule(
        image=st.integers(0, 2),
        value=st.sampled_from([*ImageType, Color.RED, None]),
        ruling=st.sampled_from(Ruling),
        by=st.sampled_from([None, None, None, ACME]),
    )
    def rule_on_any(
        self, image: int, value: ImageType | Color | None, ruling: Ruling, by: str | None
    ) -> None:
        self.rule_on(image, value, ruling, by)

    def rule_on(
        self, image: int, value: ImageType | Color | None, ruling: Ruling, by: str | None
    ) -> None:
        name = TYPE if isinstance(value, ImageType) else COLOR
        self._act(
            lambda at: self.model.rule(
                at, image, name, ruling, value, as_advertiser=by is not None
            ),
            lambda world: world.shop.rule(
                image,
                FixField(name),
                ruling,
                value if ruling is Ruling.EVERYONE else None,
                role=Role.ADVERTISER if by else Role.STAFF,
                advertiser=by,
            ),
        )

    @rule(
        advertiser=ADVERTISERS,
        shown=SHOWN,
        words=st.sampled_from(list(PAINT)),
        condition=st.sampled_from(["New", "Used", None]),
    )
    def rescrape(
        self,
        advertiser: str,
        shown: Mapping[str, int | None],
        words: str | None,
        condition: str | None,
    ) -> None:
        self._rescrape(advertiser, shown, words, condition)

    @rule(
        advertiser=ADVERTISERS,
        image=st.integers(0, 2),
        source=st.integers(0, 2),
        with_color=st.booleans(),
    )
    def carry(self, advertiser: str, image: int, source: int, with_color: bool) -> None:  # noqa: FBT001
        """A scrape found that one picture looks like another; `tagging.carry` has its own tests."""
        if image != source:
            self.model.carry(advertiser, image, source, with_color=with_color)
            for world in self.worlds:
                world.shop.carry(advertiser, image, source, with_color=with_color)

    @rule(
        said=SAYINGS, url=st.sampled_from(URLS), image=st.integers(0, 2), with_color=st.booleans()
    )
    def fix_what_travels(self, said: Saying, url: str, image: int, with_color: bool) -> None:  # noqa: FBT001
        """By chance alone a picture that is fixed is too seldom one that travels."""
        self.fix_one(said[0], url, *said[1:])
        source = self.model.sitemaps[said[0]][URLS.index(url)].image
        if source is not None:
            self.carry(said[0], image, source, with_color)

    @rule(advertiser=ADVERTISERS, url=st.sampled_from(URLS), by=st.sampled_from([None, ACME]))
    def refuse(self, advertiser: str, url: str, by: str | None) -> None:
        self._act(
            lambda at: self.model.refuse(at, advertiser, url, by=by),
            lambda world: world.shop.refuse(
                advertiser, url, role=Role.ADVERTISER if by else Role.STAFF, actor_of=by
            ),
        )

    @rule(answers=ANSWERS)
    def promote(self, answers: Mapping[int, Answer]) -> None:
        version = f"m{len(self.model.versions) + 1}"
        self.model.promote(version, answers)
        for world in self.worlds:
            world.shop.promote(version, answers)

    @rule()
    def roll_back(self) -> None:
        """What the champion before had said is shown again at once."""
        self.model.roll_back()
        for world in self.worlds:
            world.shop.roll_back()

    # ---- what has to be equal --------------------------------------------------------------------

    @invariant()
    def sitemaps_are_equal(self) -> None:
        for advertiser in (ACME, ZENITH):
            places = self.model.sitemaps[advertiser]
            expected = [self.model.shown(advertiser, place) for place in places]
            for world in self.worlds:
                assert read_sitemap(world, advertiser) == expected

    @invariant()
    def histories_are_equal(self) -> None:
        for advertiser in (ACME, ZENITH):
            self._compare_history(advertiser)

    @invariant()
    def conflicts_are_equal(self) -> None:
        expected = []
        for image in range(len(URLS)):
            for name in (COLOR, TYPE):
                status, positions = self.model.standing(image, name)
                history = self.model.history_of(image, name)
                ruled = [
                    one for one in self.model.rulings if (one.image, one.field) == (image, name)
                ]
                rulings = [
                    (one.act, one.ruling, self.model.holds("ruling", one.number)) for one in ruled
                ]
                if status is not None:
                    expected.append(
                        (
                            (image, name, status),
                            [one.number for one in positions],
                            [one.number for one in history],
                            rulings,
                        )
                    )
        still_open = [one[0] for one in expected if one[0][2] == "open"]
        contested = [one[0] for one in expected if one[0][2] != "everyone"]
        for world in self.worlds:
            assert read_conflicts(world) == expected
            found = world.shop.conflicts()
            assert [identify(world, one) for one in found] == still_open
            with reading(world.shop.engine) as connection:
                left_out = [identify(world, one) for one in iter_contested(connection)]
            assert left_out == contested

    def teardown(self) -> None:
        """The past can be asked for as well: after each of the acts."""
        for act in self.model.acts:
            for advertiser in (ACME, ZENITH):
                self._compare_history(advertiser, until=act.at)

    # ---- parts -----------------------------------------------------------------------------------

    def _act(
        self, to_model: Callable[[Any], None], to_world: Callable[[World], review.Done]
    ) -> None:
        """Do it to all; where the model refuses, both databases must, and change nothing."""
        try:
            to_model(self._next_at())
        except Refused:
            for world in self.worlds:
                with pytest.raises(UsageError):
                    to_world(world)
            return
        for world in self.worlds:
            world.note(to_world(world))

    def _next_at(self) -> Any:
        """When the next act is done: their clocks tick at every step, and go alike."""
        times = {world.shop.now for world in self.worlds}
        assert len(times) == 1
        return times.pop() + Shop.TICK

    def _rescrape(
        self,
        advertiser: str,
        shown: Mapping[str, int | None],
        words: str | None,
        condition: str | None,
    ) -> None:
        vehicles = [
            Vehicle(id=name, title=title, condition=condition, color=words, images=tuple(urls))
            for name, title, urls in LAYOUT
        ]
        self.model.sitemaps[advertiser] = [
            Place(name, title, condition, words, url, shown[url])
            for name, title, urls in LAYOUT
            for url in urls
        ]
        self.model.see(advertiser)
        for world in self.worlds:
            world.shop.scrape(advertiser, vehicles=vehicles, shown=shown)

    def _compare_history(self, advertiser: str, until: Any = None) -> None:
        expected = self.model.history(advertiser, until)
        for world in self.worlds:
            found = world.shop.history(advertiser, until=until)
            assert [(describe(world, fix), fix.is_live) for fix in found] == expected


def test_any_sequence_comes_to_the_same_on_both_databases(
    sqlite_engine: sa.Engine, postgresql_engine: sa.Engine
) -> None:
    machine = type("Both", (Machine,), {"engines": (sqlite_engine, postgresql_engine)})
    # pytest's own profile is for quick properties: a step here is dozens of statements.
    is_thorough = settings.get_current_profile_name() == "thorough"
    length = {} if is_thorough else {"max_examples": _EXAMPLES, "stateful_step_count": _STEPS}
    run_state_machine_as_test(
        machine,
        settings=settings(
            deadline=None,
            suppress_health_check=list(HealthCheck),
            **length,
        ),
    )
