"""Whatever is made, revoked, disabled, changed or left alone: nothing dead comes in.

A model that knows nothing of the code says of every credential ever given out whether it is alive;
on both databases exactly those have to open. More examples: `pytest --hypothesis-profile thorough`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from forecourt.core.errors import NotFoundError, TooManyTriesError, UsageError
from forecourt.core.records import Role
from forecourt.store.engine import writing
from forecourt.store.schema import metadata
from tests.support.gate import SETTINGS, Gate, use_cheap_hashes

NAMES = ("Ada", "Ben")
PASSWORDS = ("correct horse battery", "another long password")
PAUSES = (30.0, 61.0, 1_800.0, 1_800.0, 3_570.0, 3_600.0)
NUMBERS = st.integers(0, 9)


@dataclass
class Key:
    id: str
    token: str
    expires_at: datetime | None
    is_revoked: bool = False


@dataclass
class User:
    password: str
    is_disabled: bool = False


@dataclass
class Session:
    token: str
    name: str
    opened_at: datetime
    seen_at: datetime
    is_ended: bool = False


class Machine(RuleBasedStateMachine):
    engine: sa.Engine

    def __init__(self) -> None:
        super().__init__()
        with writing(self.engine) as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(sa.delete(table))
        self.gate = Gate(self.engine)
        self.keys: list[Key] = []
        self.gate.create_user(NAMES[0], PASSWORDS[0])
        self.users = {NAMES[0]: User(PASSWORDS[0])}
        self.sessions: list[Session] = []

    # ---- what is done ----------------------------------------------------------------------------

    @rule(seconds=st.sampled_from(PAUSES))
    def wait(self, seconds: float) -> None:
        self.gate.wait(seconds)

    @rule(lasts_s=st.sampled_from([None, 30.0, 3_600.0]))
    def create_key(self, lasts_s: float | None) -> None:
        key, token = self.gate.create_key(lasts_s=lasts_s)
        self.keys.append(Key(key.id, token, key.expires_at))

    @rule(number=NUMBERS)
    def revoke_key(self, number: int) -> None:
        if self.keys:
            one = self.keys[number % len(self.keys)]
            self.gate.revoke_key(one.id)
            one.is_revoked = True

    @rule(name=st.sampled_from(NAMES), password=st.sampled_from(PASSWORDS))
    def create_user(self, name: str, password: str) -> None:
        if name in self.users:
            with pytest.raises(UsageError, match="There is, or was"):
                self.gate.create_user(name.upper(), password)
            return
        self.gate.create_user(name, password, Role.STAFF)
        self.users[name] = User(password)

    @rule(name=st.sampled_from(NAMES), password=st.sampled_from(PASSWORDS))
    def set_password(self, name: str, password: str) -> None:
        user = self.users.get(name)
        if user is None or user.is_disabled:
            with pytest.raises(NotFoundError):
                self.gate.set_password(name, password)
            return
        self.gate.set_password(name, password)
        user.password = password
        self._end_sessions(name)

    @rule(name=st.sampled_from(NAMES))
    def disable_user(self, name: str) -> None:
        if name in self.users:
            self.gate.disable_user(name)
            self.users[name].is_disabled = True
            self._end_sessions(name)

    @rule(name=st.sampled_from(NAMES))
    def sign_in_rightly(self, name: str) -> None:
        self.sign_in(name, self.users[name].password if name in self.users else PASSWORDS[0])

    @rule(name=st.sampled_from(NAMES), password=st.sampled_from(PASSWORDS))
    def sign_in(self, name: str, password: str) -> None:
        user = self.users.get(name)
        is_right = user is not None and not user.is_disabled and user.password == password
        try:
            principal = self.gate.authenticate_user(name, password)
        except TooManyTriesError:
            return
        assert (principal is not None) == is_right
        if principal is not None:
            token = self.gate.open_session(principal).token
            self.sessions.append(Session(token, name, self.gate.now, self.gate.now))

    @rule(number=NUMBERS)
    def use_session(self, number: int) -> None:
        if self.sessions:
            one = self.sessions[number % len(self.sessions)]
            found = self.gate.find_session(one.token)
            if found is not None and found.is_use_due:
                self.gate.use_session(one.token)
                one.seen_at = self.gate.now

    @rule(number=NUMBERS)
    def close_session(self, number: int) -> None:
        if self.sessions:
            one = self.sessions[number % len(self.sessions)]
            self.gate.close_session(one.token)
            one.is_ended = True

    def _end_sessions(self, name: str) -> None:
        for one in self.sessions:
            one.is_ended |= one.name == name

    # ---- what has to hold ------------------------------------------------------------------------

    @invariant()
    def exactly_the_live_keys_open(self) -> None:
        for key in self.keys:
            is_expired = key.expires_at is not None and self.gate.now >= key.expires_at
            is_alive = not key.is_revoked and not is_expired
            assert (self.gate.authenticate_key(key.token) is not None) == is_alive

    @invariant()
    def exactly_the_live_sessions_open(self) -> None:
        for one in self.sessions:
            is_alive = (
                not one.is_ended
                and self.gate.now < one.opened_at + timedelta(seconds=SETTINGS.session_max_s)
                and self.gate.now < one.seen_at + timedelta(seconds=SETTINGS.session_idle_s)
            )
            assert (self.gate.find_session(one.token) is not None) == is_alive


def test_nothing_dead_ever_comes_in(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    use_cheap_hashes(monkeypatch)

    is_thorough = settings.get_current_profile_name() == "thorough"
    length = {} if is_thorough else {"max_examples": 100, "stateful_step_count": 25}
    run_state_machine_as_test(
        type("OnThisEngine", (Machine,), {"engine": engine}),
        settings=settings(deadline=None, suppress_health_check=list(HealthCheck), **length),
    )
