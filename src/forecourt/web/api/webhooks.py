"""Webhooks: set up, disabled, given another secret; what was sent to them, and sending it again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from forecourt import access, webhooks
from forecourt.core.access import Principal, check_may_administer
from forecourt.core.audit import AuditAction
from forecourt.core.records import LONGEST_ADVERTISER
from forecourt.core.webhooks import (
    DeliveryState,
    DisabledReason,
    EventType,
    PostFailure,
    Webhook,
)
from forecourt.store.engine import reading, writing
from forecourt.web.api.bodies import BoundedRoute
from forecourt.web.api.idempotency import IdempotencyKey, Once, run_once
from forecourt.web.api.paging import Cursor, Limit, Page, make_cursor, read_cursor
from forecourt.web.auth import Caller
from forecourt.web.problems import describe
from forecourt.web.service import Served, Service

router = APIRouter(
    tags=["webhooks"], route_class=BoundedRoute, responses=describe(401, 403, 413, 422, 429, 503)
)
_LONGEST_URL = 2_000
_WEBHOOK: JsonDict = {
    "id": 1,
    "url": "https://hooks.example.com/forecourt",
    "events": ["scrape.finished"],
    "advertiser": None,
    "created_at": "2026-11-24T08:00:00Z",
    "created_by": "Ada",
    "active": True,
    "disabled_at": None,
    "disabled_reason": None,
    "failing_since": None,
}
_DELIVERY: JsonDict = {
    "id": 7,
    "webhook_id": 1,
    "event_id": "msg_5f3a0c9e1b7d4c52a8e1c27b60f4d2aa",
    "event": "scrape.finished",
    "state": "delivered",
    "created_at": "2026-11-24T08:00:00Z",
    "attempts": 1,
    "next_attempt_at": None,
    "finished_at": "2026-11-24T08:00:01Z",
    "replay_of": None,
    "log": [
        {
            "at": "2026-11-24T08:00:00Z",
            "status": 204,
            "reason": None,
            "milliseconds": 31,
            "answer": "",
        }
    ],
    "body": {
        "type": "scrape.finished",
        "timestamp": "2026-11-24T08:00:00+00:00",
        "advertiser": "acme",
        "data": {"scrape_id": 7},
    },
}

WebhookId = Annotated[int, Path(ge=1, le=2**63 - 1, description="Number of the webhook.")]
DeliveryId = Annotated[int, Path(ge=1, le=2**63 - 1, description="Number of the delivery.")]


class WebhookIn(BaseModel):
    """Who is to be told of what."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"url": "https://hooks.example.com/forecourt", "events": ["scrape.finished"]}
            ]
        },
    )

    url: str = Field(
        min_length=1,
        max_length=_LONGEST_URL,
        description="Where to post; https or http. The egress policy is asked at each delivery.",
    )
    events: list[EventType] = Field([], description="What to tell of; empty: everything.")
    advertiser: str | None = Field(
        None,
        min_length=1,
        max_length=LONGEST_ADVERTISER,
        description="Whose events; absent: everyone's.",
    )


class WebhookOut(BaseModel):
    """Who is told of what."""

    model_config = ConfigDict(json_schema_extra={"examples": [_WEBHOOK]})

    id: int
    url: str
    events: list[EventType] = Field(description="What it is told of; empty: everything.")
    advertiser: str | None = Field(description="Whose events; null: everyone's.")
    created_at: datetime
    created_by: str
    active: bool = Field(description="Whether it is told.")
    disabled_at: datetime | None
    disabled_reason: DisabledReason | None
    failing_since: datetime | None = Field(
        description="The first failed attempt since one that succeeded."
    )


