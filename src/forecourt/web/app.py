"""The server put together: what it answers with, and under which addresses."""

from __future__ import annotations

from functools import partial

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response

from forecourt import __version__
from forecourt.web import health
from forecourt.web.api import (
    audit,
    canaries,
    classify,
    conflicts,
    datasets,
    fixes,
    hosts,
    keys,
    models,
    queue,
    retags,
    scrapes,
    session,
    shadow,
    sitemaps,
    users,
    webhooks,
)
from forecourt.web.openapi import describe_api, name_operation
from forecourt.web.panel import create_panel
from forecourt.web.problems import Problem, install_handlers
from forecourt.web.requests import RequestLog
from forecourt.web.service import Service

_DESCRIPTION = """
Type and colour of every image of every vehicle, and why.

Errors are problem documents (RFC 9457): `detail` says what to do. Lists come in pages: give
`next_cursor` back as `cursor`. Writes that would do something twice take an `Idempotency-Key`: the
same request under the same key is done once. Every answer has an `X-Request-ID`, which the server's
log has too.
"""


async def _to_panel(_request: Request) -> Response:
    return RedirectResponse("/panel/", status_code=303)


def create_app(service: Service) -> FastAPI:
    """Return the application. Whoever made the service starts and stops its runner."""
    app = FastAPI(
        title="Forecourt",
        version=__version__,
        description=_DESCRIPTION,
        openapi_url="/v1/openapi.json",
        docs_url=None,  # it would load scripts from elsewhere
        redoc_url=None,
        generate_unique_id_function=name_operation,
    )
    app.openapi = partial(  # type: ignore[method-assign]  # as FastAPI's manual has it
        describe_api, app, (Problem, classify.ClassifyIn)
    )
    app.state.service = service
    install_handlers(app)
    app.include_router(health.router)
    for module in (
        scrapes,
        classify,
        sitemaps,
        fixes,
        conflicts,
        queue,
        hosts,
        datasets,
        models,
        shadow,
        canaries,
        retags,
        webhooks,
        session,
        keys,
        users,
        audit,
    ):
        app.include_router(module.router, prefix="/v1")
    app.mount("/panel", create_panel(service))
    app.add_route("/", _to_panel, include_in_schema=False)
    app.add_middleware(RequestLog, metrics=service.metrics)
    return app
