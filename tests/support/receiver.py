"""A local receiver of webhooks that answers well or badly, and keeps what it got."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


@dataclass
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    """What a path answers with. `hangs`: before the status; `dawdles`: after the headers."""

    status: int = 200
    body: bytes = b"ok"
    headers: Mapping[str, str] = field(default_factory=dict)
    hangs: bool = False
    dawdles: bool = False
    raw: bytes | None = None


class Receiver:
    """An HTTP server on loopback, with a thread per request."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.got: list[Received] = []
        self.arrived = threading.Event()
        self.release = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.got.append(Received(self.path, headers, body))
                receiver.arrived.set()
                with suppress(ConnectionError):  # the client has read enough
                    self._answer(receiver.answers.get(self.path, Answer()))

            def do_GET(self) -> None:
                receiver.got.append(Received(self.path, {"method": "GET"}, b""))
                self._answer(Answer())

            def _answer(self, answer: Answer) -> None:
                if answer.hangs:
                    receiver.release.wait(30)
                if answer.raw is not None:
                    self.wfile.write(answer.raw)
                    return
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                if answer.dawdles:
                    self.wfile.flush()
                    receiver.release.wait(30)
                self.wfile.write(answer.body)

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def put(self, path: str, **answer: object) -> str:
        """Let `path` answer so; return its URL."""
        self.answers[path] = Answer(**answer)  # type: ignore[arg-type]
        return f"http://127.0.0.1:{self.port}{path}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.release.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
