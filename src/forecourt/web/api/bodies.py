"""JSON bodies under a limit: nobody fills the memory with one request."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import Message

from forecourt.web.problems import ProblemError

_LONGEST = 4 << 20


class BoundedRoute(APIRoute):
    """Reads the body before FastAPI does, which would take any length."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of a request."""
        handle = super().get_route_handler()

        async def handle_bounded(request: Request) -> Response:
            body = await read_body(request)

            async def receive() -> Message:
                return {"type": "http.request", "body": body, "more_body": False}

            try:
                return await handle(Request(request.scope, receive))
            except HTTPException as error:
                if error.status_code != 400:
                    raise
                raise ProblemError(
                    422, "invalid", "The body cannot be read; send JSON in UTF-8."
                ) from error

        return handle_bounded


async def read_body(request: Request) -> bytes:
    """Return the whole body.

    Raises:
        ProblemError: it is longer than 4 MiB (413).
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST:
            raise ProblemError(
                413, "too-large", f"The body has more than {_LONGEST:,} bytes; send less at once."
            )
    return bytes(body)
