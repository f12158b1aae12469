"""docs/access.md against the code: roles, scopes, actions, JSON, rules."""

from __future__ import annotations

import re

from forecourt.access import passwords
from forecourt.cli.audit import entry_to_json
from forecourt.cli.keys import key_to_json
from forecourt.cli.users import user_to_json
from forecourt.core.access import ROLE_SCOPES, Scope
from forecourt.core.audit import AuditAction, AuditEntry
from forecourt.core.credentials import ApiKey, KeyStatus, User, login_wait_s
from forecourt.core.records import Role
from tests.support.documents import ROOT, listed, section
from tests.support.gate import START

DOC = ROOT / "docs" / "access.md"


def test_roles_and_their_scopes_are_documented() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", section(DOC, "Roles"), re.MULTILINE)
    assert [role for role, _scopes in rows] == [role.value for role in Role]
    for role, scopes in rows:
        assert set(re.findall(r"`(\w+)`", scopes)) == ROLE_SCOPES[Role(role)]
    assert listed(DOC, "Scopes") == [scope.value for scope in Scope]


def test_actions_are_documented() -> None:
    assert listed(DOC, "Audit log") == [action.value for action in AuditAction]


def test_json_of_keys_is_documented() -> None:
    key = ApiKey(
        id="0", name="ci", role=Role.STAFF, advertiser=None, scopes=frozenset(), created_at=START,
        created_by="Ada", expires_at=None,
    )  # fmt: skip
    assert listed(DOC, "keys --json") == list(key_to_json(key, START))
    (row,) = re.findall(r"^\| `status` \| (.*) \|$", section(DOC, "keys --json"), re.MULTILINE)
    assert re.findall(r"`(\w+)`", row) == [status.value for status in KeyStatus]


def test_json_of_users_is_documented() -> None:
    user = User(
        id=1, name="Ada", role=Role.STAFF, advertiser=None, created_at=START, created_by="Ben",
        password_changed_at=START,
    )  # fmt: skip
    assert listed(DOC, "users --json") == list(user_to_json(user))


def test_json_of_the_log_is_documented() -> None:
    entry = AuditEntry(
        id=1, at=START, by="Ada", role=Role.ADMIN, key_id=None, user_id=None, advertiser=None,
        action="key.create", target="", detail={}, request_id=None,
    )  # fmt: skip
    assert listed(DOC, "audit --json") == list(entry_to_json(entry))


def test_numbers_are_the_codes() -> None:
    text = " ".join(section(DOC, "Users").split())
    assert f"at least {passwords._SHORTEST} characters" in text
    waits = [login_wait_s(failures, START, START) for failures in range(5, 12)]
    assert login_wait_s(4, START, START) == 0
    assert waits[:3] == [30, 60, 120]
    assert waits[-1] == 15 * 60
    assert "Five failed tries" in text
    assert "waits 30 seconds, and twice as long after each further one, up to 15 minutes" in text
