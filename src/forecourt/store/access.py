"""Statements on API keys, users, sessions and failed tries to sign in."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forecourt.core.access import Scope
from forecourt.core.credentials import ApiKey, User
from forecourt.core.records import Role
from forecourt.store.schema import api_keys, login_failures, sessions, users
from forecourt.store.upsert import insert_new

# ---- keys ----------------------------------------------------------------------------------------


def add_key(connection: sa.Connection, key: ApiKey, secret_digest: str) -> None:
    """Store a new key."""
    connection.execute(
        sa.insert(api_keys).values(
            id=key.id,
            secret_digest=secret_digest,
            name=key.name,
            role=key.role,
            advertiser=key.advertiser,
            scopes=sorted(key.scopes),
            created_at=key.created_at,
            created_by=key.created_by,
            expires_at=key.expires_at,
        )
    )


def find_key(connection: sa.Connection, key_id: str) -> tuple[ApiKey, str] | None:
    """Return a key and the digest of its secret, dead ones too."""
    row = connection.execute(sa.select(api_keys).where(api_keys.c.id == key_id)).one_or_none()
    return None if row is None else (_read_key(row), row.secret_digest)


def list_keys(connection: sa.Connection, *, advertiser: str | None = None) -> list[ApiKey]:
    """Return all keys, dead ones too, or one advertiser's; oldest first."""
    query = sa.select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id)
    if advertiser is not None:
        query = query.where(api_keys.c.advertiser == advertiser)
    return [_read_key(row) for row in connection.execute(query)]


def latest_keys(
    connection: sa.Connection, *, advertiser: str | None, before: str | None, limit: int
) -> list[ApiKey]:
    """Return at most `limit` keys, the newest first: those made before a key, or the newest."""
    order = api_keys.c.created_at, api_keys.c.id
    query = sa.select(api_keys).order_by(*(one.desc() for one in order)).limit(limit)
    if advertiser is not None:
        query = query.where(api_keys.c.advertiser == advertiser)
    if before is not None:
        last = sa.select(*order).where(api_keys.c.id == before).subquery()
        query = query.join(last, sa.tuple_(*order) < sa.tuple_(last.c.created_at, last.c.id))
    return [_read_key(row) for row in connection.execute(query)]


def revoke_key(connection: sa.Connection, key_id: str, *, by: str, at: datetime) -> bool:
    """Note that a key is revoked; False where there is none that still could be."""
    result = connection.execute(
        sa.update(api_keys)
        .where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
        .values(revoked_at=at, revoked_by=by)
    )
    return result.rowcount > 0


def note_key_used(
    connection: sa.Connection, key_id: str, *, at: datetime, if_before: datetime
) -> None:
    """Note when a key was used, unless that was noted at or after `if_before`."""
    last = api_keys.c.last_used_at
    connection.execute(
        sa.update(api_keys)
        .where(api_keys.c.id == key_id, sa.or_(last.is_(None), last < if_before))
        .values(last_used_at=at)
    )


def _read_key(row: sa.Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        advertiser=row.advertiser,
        scopes=_read_scopes(row.scopes),
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        revoked_by=row.revoked_by,
        last_used_at=row.last_used_at,
    )


def _read_scopes(words: Collection[str]) -> frozenset[Scope]:
    return frozenset(Scope(word) for word in words)


# ---- users ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """A user to be stored."""

    name: str
    name_key: str
    password_hash: str
    role: Role
    advertiser: str | None
    created_at: datetime
    created_by: str


def add_user(connection: sa.Connection, new: NewUser) -> User | None:
    """Store a user; None where somebody has the name already, in whatever letter case."""
    row = {
        "name": new.name,
        "name_key": new.name_key,
        "password_hash": new.password_hash,
        "role": new.role,
        "advertiser": new.advertiser,
        "created_at": new.created_at,
        "created_by": new.created_by,
        "password_changed_at": new.created_at,
    }
    if find_user(connection, new.name_key) is not None:
        return None
    # Somebody may have taken the name since: the hash tells whose row stands there now.
    insert_new(connection, users, [row], key=("name_key",))
    found = find_user(connection, new.name_key)
    return found[0] if found is not None and found[1] == new.password_hash else None


def find_user(connection: sa.Connection, name_key: str) -> tuple[User, str] | None:
    """Return a user and the hash of the password, disabled ones too."""
    row = connection.execute(sa.select(users).where(users.c.name_key == name_key)).one_or_none()
    return None if row is None else (_read_user(row), row.password_hash)


def list_users(connection: sa.Connection) -> list[User]:
    """Return all users, disabled ones too, oldest first."""
    return [_read_user(row) for row in connection.execute(sa.select(users).order_by(users.c.id))]


