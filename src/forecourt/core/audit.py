"""What the audit log holds: who did what, when, to what. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from forecourt.core.records import Role


class AuditAction(StrEnum):
    """What is noted in the audit log."""

    KEY_CREATE = "key.create"
    KEY_REVOKE = "key.revoke"
    USER_CREATE = "user.create"
    USER_PASSWORD = "user.password"  # noqa: S105  # the name of an action
    USER_DISABLE = "user.disable"
    SCRAPE_ACCEPT = "scrape.accept"
    SCRAPE_CANCEL = "scrape.cancel"
    SCRAPE_RETRY = "scrape.retry"
    WEBHOOK_CREATE = "webhook.create"
    WEBHOOK_DISABLE = "webhook.disable"
    WEBHOOK_ENABLE = "webhook.enable"
    WEBHOOK_ROTATE = "webhook.rotate"
    WEBHOOK_REPLAY = "webhook.replay"
    FIX_CREATE = "fix.create"
    FIX_REVERT = "fix.revert"
    FIX_REFUSE = "fix.refuse"
    ACT_UNDO = "act.undo"
    CONFLICT_RESOLVE = "conflict.resolve"
    HOST_RESET = "host.reset"
    DATASET_DECIDE = "dataset.decide"
    DATASET_UNDO = "dataset.undo"
    MODEL_REGISTER = "model.register"
    MODEL_PROMOTE = "model.promote"
    MODEL_ROLLBACK = "model.rollback"
    SHADOW_START = "shadow.start"
    SHADOW_STOP = "shadow.stop"
    CANARY_START = "canary.start"
    CANARY_DROP = "canary.drop"
    RETAG_REQUEST = "retag.request"
    RETAG_CANCEL = "retag.cancel"
    SESSION_OPEN = "session.open"
    SESSION_CLOSE = "session.close"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One line of the audit log.

    Attributes:
        by: Name of the key, the user, or whoever was named at the shell.
        key_id: With which API key; None: with none.
        user_id: As which user of the panel; None: as none.
        advertiser: Whose inventory it was about; None: nobody's, or everybody's.
        target: What it was done to, e.g. a key's id or a user's name.
        detail: Particulars; never a secret.
        request_id: Of the HTTP request, as the server's log has it; None at the shell.
    """

    id: int
    at: datetime
    by: str
    role: Role
    key_id: str | None
    user_id: int | None
    advertiser: str | None
    action: str
    target: str
    detail: Mapping[str, Any]
    request_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which lines are wanted; None: any.

    Attributes:
        by: Name of the key or the user, as a whole.
        until: Only what was done until then.
    """

    action: AuditAction | None = None
    by: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Part of the audit log, newest first; `next_before` continues it, None: that was all."""

    entries: tuple[AuditEntry, ...]
    next_before: int | None
