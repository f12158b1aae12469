"""Errors as RFC 9457 problem documents that say what to do."""

from __future__ import annotations

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from forecourt.core.errors import (
    BundleError,
    FeedError,
    ForbiddenError,
    ForecourtError,
    NotFoundError,
    StateError,
    StoreError,
    TooManyTriesError,
    UsageError,
)
from forecourt.core.logs import redacted
from forecourt.web.paths import matches

_log = structlog.get_logger(__name__)
MEDIA_TYPE = "application/problem+json"
_RETRY_S = "5"


class Problem(BaseModel):
    """What went wrong, and what to do about it (RFC 9457)."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "type": "/problems/not-found",
                    "title": "Not found",
                    "status": 404,
                    "detail": "There is no scrape 12.",
                    "request_id": "5f3a0c9e1b7d4c52",
                }
            ]
        },
    )

    type: str = Field(description="Kind of problem; docs/api.md lists them.")
    title: str = Field(description="The kind in words.")
    status: int = Field(description="HTTP status.")
    detail: str = Field(description="What is wrong here, and what to do.")
    request_id: str | None = Field(None, description="As the server's log has it.")


class ProblemError(Exception):
    """A problem that is known where it arises. `extra`: further members of the document."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.headers = headers
        self.extra = extra


# By class, the most particular first: status, and the last part of `type`.
_KINDS: tuple[tuple[type[ForecourtError], int, str], ...] = (
    (ForbiddenError, 403, "forbidden"),
    (NotFoundError, 404, "not-found"),
    (StateError, 409, "wrong-state"),
    (BundleError, 409, "model-unusable"),
    (FeedError, 422, "feed-refused"),
    (TooManyTriesError, 429, "too-many-tries"),
    (UsageError, 422, "invalid"),
    (StoreError, 503, "store-unavailable"),
    (ForecourtError, 500, "internal"),
)
# Every kind, with its title: docs/api.md lists these too.
TITLES: Mapping[str, str] = {
    "unauthenticated": "Who are you?",
    "forbidden": "Not allowed",
    "not-found": "Not found",
    "method-not-allowed": "Method not allowed",
    "wrong-state": "Not in a state for this",
    "model-unusable": "The model cannot be used",
    "conflict": "The same key, another request",
    "too-large": "Too large",
    "feed-refused": "The feed was refused",
    "invalid": "The request cannot be carried out",
    "too-many-tries": "Too many tries",
    "rate-limited": "Too many requests",
    "internal": "Our fault",
    "store-unavailable": "The database cannot be used",
    "http": "HTTP error",
}


def describe(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what OpenAPI says of the problems that an operation answers with."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


def problem_response(request: Request, error: ProblemError) -> JSONResponse:
    """Return a problem as an answer."""
    body = Problem(
        type=f"/problems/{error.kind}",
        title=TITLES[error.kind],
        status=error.status,
        detail=error.detail,
        request_id=getattr(request.state, "request_id", None),
        **(error.extra or {}),
    )
    return JSONResponse(
        body.model_dump(mode="json"),
        status_code=error.status,
        media_type=MEDIA_TYPE,
        headers=dict(error.headers or {}),
    )


def to_problem(error: ForecourtError) -> ProblemError:
    """Return the problem that an error of ours is."""
    status, kind = next((status, kind) for cls, status, kind in _KINDS if isinstance(error, cls))
    headers = {"Retry-After": _RETRY_S} if status == 503 else None
    if isinstance(error, TooManyTriesError):
        headers = {"Retry-After": str(math.ceil(error.wait_s))}
    return ProblemError(status, kind, redacted(str(error)), headers=headers)


def find_methods(app: FastAPI, path: str) -> list[str]:
    """Return all methods that a path is asked by; the router itself tells those of one route."""
    return sorted(
        method.upper()
        for template, operations in app.openapi()["paths"].items()
        if matches(template, path)
        for method in operations
    )


def install_handlers(app: FastAPI) -> None:
    """Let every error that leaves an operation become a problem document."""

    @app.exception_handler(ProblemError)
    async def _problem(request: Request, error: ProblemError) -> JSONResponse:
        return problem_response(request, error)

    @app.exception_handler(ForecourtError)
    async def _ours(request: Request, error: ForecourtError) -> JSONResponse:
        found = to_problem(error)
        if found.status >= 500:
            _log.error("http.failed", error=str(error))
        return problem_response(request, found)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            {"field": ".".join(str(part) for part in one["loc"][1:]), "message": one["msg"]}
            for one in error.errors()
        ]
        named = "; ".join(f"{one['field'] or 'body'}: {one['message']}" for one in errors)
        found = ProblemError(422, "invalid", f"{named}.", extra={"errors": errors})
        return problem_response(request, found)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 400:  # what the framework says of a body that is no UTF-8, or worse
            unreadable = (
                "The body cannot be read; send JSON in UTF-8, as /v1/openapi.json tells it."
            )
            return problem_response(request, ProblemError(422, "invalid", unreadable))
        kind = {401: "unauthenticated", 404: "not-found", 405: "method-not-allowed"}.get(
            error.status_code, "http"
        )
        detail = f"{error.detail}. The addresses of this API are in /v1/openapi.json."
        headers = error.headers
        if error.status_code == 405:
            headers = {"Allow": ", ".join(find_methods(app, request.url.path))}
        found = ProblemError(error.status_code, kind, detail, headers=headers)
        return problem_response(request, found)

    @app.exception_handler(Exception)
    async def _unknown(request: Request, error: Exception) -> JSONResponse:
        _log.error("http.failed", exc_info=error)
        detail = (
            "An error of ours. Report it with the request id; the server's log has its traceback."
        )
        return problem_response(request, ProblemError(500, "internal", detail))
