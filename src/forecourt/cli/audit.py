"""`forecourt audit`: who did what."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from forecourt.cli.console import err, out
from forecourt.core.audit import AuditEntry
from forecourt.core.settings import Settings


def audit(
    advertiser: Annotated[
        str | None, typer.Option("--advertiser", "-a", help="Only what was about this one.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", help="Lines at most, 1 to 1000.")] = 100,
    before: Annotated[
        int | None, typer.Option("--before", help="Only lines before this number.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the audit log, newest first."""
    from forecourt import access
    from forecourt.jobs.workspace import open_store
    from forecourt.store.engine import reading

    with open_store(Settings()) as engine, reading(engine) as connection:
        page = access.list_audit(connection, advertiser=advertiser, before=before, limit=limit)
    if as_json:
        told = {"entries": [entry_to_json(one) for one in page.entries]}
        typer.echo(json.dumps({**told, "next_before": page.next_before}, ensure_ascii=False))
        return
    table = Table("Line", "When", "Who", "Action", "Target", "Advertiser", "Detail", box=None)
    for one in page.entries:
        table.add_row(
            str(one.id),
            f"{one.at:%Y-%m-%d %H:%M:%S}",
            escape(f"{one.by} ({one.role})"),
            one.action,
            escape(one.target),
            escape(one.advertiser or ""),
            escape(json.dumps(one.detail, ensure_ascii=False) if one.detail else ""),
        )
    out.print(table)
    if page.next_before is not None:
        err.print(f"Older ones: --before {page.next_before}", highlight=False)


def entry_to_json(entry: AuditEntry) -> dict[str, Any]:
    """Return the JSON form of a line of the log; its shape is a contract (docs/access.md)."""
    return {
        "id": entry.id,
        "at": entry.at.isoformat(),
        "by": entry.by,
        "role": entry.role,
        "key_id": entry.key_id,
        "user_id": entry.user_id,
        "advertiser": entry.advertiser,
        "action": entry.action,
        "target": entry.target,
        "detail": entry.detail,
        "request_id": entry.request_id,
    }
