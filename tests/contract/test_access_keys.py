"""API keys, on both databases."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from forecourt import access
from forecourt.core.access import ROLE_SCOPES, Principal, Scope
from forecourt.core.audit import AuditAction
from forecourt.core.credentials import KeyStatus
from forecourt.core.errors import ForbiddenError, NotFoundError, UsageError
from forecourt.core.records import Role
from forecourt.store.engine import reading, writing
from forecourt.store.schema import metadata
from tests.support.gate import Gate, use_cheap_hashes


@pytest.fixture
def gate(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> Gate:
    use_cheap_hashes(monkeypatch)
    return Gate(engine)


def test_a_key_opens_as_what_it_was_made(gate: Gate) -> None:
    key, token = gate.create_key(Role.ADVERTISER, "acme", scopes=frozenset({Scope.READ}))
    assert token.startswith(f"fc_{key.id}_")
    found = gate.authenticate_key(token)
    assert found is not None
    assert found.principal == Principal(
        name="ci",
        role=Role.ADVERTISER,
        advertiser="acme",
        scopes=frozenset({Scope.READ}),
        key_id=key.id,
    )
    _key, token = gate.create_key(Role.STAFF)
    found = gate.authenticate_key(token)
    assert found is not None
    assert found.principal.scopes == ROLE_SCOPES[Role.STAFF]


def test_a_wrong_token_opens_nothing(gate: Gate) -> None:
    key, token = gate.create_key()
    other, other_token = gate.create_key()
    secret, other_secret = token.split("_")[2], other_token.split("_")[2]
    swapped = "1" if token[-1] == "0" else "0"
    for wrong in (
        "",
        "fc_",
        token[:-1],
        token[:-1] + swapped,
        token + "0",
        token + "\n",
        " " + token,
        token.upper(),
        secret,
        f"fc_{key.id}_{other_secret}",
        f"fc_{other.id}_{secret}",
        f"fc_{'0' * 16}_{secret}",
        f"fc_{key.id}_" + "\u0661" * 64,
        "fc_\0_\ud800",
    ):
        assert gate.authenticate_key(wrong) is None, wrong
    assert gate.authenticate_key(token) is not None


def test_a_revoked_key_is_dead_at_once_and_stays_so(gate: Gate) -> None:
    key, token = gate.create_key()
    assert gate.revoke_key(key.id).status(gate.now) is KeyStatus.REVOKED
    assert gate.authenticate_key(token) is None
    first = gate.keys()[0]
    gate.wait(60)
    gate.revoke_key(key.id)
    assert gate.keys()[0] == first
    assert [one.action for one in gate.log()] == [AuditAction.KEY_REVOKE, AuditAction.KEY_CREATE]


def test_a_key_dies_at_the_moment_of_its_expiry(gate: Gate) -> None:
    _key, token = gate.create_key(lasts_s=60)
    gate.wait(59.999)
    assert gate.authenticate_key(token) is not None
    gate.wait(0.001)
    assert gate.authenticate_key(token) is None
    assert gate.keys()[0].status(gate.now) is KeyStatus.EXPIRED


def test_a_use_is_noted_once_a_minute(gate: Gate) -> None:
    key, token = gate.create_key()

    def use() -> bool:
        found = gate.authenticate_key(token)
        assert found is not None
        with writing(gate.engine) as connection:  # also where it is not due: that must not matter
            access.note_key_used(connection, key.id, now=gate.now)
        return found.is_use_due

    first = gate.now
    assert use()
    assert gate.keys()[0].last_used_at == first
    gate.wait(59)
    assert not use()
    assert gate.keys()[0].last_used_at == first
    gate.wait(2)
    assert use()
    assert gate.keys()[0].last_used_at == gate.now


def test_authenticating_is_one_select_by_an_index_and_no_write(gate: Gate) -> None:
    key, token = gate.create_key()
    statements: list[str] = []
    sa.event.listen(
        gate.engine,
        "before_cursor_execute",
        lambda _c, _cursor, text, *_rest: statements.append(text),
    )
    with reading(gate.engine) as connection:
        statements.clear()
        access.authenticate_key(connection, token, now=gate.now)
        (statement,) = statements
        assert statement.startswith("SELECT")
        if gate.engine.dialect.name == "sqlite":
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", (key.id,)).all()
            assert "USING INDEX" in plan[0].detail


@pytest.mark.parametrize("role", [Role.STAFF, Role.ADVERTISER])
def test_only_admins_make_and_revoke_keys(gate: Gate, role: Role) -> None:
    advertiser = "acme" if role is Role.ADVERTISER else None
    key, token = gate.create_key(role, advertiser)
    found = gate.authenticate_key(token)
    assert found is not None
    with pytest.raises(ForbiddenError, match="needs the role admin"):
        gate.create_key(role, advertiser, by=found.principal)
    with pytest.raises(ForbiddenError, match="needs the role admin"):
        gate.revoke_key(key.id, by=found.principal)
    assert len(gate.keys()) == 1
    assert gate.authenticate_key(token) is not None


def test_keys_that_make_no_sense_are_refused(gate: Gate) -> None:
    with pytest.raises(UsageError, match="needs the advertiser's name"):
        gate.create_key(Role.ADVERTISER)
    with pytest.raises(UsageError, match="advertiser's name is empty"):
        gate.create_key(Role.ADVERTISER, " ")
    with pytest.raises(UsageError, match="leave out 'acme'"):
        gate.create_key(Role.STAFF, "acme")
    with pytest.raises(UsageError, match="cannot have the scope admin"):
        gate.create_key(Role.STAFF, scopes=frozenset({Scope.ADMIN}))
    with pytest.raises(UsageError, match="without scopes opens nothing"):
        gate.create_key(scopes=frozenset())
    with pytest.raises(UsageError, match="expired already"):
        gate.create_key(lasts_s=0)
    with pytest.raises(NotFoundError, match="no key 'nope'"):
        gate.revoke_key("nope")
    assert gate.keys() == []
    assert gate.log() == []


def test_keys_of_one_advertiser_are_listed(gate: Gate) -> None:
    gate.create_key()
    key, _token = gate.create_key(Role.ADVERTISER, "acme")
    gate.create_key(Role.ADVERTISER, "zenith")
    assert gate.keys("acme") == [key]
    assert len(gate.keys()) == 3


def test_no_secret_is_stored_anywhere(gate: Gate) -> None:
    _key, token = gate.create_key()
    gate.create_user()
    session = gate.sign_in()
    gate.set_password("Ada", "another long password")
    kept = []
    with reading(gate.engine) as connection:
        for table in metadata.sorted_tables:
            kept += [
                json.dumps(list(row), default=str) for row in connection.execute(table.select())
            ]
    everything = "\n".join(kept)
    assert "ci" in everything
    for secret in (
        token,
        token.split("_")[2],
        session.token,
        session.csrf_token,
        "correct horse battery",
        "another long password",
    ):
        assert secret not in everything
