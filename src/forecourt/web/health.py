"""What those ask who watch the server: is it alive, is it ready, what does it do."""

from __future__ import annotations

import tempfile
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from forecourt.core.errors import ForecourtError
from forecourt.core.logs import redacted
from forecourt.store.engine import reading
from forecourt.web.problems import ProblemError, describe
from forecourt.web.service import Served

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """All is well."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"status": "ok", "model_version": "2026.11.2"}]}
    )

    status: str
    model_version: str


@router.get("/healthz", response_model=Health)
def healthz(service: Served) -> Any:
    """Tell that the process answers; nothing else is looked at."""
    return {"status": "ok", "model_version": service.model_version}


@router.get("/readyz", response_model=Health, responses=describe(503))
def readyz(service: Served) -> Any:
    """Tell whether requests can be served: the database answers, thumbnails can be kept."""
    try:
        with reading(service.engine) as connection:
            connection.execute(sa.text("SELECT 1"))
        folder = service.settings.home / "media"
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (ForecourtError, OSError) as error:
        raise ProblemError(
            503, "store-unavailable", redacted(str(error)), headers={"Retry-After": "5"}
        ) from error
    return {"status": "ok", "model_version": service.model_version}


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {
            "content": {"text/plain": {"schema": {"type": "string"}, "example": "forecourt_up 1\n"}}
        }
    },
)
def metrics(service: Served) -> Response:
    """Tell Prometheus."""
    return Response(service.metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8")
