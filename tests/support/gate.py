"""A store with an admin who makes keys and users, and a clock that is set by hand."""

from __future__ import annotations

import functools
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from forecourt import access
from forecourt.access import passwords
from forecourt.core.access import ROLE_SCOPES, Principal, Scope
from forecourt.core.audit import AuditEntry
from forecourt.core.credentials import ApiKey, KeyAccess, OpenedSession, Session, User
from forecourt.core.records import Role
from forecourt.core.settings import AccessSettings
from forecourt.store.engine import reading, writing

START = datetime(2026, 11, 24, 8, tzinfo=UTC)
PASSWORD = "correct horse battery"  # noqa: S105
SETTINGS = AccessSettings(session_idle_s=3_600, session_max_s=9_000)


def make_admin(name: str = "root") -> Principal:
    return Principal(name=name, role=Role.ADMIN, scopes=ROLE_SCOPES[Role.ADMIN])


class Gate:
    """What tests of access do, each in a transaction of its own."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.now = START
        self.admin = make_admin()

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def create_key(
        self,
        role: Role = Role.STAFF,
        advertiser: str | None = None,
        *,
        by: Principal | None = None,
        scopes: frozenset[Scope] | None = None,
        lasts_s: float | None = None,
        name: str = "ci",
    ) -> tuple[ApiKey, str]:
        expires_at = None if lasts_s is None else self.now + timedelta(seconds=lasts_s)
        new = access.NewKey(
            name=name, role=role, advertiser=advertiser, scopes=scopes, expires_at=expires_at
        )
        with writing(self.engine) as connection:
            return access.create_key(connection, by or self.admin, new, now=self.now)

    def revoke_key(self, key_id: str, *, by: Principal | None = None) -> ApiKey:
        with writing(self.engine) as connection:
            return access.revoke_key(connection, by or self.admin, key_id, now=self.now)

    def authenticate_key(self, token: str) -> KeyAccess | None:
        with reading(self.engine) as connection:
            return access.authenticate_key(connection, token, now=self.now)

    def keys(self, advertiser: str | None = None) -> list[ApiKey]:
        with reading(self.engine) as connection:
            return access.list_keys(connection, advertiser=advertiser)

    def create_user(
        self,
        name: str = "Ada",
        password: str = PASSWORD,
        role: Role = Role.STAFF,
        advertiser: str | None = None,
        *,
        by: Principal | None = None,
    ) -> User:
        new = access.NewUser(name=name, password=password, role=role, advertiser=advertiser)
        with writing(self.engine) as connection:
            return access.create_user(connection, by or self.admin, new, now=self.now)

    def set_password(self, name: str, password: str, *, by: Principal | None = None) -> None:
        with writing(self.engine) as connection:
            access.set_password(connection, by or self.admin, name, password, now=self.now)

    def disable_user(self, name: str, *, by: Principal | None = None) -> User:
        with writing(self.engine) as connection:
            return access.disable_user(connection, by or self.admin, name, now=self.now)

    def users(self) -> list[User]:
        with reading(self.engine) as connection:
            return access.list_users(connection)

    def authenticate_user(self, name: str = "Ada", password: str = PASSWORD) -> Principal | None:
        return access.authenticate_user(self.engine, name, password, now=self.now)

    def open_session(self, principal: Principal) -> OpenedSession:
        with writing(self.engine) as connection:
            return access.open_session(connection, principal, settings=SETTINGS, now=self.now)

    def sign_in(self, name: str = "Ada", password: str = PASSWORD) -> OpenedSession:
        principal = self.authenticate_user(name, password)
        assert principal is not None
        return self.open_session(principal)

    def find_session(self, token: str) -> Session | None:
        with reading(self.engine) as connection:
            return access.find_session(connection, token, settings=SETTINGS, now=self.now)

    def use_session(self, token: str) -> None:
        with writing(self.engine) as connection:
            access.note_session_used(connection, token, now=self.now)

    def close_session(self, token: str) -> None:
        with writing(self.engine) as connection:
            access.close_session(connection, token, now=self.now)

    def log(self) -> list[AuditEntry]:
        """The whole audit log, newest first."""
        with reading(self.engine) as connection:
            return list(access.list_audit(connection, limit=1_000).entries)


def use_cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords in no time; `tests/e2e/test_cli_access.py` uses the real parameters."""
    monkeypatch.setattr(
        passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    )
    monkeypatch.setattr(passwords, "decoy", functools.cache(passwords.decoy.__wrapped__))
