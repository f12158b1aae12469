"""API keys: made, shown once, checked at every request, revoked."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from forecourt.access.log import audit
from forecourt.access.secrets import digest_of, is_same, make_secret
from forecourt.core.access import (
    ROLE_SCOPES,
    Principal,
    Scope,
    check_may_administer,
    check_role,
    clean_advertiser,
    clean_name,
)
from forecourt.core.audit import AuditAction
from forecourt.core.credentials import (
    USE_NOTED_EVERY,
    ApiKey,
    KeyAccess,
    KeyStatus,
    is_use_due,
)
from forecourt.core.errors import NotFoundError, UsageError
from forecourt.core.records import Role
from forecourt.store import access as stored

# The first part lets scanners for leaked secrets know a key when they see one.
_TOKEN = re.compile(r"fc_([0-9a-f]{16})_([0-9a-f]{64})")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key to be made.

    Attributes:
        name: What it is for; the history and the audit log show it.
        advertiser: Whose; for the role advertiser, and only there.
        scopes: None: all that the role may have.
        expires_at: When it stops working; None: never.
    """

    name: str
    role: Role
    advertiser: str | None = None
    scopes: frozenset[Scope] | None = None
    expires_at: datetime | None = None


def create_key(
    connection: sa.Connection,
    by: Principal,
    new: NewKey,
    *,
    now: datetime,
    request_id: str | None = None,
) -> tuple[ApiKey, str]:
    """Make a key, and return it with its token: the only time that this is to be had.

    Raises:
        ForbiddenError: `by` is no admin.
        UsageError: the parts do not go together, or it would be dead from the start.
    """
    check_may_administer(by)
    advertiser = clean_advertiser(new.advertiser)
    scopes = ROLE_SCOPES[new.role] if new.scopes is None else new.scopes
    check_role(new.role, advertiser, scopes)
    if not scopes:
        raise UsageError("A key without scopes opens nothing; give it at least one.")
    if new.expires_at is not None and new.expires_at <= now:
        raise UsageError("The key would have expired already; give a time to come.")
    key = ApiKey(
        id=secrets.token_hex(8),
        name=clean_name(new.name, "key's name"),
        role=new.role,
        advertiser=advertiser,
        scopes=scopes,
        created_at=now,
        created_by=by.name,
        expires_at=new.expires_at,
    )
    secret = make_secret()
    stored.add_key(connection, key, digest_of(secret))
    audit(
        connection,
        by,
        AuditAction.KEY_CREATE,
        at=now,
        target=key.id,
        advertiser=advertiser,
        detail={
            "name": key.name,
            "role": key.role,
            "scopes": sorted(scopes),
            "expires_at": None if key.expires_at is None else key.expires_at.isoformat(),
        },
        request_id=request_id,
    )
    return key, f"fc_{key.id}_{secret}"


def authenticate_key(connection: sa.Connection, token: str, *, now: datetime) -> KeyAccess | None:
    """Return who comes with a token; None: unknown, malformed, expired or revoked.

    One SELECT by primary key; nothing is written. Ask at every request: what is remembered in
    between would let a revoked key in.
    """
    parts = _TOKEN.fullmatch(token)
    if parts is None:
        return None
    found = stored.find_key(connection, parts[1])
    if found is None:
        return None
    key, secret_digest = found
    if not is_same(digest_of(parts[2]), secret_digest) or key.status(now) is not KeyStatus.ACTIVE:
        return None
    principal = Principal(
        name=key.name,
        role=key.role,
        advertiser=key.advertiser,
        scopes=key.scopes,
        key_id=key.id,
    )
    return KeyAccess(principal=principal, is_use_due=is_use_due(key.last_used_at, now))


def note_key_used(connection: sa.Connection, key_id: str, *, now: datetime) -> None:
    """Keep that a key was used; for where `KeyAccess.is_use_due` says so."""
    stored.note_key_used(connection, key_id, at=now, if_before=now - USE_NOTED_EVERY)


def list_keys(connection: sa.Connection, *, advertiser: str | None = None) -> list[ApiKey]:
    """Return all keys, dead ones too, or one advertiser's; oldest first."""
    return stored.list_keys(connection, advertiser=advertiser)


def latest_keys(
    connection: sa.Connection,
    *,
    advertiser: str | None = None,
    before: str | None = None,
    limit: int,
) -> list[ApiKey]:
    """Return at most `limit` keys, dead ones too, newest first; `before`: id of the last seen."""
    return stored.latest_keys(connection, advertiser=advertiser, before=before, limit=limit)


def revoke_key(
    connection: sa.Connection,
    by: Principal,
    key_id: str,
    *,
    now: datetime,
    request_id: str | None = None,
) -> ApiKey:
    """Let a key open nothing from now on, for good. Revoking it again changes nothing.

    Raises:
        ForbiddenError: `by` is no admin.
        NotFoundError: there is no such key.
    """
    check_may_administer(by)
    is_new = stored.revoke_key(connection, key_id, by=by.name, at=now)
    found = stored.find_key(connection, key_id)
    if found is None:
        raise NotFoundError(f"There is no key {key_id!r}; `forecourt keys list` has their ids.")
    key = found[0]
    if is_new:
        audit(
            connection,
            by,
            AuditAction.KEY_REVOKE,
            at=now,
            target=key.id,
            advertiser=key.advertiser,
            detail={"name": key.name},
            request_id=request_id,
        )
    return key