def latest_users(connection: sa.Connection, *, before_id: int | None, limit: int) -> list[User]:
    """Return at most `limit` users, the newest first: those before an id, or the newest."""
    query = sa.select(users).order_by(users.c.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(users.c.id < before_id)
    return [_read_user(row) for row in connection.execute(query)]


def get_user(connection: sa.Connection, user_id: int) -> User | None:
    """Return a user, a disabled one too."""
    row = connection.execute(sa.select(users).where(users.c.id == user_id)).one_or_none()
    return None if row is None else _read_user(row)


def set_password_hash(
    connection: sa.Connection, user_id: int, password_hash: str, *, at: datetime
) -> None:
    """Store the hash of another password."""
    connection.execute(
        sa.update(users)
        .where(users.c.id == user_id)
        .values(password_hash=password_hash, password_changed_at=at)
    )


def replace_hash(connection: sa.Connection, user_id: int, old: str, new: str) -> None:
    """Store another hash of the same password, unless another password was set meanwhile."""
    connection.execute(
        sa.update(users)
        .where(users.c.id == user_id, users.c.password_hash == old)
        .values(password_hash=new)
    )


def disable_user(connection: sa.Connection, user_id: int, *, by: str, at: datetime) -> bool:
    """Note that a user is disabled; False where that was noted before."""
    result = connection.execute(
        sa.update(users)
        .where(users.c.id == user_id, users.c.disabled_at.is_(None))
        .values(disabled_at=at, disabled_by=by)
    )
    return result.rowcount > 0


def _read_user(row: sa.Row[Any]) -> User:
    return User(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        advertiser=row.advertiser,
        created_at=row.created_at,
        created_by=row.created_by,
        password_changed_at=row.password_changed_at,
        disabled_at=row.disabled_at,
        disabled_by=row.disabled_by,
    )


# ---- failed tries to sign in ---------------------------------------------------------------------


def lock_failures(
    connection: sa.Connection, name_key: str, *, now: datetime
) -> tuple[int, datetime]:
    """Return how often a name failed in a row, and when last; until the end nobody else may."""
    row = {"name_key": name_key, "failures": 0, "last_failed_at": now}
    insert_new(connection, login_failures, [row], key=("name_key",))
    found = connection.execute(
        sa.select(login_failures.c.failures, login_failures.c.last_failed_at)
        .where(login_failures.c.name_key == name_key)
        .with_for_update()
    ).one()
    return found.failures, found.last_failed_at


def set_failures(connection: sa.Connection, name_key: str, failures: int, *, at: datetime) -> None:
    """Keep how often a name failed in a row."""
    connection.execute(
        sa.update(login_failures)
        .where(login_failures.c.name_key == name_key)
        .values(failures=failures, last_failed_at=at)
    )


def clear_failures(connection: sa.Connection, name_key: str, *, older_than: datetime) -> None:
    """Forget the failures of a name, and all that are older than a time."""
    connection.execute(
        sa.delete(login_failures).where(
            sa.or_(
                login_failures.c.name_key == name_key,
                login_failures.c.last_failed_at < older_than,
            )
        )
    )


# ---- sessions ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSession:
    """A session and its user, whether alive or dead."""

    user: User
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


def add_session(
    connection: sa.Connection,
    token_digest: str,
    user_id: int,
    *,
    created_at: datetime,
    expires_at: datetime,
) -> None:
    """Store a session, and forget those that have ended by themselves."""
    connection.execute(sa.delete(sessions).where(sessions.c.expires_at <= created_at))
    connection.execute(
        sa.insert(sessions).values(
            token_digest=token_digest,
            user_id=user_id,
            created_at=created_at,
            seen_at=created_at,
            expires_at=expires_at,
        )
    )


def find_session(connection: sa.Connection, token_digest: str) -> StoredSession | None:
    """Return a session with its user."""
    row = connection.execute(
        sa.select(
            users,
            sessions.c.created_at.label("opened_at"),
            sessions.c.seen_at,
            sessions.c.expires_at,
        )
        .join_from(sessions, users, users.c.id == sessions.c.user_id)
        .where(sessions.c.token_digest == token_digest)
    ).one_or_none()
    if row is None:
        return None
    return StoredSession(
        user=_read_user(row),
        created_at=row.opened_at,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
    )


def note_session_used(
    connection: sa.Connection, token_digest: str, *, at: datetime, if_before: datetime
) -> None:
    """Note when a session was used, unless that was noted at or after `if_before`."""
    connection.execute(
        sa.update(sessions)
        .where(sessions.c.token_digest == token_digest, sessions.c.seen_at < if_before)
        .values(seen_at=at)
    )


def end_session(connection: sa.Connection, token_digest: str) -> None:
    """Forget a session."""
    connection.execute(sa.delete(sessions).where(sessions.c.token_digest == token_digest))


def end_sessions_of(connection: sa.Connection, user_id: int) -> int:
    """Forget all sessions of a user and return how many there were."""
    return connection.execute(sa.delete(sessions).where(sessions.c.user_id == user_id)).rowcount
