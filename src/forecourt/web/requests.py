"""Around every request: an id, a line in the log, and a count."""

from __future__ import annotations

import re
import secrets
import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from forecourt.jobs.metrics import Metrics

_log = structlog.get_logger(__name__)
_HEADER = b"x-request-id"
_GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}")
# Asked for all the time, and hundreds of times by one page.
_QUIET = ("/healthz", "/readyz", "/metrics", "/panel/thumbnails/", "/panel/static/")


class RequestLog:
    """ASGI middleware. A request id that comes with the request is kept, so that logs meet."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _find_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        status = 500
        started = time.monotonic()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (_HEADER, request_id.encode())]
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_with_id)
            finally:
                seconds = time.monotonic() - started
                self._metrics.answered(scope["method"], _find_route(scope), status, seconds)
                if not scope["path"].startswith(_QUIET) or status >= 400:
                    _log.info(
                        "http.answered",
                        method=scope["method"],
                        path=scope["path"],
                        status=status,
                        ms=round(1000 * seconds, 1),
                    )


def _find_route(scope: Scope) -> str:
    """Return the path as it was declared, not as it came: numbers and names are no metrics."""
    # What FastAPI made of the route when its router was included: that one has the prefix.
    included = scope.get("fastapi", {}).get("effective_route_context")
    return getattr(included or scope.get("route"), "path_format", "none")


def _find_id(scope: Scope) -> str:
    given = next(
        (value.decode("latin-1") for name, value in scope["headers"] if name == _HEADER), ""
    )
    return given if _GIVEN.fullmatch(given) else secrets.token_hex(8)
