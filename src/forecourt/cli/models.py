"""`forecourt models`: which models there are, and which one is the champion.

They open the store alone: they are needed most where the champion cannot be loaded.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from forecourt.cli.actor import as_admin
from forecourt.cli.console import err, out
from forecourt.core.audit import AuditAction
from forecourt.core.promotions import PromotionKind
from forecourt.core.settings import Settings

if TYPE_CHECKING:
    import sqlalchemy as sa

    from forecourt.release import Promoted

app = typer.Typer(help="Register models, and say which one is the champion.", no_args_is_help=True)

_Version = Annotated[str, typer.Argument(help="Of the model, as `models list` gives it.")]
_By = Annotated[str, typer.Option("--by", help="Who does it: a name.")]
_Note = Annotated[str, typer.Option("--note", help="Why, for the history.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_all(as_json: _Json = False) -> None:
    """List the models: registered ones, and the one that is shipped."""
    from forecourt import release
    from forecourt.jobs.workspace import open_store
    from forecourt.store.engine import reading

    with open_store(settings := Settings()) as engine, reading(engine) as connection:
        found = release.list_models(connection)
    if as_json:
        typer.echo(json.dumps([release.model_to_json(one) for one in found], ensure_ascii=False))
        return
    table = Table("Version", "", "Registered", "By", "Last promoted", "By", "Note")
    for one in found:
        registered, promotion = one.registered, one.promotion
        roles = {"champion": one.is_champion, "shipped": one.is_shipped}
        table.add_row(
            one.version,
            ", ".join(role for role, holds in roles.items() if holds),
            *(_when(registered.registered_at), escape(registered.registered_by))
            if registered
            else ("", ""),
            *(_when(promotion.at), escape(promotion.by), escape(promotion.note))
            if promotion
            else ("", "", ""),
        )
    out.print(table)
    _warn_of_pin(settings)


@app.command("add")
def add(
    folder: Annotated[Path, typer.Argument(help="A model bundle.", metavar="FOLDER")],
    by: _By,
    as_json: _Json = False,
) -> None:
    """Copy a bundle into the registry; what is shown does not change."""
    from forecourt import release
    from forecourt.jobs.workspace import open_store
    from forecourt.store.engine import writing

    settings = Settings()
    with open_store(settings) as engine, writing(engine) as connection:
        model = release.register(connection, settings.home, folder, by=by, at=datetime.now(UTC))
        _note(connection, by, AuditAction.MODEL_REGISTER, model.version)
        found = release.list_models(connection)
    if as_json:
        (listed,) = (one for one in found if one.version == model.version)
        typer.echo(json.dumps(release.model_to_json(listed), ensure_ascii=False))
        return
    out.print(
        f"Model {model.version} is registered. To let it answer: forecourt models promote "
        f"{model.version} --by NAME",
        highlight=False,
        markup=False,
    )


@app.command("promote")
def promote(
    version: _Version,
    by: _By,
    note: _Note = "",
    retag: Annotated[
        bool, typer.Option("--retag", help="Let a server or worker answer stored images anew.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """Make a model the champion: what it says is shown from now on."""
    from forecourt import release
    from forecourt.jobs.workspace import open_store
    from forecourt.store.engine import writing

    settings = Settings()
    with open_store(settings) as engine, writing(engine) as connection:
        done = release.promote(
            connection, settings.home, version, by=by, note=note, at=datetime.now(UTC)
        )
        _note(connection, by, AuditAction.MODEL_PROMOTE, done.promotion.model_version)
        if retag:
            release.request_retag(
                connection, version, promotion_id=done.promotion.id, by=by, at=done.promotion.at
            )
    _print_promoted(settings, done, as_json=as_json)


@app.command("rollback")
def rollback(by: _By, note: _Note = "", as_json: _Json = False) -> None:
    """Make the champion before the present one the champion again."""
    from forecourt import release
    from forecourt.jobs.workspace import open_store
    from forecourt.store.engine import writing

    settings = Settings()
    with open_store(settings) as engine, writing(engine) as connection:
        done = release.rollback(connection, settings.home, by=by, note=note, at=datetime.now(UTC))
        _note(connection, by, AuditAction.MODEL_ROLLBACK, done.promotion.model_version)
    _print_promoted(settings, done, as_json=as_json)


@app.command("history")
def history(as_json: _Json = False) -> None:
    """List all promotions and rollbacks, the earliest first."""
    from forecourt import release
    from forecourt.jobs.workspace import open_store
    from forecourt.store.engine import reading

    with open_store(Settings()) as engine, reading(engine) as connection:
        found = release.list_promotions(connection)
    if as_json:
        told = [release.promotion_to_json(one) for one in found]
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    table = Table("Promotion", "When", "Kind", "Champion", "By", "Note", "Reason")
    for one in found:
        words = (escape(word) for word in (one.by, one.note, one.reason))
        table.add_row(str(one.id), _when(one.at), one.kind, one.model_version, *words)
    out.print(table)


@app.command("card")
def card(version: _Version) -> None:
    """Print the card of a model."""
    from forecourt import release
    from forecourt.jobs.workspace import open_store
    from forecourt.store.engine import reading

    settings = Settings()
    with open_store(settings) as engine, reading(engine) as connection:
        typer.echo(release.read_card(connection, settings.home, version), nl=False)


def _note(connection: sa.Connection, by: str, action: AuditAction, version: str) -> None:
    from forecourt.access import audit

    audit(connection, as_admin(by), action, at=datetime.now(UTC), target=version)


def _print_promoted(settings: Settings, done: Promoted, *, as_json: bool) -> None:
    from forecourt import release

    now, before = done.promotion.model_version, done.replaced
    is_rollback = done.promotion.kind is PromotionKind.ROLLBACK
    undo = f"promote {before}" if is_rollback else "rollback"
    if as_json:
        line = release.promotion_to_json(done.promotion) | {"replaced": before}
        typer.echo(json.dumps(line, ensure_ascii=False))
    else:
        out.print(
            f"{now} is the champion; before it was {before}. To undo this: forecourt models {undo} "
            "--by NAME",
            highlight=False,
            markup=False,
        )
    _warn_of_pin(settings)


def _warn_of_pin(settings: Settings) -> None:
    from forecourt import release

    if (warning := release.explain_pin(settings)) is not None:
        err.print(f"Warning: {warning}", highlight=False, markup=False)


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
