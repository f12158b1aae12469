"""Users of the panel: made, signed in by their password, disabled."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from forecourt.access import passwords
from forecourt.access.log import audit
from forecourt.access.secrets import digest_of
from forecourt.core.access import (
    ROLE_SCOPES,
    Principal,
    check_may_administer,
    check_role,
    clean_advertiser,
    clean_name,
)
from forecourt.core.audit import AuditAction
from forecourt.core.credentials import FAILURES_KEPT, User, login_wait_s
from forecourt.core.errors import NotFoundError, StateError, TooManyTriesError
from forecourt.core.records import Role
from forecourt.store import access as stored
from forecourt.store.engine import writing


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """A user to be made; `advertiser` for the role advertiser, and only there."""

    name: str
    password: str = field(repr=False)
    role: Role
    advertiser: str | None = None


def create_user(
    connection: sa.Connection,
    by: Principal,
    new: NewUser,
    *,
    now: datetime,
    request_id: str | None = None,
) -> User:
    """Make a user.

    Raises:
        ForbiddenError: `by` is no admin.
        StateError: the name is taken.
        UsageError: the password is too easy, or the parts do not go together.
    """
    check_may_administer(by)
    advertiser = clean_advertiser(new.advertiser)
    check_role(new.role, advertiser, ROLE_SCOPES[new.role])
    name = clean_name(new.name, "user's name")
    passwords.check_password(new.password, name=name)
    user = stored.add_user(
        connection,
        stored.NewUser(
            name=name,
            name_key=_name_key(name),
            password_hash=passwords.hash_password(new.password),
            role=new.role,
            advertiser=advertiser,
            created_at=now,
            created_by=by.name,
        ),
    )
    if user is None:
        raise StateError(
            f"There is, or was, a user {name!r}, in this or other letter case; choose another "
            "name. Names are not given twice, because the history is told by them."
        )
    audit(
        connection,
        by,
        AuditAction.USER_CREATE,
        at=now,
        target=user.name,
        advertiser=advertiser,
        detail={"role": user.role},
        request_id=request_id,
    )
    return user


def list_users(connection: sa.Connection) -> list[User]:
    """Return all users, disabled ones too, oldest first."""
    return stored.list_users(connection)


def latest_users(
    connection: sa.Connection, *, before_id: int | None = None, limit: int
) -> list[User]:
    """Return at most `limit` users, disabled ones too, newest first: those before an id."""
    return stored.latest_users(connection, before_id=before_id, limit=limit)


def get_user(connection: sa.Connection, user_id: int) -> User:
    """Return a user, a disabled one too.

    Raises:
        NotFoundError: there is none of that number.
    """
    found = stored.get_user(connection, user_id)
    if found is None:
        raise NotFoundError(f"There is no user {user_id}.")
    return found


def set_password(
    connection: sa.Connection,
    by: Principal,
    name: str,
    password: str,
    *,
    now: datetime,
    request_id: str | None = None,
) -> User:
    """Give a user another password; ends all sessions of theirs.

    People may change their own; ask for the old one first (`authenticate_user`).

    Raises:
        ForbiddenError: `by` is neither an admin nor that user.
        NotFoundError: there is no such user, or it is disabled.
        UsageError: the password is too easy to guess.
    """
    key = _name_key(name)
    found = stored.find_user(connection, key)
    if by.user_id is None or found is None or by.user_id != found[0].id:
        check_may_administer(by)
    user = _get(found, name)
    if user.disabled_at is not None:
        raise NotFoundError(f"{user.name} is disabled, and signs in no more.")
    passwords.check_password(password, name=user.name)
    stored.set_password_hash(connection, user.id, passwords.hash_password(password), at=now)
    stored.clear_failures(connection, key, older_than=now - FAILURES_KEPT)
    _end_sessions(connection, by, AuditAction.USER_PASSWORD, user, now=now, request_id=request_id)
    return user


def disable_user(
    connection: sa.Connection,
    by: Principal,
    name: str,
    *,
    now: datetime,
    request_id: str | None = None,
) -> User:
    """Let a user in no more, for good, and end their sessions. Doing it again changes nothing.

    Raises:
        ForbiddenError: `by` is no admin.
        NotFoundError: there is no such user.
    """
    check_may_administer(by)
    key = _name_key(name)
    user = _get(stored.find_user(connection, key), name)
    if not stored.disable_user(connection, user.id, by=by.name, at=now):
        return user
    _end_sessions(connection, by, AuditAction.USER_DISABLE, user, now=now, request_id=request_id)
    return _get(stored.find_user(connection, key), name)


def authenticate_user(
    engine: sa.Engine, name: str, password: str, *, now: datetime
) -> Principal | None:
    """Return who signs in; None: unknown, disabled, or another password, all in the same time.

    Writes briefly, hashes with no transaction open, and writes briefly again. A try counts as
    failed until it is proved right: many at once are counted as well as one after the other.

    Raises:
        TooManyTriesError: the name, whether it exists or not, failed too often; the password was
            not looked at.
    """
    key = _name_key(name)
    with writing(engine) as connection:
        _count_try(connection, key, now)
        found = stored.find_user(connection, key)
    decoy = passwords.decoy()
    is_right = passwords.is_right(found[1] if found is not None else decoy, password)
    if found is None or not is_right or found[0].disabled_at is not None:
        return None
    user, password_hash = found
    anew = passwords.hash_password(password) if passwords.is_outdated(password_hash) else None
    with writing(engine) as connection:
        # While it was hashed the user may have been disabled, or have got another password.
        if stored.find_user(connection, key) != found:
            return None
        stored.clear_failures(connection, key, older_than=now - FAILURES_KEPT)
        if anew is not None:
            stored.replace_hash(connection, user.id, password_hash, anew)
    return make_principal(user)


def make_principal(user: User) -> Principal:
    """Return what a user may do: all that their role may."""
    return Principal(
        name=user.name,
        role=user.role,
        advertiser=user.advertiser,
        scopes=ROLE_SCOPES[user.role],
        user_id=user.id,
    )


def _count_try(connection: sa.Connection, key: str, now: datetime) -> None:
    failures, last = stored.lock_failures(connection, key, now=now)
    if now - last >= FAILURES_KEPT:
        failures = 0
    wait_s = login_wait_s(failures, last, now)
    if wait_s > 0:
        raise TooManyTriesError(
            f"Too many failed tries to sign in under this name; try again in {wait_s:.0f} s.",
            wait_s,
        )
    stored.set_failures(connection, key, failures + 1, at=now)


def _end_sessions(
    connection: sa.Connection,
    by: Principal,
    action: AuditAction,
    user: User,
    *,
    now: datetime,
    request_id: str | None,
) -> None:
    """End what a user has open, and put into the log what `by` did to them."""
    ended = stored.end_sessions_of(connection, user.id)
    audit(
        connection,
        by,
        action,
        at=now,
        target=user.name,
        advertiser=user.advertiser,
        detail={"sessions_ended": ended},
        request_id=request_id,
    )


def _get(found: tuple[User, str] | None, name: str) -> User:
    if found is None:
        raise NotFoundError(f"There is no user {name!r}; `forecourt users list` has their names.")
    return found[0]


def _name_key(name: str) -> str:
    """Return what is the same for all spellings of a name that people take for one."""
    folded = unicodedata.normalize("NFKC", name.strip()).casefold()
    return digest_of(unicodedata.normalize("NFKC", folded))