class SecretOut(WebhookOut):
    """A webhook with a new secret."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_WEBHOOK, "secret": "whsec_..."}]})

    secret: str | None = Field(
        description="What verifies its signatures; it is in this answer only. Null where the "
        "answer is the repetition of one: if that was lost, rotate."
    )


class AttemptOut(BaseModel):
    """One attempt to deliver."""

    at: datetime
    status: int | None = Field(description="Of HTTP; null: there was none.")
    reason: PostFailure | None = Field(description="Why there was none.")
    milliseconds: int
    answer: str = Field(description="The beginning of the answer's body, on one line.")


class DeliveryOut(BaseModel):
    """One event on its way to one webhook."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DELIVERY]})

    id: int
    webhook_id: int
    event_id: str = Field(description="Sent as `webhook-id`.")
    event: EventType
    state: DeliveryState
    created_at: datetime
    attempts: int = Field(description="Attempts begun.")
    next_attempt_at: datetime | None = Field(description="Null once it is finished.")
    finished_at: datetime | None
    replay_of: int | None = Field(description="The delivery that it repeats.")
    log: list[AttemptOut]
    body: dict[str, Any] = Field(description="What is sent.")


@router.get("/webhooks", response_model=Page[WebhookOut])
def list_webhooks(service: Served, caller: Caller, cursor: Cursor = None, limit: Limit = 50) -> Any:
    """List webhooks, disabled ones too, the newest first."""
    check_may_administer(caller)
    with reading(service.engine) as connection:
        found = webhooks.latest(connection, before_id=read_cursor(cursor), limit=limit + 1)
    shown = found[:limit]
    following = shown[-1].id if len(found) > limit else None
    items = [webhooks.webhook_to_json(one) for one in shown]
    return {"items": items, "next_cursor": make_cursor(following)}


@router.post("/webhooks", status_code=201, response_model=SecretOut)
def create_webhook(
    service: Served,
    caller: Caller,
    request: Request,
    response: Response,
    body: WebhookIn,
    idempotency_key: IdempotencyKey = None,
) -> Any:
    """Set up a webhook. Its secret is in this answer, and in no other.

    Under the same `Idempotency-Key` no second one is made, but the secret is not told again.
    """
    check_may_administer(caller)

    def create(connection: sa.Connection) -> tuple[Webhook, str]:
        return webhooks.create(
            connection,
            url=body.url,
            events=body.events,
            advertiser=body.advertiser,
            by=caller.name,
            at=datetime.now(UTC),
        )

    once = Once(caller, idempotency_key, ("webhook", body.model_dump_json()))
    return _tell_secret(
        service, request, response, once, create, AuditAction.WEBHOOK_CREATE, status=201
    )


@router.post("/webhooks/{webhook_id}/rotate", response_model=SecretOut, responses=describe(404))
def rotate_secret(
    service: Served,
    caller: Caller,
    request: Request,
    response: Response,
    webhook_id: WebhookId,
    idempotency_key: IdempotencyKey = None,
) -> Any:
    """Give a webhook another secret, told in this answer only; for a day the old one signs too.

    Of two rotations within a day the second ends the oldest secret at once.
    """
    check_may_administer(caller)

    def rotate(connection: sa.Connection) -> tuple[Webhook, str]:
        secret = webhooks.rotate_secret(connection, webhook_id, at=datetime.now(UTC))
        return webhooks.get_webhook(connection, webhook_id), secret

    once = Once(caller, idempotency_key, ("rotate", str(webhook_id)))
    return _tell_secret(
        service, request, response, once, rotate, AuditAction.WEBHOOK_ROTATE, status=200
    )


@router.post("/webhooks/{webhook_id}/disable", response_model=WebhookOut, responses=describe(404))
def disable_webhook(
    service: Served, caller: Caller, request: Request, webhook_id: WebhookId
) -> Any:
    """Tell a webhook nothing more. What waits for it stays."""
    check_may_administer(caller)
    with writing(service.engine) as connection:
        webhook = webhooks.disable(connection, webhook_id, at=datetime.now(UTC))
        _note(connection, caller, request, AuditAction.WEBHOOK_DISABLE, webhook)
    return webhooks.webhook_to_json(webhook)


