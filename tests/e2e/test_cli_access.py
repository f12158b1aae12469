"""`keys`, `users` and `audit` at the shell."""

from __future__ import annotations

import getpass
import io
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from forecourt import access
from forecourt.core.settings import Settings
from forecourt.store.engine import create_engine, reading
from tests.support.command_line import Run
from tests.support.gate import PASSWORD

pytestmark = pytest.mark.usefixtures("command_settings")

Type = Callable[[str], None]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Type:
    """Let a text be the standard input of the next command."""
    return lambda text: monkeypatch.setattr(sys, "stdin", io.StringIO(text))


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "operator")


def engine() -> sa.Engine:
    return create_engine(Settings().database_url)


def opens(token: str) -> bool:
    with reading(engine()) as connection:
        return access.authenticate_key(connection, token, now=datetime.now(UTC)) is not None


def test_a_key_from_its_making_to_its_end(run: Run) -> None:
    made = run("keys", "create", "acme feed", "--role", "advertiser", "-a", "acme", "--days", "30")
    assert re.fullmatch(r"fc_[0-9a-f]{16}_[0-9a-f]{64}\n", made.out), "the token and nothing else"
    token = made.out.strip()
    assert "nothing was ever scraped for an advertiser 'acme'" in made.err
    assert "not shown again" in made.err
    assert token.split("_")[2] not in made.err
    assert opens(token)
    (listed,) = run("keys", "list", "--json").json
    assert (listed["name"], listed["status"], listed["created_by"]) == (
        "acme feed",
        "active",
        "operator",
    )
    assert listed["scopes"] == ["read", "classify", "scrape", "fix"]
    lasts = datetime.fromisoformat(listed["expires_at"]) - datetime.fromisoformat(
        listed["created_at"]
    )
    assert lasts.days == 30
    table = run("keys", "list", "-a", "acme").out
    assert listed["id"] in table
    assert token.split("_")[2] not in table
    assert run("keys", "revoke", listed["id"], "--by", "Ada").code == 0
    assert not opens(token)
    assert run("keys", "list", "--json").json[0]["revoked_by"] == "Ada"


def test_json_of_a_new_key_holds_its_token(run: Run) -> None:
    made = run("keys", "create", "ci", "--role", "staff", "--scope", "read", "--json").json
    assert made["scopes"] == ["read"]
    assert opens(made["token"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["create", "x", "--role", "advertiser"], "needs the advertiser's name"),
        (["create", "x", "--role", "staff", "--scope", "admin"], "cannot have the scope admin"),
        (["create", " ", "--role", "staff"], "key's name is empty"),
        (["create", "x", "--role", "boss"], "'boss'"),
        (["create", "x", "--role", "staff", "--days", "0"], "'--days'"),
        (["create", "x", "--role", "staff", "--by", ""], "name after --by is empty"),
        (["revoke", "nope"], "`forecourt keys list` has their ids"),
    ],
)
def test_bad_wishes_end_with_two_and_make_nothing(
    run: Run, arguments: list[str], message: str
) -> None:
    ended = run("keys", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert run("keys", "list", "--json").json == []


def test_an_account_without_a_name_has_to_give_one(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> str:
        raise OSError("No username set in the environment")

    monkeypatch.setattr(getpass, "getuser", fail)
    ended = run("keys", "create", "x", "--role", "staff")
    assert ended.code == 2
    assert "--by NAME" in ended.err
    assert run("keys", "create", "x", "--role", "staff", "--by", "Ada").code == 0


def test_a_user_from_the_first_password_to_the_last(run: Run, typed: Type) -> None:
    typed(PASSWORD + "\n")
    made = run("users", "create", "Ada", "--role", "staff", "--json")
    assert made.json["name"] == "Ada"
    assert PASSWORD not in made.out + made.err

    def signs_in(password: str) -> bool:
        found = access.authenticate_user(engine(), "ada", password, now=datetime.now(UTC))
        return found is not None

    assert signs_in(PASSWORD)
    typed("another long password\r\n")
    assert run("users", "password", "ADA", "--by", "Ben").code == 0
    assert not signs_in(PASSWORD)
    assert signs_in("another long password")
    assert "signed out everywhere" in run("users", "disable", "ada").err
    assert not signs_in("another long password")
    assert "disabled" in run("users", "list").out
    assert run("users", "list", "--json").json[0]["disabled_by"] == "operator"


@pytest.mark.parametrize(
    ("given", "message"), [("", "first line of standard input"), ("short\n", "at least 12")]
)
def test_a_password_has_to_be_given_and_hard_to_guess(
    run: Run, typed: Type, given: str, message: str
) -> None:
    typed(given)
    ended = run("users", "create", "Ada", "--role", "staff")
    assert ended.code == 2
    assert message in ended.err
    assert run("users", "list", "--json").json == []


def test_the_log_tells_of_all_that_and_by_whom(run: Run, typed: Type) -> None:
    token = run("keys", "create", "feed", "--role", "advertiser", "-a", "acme").out.strip()
    typed(PASSWORD)
    run("users", "create", "Ben", "--role", "staff", "--by", "Ada")
    run("keys", "revoke", token.split("_")[1])
    entries = run("audit", "--json").json["entries"]
    assert [(one["action"], one["by"], one["role"]) for one in entries] == [
        ("key.revoke", "operator", "admin"),
        ("user.create", "Ada", "admin"),
        ("key.create", "operator", "admin"),
    ]
    page = run("audit", "-a", "acme", "--limit", "1", "--json").json
    assert [one["action"] for one in page["entries"]] == ["key.revoke"]
    rest = run("audit", "-a", "acme", "--before", page["next_before"], "--json").json
    assert [one["action"] for one in rest["entries"]] == ["key.create"]
    assert rest["next_before"] is None
    shown = run("audit", "--limit", "2")
    assert "Ada (admin)" in shown.out
    assert f"--before {entries[1]['id']}" in shown.err
    assert token.split("_")[2] not in shown.out
    assert run("audit", "--limit", "0").code == 2


def test_a_folder_that_holds_no_model_is_no_hindrance(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FORECOURT_VISION__BUNDLE", str(tmp_path / "nothing"))
    assert run("keys", "list", "--json").json == []
