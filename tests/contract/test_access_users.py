"""Users, signing in, and sessions, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from forecourt import access
from forecourt.access import passwords
from forecourt.core.access import ROLE_SCOPES, Principal
from forecourt.core.audit import AuditAction
from forecourt.core.errors import (
    ForbiddenError,
    NotFoundError,
    TooManyTriesError,
    UsageError,
)
from forecourt.core.records import Role
from forecourt.store.engine import reading, writing
from forecourt.store.schema import login_failures, sessions, users
from tests.support.gate import PASSWORD, SETTINGS, Gate, use_cheap_hashes

OTHER = "another long password"


@pytest.fixture
def gate(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> Gate:
    use_cheap_hashes(monkeypatch)
    return Gate(engine)


def tries(gate: Gate, count: int, name: str = "Ada") -> list[Principal | None]:
    return [gate.authenticate_user(name, "wrong") for _ in range(count)]


def kept_hash(gate: Gate) -> str:
    with reading(gate.engine) as connection:
        return str(connection.scalar(sa.select(users.c.password_hash)))


# ---- users ---------------------------------------------------------------------------------------


def test_a_user_signs_in_as_what_they_were_made(gate: Gate) -> None:
    user = gate.create_user("Ada", role=Role.ADVERTISER, advertiser="acme")
    assert gate.authenticate_user() == Principal(
        name="Ada",
        role=Role.ADVERTISER,
        advertiser="acme",
        scopes=ROLE_SCOPES[Role.ADVERTISER],
        user_id=user.id,
    )
    assert gate.authenticate_user(password=PASSWORD + " ") is None
    assert gate.authenticate_user(password="") is None
    assert gate.authenticate_user("Adam") is None


def test_names_are_the_same_in_any_letter_case(gate: Gate) -> None:
    gate.create_user("Jürgen Groß")
    for name in ("jürgen groß", "JÜRGEN GROSS", " Ju\u0308rgen Groß "):
        found = gate.authenticate_user(name)
        assert found is not None
        assert found.name == "Jürgen Groß"
        with pytest.raises(UsageError, match="choose another name"):
            gate.create_user(name)
    assert len(gate.users()) == 1


def test_of_many_who_take_a_name_at_once_one_gets_it(gate: Gate) -> None:
    def take(number: int) -> bool:
        try:
            gate.create_user("Ada" if number % 2 else "ADA", f"{PASSWORD} {number}")
        except UsageError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(take, range(8)))
    assert taken.count(True) == 1
    assert gate.authenticate_user(password=f"{PASSWORD} {taken.index(True)}") is not None
    assert len(gate.log()) == 1


@pytest.mark.parametrize("text", ["\0", "\ud800", "x" * 100_000, "%", "' OR 1=1 --"])
def test_whatever_is_typed_is_just_wrong(gate: Gate, text: str) -> None:
    gate.create_user()
    assert gate.authenticate_user(name=text) is None
    assert gate.authenticate_user(password=text) is None


def test_unknown_and_disabled_names_cost_the_same_hashing(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate.create_user("Ada")
    gate.create_user("Ben")
    gate.disable_user("Ben")
    passwords.decoy()
    hashed = []
    is_right = passwords.is_right

    def counted(password_hash: str, password: str) -> bool:
        hashed.append(password_hash.rpartition("$")[0].rpartition("$")[0])
        return is_right(password_hash, password)

    monkeypatch.setattr(passwords, "is_right", counted)
    for name in ("Ada", "Ben", "nobody"):
        assert gate.authenticate_user(name, "wrong") is None
    assert gate.authenticate_user("Ben") is None
    assert len(hashed) == 4
    assert len(set(hashed)) == 1, "the same parameters"


def test_passwords_that_are_easy_to_guess_are_refused(gate: Gate) -> None:
    for password, message in (
        ("eleven char", "has 11 characters; give one of at least 12"),
        ("x" * 1_025, "more than 1,024"),
        ("aaaaaaaaaaaabbb", "repeats a few characters"),
        ("LongerName 1x longername", None),
        ("longername  LONGERNAME", "is the user's name"),
    ):
        if message is None:
            gate.create_user("LongerName 1", password)
            continue
        with pytest.raises(UsageError, match=message):
            gate.create_user("LongerName", password)
    gate.create_user("Ada")
    with pytest.raises(UsageError, match="at least 12"):
        gate.set_password("Ada", "short")
    assert gate.authenticate_user() is not None


def test_a_hash_of_other_parameters_is_made_anew_at_the_next_right_password(gate: Gate) -> None:
    gate.create_user()
    old = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash(PASSWORD)
    with writing(gate.engine) as connection:
        connection.execute(sa.update(users).values(password_hash=old))
    changed_at = gate.users()[0].password_changed_at
    gate.wait(1)
    assert gate.authenticate_user(password=OTHER) is None
    assert kept_hash(gate) == old
    assert gate.authenticate_user() is not None
    anew = kept_hash(gate)
    assert anew != old
    assert gate.users()[0].password_changed_at == changed_at
    assert gate.authenticate_user() is not None
    assert kept_hash(gate) == anew


def test_a_disabled_user_is_out_at_once_and_the_name_is_not_given_again(gate: Gate) -> None:
    gate.create_user()
    gate.wait(1)
    session = gate.sign_in()
    disabled = gate.disable_user("ada")
    assert (disabled.disabled_at, disabled.disabled_by) == (gate.now, "root")
    assert gate.find_session(session.token) is None
    assert gate.authenticate_user() is None
    gate.wait(60)
    assert gate.disable_user("ada") == disabled
    with pytest.raises(UsageError, match="There is, or was"):
        gate.create_user("ADA")
    with pytest.raises(NotFoundError, match="is disabled"):
        gate.set_password("Ada", OTHER)
    assert [one.action for one in gate.log()].count(AuditAction.USER_DISABLE) == 1


def test_people_change_their_own_password_and_nobody_elses(gate: Gate) -> None:
    gate.create_user("Ada")
    gate.create_user("Ben")
    ada = gate.authenticate_user("Ada")
    assert ada is not None
    gate.set_password("Ada", OTHER, by=ada)
    assert gate.authenticate_user("Ada") is None
    assert gate.authenticate_user("Ada", OTHER) is not None
    for name in ("Ben", "nobody"):
        with pytest.raises(ForbiddenError, match="needs the role admin"):
            gate.set_password(name, OTHER, by=ada)
    for refused in (
        lambda: gate.create_user("Cleo", by=ada),
        lambda: gate.disable_user("Ada", by=ada),
    ):
        with pytest.raises(ForbiddenError, match="needs the role admin"):
            refused()
    with pytest.raises(NotFoundError, match="no user 'nobody'"):
        gate.set_password("nobody", OTHER)
    assert gate.authenticate_user("Ben") is not None


# ---- too many tries ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Ada", "nobody"])
def test_after_five_failures_a_name_waits_whether_it_exists_or_not(gate: Gate, name: str) -> None:
    gate.create_user("Ada")
    assert tries(gate, 5, name) == [None] * 5
    with pytest.raises(TooManyTriesError, match="try again in 30 s") as caught:
        gate.authenticate_user(name)
    assert caught.value.wait_s == 30
    gate.wait(29)
    with pytest.raises(TooManyTriesError):
        gate.authenticate_user(name.upper())
    gate.wait(1)
    assert gate.authenticate_user(name, "wrong") is None
    with pytest.raises(TooManyTriesError, match="try again in 60 s"):
        gate.authenticate_user(name)


def test_being_told_to_wait_does_not_lengthen_the_wait(gate: Gate) -> None:
    gate.create_user()
    tries(gate, 5)
    for _ in range(10):
        gate.wait(2)
        with pytest.raises(TooManyTriesError):
            gate.authenticate_user()
    gate.wait(10)
    assert gate.authenticate_user() is not None


def test_a_right_password_wipes_the_slate_and_so_does_a_new_one_or_a_day(gate: Gate) -> None:
    gate.create_user()
    gate.create_user("Ben")
    for forgive in (
        gate.authenticate_user,
        lambda: gate.set_password("Ada", PASSWORD),
        lambda: gate.wait(86_400),
    ):
        tries(gate, 4)
        forgive()
        assert tries(gate, 4) == [None] * 4
        assert gate.authenticate_user() is not None
    tries(gate, 5)
    assert gate.authenticate_user("Ben") is not None, "others are not slowed"


def test_failures_of_yesterday_are_forgotten(gate: Gate) -> None:
    gate.create_user()
    tries(gate, 1, "nobody")
    gate.wait(86_401)
    gate.authenticate_user()
    with reading(gate.engine) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(login_failures)) == 0


def test_many_tries_at_once_are_all_counted(gate: Gate) -> None:
    gate.create_user()

    def one_try(_number: int) -> str:
        try:
            gate.authenticate_user(password=OTHER)
        except TooManyTriesError:
            return "told to wait"
        return "looked at"

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one_try, range(24))).count("looked at") == 5


def test_a_password_changed_or_a_user_disabled_while_it_was_hashed(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate.create_user()
    is_right = passwords.is_right

    def with_interruption(password_hash: str, password: str) -> bool:
        found = is_right(password_hash, password)
        interrupt()
        return found

    monkeypatch.setattr(passwords, "is_right", with_interruption)
    interrupt = lambda: gate.set_password("Ada", OTHER)  # noqa: E731
    assert gate.authenticate_user() is None
    interrupt = lambda: gate.disable_user("Ada")  # noqa: E731
    assert gate.authenticate_user(password=OTHER) is None


# ---- sessions ------------------------------------------------------------------------------------


def test_a_session_is_of_its_user_and_has_a_token_for_forms(gate: Gate) -> None:
    gate.create_user("Ada", role=Role.ADVERTISER, advertiser="acme")
    opened = gate.sign_in()
    session = gate.find_session(opened.token)
    assert session is not None
    assert session.principal == gate.authenticate_user()
    assert session.csrf_token == opened.csrf_token
    assert access.is_csrf_token(session, opened.csrf_token)
    other = gate.sign_in()
    for wrong in ("", other.csrf_token, opened.token, "\ud800"):
        assert not access.is_csrf_token(session, wrong)
    for wrong in ("", opened.csrf_token, opened.token[:-1], "\0\ud800"):
        assert gate.find_session(wrong) is None


def test_an_unused_session_ends_and_a_used_one_goes_on_until_its_day_is_over(gate: Gate) -> None:
    gate.create_user()
    unused, used = gate.sign_in().token, gate.sign_in().token
    for _ in range(4):
        gate.wait(1_800)
        session = gate.find_session(used)
        assert session is not None
        assert session.is_use_due
        gate.use_session(used)
    assert gate.find_session(unused) is None
    gate.wait(1_799)
    assert gate.find_session(used) is not None
    gate.wait(1)
    assert gate.find_session(used) is None, "after 9,000 s"


def test_a_session_ends_at_the_moment_that_it_was_unused_for_so_long(gate: Gate) -> None:
    gate.create_user()
    token = gate.sign_in().token
    gate.wait(SETTINGS.session_idle_s - 0.001)
    assert gate.find_session(token) is not None
    gate.wait(0.001)
    assert gate.find_session(token) is None
    session = gate.sign_in()
    gate.wait(59)
    found = gate.find_session(session.token)
    assert found is not None
    assert not found.is_use_due


def test_signing_out_ends_this_session_only(gate: Gate) -> None:
    gate.create_user()
    one, other = gate.sign_in().token, gate.sign_in().token
    gate.close_session(one)
    gate.close_session(one)
    assert gate.find_session(one) is None
    assert gate.find_session(other) is not None
    actions = [entry.action for entry in gate.log()]
    assert actions.count(AuditAction.SESSION_CLOSE) == 1
    assert actions.count(AuditAction.SESSION_OPEN) == 2


def test_another_password_ends_every_session_and_no_one_elses(gate: Gate) -> None:
    gate.create_user("Ada")
    gate.create_user("Ben")
    tokens = [gate.sign_in().token for _ in range(3)]
    ben = gate.sign_in("Ben").token
    gate.wait(1)
    gate.set_password("Ada", OTHER)
    assert [gate.find_session(token) for token in tokens] == [None] * 3
    assert gate.find_session(ben) is not None
    assert gate.log()[0].detail == {"sessions_ended": 3}
    assert gate.find_session(gate.sign_in("Ada", OTHER).token) is not None


def test_a_session_opened_with_a_password_that_was_just_changed_is_dead(gate: Gate) -> None:
    gate.create_user()
    gate.wait(1)
    signed_in_at = gate.now
    principal = gate.authenticate_user()
    assert principal is not None
    gate.wait(0.1)
    gate.set_password("Ada", OTHER)
    gate.now = signed_in_at
    token = gate.open_session(principal).token
    gate.wait(1)
    assert gate.find_session(token) is None


def test_ended_sessions_do_not_pile_up(gate: Gate) -> None:
    gate.create_user()
    for _ in range(3):
        gate.sign_in()
    gate.wait(9_000)
    gate.sign_in()
    with reading(gate.engine) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(sessions)) == 1


def test_a_key_has_no_session(gate: Gate) -> None:
    with pytest.raises(UsageError, match="Only users of the panel"):
        gate.open_session(gate.admin)
