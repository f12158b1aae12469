"""`forecourt models retag`: stored images are answered anew, from their thumbnails."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from forecourt.cli.actor import as_admin
from forecourt.cli.console import counted, farewell, out
from forecourt.cli.dataset import show_progress
from forecourt.core.audit import AuditAction
from forecourt.core.errors import StateError
from forecourt.core.settings import Settings

if TYPE_CHECKING:
    from forecourt.core.trials import Retag
    from forecourt.jobs.workspace import Workspace

_By = Annotated[str, typer.Option("--by", help="Who asks for it: a name.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_SHOWN = 50


def retag(
    by: _By,
    version: Annotated[
        str | None,
        typer.Argument(help="Of a model; default: whichever answers, that is the champion."),
    ] = None,
    advertiser: Annotated[
        str | None, typer.Option("--advertiser", "-a", help="Only what this one shows.")
    ] = None,
    later: Annotated[
        bool, typer.Option("--later", help="Leave it to a server, or to a worker.")
    ] = False,
    niceness: Annotated[
        int, typer.Option("--nice", min=0, max=19, help="How far others go first.")
    ] = 15,
    as_json: _Json = False,
) -> None:
    """Let a model answer the images that inventories show; nothing is downloaded, fixes stay.

    Interrupted, the same command goes on where it stopped.
    """
    from forecourt import access, release
    from forecourt.jobs.workspace import open_workspace
    from forecourt.store.engine import writing

    at = datetime.now(UTC)
    with open_workspace(Settings()) as workspace:
        with writing(workspace.engine) as connection:
            asked = release.request_retag(connection, version, advertiser=advertiser, by=by, at=at)
            if asked.requested_at == at:
                access.audit(
                    connection,
                    as_admin(by),
                    AuditAction.RETAG_REQUEST,
                    at=at,
                    target=str(asked.id),
                    advertiser=advertiser,
                    detail={"model_version": asked.model_version},
                )
        if not later:
            if niceness and sys.platform != "win32":
                os.nice(niceness)
            asked = _carry_out(workspace, asked)
    if as_json:
        typer.echo(json.dumps(release.retag_to_json(asked), ensure_ascii=False))
        return
    _describe(asked)


def retags(as_json: _Json = False) -> None:
    """List the latest re-tags, and how far they are."""
    from forecourt import release
    from forecourt.jobs.workspace import open_store
    from forecourt.store.engine import reading

    with open_store(Settings()) as engine, reading(engine) as connection:
        found = release.latest_retags(connection, limit=_SHOWN)
    if as_json:
        told = [release.retag_to_json(one) for one in found]
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    table = Table(
        "Re-tag", "Model", "Advertiser", "Status", "Looked at", "Answered", "Missed", "By"
    )
    for one in found:
        of = "" if one.images is None else f" of {one.images:,}"
        table.add_row(
            str(one.id),
            one.model_version,
            escape(one.advertiser or "all"),
            one.status if one.last_error is None else f"{one.status} ({escape(one.last_error)})",
            f"{one.looked_at:,}{of}",
            f"{one.answered:,}",
            f"{one.missed:,}",
            escape(one.by),
        )
    out.print(table)


def cancel_retag(
    retag_id: Annotated[int, typer.Argument(help="Of the re-tag.", metavar="ID")],
    by: _By,
    as_json: _Json = False,
) -> None:
    """Cancel a re-tag; what is answered stays."""
    from forecourt import access, release
    from forecourt.jobs.workspace import open_store
    from forecourt.store.engine import writing

    at = datetime.now(UTC)
    with open_store(Settings()) as engine, writing(engine) as connection:
        cancelled = release.cancel_retag(connection, retag_id, at=at)
        access.audit(
            connection, as_admin(by), AuditAction.RETAG_CANCEL, at=at, target=str(retag_id)
        )
    if as_json:
        typer.echo(json.dumps(release.retag_to_json(cancelled), ensure_ascii=False))
        return
    _describe(cancelled)


def _carry_out(workspace: Workspace, asked: Retag) -> Retag:
    from forecourt.jobs.retagging import claim_of, run_retag
    from forecourt.store.claims import Claims

    claims = Claims(workspace.engine, workspace.settings.home / "locks")
    try:
        if not claims.take([claim_of(asked.id)]):
            raise StateError(
                f"Re-tag {asked.id} is at work already, in another process; `forecourt models "
                "retags` shows how far it is."
            )
        threads = workspace.settings.vision.threads
        before = farewell.text
        farewell.text = (
            "Stopped. Run the same command again to go on, or leave the rest to a server."
        )
        with show_progress("Answering") as tell:
            done = run_retag(
                workspace,
                asked.id,
                threads=threads,
                on_progress=lambda retag: tell(retag.looked_at, retag.images or 0),
            )
        farewell.text = before
        return done
    finally:
        claims.close()


def _describe(retag: Retag) -> None:
    of = "everybody's" if retag.advertiser is None else f"{retag.advertiser}'s"
    lines = {
        "accepted": "waits for a server or a worker; `forecourt models retags` shows how far it is",
        "running": "is under way",
        "finished": "is finished",
        "cancelled": "is cancelled",
    }
    missed = f", {retag.missed:,} have no usable thumbnail" if retag.missed else ""
    out.print(
        f"Re-tag {retag.id}, {of} images by {retag.model_version}, {lines[retag.status]}: "
        f"{counted(retag.looked_at, 'image')} looked at, {retag.answered:,} answered{missed}.",
        highlight=False,
        markup=False,
    )
