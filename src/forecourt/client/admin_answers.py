"""What the API answers to admins: webhooks, keys, users, the audit log."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from forecourt.client.answers import Role


class Webhook(TypedDict):
    """Who is told of what; no `events`: everything."""

    id: int
    url: str
    events: list[str]
    advertiser: str | None
    created_at: str
    created_by: str
    active: bool
    disabled_at: str | None
    disabled_reason: str | None
    failing_since: str | None


class WebhookWithSecret(Webhook):
    """A webhook with a new secret; null where the answer is the repetition of one."""

    secret: str | None


class Attempt(TypedDict):
    """One attempt to deliver."""

    at: str
    status: int | None
    reason: str | None
    milliseconds: int
    answer: str


class Delivery(TypedDict):
    """One event on its way to one webhook."""

    id: int
    webhook_id: int
    event_id: str
    event: str
    state: Literal["pending", "delivered", "failed"]
    created_at: str
    attempts: int
    next_attempt_at: str | None
    finished_at: str | None
    replay_of: int | None
    log: list[Attempt]
    body: dict[str, Any]


class Key(TypedDict):
    """An API key; its secret is kept nowhere."""

    id: str
    name: str
    role: Role
    advertiser: str | None
    scopes: list[str]
    status: str
    created_at: str
    created_by: str
    expires_at: str | None
    revoked_at: str | None
    revoked_by: str | None
    last_used_at: str | None


class NewKey(Key):
    """A key that was made just now; `token` is null where the answer is the repetition of one."""

    token: str | None


class User(TypedDict):
    """Somebody who signs in at the panel."""

    id: int
    name: str
    role: Role
    advertiser: str | None
    created_at: str
    created_by: str
    password_changed_at: str
    disabled_at: str | None
    disabled_by: str | None


class Caller(TypedDict):
    """Who the key belongs to, and what it may do."""

    name: str
    role: Role
    advertiser: str | None
    scopes: list[str]
    key_id: str | None
    user_id: int | None
    csrf_token: str | None
    expires_at: str | None


class AuditEntry(TypedDict):
    """Who did what, when, to what."""

    id: int
    at: str
    by: str
    role: Role
    key_id: str | None
    user_id: int | None
    advertiser: str | None
    action: str
    target: str
    detail: dict[str, Any]
    request_id: str | None
