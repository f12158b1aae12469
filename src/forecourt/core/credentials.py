"""Keys, users and sessions as they are kept, and when one of them is dead. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from forecourt.core.access import Principal, Scope
from forecourt.core.records import Role

USE_NOTED_EVERY = timedelta(minutes=1)  # noting each use would make every read a write

_FREE_TRIES = 5
_FIRST_WAIT_S = 30.0
_LONGEST_WAIT_S = 900.0
FAILURES_KEPT = timedelta(days=1)


class KeyStatus(StrEnum):
    """Whether a key opens anything."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """An API key as it is kept; its secret is not.

    Attributes:
        id: The public part: it stands in the token, in lists and in the audit log.
        last_used_at: To the minute; None: never.
    """

    id: str
    name: str
    role: Role
    advertiser: str | None
    scopes: frozenset[Scope]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    last_used_at: datetime | None = None

    def status(self, now: datetime) -> KeyStatus:
        """Return whether it opens anything at a time."""
        if self.revoked_at is not None:
            return KeyStatus.REVOKED
        if self.expires_at is not None and now >= self.expires_at:
            return KeyStatus.EXPIRED
        return KeyStatus.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who signs in at the panel; the password's hash is not part of it."""

    id: int
    name: str
    role: Role
    advertiser: str | None
    created_at: datetime
    created_by: str
    password_changed_at: datetime
    disabled_at: datetime | None = None
    disabled_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAccess:
    """A key that opens.

    Attributes:
        is_use_due: Its use should be noted; at most once a minute.
    """

    principal: Principal
    is_use_due: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session that is alive.

    Attributes:
        csrf_token: Every form and every write of this session has to carry it.
        expires_at: When it ends whatever is done.
        is_use_due: Its use should be noted, or it ends for want of use.
    """

    principal: Principal
    csrf_token: str
    expires_at: datetime
    is_use_due: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedSession:
    """What the browser is given; `token` is kept nowhere else."""

    token: str
    csrf_token: str
    expires_at: datetime


def is_use_due(last: datetime | None, now: datetime) -> bool:
    """Whether a use should be noted, when the last one noted was at `last`."""
    return last is None or now - last >= USE_NOTED_EVERY


def login_wait_s(failures: int, last_failed_at: datetime, now: datetime) -> float:
    """Return how long a name has to wait before the next try; 0: it may try.

    Five tries are free. Then each failure doubles the pause, from 30 s to 15 minutes: whoever
    guesses gets about a hundred tries a day, and who is guessed at is never locked out for long.

    Args:
        failures: In a row, at `last_failed_at` the last of them.
        last_failed_at: See `failures`.
        now: The time.
    """
    if failures < _FREE_TRIES:
        return 0.0
    # Bounded before it is raised: a thousand failures would be no float any more.
    pause = min(_FIRST_WAIT_S * 2.0 ** min(failures - _FREE_TRIES, 10), _LONGEST_WAIT_S)
    return max(0.0, pause - (now - last_failed_at).total_seconds())
