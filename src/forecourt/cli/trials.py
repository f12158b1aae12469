"""`forecourt models shadow` and `canary`: challengers at work beside the champion."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from forecourt.cli.actor import as_admin
from forecourt.cli.console import counted, out
from forecourt.core.audit import AuditAction
from forecourt.core.errors import StateError
from forecourt.core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa

    from forecourt.core.agreement import Said
    from forecourt.core.trials import CanaryStep, ShadowStep

shadow_app = typer.Typer(
    help="Let a challenger answer what scrapes bring, unseen.", no_args_is_help=True
)
canary_app = typer.Typer(help="Let a challenger answer chosen advertisers.", no_args_is_help=True)

_Version = Annotated[str, typer.Argument(help="Of a registered model.")]
_Tried = Annotated[str | None, typer.Argument(help="Of a model; default: the one in the shadow.")]
_By = Annotated[str, typer.Option("--by", help="Who does it: a name.")]
_Note = Annotated[str, typer.Option("--note", help="Why, for the history.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Advertisers = Annotated[
    list[str] | None, typer.Option("--advertiser", "-a", help="Whose images; repeatable.")
]
_Advertiser = Annotated[
    str | None, typer.Option("--advertiser", "-a", help="Only what this one shows.")
]
_Against = Annotated[
    str | None, typer.Option("--against", help="Compared with this model; default: the champion.")
]


@shadow_app.command("start")
def start_shadow(
    version: _Version,
    by: _By,
    share: Annotated[
        float, typer.Option("--share", help="Of newly classified images, above 0 and up to 1.")
    ] = 1.0,
    note: _Note = "",
    as_json: _Json = False,
) -> None:
    """Let a challenger answer what scrapes bring; nobody is shown what it says."""
    from forecourt import release
    from forecourt.jobs.workspace import open_store
    from forecourt.store.engine import writing

    settings = Settings()
    with open_store(settings) as engine, writing(engine) as connection:
        step = release.start_shadow(
            connection, settings.home, version, share=share, by=by, note=note, at=_now()
        )
        _audit(connection, by, AuditAction.SHADOW_START, version)
    _print_shadow([step], as_json=as_json, one=True)


@shadow_app.command("stop")
def stop_shadow(by: _By, note: _Note = "", as_json: _Json = False) -> None:
    """Let no challenger answer any more; its answers stay for comparison."""
    from forecourt import release
    from forecourt.jobs.workspace import open_store
    from forecourt.store.engine import writing

    with open_store(Settings()) as engine, writing(engine) as connection:
        step = release.stop_shadow(connection, by=by, note=note, at=_now())
        _audit(connection, by, AuditAction.SHADOW_STOP, step.model_version)
    _print_shadow([step], as_json=as_json, one=True)


@shadow_app.command("history")
def shadow_history(as_json: _Json = False) -> None:
    """List who was in the shadow when, the latest first; the first line says who is."""
    from forecourt import release
    from forecourt.jobs.workspace import open_store
    from forecourt.store.engine import reading

    with open_store(Settings()) as engine, reading(engine) as connection:
        steps = release.latest_shadow_steps(connection, limit=500)
    _print_shadow(steps, as_json=as_json)


@canary_app.command("start")
def start_canary(
    version: _Version,
    by: _By,
    advertiser: _Advertisers = None,
    retag: Annotated[
        bool, typer.Option("--retag", help="Answer their stored images anew, too.")
    ] = False,
    note: _Note = "",
    as_json: _Json = False,
) -> None:
    """Let a challenger answer advertisers in the champion's place, from now on."""
    from forecourt import release
    from forecourt.jobs.workspace import open_store
    from forecourt.store.engine import writing

    settings, at = Settings(), _now()
    with open_store(settings) as engine, writing(engine) as connection:
        steps = release.start_canary(
            connection, settings.home, version, advertiser or (), by=by, note=note, at=at
        )
        for one in steps:
            _audit(connection, by, AuditAction.CANARY_START, version, one.advertiser)
            if retag:
                release.request_retag(connection, version, advertiser=one.advertiser, by=by, at=at)
    _print_canaries(steps, as_json=as_json)


@canary_app.command("end")
def end_canary(
    by: _By,
    advertiser: _Advertisers = None,
    promote: Annotated[
        bool, typer.Option("--promote", help="Make it the champion: for everybody.")
    ] = False,
    note: _Note = "",
    as_json: _Json = False,
) -> None:
    """Let the champion answer advertisers again, all of them by default; or promote the canary."""
    from forecourt import release
    from forecourt.jobs.workspace import open_store
    from forecourt.store.engine import writing

    settings, at = Settings(), _now()
    with open_store(settings) as engine, writing(engine) as connection:
        if promote:
            version = _find_only(release.list_canaries(connection), advertiser)
            done = release.promote(
                connection, settings.home, version, by=by, note=note, at=at, reason="was a canary"
            )
            _audit(connection, by, AuditAction.MODEL_PROMOTE, version)
            text = f"{version} is the champion; before it was {done.replaced}."
            told = json.dumps(release.promotion_to_json(done.promotion), ensure_ascii=False)
            typer.echo(told if as_json else text)
            return
        steps = release.drop_canaries(connection, advertiser, by=by, note=note, at=at)
        for one in steps:
            _audit(connection, by, AuditAction.CANARY_DROP, one.model_version, one.advertiser)
    _print_canaries(steps, as_json=as_json)


