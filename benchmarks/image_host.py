"""A quick image host for benchmarks, in a process of its own, so that it costs the client no lock.

It answers GET as a CDN does: strong ETag, 304 where If-None-Match fits, kept-alive connections. It
does no more than that (no framework), because a slow host would hide what the client costs. Every
answer is counted; `RunningHost.take_log` reads the counts and starts them anew.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote
from urllib.request import urlopen

_LOG_PATH = "/__log"


@dataclass(frozen=True)
class HostLog:
    """What the host answered since the log was last taken."""

    requests: int
    bodies: int
    body_bytes: int
    not_modified: int


@dataclass(frozen=True)
class RunningHost:
    """A host in another process. `base`: its URL, without a slash at the end."""

    base: str

    def take_log(self) -> HostLog:
        """Return the counts since the last time and start them anew."""
        with urlopen(self.base + _LOG_PATH) as response:  # noqa: S310  # our own host
            return HostLog(**json.load(response))


@contextmanager
def serving(
    folder: Path, *, max_age_s: int | None = None, delay_s: float = 0.0
) -> Iterator[RunningHost]:
    """Serve the files of a folder.

    Args:
        folder: Its files are read once, at the start.
        max_age_s: Answers say that they stay fresh for so long.
        delay_s: Every answer comes so late.
    """
    command = [sys.executable, "-m", "benchmarks.image_host", str(folder), str(max_age_s or 0)]
    command.append(str(delay_s))
    with subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield RunningHost(process.stdout.readline().strip())
        finally:
            process.stdin.close()  # the host ends with its input


@dataclass(frozen=True)
class _Answer:
    etag: bytes
    head: bytes
    body: bytes


class _Connection(asyncio.Protocol):
    def __init__(
        self, answers: Mapping[str, _Answer], counts: Counter[str], delay_s: float
    ) -> None:
        self._answers = answers
        self._delay_s = delay_s
        self._counts = counts
        self._received = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            request, _, self._received = self._received.partition(b"\r\n\r\n")
            if self._delay_s:
                # In order all the same: clients send the next request behind the answer.
                asyncio.get_running_loop().call_later(self._delay_s, self._answer, request)
            else:
                self._answer(request)

    def _answer(self, request: bytes) -> None:
        first, _, headers = request.partition(b"\r\n")
        path = unquote(first.split(b" ")[1].partition(b"?")[0].decode("ascii"))
        if path == _LOG_PATH:
            self._send_log()
            return
        self._counts["requests"] += 1
        answer = self._answers.get(path)
        if answer is None:
            self._transport.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        elif _condition(headers) == answer.etag:
            self._counts["not_modified"] += 1
            self._transport.write(b"HTTP/1.1 304 Not Modified\r\n" + answer.head + b"\r\n")
        else:
            self._counts["bodies"] += 1
            self._counts["body_bytes"] += len(answer.body)
            length = b"Content-Length: %d\r\n\r\n" % len(answer.body)
            self._transport.write(b"HTTP/1.1 200 OK\r\n" + answer.head + length + answer.body)

    def _send_log(self) -> None:
        names = ("requests", "bodies", "body_bytes", "not_modified")
        text = json.dumps({name: self._counts[name] for name in names}).encode()
        self._counts.clear()
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(text)
        self._transport.write(head + text)


def _condition(headers: bytes) -> bytes | None:
    for line in headers.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"if-none-match":
            return value.strip()
    return None


def _make_answer(body: bytes, max_age_s: int) -> _Answer:
    etag = b'"%s"' % hashlib.sha256(body).hexdigest()[:20].encode()
    head = b"Content-Type: image/jpeg\r\nETag: " + etag + b"\r\n"
    if max_age_s:
        head += b"Cache-Control: max-age=%d\r\n" % max_age_s
    return _Answer(etag=etag, head=head, body=body)


async def _serve(answers: Mapping[str, _Answer], delay_s: float) -> None:
    loop = asyncio.get_running_loop()
    counts: Counter[str] = Counter()
    server = await loop.create_server(lambda: _Connection(answers, counts, delay_s), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    print(f"http://127.0.0.1:{port}", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


def main() -> None:
    folder, max_age_s, delay_s = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    answers = {
        f"/{file.relative_to(folder).as_posix()}": _make_answer(file.read_bytes(), max_age_s)
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
    asyncio.run(_serve(answers, delay_s))


if __name__ == "__main__":
    main()
