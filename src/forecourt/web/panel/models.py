"""Models: who answers, who is tried beside, what training brought, and what was done when."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, Response

from forecourt import release
from forecourt.core.errors import NotFoundError
from forecourt.core.records import LONGEST_ADVERTISER
from forecourt.jobs.candidates import find_report, find_run_of, look_at_runs
from forecourt.release import ListedModel
from forecourt.store.engine import reading
from forecourt.web.api.models import Version
from forecourt.web.api.paging import Cursor, make_cursor, read_cursor
from forecourt.web.panel.pages import StaffReader, render, url_to
from forecourt.web.service import Served, Service

router = APIRouter()
_STEPS = 20
_RETAGS = 8
_PAGE = 60
# The report is one file with its pictures and styles inside; it needs no script, and gets none.
_REPORT_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
    "frame-ancestors 'none'; sandbox"
)


@router.get("/models")
def list_models(
    service: Served, request: Request, reader: StaffReader, cursor: Cursor = None
) -> Response:
    """Show the champion, challengers, candidates, re-tags, and the history."""
    with reading(service.engine) as connection:
        models = release.list_models(connection)
        promotions = release.latest_promotions(
            connection, before_id=read_cursor(cursor), limit=_STEPS + 1
        )
        context: dict[str, Any] = {
            "models": models,
            "shadow": release.shadow(connection),
            "canaries": release.list_canaries(connection),
            "retags": release.latest_retags(connection, limit=_RETAGS),
            "promotions": promotions[:_STEPS],
        }
    runs = look_at_runs(service.engines.workspace)
    following = promotions[_STEPS - 1].id if len(promotions) > _STEPS else None
    return render(
        request,
        reader,
        "models.html",
        champion=next((one for one in models if one.is_champion), None),
        known={one.version for one in models},
        runs=runs,
        warning=_warn(service, models),
        first=url_to("models") if cursor else None,
        following=url_to("models", cursor=make_cursor(following)) if following else None,
        **context,
    )


@router.get("/models/{version}")
def show_model(
    service: Served,
    request: Request,
    reader: StaffReader,
    version: Version,
    advertiser: Annotated[str, Query(max_length=LONGEST_ADVERTISER)] = "",
    cursor: Cursor = None,
) -> Response:
    """Show a model: its roles, its card, and where it says something else than the champion."""
    with reading(service.engine) as connection:
        models = release.list_models(connection)
        model = next((one for one in models if one.version == version), None)
        if model is None:
            raise NotFoundError(f"There is no model {version!r}.")
        step = release.shadow(connection)
        canaries = [
            one for one in release.list_canaries(connection) if one.model_version == version
        ]
        card = _read_card(service, connection, version)
        agreement = None
        page = None
        if not model.is_champion:
            only = advertiser.strip() or None
            agreement = release.count_agreement(connection, version, advertiser=only)
            page = release.list_disagreements(
                connection,
                version,
                advertiser=only,
                before_id=read_cursor(cursor),
                limit=_PAGE,
            )
    following = page.before_id if page else None
    here = {"advertiser": advertiser or None}
    return render(
        request,
        reader,
        "model.html",
        model=model,
        shadow=step if step and step.model_version == version else None,
        canaries=canaries,
        card=card,
        run=find_run_of(service.engines.workspace, version),
        agreement=agreement,
        most=release.LATEST,
        disagreements=page.found if page else (),
        advertiser=advertiser,
        first=url_to("models", version, **here) if cursor else None,
        following=(
            url_to("models", version, cursor=make_cursor(following), **here) if following else None
        ),
    )


@router.get("/runs/{name}/report")
def show_report(service: Served, reader: StaffReader, name: str) -> Response:  # noqa: ARG001
    """Answer with the report of a run, as it was written."""
    path = find_report(service.engines.workspace, name)
    headers = {"Content-Security-Policy": _REPORT_POLICY, "Cache-Control": "no-store"}
    return FileResponse(path, media_type="text/html; charset=utf-8", headers=headers)


def _read_card(service: Service, connection: sa.Connection, version: str) -> str:
    try:
        return release.read_card(connection, service.settings.home, version)
    except NotFoundError as error:
        return str(error)


def _warn(service: Service, models: list[ListedModel]) -> str | None:
    """Return why this process does not answer with the champion, if it does not."""
    pin = release.explain_pin(service.settings)
    if pin is not None:
        return pin
    serving = service.model_version
    if any(one.is_champion and one.version != serving for one in models):
        return f"This process still answers with {serving}; it looks for the champion again soon."
    return None
