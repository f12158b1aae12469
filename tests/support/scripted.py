"""A server that answers as it was told, for tests of the client: no network, no pauses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import httpx
import pytest

from forecourt.client import Client, transport

Answer = httpx.Response | httpx.RequestError
PROBLEM = {"Content-Type": "application/problem+json"}


class Scripted:
    """Answers one request after the other; `requests` has them with their bodies."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answers: Sequence[Answer]) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.pauses: list[float] = []
        monkeypatch.setattr(transport.time, "sleep", self.pauses.append)

    def client(self, **options: Any) -> Client:
        """Return a client that asks this server."""
        http = httpx.Client(transport=httpx.MockTransport(self._answer))
        return Client("http://server.test", "fc_key", http=http, **options)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, httpx.RequestError):
            raise answer
        return answer


Script = Callable[..., Scripted]


def problem(status: int, kind: str = "invalid", **more: Any) -> httpx.Response:
    """Return a problem document; `headers` are added, the rest are members."""
    headers = {**PROBLEM, "X-Request-ID": "abc", **more.pop("headers", {})}
    body = {"type": f"/problems/{kind}", "title": "", "status": status, "detail": "Do so.", **more}
    return httpx.Response(status, headers=headers, json=body)


def page(*items: Any, cursor: str | None = None) -> httpx.Response:
    """Return a page."""
    return httpx.Response(200, json={"items": list(items), "next_cursor": cursor})
