"""The panel: pages on which people look, fix and decide. Drawn here, without a build step.

Pages only read. What people do on them goes through the API, as everybody else's requests do.
"""

from __future__ import annotations

from fastapi import FastAPI

from forecourt.web.panel import (
    account,
    advertisers,
    assets,
    audit,
    conflicts,
    datasets,
    health,
    hosts,
    images,
    models,
    oddities,
    people,
    queue,
    sign_in,
    sitemap,
    thumbnails,
    webhooks,
)
from forecourt.web.panel.headers import SecurityHeaders
from forecourt.web.panel.pages import install_handlers
from forecourt.web.service import Service


def create_panel(service: Service) -> FastAPI:
    """Return the application of all pages; it stands under `/panel`."""
    panel = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    panel.state.service = service
    install_handlers(panel)
    for module in (
        assets,
        sign_in,
        advertisers,
        sitemap,
        queue,
        images,
        health,
        thumbnails,
        conflicts,
        oddities,
        hosts,
        datasets,
        models,
        audit,
        people,
        webhooks,
        account,
    ):
        panel.include_router(module.router)
    panel.add_middleware(SecurityHeaders)
    return panel
