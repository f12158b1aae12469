"""`forecourt webhooks`: who is told of what happens, and what became of the telling."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from forecourt.cli.actor import By, as_admin
from forecourt.cli.console import err, out
from forecourt.core.audit import AuditAction
from forecourt.core.settings import Settings
from forecourt.core.webhooks import Delivery, DeliveryState, EventType, Webhook

if TYPE_CHECKING:
    import sqlalchemy as sa

    from forecourt.core.access import Principal

app = typer.Typer(
    help="Tell other systems what happens: signed requests, retried, with a log.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_Id = Annotated[int, typer.Argument(help="Its number, as `list` gives it.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@contextmanager
def _reading() -> Iterator[sa.Connection]:
    from forecourt.jobs.workspace import open_store
    from forecourt.store.engine import reading

    with open_store(Settings()) as engine, reading(engine) as connection:
        yield connection


@contextmanager
def _writing() -> Iterator[sa.Connection]:
    from forecourt.jobs.workspace import open_store
    from forecourt.store.engine import writing

    with open_store(Settings()) as engine, writing(engine) as connection:
        yield connection


@app.command("add")
def add(
    url: Annotated[str, typer.Argument(help="Where to post: https://… or http://…")],
    event: Annotated[
        list[EventType] | None,
        typer.Option("--event", help="What to tell of; repeatable; default: everything."),
    ] = None,
    advertiser: Annotated[
        str | None, typer.Option("--advertiser", "-a", help="Whose events; default: everyone's.")
    ] = None,
    by: By = None,
    as_json: _Json = False,
) -> None:
    """Set up a webhook, and print its secret: this once, and never again."""
    from forecourt.webhooks import create

    admin = as_admin(by)
    with _writing() as connection:
        webhook, secret = create(
            connection,
            url=url,
            events=event or (),
            advertiser=advertiser,
            by=admin.name,
            at=_now(),
        )
        _note(connection, admin, AuditAction.WEBHOOK_CREATE, webhook.id, webhook.advertiser)
    _print_secret(webhook.id, secret, as_json=as_json)


@app.command("list")
def list_webhooks(as_json: _Json = False) -> None:
    """List webhooks; of disabled ones, why."""
    from forecourt.webhooks import list_all

    with _reading() as connection:
        found = list_all(connection)
    _print_webhooks(found, as_json=as_json)


@app.command("disable")
def disable(webhook_id: _Id, by: By = None, as_json: _Json = False) -> None:
    """Tell a webhook nothing more. What waits for it stays."""
    from forecourt import webhooks as stage

    with _writing() as connection:
        webhook = stage.disable(connection, webhook_id, at=_now())
        _note(connection, as_admin(by), AuditAction.WEBHOOK_DISABLE, webhook_id)
    _print_webhooks([webhook], as_json=as_json)


@app.command("enable")
def enable(webhook_id: _Id, by: By = None, as_json: _Json = False) -> None:
    """Tell a webhook again, first of what has waited for it."""
    from forecourt import webhooks as stage

    with _writing() as connection:
        webhook = stage.enable(connection, webhook_id)
        _note(connection, as_admin(by), AuditAction.WEBHOOK_ENABLE, webhook_id)
    _print_webhooks([webhook], as_json=as_json)


@app.command("rotate")
def rotate(webhook_id: _Id, by: By = None, as_json: _Json = False) -> None:
    """Print a new secret, this once. The one before it signs too for a day."""
    from forecourt.webhooks import rotate_secret

    with _writing() as connection:
        secret = rotate_secret(connection, webhook_id, at=_now())
        _note(connection, as_admin(by), AuditAction.WEBHOOK_ROTATE, webhook_id)
    _print_secret(webhook_id, secret, as_json=as_json)


@app.command("deliveries")
def deliveries(
    webhook_id: Annotated[
        int | None, typer.Option("--webhook", help="Only of this one, by its number.")
    ] = None,
    state: Annotated[
        DeliveryState | None, typer.Option("--state", help="Only in this state.")
    ] = None,
    cursor: Annotated[
        int | None, typer.Option("--cursor", help="The page behind: what the last one ended with.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", help="How many: 1 to 1,000.")] = 50,
    as_json: _Json = False,
) -> None:
    """Show what was sent, or waits, the latest first, and what became of it."""
    from forecourt.webhooks import delivery_to_json, list_deliveries

    with _reading() as connection:
        page = list_deliveries(
            connection, webhook_id=webhook_id, state=state, cursor=cursor, limit=limit
        )
    if as_json:
        listed = [delivery_to_json(one) for one in page.deliveries]
        _print_json({"deliveries": listed, "next_cursor": page.next_cursor})
        return
    table = Table("Delivery", "When", "Webhook", "Event", "State", "Attempts", "Last answer")
    for one in page.deliveries:
        again = "" if one.replay_of is None else f" (replay of {one.replay_of})"
        table.add_row(
            f"{one.id}{again}",
            f"{one.created_at:%Y-%m-%d %H:%M:%S}",
            str(one.webhook_id),
            one.event,
            _say_state(one),
            str(one.attempts),
            escape(_say_last(one)),
        )
    out.print(table)
    if page.next_cursor is not None:
        err.print(f"More: --cursor {page.next_cursor}", highlight=False)


@app.command("replay")
def replay(
    delivery_id: Annotated[int, typer.Argument(help="Its number, as `deliveries` gives it.")],
    by: By = None,
    as_json: _Json = False,
) -> None:
    """Send a finished delivery again, with the same webhook-id."""
    from forecourt import webhooks as stage

    with _writing() as connection:
        new_id = stage.replay(connection, delivery_id, at=_now())
        _note(connection, as_admin(by), AuditAction.WEBHOOK_REPLAY, delivery_id)
    if as_json:
        _print_json({"id": new_id, "replay_of": delivery_id})
        return
    out.print(f"Delivery {new_id} repeats {delivery_id}; a running server sends it.")


def _note(
    connection: sa.Connection,
    admin: Principal,
    action: AuditAction,
    number: int,
    advertiser: str | None = None,
) -> None:
    from forecourt.access import audit

    audit(connection, admin, action, at=_now(), target=str(number), advertiser=advertiser)


def _print_webhooks(found: Sequence[Webhook], *, as_json: bool) -> None:
    from forecourt.webhooks import webhook_to_json

    if as_json:
        _print_json([webhook_to_json(one) for one in found])
        return
    table = Table("Webhook", "URL", "Events", "Advertiser", "State")
    for one in found:
        table.add_row(
            str(one.id),
            escape(one.url),
            ", ".join(one.events) or "all",
            escape(one.advertiser or "all"),
            _say_whether_active(one),
        )
    out.print(table)


def _say_whether_active(webhook: Webhook) -> str:
    if webhook.disabled_at is not None:
        return f"disabled {webhook.disabled_at:%Y-%m-%d %H:%M}: {webhook.disabled_reason}"
    if webhook.failing_since is not None:
        return f"active, failing since {webhook.failing_since:%Y-%m-%d %H:%M}"
    return "active"


def _say_state(delivery: Delivery) -> str:
    if delivery.next_attempt_at is None:
        return delivery.state
    return f"{delivery.state}, next {delivery.next_attempt_at:%Y-%m-%d %H:%M:%S}"


def _say_last(delivery: Delivery) -> str:
    if not delivery.log:
        return ""
    last = delivery.log[-1].posted
    return f"{last.reason or last.status} {last.excerpt}".strip()


def _print_secret(webhook_id: int, secret: str, *, as_json: bool) -> None:
    if as_json:
        _print_json({"id": webhook_id, "secret": secret})
        return
    out.print(f"Webhook {webhook_id}. Its secret, shown this once:", highlight=False)
    out.print(secret, highlight=False, soft_wrap=True)


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False))


def _now() -> datetime:
    return datetime.now(UTC)
