"""`forecourt keys`: API keys for programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from forecourt.cli.actor import By, as_admin
from forecourt.cli.console import err, out
from forecourt.core.access import Scope
from forecourt.core.credentials import ApiKey
from forecourt.core.records import Role
from forecourt.core.settings import Settings

app = typer.Typer(help="API keys: make, list, revoke.", no_args_is_help=True)

_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What it is for; histories show it.")],
    role: Annotated[Role, typer.Option("--role", help="Whose right it carries.")],
    advertiser: Annotated[
        str | None, typer.Option("--advertiser", "-a", help="Whose; with --role advertiser.")
    ] = None,
    scope: Annotated[
        list[Scope] | None,
        typer.Option("--scope", help="Only this; repeat it. Default: all that the role may."),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option("--days", min=1, max=36_500, help="Days until it expires; default: never."),
    ] = None,
    by: By = None,
    as_json: _Json = False,
) -> None:
    """Make a key. Its token is printed to standard output, this once."""
    from forecourt import access
    from forecourt.jobs.workspace import open_store
    from forecourt.store.engine import writing
    from forecourt.store.scrapes import list_advertisers

    now = datetime.now(UTC)
    new = access.NewKey(
        name=name,
        role=role,
        advertiser=advertiser,
        scopes=frozenset(scope) if scope else None,
        expires_at=None if days is None else now + timedelta(days=days),
    )
    with open_store(Settings()) as engine, writing(engine) as connection:
        key, token = access.create_key(connection, as_admin(by), new, now=now)
        is_known = key.advertiser in {None, *list_advertisers(connection)}
    if as_json:
        told = {**key_to_json(key, now), "token": token}
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    if not is_known:
        err.print(
            f"Note: nothing was ever scraped for an advertiser {key.advertiser!r}.",
            highlight=False,
            markup=False,
        )
    err.print(
        f"Key {key.id} is made. Keep its token in a safe place: it is not shown again.",
        highlight=False,
    )
    typer.echo(token)


@app.command("list")
def list_all(
    advertiser: Annotated[
        str | None, typer.Option("--advertiser", "-a", help="Only this advertiser's.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """List keys, dead ones too; tokens are not kept."""
    from forecourt import access
    from forecourt.jobs.workspace import open_store
    from forecourt.store.engine import reading

    now = datetime.now(UTC)
    with open_store(Settings()) as engine, reading(engine) as connection:
        found = access.list_keys(connection, advertiser=advertiser)
    if as_json:
        typer.echo(json.dumps([key_to_json(one, now) for one in found], ensure_ascii=False))
        return
    table = Table(
        "Key", "Name", "Role", "For", "Scopes", "Status", "Expires", "Last used", box=None
    )
    for one in found:
        table.add_row(
            one.id,
            escape(one.name),
            one.role,
            escape(one.advertiser or "everyone"),
            " ".join(_scopes(one)),
            one.status(now),
            f"{one.expires_at:%Y-%m-%d %H:%M}" if one.expires_at else "never",
            f"{one.last_used_at:%Y-%m-%d %H:%M}" if one.last_used_at else "never",
        )
    out.print(table)


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(help="Its id: what stands between the underscores.")],
    by: By = None,
    as_json: _Json = False,
) -> None:
    """Let a key open nothing from now on, for good."""
    from forecourt import access
    from forecourt.jobs.workspace import open_store
    from forecourt.store.engine import writing

    now = datetime.now(UTC)
    with open_store(Settings()) as engine, writing(engine) as connection:
        revoked = access.revoke_key(connection, as_admin(by), key, now=now)
    if as_json:
        typer.echo(json.dumps(key_to_json(revoked, now), ensure_ascii=False))
    else:
        err.print(f"Key {revoked.id} ({escape(revoked.name)}) is revoked.", highlight=False)


def key_to_json(key: ApiKey, now: datetime) -> dict[str, Any]:
    """Return the JSON form of a key; its shape is a contract (docs/access.md)."""
    return {
        "id": key.id,
        "name": key.name,
        "role": key.role,
        "advertiser": key.advertiser,
        "scopes": _scopes(key),
        "status": key.status(now),
        "created_at": key.created_at.isoformat(),
        "created_by": key.created_by,
        "expires_at": _time(key.expires_at),
        "revoked_at": _time(key.revoked_at),
        "revoked_by": key.revoked_by,
        "last_used_at": _time(key.last_used_at),
    }


def _scopes(key: ApiKey) -> list[Scope]:
    return [scope for scope in Scope if scope in key.scopes]


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
