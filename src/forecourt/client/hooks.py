"""Webhooks, and what became of their deliveries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from forecourt.client.admin_answers import Delivery, Webhook, WebhookWithSecret
from forecourt.client.operations import Operations, given


class Webhooks(Operations):
    """Operations on webhooks."""

    def iter_webhooks(self) -> Iterator[Webhook]:
        """Yield webhooks, disabled ones too, the newest first."""
        return self._iterate("/v1/webhooks")

    def create_webhook(
        self,
        url: str,
        *,
        events: Sequence[str] = (),
        advertiser: str | None = None,
        idempotency_key: str | None = None,
    ) -> WebhookWithSecret:
        """Set up a webhook; its secret is in this answer, and in no other.

        Args:
            url: Where to post.
            events: What to tell of; empty: everything.
            advertiser: Whose events; None: everyone's.
            idempotency_key: None: one that is new.
        """
        body = given(advertiser=advertiser) | {"url": url, "events": list(events)}
        made: WebhookWithSecret = self._post_once("/v1/webhooks", body, idempotency_key)
        return made

    def rotate_webhook(
        self, webhook_id: int, *, idempotency_key: str | None = None
    ) -> WebhookWithSecret:
        """Give a webhook another secret; for a day the old one signs too."""
        path = f"/v1/webhooks/{webhook_id}/rotate"
        made: WebhookWithSecret = self._post_once(path, None, idempotency_key)
        return made

    def disable_webhook(self, webhook_id: int) -> Webhook:
        """Tell a webhook nothing more."""
        webhook: Webhook = self._post(f"/v1/webhooks/{webhook_id}/disable", again=True)
        return webhook

    def enable_webhook(self, webhook_id: int) -> Webhook:
        """Tell a webhook again."""
        webhook: Webhook = self._post(f"/v1/webhooks/{webhook_id}/enable", again=True)
        return webhook

    def iter_deliveries(
        self,
        *,
        webhook: int | None = None,
        state: Literal["pending", "delivered", "failed"] | None = None,
    ) -> Iterator[Delivery]:
        """Yield what was sent to webhooks, or waits, the latest first."""
        return self._iterate("/v1/deliveries", given(webhook=webhook, state=state))

    def get_delivery(self, delivery_id: int) -> Delivery:
        """Return what became of a delivery."""
        delivery: Delivery = self._get(f"/v1/deliveries/{delivery_id}")
        return delivery

    def replay_delivery(self, delivery_id: int, *, idempotency_key: str | None = None) -> Delivery:
        """Send a finished delivery again: a new one, with the same event id and body."""
        path = f"/v1/deliveries/{delivery_id}/replay"
        delivery: Delivery = self._post_once(path, None, idempotency_key)
        return delivery
