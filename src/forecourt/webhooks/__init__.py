"""Webhooks: other systems are told what happened, signed, and told again until they have it."""

from forecourt.webhooks.delivering import Sender, announce, deliver, find_due, replay
from forecourt.webhooks.forms import delivery_to_json, webhook_to_json
from forecourt.webhooks.managing import (
    Page,
    create,
    disable,
    enable,
    get_delivery,
    get_webhook,
    latest,
    list_all,
    list_deliveries,
    rotate_secret,
)

__all__ = [
    "Page",
    "Sender",
    "announce",
    "create",
    "deliver",
    "delivery_to_json",
    "disable",
    "enable",
    "find_due",
    "get_delivery",
    "get_webhook",
    "latest",
    "list_all",
    "list_deliveries",
    "replay",
    "rotate_secret",
    "webhook_to_json",
]
