"""JSON forms of webhooks and deliveries; their shapes are a contract (docs/webhooks.md)."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from forecourt.core.webhooks import Attempt, Delivery, Webhook


def webhook_to_json(webhook: Webhook) -> dict[str, Any]:
    """Return the JSON form of a webhook. Its secret is no part of it."""
    return {
        "id": webhook.id,
        "url": webhook.url,
        "events": list(webhook.events),
        "advertiser": webhook.advertiser,
        "created_at": webhook.created_at.isoformat(),
        "created_by": webhook.created_by,
        "active": webhook.disabled_at is None,
        "disabled_at": _time(webhook.disabled_at),
        "disabled_reason": webhook.disabled_reason,
        "failing_since": _time(webhook.failing_since),
    }


def delivery_to_json(delivery: Delivery) -> dict[str, Any]:
    """Return the JSON form of a delivery and its log."""
    return {
        "id": delivery.id,
        "webhook_id": delivery.webhook_id,
        "event_id": delivery.event_id,
        "event": delivery.event,
        "state": delivery.state,
        "created_at": delivery.created_at.isoformat(),
        "attempts": delivery.attempts,
        "next_attempt_at": _time(delivery.next_attempt_at),
        "finished_at": _time(delivery.finished_at),
        "replay_of": delivery.replay_of,
        "log": [_attempt_to_json(one) for one in delivery.log],
        "body": json.loads(delivery.body),
    }


def _attempt_to_json(attempt: Attempt) -> dict[str, Any]:
    return {
        "at": attempt.at.isoformat(),
        "status": attempt.posted.status,
        "reason": attempt.posted.reason,
        "milliseconds": attempt.posted.milliseconds,
        "answer": attempt.posted.excerpt,
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
