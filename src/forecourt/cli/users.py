"""`forecourt users`: people who sign in at the panel."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from forecourt.cli.actor import By, as_admin
from forecourt.cli.console import err, out
from forecourt.core.credentials import User
from forecourt.core.errors import UsageError
from forecourt.core.records import Role
from forecourt.core.settings import Settings

app = typer.Typer(help="Users of the panel: make, list, disable.", no_args_is_help=True)

_Name = Annotated[str, typer.Argument(help="Under which they sign in, in any letter case.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def create(
    name: _Name,
    role: Annotated[Role, typer.Option("--role", help="What they may do.")],
    advertiser: Annotated[
        str | None, typer.Option("--advertiser", "-a", help="Whose; with --role advertiser.")
    ] = None,
    by: By = None,
    as_json: _Json = False,
) -> None:
    """Make a user. The password is asked for, or is the first line of standard input."""
    from forecourt import access
    from forecourt.jobs.workspace import open_store
    from forecourt.store.engine import writing

    new = access.NewUser(name=name, password=_ask_password(), role=role, advertiser=advertiser)
    with open_store(Settings()) as engine, writing(engine) as connection:
        user = access.create_user(connection, as_admin(by), new, now=datetime.now(UTC))
    _print_done(user, "may sign in", as_json=as_json)


@app.command("list")
def list_all(as_json: _Json = False) -> None:
    """List users, disabled ones too."""
    from forecourt import access
    from forecourt.jobs.workspace import open_store
    from forecourt.store.engine import reading

    with open_store(Settings()) as engine, reading(engine) as connection:
        found = access.list_users(connection)
    if as_json:
        typer.echo(json.dumps([user_to_json(one) for one in found], ensure_ascii=False))
        return
    table = Table("Name", "Role", "For", "Status", "Made", "Password of", box=None)
    for one in found:
        table.add_row(
            escape(one.name),
            one.role,
            escape(one.advertiser or "everyone"),
            "active" if one.disabled_at is None else "disabled",
            f"{one.created_at:%Y-%m-%d %H:%M}",
            f"{one.password_changed_at:%Y-%m-%d %H:%M}",
        )
    out.print(table)


@app.command()
def password(name: _Name, by: By = None, as_json: _Json = False) -> None:
    """Give a user another password, and end their sessions. It is asked for as in `create`."""
    from forecourt import access
    from forecourt.jobs.workspace import open_store
    from forecourt.store.engine import writing

    given = _ask_password()
    with open_store(Settings()) as engine, writing(engine) as connection:
        user = access.set_password(connection, as_admin(by), name, given, now=datetime.now(UTC))
    _print_done(user, "has another password, and has to sign in again", as_json=as_json)


@app.command()
def disable(name: _Name, by: By = None, as_json: _Json = False) -> None:
    """Let a user in no more, for good, and end their sessions."""
    from forecourt import access
    from forecourt.jobs.workspace import open_store
    from forecourt.store.engine import writing

    with open_store(Settings()) as engine, writing(engine) as connection:
        user = access.disable_user(connection, as_admin(by), name, now=datetime.now(UTC))
    _print_done(user, "is disabled, and signed out everywhere", as_json=as_json)


def user_to_json(user: User) -> dict[str, Any]:
    """Return the JSON form of a user; its shape is a contract (docs/access.md)."""
    disabled_at = user.disabled_at
    return {
        "id": user.id,
        "name": user.name,
        "role": user.role,
        "advertiser": user.advertiser,
        "created_at": user.created_at.isoformat(),
        "created_by": user.created_by,
        "password_changed_at": user.password_changed_at.isoformat(),
        "disabled_at": None if disabled_at is None else disabled_at.isoformat(),
        "disabled_by": user.disabled_by,
    }


def _print_done(user: User, what: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(user_to_json(user), ensure_ascii=False))
    else:
        err.print(f"{user.name} ({user.role}) {what}.", highlight=False, markup=False)


def _ask_password() -> str:
    """Return a password that stands in no list of processes and no shell's history."""
    if sys.stdin.isatty():
        given: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return given
    given = sys.stdin.readline().rstrip("\r\n")
    if not given:
        raise UsageError("There is no password: give it as the first line of standard input.")
    return given