@canary_app.command("list")
def list_canaries(as_json: _Json = False) -> None:
    """List the advertisers that a challenger answers."""
    from forecourt import release
    from forecourt.jobs.workspace import open_store
    from forecourt.store.engine import reading

    with open_store(Settings()) as engine, reading(engine) as connection:
        steps = release.list_canaries(connection)
    _print_canaries(steps, as_json=as_json)


@canary_app.command("history")
def canary_history(as_json: _Json = False) -> None:
    """List what was done about canaries, the latest first."""
    from forecourt import release
    from forecourt.jobs.workspace import open_store
    from forecourt.store.engine import reading

    with open_store(Settings()) as engine, reading(engine) as connection:
        steps = release.latest_canary_steps(connection, limit=500)
    _print_canaries(steps, as_json=as_json)


def agreement(
    version: _Tried = None,
    against: _Against = None,
    advertiser: _Advertiser = None,
    as_json: _Json = False,
) -> None:
    """Say how often a challenger says what the champion says, by class and advertiser."""
    from forecourt import release
    from forecourt.jobs.workspace import open_store
    from forecourt.store.engine import reading

    with open_store(Settings()) as engine, reading(engine) as connection:
        found = release.count_agreement(
            connection,
            _find_tried(connection, version),
            against=against,
            advertiser=advertiser,
        )
    if as_json:
        typer.echo(json.dumps(release.agreement_to_json(found), ensure_ascii=False))
        return
    out.print(
        f"{found.model_version} says what {found.against} says of {found.total.agreeing:,} of "
        f"{counted(found.total.images, 'image')} that both have answered.",
        highlight=False,
        markup=False,
    )
    for title, shares in (
        ("type", found.by_type),
        ("colour", found.by_color),
        ("advertiser", found.by_advertiser),
    ):
        table = Table(f"{found.against}: {title}" if title != "advertiser" else title)
        for heading in ("images", "agreeing", "share"):
            table.add_column(heading, justify="right")
        for name, one in shares.items():
            share = f"{one.agreeing / one.images:.1%}"
            table.add_row(escape(name), f"{one.images:,}", f"{one.agreeing:,}", share)
        if shares:
            out.print(table)


def disagreements(
    version: _Tried = None,
    against: _Against = None,
    advertiser: _Advertiser = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many.")] = 50,
    before: Annotated[
        int | None, typer.Option("--before", help="Only images before this one: the next page.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """List images of which a challenger says something else than the champion, latest first."""
    from forecourt import release
    from forecourt.jobs.workspace import open_store
    from forecourt.store.engine import reading

    with open_store(Settings()) as engine, reading(engine) as connection:
        page = release.list_disagreements(
            connection,
            _find_tried(connection, version),
            against=against,
            advertiser=advertiser,
            before_id=before,
            limit=limit,
        )
    if as_json:
        items = [release.disagreement_to_json(one) for one in page.found]
        document = {"items": items, "next_before": page.before_id}
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    table = Table("Image", "Advertiser", "Champion", "Challenger", "URL")
    for one in page.found:
        table.add_row(
            str(one.image_id),
            escape(one.advertiser or ""),
            _describe(one.champion),
            _describe(one.challenger),
            escape(one.url or ""),
        )
    out.print(table)
    if page.before_id is not None:
        out.print(f"There may be more: --before {page.before_id}", highlight=False)


def _find_tried(connection: sa.Connection, version: str | None) -> str:
    from forecourt import release

    if version is not None:
        return version
    step = release.shadow(connection)
    if step is None:
        raise StateError("No model is in the shadow: say which one is to be compared.")
    return step.model_version


def _find_only(steps: Sequence[CanaryStep], advertisers: list[str] | None) -> str:
    versions = {
        one.model_version for one in steps if not advertisers or one.advertiser in advertisers
    }
    if len(versions) != 1:
        told = ", ".join(sorted(versions)) or "none"
        raise StateError(
            f"There has to be one canary to promote, and there is {told}; promote it by its "
            "version: forecourt models promote VERSION."
        )
    return versions.pop()


def _audit(
    connection: sa.Connection,
    by: str,
    action: AuditAction,
    version: str,
    advertiser: str | None = None,
) -> None:
    from forecourt import access

    access.audit(connection, as_admin(by), action, at=_now(), target=version, advertiser=advertiser)


def _print_shadow(steps: Sequence[ShadowStep], *, as_json: bool, one: bool = False) -> None:
    from forecourt import release

    if as_json:
        told = [release.shadow_to_json(step) for step in steps]
        typer.echo(json.dumps(told[0] if one else told, ensure_ascii=False))
        return
    table = Table("Step", "When", "Kind", "Challenger", "Share", "By", "Note", "Reason")
    for step in steps:
        words = (escape(word) for word in (step.by, step.note, step.reason))
        share = f"{step.share:.0%}"
        table.add_row(str(step.id), _when(step.at), step.kind, step.model_version, share, *words)
    out.print(table)


def _print_canaries(steps: Sequence[CanaryStep], *, as_json: bool) -> None:
    from forecourt import release

    if as_json:
        typer.echo(json.dumps([release.canary_to_json(one) for one in steps], ensure_ascii=False))
        return
    table = Table("Step", "When", "Kind", "Advertiser", "Model", "By", "Note")
    for one in steps:
        words = (escape(word) for word in (one.by, one.note))
        advertiser = escape(one.advertiser)
        table.add_row(str(one.id), _when(one.at), one.kind, advertiser, one.model_version, *words)
    out.print(table)


def _describe(said: Said) -> str:
    color = f"{said.color} {said.color_confidence:.0%}" if said.color else "no colour"
    return f"{said.image_type} {said.image_type_confidence:.0%}, {color}"


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _now() -> datetime:
    return datetime.now(UTC)
