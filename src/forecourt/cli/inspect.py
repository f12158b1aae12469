"""Commands that look at the store or bring it up to date."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from forecourt.cli.console import err, out
from forecourt.core.settings import Settings


def hosts(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the hosts that serve images, and how far their headers are trusted."""
    from forecourt.store.engine import create_engine, migrate, reading
    from forecourt.store.hosts import list_hosts

    engine = create_engine(Settings().database_url)
    migrate(engine)
    with reading(engine) as connection:
        records = list_hosts(connection)
    if as_json:
        typer.echo(json.dumps(records, ensure_ascii=False))
        return
    table = Table("Host", "State", "Hits", "Proofs", "Lies", "Churns", "Why")
    for record in records:
        counts = (str(record[name]) for name in ("hits", "proofs", "lies", "churns"))
        table.add_row(escape(record["host"]), record["state"], *counts, record["why"])
    out.print(table)


def migrate_database() -> None:
    """Bring the database to this release's schema."""
    from forecourt.store.engine import create_engine, migrate

    migrate(create_engine(Settings().database_url))
    err.print("The database is up to date.")
