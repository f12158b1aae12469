"""Any sequence of acts, scrapes and promotions replays to the same state, on both databases."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from forecourt import review
from forecourt.core.errors import UsageError
from forecourt.core.labels import Color, ImageType
from forecourt.core.records import Role
from forecourt.store import fixes as stored_fixes
from forecourt.store.engine import reading
from tests.support.shop import ACME, URLS, ZENITH, Shop

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
