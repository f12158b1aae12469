"""Sessions of the panel: opened by signing in, ended by time, by signing out, or by an admin."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

import sqlalchemy as sa

from forecourt.access.log import audit
from forecourt.access.secrets import digest_of, is_same, make_secret
from forecourt.access.users import make_principal
from forecourt.core.access import Principal
from forecourt.core.audit import AuditAction
from forecourt.core.credentials import USE_NOTED_EVERY, OpenedSession, Session, is_use_due
from forecourt.core.errors import UsageError
from forecourt.core.settings import AccessSettings
from forecourt.store import access as stored


def open_session(
    connection: sa.Connection,
    principal: Principal,
    *,
    settings: AccessSettings,
    now: datetime,
    request_id: str | None = None,
) -> OpenedSession:
    """Open a session for whom `authenticate_user` returned at the same `now`.

    Raises:
        UsageError: the principal is no user of the panel.
    """
    if principal.user_id is None:
        raise UsageError("Only users of the panel have sessions; an API key needs none.")
    token = make_secret()
    expires_at = now + timedelta(seconds=settings.session_max_s)
    stored.add_session(
        connection,
        digest_of(token),
        principal.user_id,
        created_at=now,
        expires_at=expires_at,
    )
    audit(
        connection,
        principal,
        AuditAction.SESSION_OPEN,
        at=now,
        target=principal.name,
        request_id=request_id,
    )
    return OpenedSession(token=token, csrf_token=_csrf_token(token), expires_at=expires_at)


def find_session(
    connection: sa.Connection, token: str, *, settings: AccessSettings, now: datetime
) -> Session | None:
    """Return the session of a token; None: unknown, ended, or of a user who may not come in.

    One SELECT; nothing is written.
    """
    found = stored.find_session(connection, digest_of(token))
    if found is None or not _is_alive(found, settings, now):
        return None
    return Session(
        principal=make_principal(found.user),
        csrf_token=_csrf_token(token),
        expires_at=found.expires_at,
        is_use_due=is_use_due(found.seen_at, now),
    )


def _is_alive(found: stored.StoredSession, settings: AccessSettings, now: datetime) -> bool:
    return (
        found.user.disabled_at is None
        # Opened with an old password, in the moment in which it was changed.
        and found.created_at >= found.user.password_changed_at
        and now < found.expires_at
        and now < found.created_at + timedelta(seconds=settings.session_max_s)
        and now < found.seen_at + timedelta(seconds=settings.session_idle_s)
    )


def note_session_used(connection: sa.Connection, token: str, *, now: datetime) -> None:
    """Keep that a session is in use, or it ends; for where `Session.is_use_due` says so."""
    stored.note_session_used(connection, digest_of(token), at=now, if_before=now - USE_NOTED_EVERY)


def close_session(
    connection: sa.Connection, token: str, *, now: datetime, request_id: str | None = None
) -> None:
    """End a session; one that has ended already is left at that."""
    digest = digest_of(token)
    found = stored.find_session(connection, digest)
    if found is None:
        return
    stored.end_session(connection, digest)
    audit(
        connection,
        make_principal(found.user),
        AuditAction.SESSION_CLOSE,
        at=now,
        target=found.user.name,
        request_id=request_id,
    )


def is_csrf_token(session: Session, given: str) -> bool:
    """Whether a form or a request carries the token of this session."""
    return is_same(session.csrf_token, given)


def _csrf_token(token: str) -> str:
    """Return a token that pages may hold: it does not give away the one that it is made of."""
    return hmac.new(token.encode("utf-8", "surrogatepass"), b"csrf", hashlib.sha256).hexdigest()