@router.post("/webhooks/{webhook_id}/enable", response_model=WebhookOut, responses=describe(404))
def enable_webhook(service: Served, caller: Caller, request: Request, webhook_id: WebhookId) -> Any:
    """Tell a webhook again, first of what has waited for it."""
    check_may_administer(caller)
    with writing(service.engine) as connection:
        webhook = webhooks.enable(connection, webhook_id)
        _note(connection, caller, request, AuditAction.WEBHOOK_ENABLE, webhook)
    return webhooks.webhook_to_json(webhook)


@router.get("/deliveries", response_model=Page[DeliveryOut], responses=describe(404))
def list_deliveries(
    service: Served,
    caller: Caller,
    webhook: Annotated[
        int | None, Query(ge=1, le=2**63 - 1, description="Only to this webhook.")
    ] = None,
    state: Annotated[DeliveryState | None, Query(description="Only in this state.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Any:
    """List what was sent to webhooks, or waits, the latest first."""
    check_may_administer(caller)
    with reading(service.engine) as connection:
        page = webhooks.list_deliveries(
            connection,
            webhook_id=webhook,
            state=state,
            cursor=read_cursor(cursor),
            limit=limit,
        )
    items = [webhooks.delivery_to_json(one) for one in page.deliveries]
    return {"items": items, "next_cursor": make_cursor(page.next_cursor)}


@router.get("/deliveries/{delivery_id}", response_model=DeliveryOut, responses=describe(404))
def get_delivery(service: Served, caller: Caller, delivery_id: DeliveryId) -> Any:
    """Tell what became of a delivery."""
    check_may_administer(caller)
    with reading(service.engine) as connection:
        return webhooks.delivery_to_json(webhooks.get_delivery(connection, delivery_id))


@router.post(
    "/deliveries/{delivery_id}/replay",
    status_code=201,
    response_model=DeliveryOut,
    responses=describe(404, 409),
)
def replay_delivery(
    service: Served,
    caller: Caller,
    request: Request,
    response: Response,
    delivery_id: DeliveryId,
    idempotency_key: IdempotencyKey = None,
) -> Any:
    """Send a finished delivery again: a new one, with the same `webhook-id` and body."""
    check_may_administer(caller)

    def act(connection: sa.Connection) -> dict[str, Any]:
        now = datetime.now(UTC)
        new_id = webhooks.replay(connection, delivery_id, at=now)
        access.audit(
            connection,
            caller,
            AuditAction.WEBHOOK_REPLAY,
            at=now,
            target=str(delivery_id),
            request_id=request.state.request_id,
        )
        return webhooks.delivery_to_json(webhooks.get_delivery(connection, new_id))

    once = Once(caller, idempotency_key, ("replay", str(delivery_id)))
    return run_once(service, once, response, act, status=201)


def _tell_secret(
    service: Service,
    request: Request,
    response: Response,
    once: Once,
    act: Callable[[sa.Connection], tuple[Webhook, str]],
    action: AuditAction,
    *,
    status: int,
) -> dict[str, Any]:
    """Do what makes a secret, which no answer that is kept may hold."""
    secret: str | None = None

    def act_and_note(connection: sa.Connection) -> dict[str, Any]:
        nonlocal secret
        webhook, secret = act(connection)
        _note(connection, once.principal, request, action, webhook)
        return webhooks.webhook_to_json(webhook)

    body = run_once(service, once, response, act_and_note, status=status)
    response.headers["Cache-Control"] = "no-store"
    return {**body, "secret": secret}


def _note(
    connection: sa.Connection,
    caller: Principal,
    request: Request,
    action: AuditAction,
    webhook: Webhook,
) -> None:
    access.audit(
        connection,
        caller,
        action,
        at=datetime.now(UTC),
        target=str(webhook.id),
        advertiser=webhook.advertiser,
        request_id=request.state.request_id,
    )
