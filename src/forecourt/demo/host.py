"""An image host on loopback that behaves as a good CDN does, and keeps a log of its own."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate, parsedate_to_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True, slots=True)
class Resource:
    """What stands under one path. `modified` is in seconds since 1970."""

    body: bytes
    content_type: str
    modified: int

    @property
    def etag(self) -> str:
        """A strong entity tag: it changes with every byte (RFC 9110 section 8.8.3)."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:20]}"'

    @property
    def last_modified(self) -> str:
        """The time as HTTP writes it."""
        return formatdate(self.modified, usegmt=True)


@dataclass(slots=True)
class HostLog:
    """Requests since the log was last taken, by what was sent for them."""

    requests: int = 0
    bodies: int = 0
    body_bytes: int = 0
    not_modified: int = 0
    errors: int = 0
    paths_with_body: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, int]:
        """Return the counts for machines."""
        return {
            "requests": self.requests,
            "bodies": self.bodies,
            "body_bytes": self.body_bytes,
            "not_modified": self.not_modified,
            "errors": self.errors,
        }


class DemoHost:
    """Serves a mapping of paths until it is closed. The port is the system's choice."""

    def __init__(self) -> None:
        self._resources: Mapping[str, Resource] = {}
        self._log = HostLog()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        # A thread waits on every connection that a client keeps open; none of them may hold us up.
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def base(self) -> str:
        """The beginning of all its URLs."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def serve(self, resources: Mapping[str, Resource]) -> None:
        """Serve these from now on, and nothing else."""
        with self._lock:
            self._resources = dict(resources)

    def find(self, path: str) -> Resource | None:
        """Return what stands under a path, or None."""
        with self._lock:
            return self._resources.get(path)

    def take_log(self) -> HostLog:
        """Return the log and start a new one."""
        with self._lock:
            log, self._log = self._log, HostLog()
        return log

    def record(self, path: str, status: HTTPStatus, body_bytes: int) -> None:
        """Log one request and what was sent for it."""
        with self._lock:
            self._log.requests += 1
            if status is HTTPStatus.OK:
                self._log.bodies += 1
                self._log.body_bytes += body_bytes
                self._log.paths_with_body.append(path)
            elif status is HTTPStatus.NOT_MODIFIED:
                self._log.not_modified += 1
            else:
                self._log.errors += 1

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler_of(host: DemoHost) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path)
            resource = host.find(path)
            try:
                self._answer(path, resource)
            except ConnectionError:
                # The client had seen enough in the headers; that is its right.
                self.close_connection = True

        def _answer(self, path: str, resource: Resource | None) -> None:
            if resource is None:
                status, body, headers = HTTPStatus.NOT_FOUND, b"no such picture\n", {}
            elif _is_unchanged(resource, self.headers):
                status, body, headers = HTTPStatus.NOT_MODIFIED, b"", _headers(resource)
            else:
                status, body, headers = HTTPStatus.OK, resource.body, _headers(resource)
            host.record(path, status, len(body))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status is not HTTPStatus.NOT_MODIFIED:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the stdlib's name
            """Say nothing: the host counts, it does not chat."""

    return Handler


def _headers(resource: Resource) -> dict[str, str]:
    return {
        "Content-Type": resource.content_type,
        "ETag": resource.etag,
        "Last-Modified": resource.last_modified,
    }


def _is_unchanged(resource: Resource, headers: Any) -> bool:
    """Apply the preconditions in their order: the tag first, the date only without one.

    RFC 9110 section 13.2.2; If-None-Match compares weakly (section 13.1.2).
    """
    tags = headers.get("If-None-Match")
    if tags is not None:
        known = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        return resource.etag in known or "*" in known
    since = headers.get("If-Modified-Since")
    if since is None:
        return False
    try:
        return parsedate_to_datetime(since).timestamp() >= resource.modified
    except (ValueError, TypeError):
        return False
