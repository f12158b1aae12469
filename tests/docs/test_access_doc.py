"""docs/access.md against the code: roles, scopes, actions, JSON, rules."""

from __future__ import annotations

import re
from pathlib import Path

from forecourt.access import passwords
from forecourt.cli.audit import entry_to_json
from forecourt.cli.keys import key_to_json
from forecourt.cli.users import user_to_json
from forecourt.core.access import ROLE_SCOPES, Scope
from forecourt.core.audit import AuditAction, AuditEntry
from forecourt.core.credentials import ApiKey, KeyStatus, User, login_wait_s
from forecourt.core.records import Role
from tests.support.gate import START

DOC = Path(__file__).parents[2] / "docs" / "access.md"


def section(heading: str) -> str:
    parts = re.split(r"^#+ (.+)$", DOC.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))[heading]


def listed(heading: str) -> list[str]:
    return re.findall(r"^\| `([^`]+)` \|", section(heading), flags=re.MULTILINE)


def test_roles_and_their_scopes_are_documented() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", section("Roles"), re.MULTILINE)
    assert [role for role, _scopes in rows] == [role.value for role in Role]
    for role, scopes in rows:
        assert set(re.findall(r"`(\w+)`", scopes)) == ROLE_SCOPES[Role(role)]
    assert listed("Scopes") == [scope.value for scope in Scope]


def test_actions_are_documented() -> None:
    assert listed("Audit log") == [action.value for action in AuditAction]


def test_json_of_keys_is_documented() -> None:
    key = ApiKey(
        id="0", name="ci", role=Role.STAFF, advertiser=None, scopes=frozenset(), created_at=START,
        created_by="Ada", expires_at=None,
    )  # fmt: skip
    assert listed("keys --json") == list(key_to_json(key, START))
    (row,) = re.findall(r"^\| `status` \| (.*) \|$", section("keys --json"), re.MULTILINE)
    assert re.findall(r"`(\w+)`", row) == [status.value for status in KeyStatus]


def test_json_of_users_is_documented() -> None:
    user = User(
        id=1, name="Ada", role=Role.STAFF, advertiser=None, created_at=START, created_by="Ben",
        password_changed_at=START,
    )  # fmt: skip
    assert listed("users --json") == list(user_to_json(user))


def test_json_of_the_log_is_documented() -> None:
    entry = AuditEntry(
        id=1, at=START, by="Ada", role=Role.ADMIN, key_id=None, user_id=None, advertiser=None,
        action="key.create", target="", detail={}, request_id=None,
    )  # fmt: skip
    assert listed("audit --json") == list(entry_to_json(entry))


def test_numbers_are_the_codes() -> None:
    text = " ".join(section("Users").split())
    assert f"at least {passwords._SHORTEST} characters" in text
    waits = [login_wait_s(failures, START, START) for failures in range(5, 12)]
    assert login_wait_s(4, START, START) == 0
    assert waits[:3] == [30, 60, 120]
    assert waits[-1] == 15 * 60
    assert "Five failed tries" in text
    assert "waits 30 seconds, and twice as long after each further one, up to 15 minutes" in text
