"""A local image host that behaves as CDNs do, well or badly, and keeps a log.

In tests: `with ImageHost() as host: host.put("/a.jpg", data, etag='"1"')`. As a process of its own,
for benchmarks: `python -m tests.support.image_host FOLDER`, which prints its base URL.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from aiohttp import web
from multidict import CIMultiDict

Headers = CIMultiDict[str]


@dataclass
class Logged:
    """One request and what was sent for it. `target`: path and query as they came over the wire."""

    path: str
    status: int
    body_bytes: int
    headers: dict[str, str]
    target: str


@dataclass
class Resource:
    """What stands under one path.

    Attributes:
        etag: "auto": the body's own; None: none; "churn": another at every request.
        headers: Sent with every answer; a list of values makes several lines.
        statuses: Sent before any 200, one per request ("503-then-ok").
        delay_s: Before the headers.
        is_chunked: Send no Content-Length.
        drip_s: Pause after each sixteenth of the body.
        cut_at: Close the connection after so many bytes of the body.
        raw: The whole answer as bytes on the wire, instead of all else; then the connection closes.
    """

    body: bytes
    etag: str | None = "auto"
    last_modified: str | None = None
    headers: Mapping[str, str | list[str]] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)
    status: int = 200
    delay_s: float = 0.0
    is_chunked: bool = False
    drip_s: float = 0.0
    cut_at: int | None = None
    raw: bytes | None = None


class ImageHost:
    """An HTTP server on loopback, in a thread of its own.

    Attributes:
        peak: Most requests that were being answered at the same moment.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.resources: dict[str, Resource] = {}
        self.log: list[Logged] = []
        self.asked: set[str] = set()
        self.peak = 0
        self._active = 0
        self._folder = folder
        self._counter = itertools.count()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._runner: web.AppRunner | None = None
        self.port = 0

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        return self.base + path

    def put(self, path: str, body: bytes, **behaviour: object) -> str:
        """Let `path` answer with `body`; return its URL."""
        self.resources[path] = Resource(body, **behaviour)  # type: ignore[arg-type]
        return self.url(path)

    def is_asked(self, path: str) -> bool:
        """Whether a request for `path` has come in, answered yet or not."""
        return path in self.asked

    def bodies(self) -> int:
        """Return how many bodies were sent since the log was cleared."""
        return sum(entry.body_bytes > 0 and entry.status == 200 for entry in self.log)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        return self

    def __exit__(self, *_error: object) -> None:
        if self._runner is not None:
            asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self) -> None:
        app = web.Application()
        app.router.add_get("/__stats", self._stats)
        app.router.add_get("/{tail:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _stats(self, _request: web.Request) -> web.Response:
        bodies = self.bodies()
        requests = len(self.log)
        self.log.clear()
        return web.json_response({"requests": requests, "bodies": bodies})

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self._active += 1
        self.asked.add(request.path)
        self.peak = max(self.peak, self._active)
        try:
            return await self._answer(request)
        finally:
            self._active -= 1

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        resource = self._find(request.path)
        if resource is None:
            return self._logged(request, web.Response(status=404, text="no such image"))
        if resource.delay_s:
            await asyncio.sleep(resource.delay_s)
        status = resource.statuses.pop(0) if resource.statuses else resource.status
        if status != 200:
            headers = _lines(resource.headers)
            return self._logged(request, web.Response(status=status, headers=headers))
        headers = self._headers(resource)
        if _is_match(request, headers):
            return self._logged(request, web.Response(status=304, headers=headers))
        if resource.raw is not None or resource.cut_at is not None:
            return await self._break_off(request, resource, headers)
        if resource.is_chunked or resource.drip_s:
            return await self._stream(request, resource, headers)
        return self._logged(request, web.Response(body=resource.body, headers=headers))

    def _find(self, path: str) -> Resource | None:
        if path in self.resources:
            return self.resources[path]
        if self._folder is not None and (file := self._folder / path.lstrip("/")).is_file():
            self.resources[path] = Resource(file.read_bytes())
            return self.resources[path]
        return None

    def _headers(self, resource: Resource) -> Headers:
        headers = _lines({"Content-Type": "image/jpeg"} | dict(resource.headers))
        if resource.etag == "auto":
            headers["ETag"] = (
                f'"{hashlib.md5(resource.body, usedforsecurity=False).hexdigest()[:16]}"'
            )
        elif resource.etag == "churn":
            headers["ETag"] = f'"churn-{next(self._counter)}"'
        elif resource.etag is not None:
            headers["ETag"] = resource.etag
        if resource.last_modified:
            headers["Last-Modified"] = resource.last_modified
        return headers

    def _logged(self, request: web.Request, response: web.Response) -> web.Response:
        size = len(response.body) if isinstance(response.body, bytes) else 0
        self._log(request, response.status, size)
        return response

    def _log(self, request: web.Request, status: int, size: int) -> None:
        self.log.append(
            Logged(request.path_qs, status, size, dict(request.headers), request.raw_path)
        )

    async def _stream(
        self, request: web.Request, resource: Resource, headers: Headers
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers=headers)
        if resource.is_chunked:
            response.enable_chunked_encoding()
        else:
            response.content_length = len(resource.body)
        self._log(request, 200, len(resource.body))
        await response.prepare(request)
        step = len(resource.body) // 16 + 1
        for start in range(0, len(resource.body), step):
            await response.write(resource.body[start : start + step])
            await asyncio.sleep(resource.drip_s)
        await response.write_eof()
        return response

    async def _break_off(
        self, request: web.Request, resource: Resource, headers: Headers
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers=headers)
        assert request.transport is not None
        if resource.raw is not None:
            self._log(request, 200, 0)
            request.transport.write(resource.raw)
        else:
            self._log(request, 200, resource.cut_at or 0)
            response.content_length = len(resource.body)
            await response.prepare(request)
            await response.write(resource.body[: resource.cut_at])
        request.transport.close()
        return response


def _lines(headers: Mapping[str, str | list[str]]) -> Headers:
    lines: Headers = CIMultiDict()
    for name, values in headers.items():
        for value in [values] if isinstance(values, str) else values:
            lines.add(name, value)
    return lines


def _is_match(request: web.Request, headers: Headers) -> bool:
    etag = headers.get("ETag")
    if "If-None-Match" in request.headers:
        sent = request.headers["If-None-Match"].removeprefix("W/")
        return etag is not None and sent == etag.removeprefix("W/")
    since = request.headers.get("If-Modified-Since")
    return since is not None and since == headers.get("Last-Modified")


def main() -> None:
    with ImageHost(Path(sys.argv[1])) as host:
        print(host.base, flush=True)  # noqa: T201
        sys.stdin.read()


if __name__ == "__main__":
    main()
