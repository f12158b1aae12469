"""The audit log, on both databases."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from forecourt import access
from forecourt.core.audit import AuditAction, AuditEntry, AuditPage
from forecourt.core.errors import UsageError
from forecourt.core.records import Role
from forecourt.store.engine import reading, writing
from tests.support.gate import PASSWORD, START, Gate, use_cheap_hashes


@pytest.fixture
def gate(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> Gate:
    use_cheap_hashes(monkeypatch)
    return Gate(engine)


def page(gate: Gate, **filters: object) -> AuditPage:
    with reading(gate.engine) as connection:
        return access.list_audit(connection, **filters)  # type: ignore[arg-type]


def test_a_line_tells_who_did_what_to_whom(gate: Gate) -> None:
    key, token = gate.create_key(Role.ADMIN, name="deploy")
    found = gate.authenticate_key(token)
    assert found is not None
    gate.create_user(role=Role.ADVERTISER, advertiser="acme", by=found.principal)
    newest, oldest = gate.log()
    assert newest == AuditEntry(
        id=newest.id,
        at=START,
        by="deploy",
        role=Role.ADMIN,
        key_id=key.id,
        user_id=None,
        advertiser="acme",
        action="user.create",
        target="Ada",
        detail={"role": "advertiser"},
        request_id=None,
    )
    assert (oldest.by, oldest.key_id, oldest.target) == ("root", None, key.id)
    gate.sign_in()
    assert gate.log()[0].user_id == gate.users()[0].id


def test_what_is_rolled_back_was_never_done(gate: Gate) -> None:
    new = access.NewUser(name="Ada", password=PASSWORD, role=Role.STAFF)

    def make_twice() -> None:
        with writing(gate.engine) as connection:
            for _ in range(2):
                access.create_user(connection, gate.admin, new, now=gate.now)

    with pytest.raises(UsageError, match="choose another name"):
        make_twice()
    assert gate.log() == []
    assert gate.users() == []


def test_pages_hold_every_line_once_also_while_lines_are_added(gate: Gate) -> None:
    def add(count: int, advertiser: str | None) -> None:
        with writing(gate.engine) as connection:
            for number in range(count):
                access.audit(
                    connection,
                    gate.admin,
                    AuditAction.KEY_REVOKE,
                    at=gate.now,
                    target=str(number),
                    advertiser=advertiser,
                )

    add(10, "acme")
    add(3, "zenith")
    add(2, None)
    first = page(gate, advertiser="acme", limit=5)
    add(4, "acme")
    second = page(gate, advertiser="acme", limit=5, before=first.next_before)
    assert [one.target for one in first.entries + second.entries] == [
        str(number) for number in reversed(range(10))
    ]
    assert second.next_before is None
    assert len(page(gate).entries) == 19
    assert page(gate, before=0).entries == ()


@pytest.mark.parametrize("limit", [0, -1, 1_001])
def test_a_page_has_a_size(gate: Gate, limit: int) -> None:
    with pytest.raises(UsageError, match="1 to 1,000 lines"):
        page(gate, limit=limit)


def test_long_targets_are_cut_rather_than_lost(gate: Gate) -> None:
    with writing(gate.engine) as connection:
        access.audit(
            connection,
            gate.admin,
            AuditAction.KEY_REVOKE,
            at=gate.now,
            target="x" * 1_000,
            request_id="r" * 1_000,
        )
    (entry,) = gate.log()
    assert entry.target == "x" * 400
    assert entry.request_id == "r" * 64
