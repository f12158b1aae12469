"""Bytes of a feed → text: the encoding is found by looking, since feeds rarely say."""

from __future__ import annotations

import codecs
import gzip
import io
from pathlib import Path
from typing import BinaryIO, cast

from forecourt.core.errors import FeedError

_CHUNK = 1 << 20
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_GZIP = b"\x1f\x8b"


def open_bytes(path: Path) -> BinaryIO:
    """Open a feed for reading; gzip is unpacked as it is read.

    Raises:
        FeedError: the file cannot be opened.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise FeedError(f"Cannot read {path}: {error.strerror}.") from error
    start = file.read(2)
    file.seek(0)
    if start == _GZIP:
        return cast("BinaryIO", gzip.GzipFile(fileobj=file))
    return file


def find_encoding(path: Path) -> str:
    """Return the encoding of a feed.

    By its byte order mark; else UTF-16 by its zero bytes; else UTF-8 if all of it is valid; else
    Windows-1252, in which every byte is some character.

    Raises:
        FeedError: the file cannot be read, or its compression is damaged.
    """
    with open_bytes(path) as file:
        start = file.read(4096)
        for mark, name in _BOMS:
            if start.startswith(mark):
                return name
        odd, even = start[1::2], start[0::2]
        if len(odd) > 8 and odd.count(0) > len(odd) * 0.6:
            return "utf-16-le"
        if len(even) > 8 and even.count(0) > len(even) * 0.6:
            return "utf-16-be"
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            chunk = start
            while chunk:
                decoder.decode(chunk)
                chunk = file.read(_CHUNK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
        except (OSError, EOFError) as error:
            raise FeedError(f"{path} is damaged: {error}.") from error
    return "utf-8"


def open_text(path: Path, encoding: str) -> io.TextIOWrapper:
    """Open a feed as text. Undecodable bytes become U+FFFD: one bad name must not lose the file."""
    return io.TextIOWrapper(open_bytes(path), encoding, errors="replace", newline="")


class Utf8Reader:
    """A text file as UTF-8 bytes, for parsers that take nothing else."""

    def __init__(self, text: io.TextIOBase) -> None:
        self._text = text
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes; b"" at the end."""
        if size < 0:
            return self._rest + self._text.read().encode("utf-8", "replace")
        while len(self._rest) < size and (chunk := self._text.read(max(size, 4096))):
            self._rest += chunk.encode("utf-8", "replace")
        out, self._rest = self._rest[:size], self._rest[size:]
        return out
