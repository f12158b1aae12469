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
from forecourt.core.conflicts import ConflictStatus, Ruling
from forecourt.core.errors import UsageError
from forecourt.core.fixes import Fix, FixField
from forecourt.core.labels import Color, ImageType
from forecourt.core.records import Role, Source, Vehicle
from forecourt.core.resolve import Status
from forecourt.sitemap import iter_sitemap
from forecourt.store.conflicts import iter_contested
from forecourt.store.engine import reading
from tests.support.fix_filters import make_fits
from tests.support.fix_model import COLOR, PAINT, TYPE, Fixed, Model, Place, Refused, Shown
from tests.support.shop import ACME, URLS, ZENITH, Answer, Shop

_ADVERTISERS = st.sampled_from([ACME, ZENITH])
_STEPS = 15
_EXAMPLES = 25

# One vehicle with two images, one with one: so a whole vehicle is more than an image.
_LAYOUT = (("v0", "Red Sedan", URLS[:2]), ("v1", "Blue Van", URLS[2:]))
_SHOWN = st.fixed_dictionaries(dict.fromkeys(URLS, st.sampled_from([0, 1, 2, None])))
_ANSWERS = st.dictionaries(
    st.integers(0, 2),
    st.builds(
        Answer,
        image_type=st.sampled_from(["Dealer", "Placeholder"]),
        image_type_confidence=st.sampled_from([0.4, 0.9]),
        color=st.sampled_from(["Grey", "Red"]),
        color_confidence=st.sampled_from([0.3, 0.8]),
        review=st.booleans(),
    ).map(
        lambda one: one if one.image_type == "Dealer" else Answer(**{**vars(one), "color": None})
    ),
)
_CHANGES = st.one_of(
    st.fixed_dictionaries({TYPE: st.sampled_from(ImageType)}),
    st.fixed_dictionaries({COLOR: st.sampled_from([Color.RED, Color.BLUE, None])}),
    st.just({TYPE: ImageType.STOCK, COLOR: Color.BLUE}),
    st.just({TYPE: ImageType.PLACEHOLDER, COLOR: None}),
)


def _some(of: Any) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(st.sampled_from(of), min_size=1, max_size=2, unique=True).map(tuple)


_FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "vehicle_ids": _some(["v0", "v1"]),
        "image_types": _some(ImageType),
        "colors": _some([Color.RED, Color.BLUE, Color.GREY, None]),
        "statuses": _some(Status),
        "type_sources": _some(Source),
        "color_sources": _some(Source),
        "conditions": _some(["New", "Used"]),
        "review": st.booleans(),
        "type_confidence_below": st.sampled_from([0.4, 0.5, 0.95]),
        "color_confidence_below": st.sampled_from([0.3, 0.5, 0.95]),
        "against_scrape_color": st.just(True),
        "text": st.sampled_from(["red", "VAN", "v1"]),
    },
).map(lambda given: given or {"whole_sitemap": True})
_NAMED = _some(URLS).map(lambda urls: {"urls": urls})
# Who says what, and for whom.
_Saying = tuple[str, Color | None, str]
_SAYINGS = st.tuples(
    _ADVERTISERS,
    st.sampled_from([Color.RED, Color.BLUE, None]),
    st.sampled_from(["own", "own", "staff", "everyone"]),
)
# Most often one filter: several together seldom fit anything.
_SELECTIONS = st.one_of(_NAMED, _FILTERS.map(lambda given: dict(list(given.items())[:2])), _FILTERS)


class World:
    """One database, and which of its ids stand for the model's numbers."""

    def __init__(self, engine: sa.Engine) -> None:
        self.shop = Shop(engine)
        self.acts: list[int] = []
        self.fixes: list[int] = []

    def note(self, done: review.Done) -> None:
        self.acts.append(done.act_id)
        self.fixes += [fix.id for fix in done.fixes if fix.act_id == done.act_id]
        assert done.count == len(done.fixes)

    def number(self, fix: Fix) -> int:
        return self.fixes.index(fix.id)


class Machine(RuleBasedStateMachine):
    """What is done to both databases and to the model, and that they agree.

    What is to be added has three places: a rule here, what it does to the model, and where it
    matters for what is shown, `Model._reaches`.
    """

    engines: tuple[sa.Engine, ...]

    def __init__(self) -> None:
        super().__init__()
        self.worlds = [World(engine) for engine in self.engines]
        self.model = Model()
        self.model.versions.append(("m1", dict.fromkeys(range(len(URLS)), Answer())))
        for advertiser in (ACME, ZENITH):
            self._rescrape(advertiser, dict(zip(URLS, range(3), strict=True)), None, None)

    # ---- what is done ----------------------------------------------------------------------------

    @rule(
        advertiser=_ADVERTISERS,
        url=st.sampled_from(URLS[:2]),
        value=st.sampled_from([Color.RED, Color.BLUE, None]),
        scope=st.sampled_from(["own", "staff", "everyone"]),
    )
    def fix_one(self, advertiser: str, url: str, value: Color | None, scope: str) -> None:
        """Often: few images, values and parties, so that they come into each other's way."""
        self.fix(advertiser, {"urls": (url,)}, {COLOR: value}, scope == "own", scope == "everyone")

    @rule(
        url=st.sampled_from(URLS[:2]),
        said=st.lists(_SAYINGS, min_size=2, max_size=4),
        ruling=st.sampled_from(Ruling),
        afterwards=st.lists(_SAYINGS, max_size=1),
    )
    def quarrel(
        self, url: str, said: list[_Saying], ruling: Ruling, afterwards: list[_Saying]
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
        advertiser=_ADVERTISERS,
        given=_SELECTIONS,
        change=_CHANGES,
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
        advertiser=_ADVERTISERS,
        shown=_SHOWN,
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

    @rule(answers=_ANSWERS)
    def promote(self, answers: Mapping[int, Answer]) -> None:
        version = f"m{len(self.model.versions) + 1}"
        self.model.versions.append((version, answers))
        for world in self.worlds:
            world.shop.promote(version, answers)

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
            for name, title, urls in _LAYOUT
        ]
        self.model.sitemaps[advertiser] = [
            Place(name, title, condition, words, url, shown[url])
            for name, title, urls in _LAYOUT
            for url in urls
        ]
        for world in self.worlds:
            world.shop.scrape(advertiser, vehicles=vehicles, shown=shown)

    def _compare_history(self, advertiser: str, until: Any = None) -> None:
        expected = self.model.history(advertiser, until)
        for world in self.worlds:
            found = world.shop.history(advertiser, until=until)
            assert [(describe(world, fix), fix.is_live) for fix in found] == expected


def read_sitemap(world: World, advertiser: str) -> list[Shown]:
    with reading(world.shop.engine) as connection:
        entries = list(iter_sitemap(connection, advertiser, model_version=world.shop.model))
    return [
        Shown(
            status=resolved.status,
            image_type=resolved.image_type.value,
            type_source=resolved.image_type.source,
            color=resolved.color.value,
            color_source=resolved.color.source,
            review=resolved.review,
        )
        for entry in entries
        for resolved in (image.resolved for image in entry.images)
    ]


def read_conflicts(world: World) -> list[Any]:
    return [
        (
            identify(world, one),
            [world.number(fix) for fix in one.positions],
            [world.number(fix) for fix in one.history],
            [(world.acts.index(o.act_id), o.ruling, o.is_live) for o in one.rulings],
        )
        for one in world.shop.conflicts(with_ruled=True)
    ]


def identify(world: World, one: Any) -> tuple[int, FixField, ConflictStatus]:
    return world.shop.image_ids.index(one.image_id), one.field, one.status


def describe(world: World, fix: Fix) -> Fixed:
    image = None if fix.image_id is None else world.shop.image_ids.index(fix.image_id)
    return Fixed(
        number=world.number(fix),
        act=world.acts.index(fix.act_id),
        owner=fix.advertiser,
        is_advertisers=fix.role is Role.ADVERTISER,
        everywhere=fix.everywhere,
        subject=("url", fix.url) if image is None else ("image", image),
        url=fix.url,
        vehicle=fix.vehicle_id or "",
        field=fix.field,
        before=fix.value_from,
        value=fix.value,
        model=fix.model_version,
    )


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
