"""Bytes of a feed → text: the encoding is found by looking, since feeds rarely say."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from pathlib import Path
from typing import BinaryIO, cast

from forecourt.core.errors import FeedError

_CHUNK = 1 << 20
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_GZIP = b"\x1f\x8b"
_XML_ENCODING = re.compile(
    rb"^\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']"
)
# Other codecs of Python are no character sets ("idna"), keep state ("iso2022"), or are found by
# looking. Latin-1 is left out too: in practice it is its superset of Windows.
_CHARACTER_SETS = ("iso8859-", "cp", "koi8", "big5", "gb", "euc", "shift_jis", "mac")
# Bytes that start a character of two bytes or more in UTF-8.
_LEADING = bytes(range(0xC2, 0xF5))
_REPLACEMENT = "\ufffd"
_WINDOWS_BYTES = "forecourt.windows_bytes"


def open_bytes(path: Path) -> BinaryIO:
    """Open a feed for reading; gzip is unpacked as it is read.

    Raises:
        FeedError: the file cannot be opened, or cannot be read more than once.
    """
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise FeedError(f"{path} is no regular file. Save the feed to one first.")
        with path.open("rb") as file:
            is_gzip = file.read(2) == _GZIP
        return cast("BinaryIO", gzip.open(path)) if is_gzip else path.open("rb")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FeedError(f"Cannot read {path}: {reason}.") from error


def find_encoding(path: Path) -> str:
    """Return the encoding of a feed. All of the file is read.

    By its byte order mark; else UTF-16 by its zero bytes; else UTF-8 if its other characters than
    ASCII are mostly valid; else what an XML declaration says; else Windows-1252, in which nearly
    every byte is some character.

    Raises:
        FeedError: the file cannot be read, or its compression is damaged.
    """
    with open_bytes(path) as file:
        try:
            start = file.read(4096)
            valid, invalid = _count_utf8(start, file)
        except (OSError, EOFError, zlib.error) as error:
            raise FeedError(f"{path} is damaged: {error}. Pack and send it again.") from error
    for mark, name in _BOMS:
        if start.startswith(mark):
            return name
    if _is_mostly_zero(start[1::2]):
        return "utf-16-le"
    if _is_mostly_zero(start[0::2]):
        return "utf-16-be"
    return "utf-8" if valid >= invalid else _declared_encoding(start) or "cp1252"


def open_text(path: Path, encoding: str) -> io.TextIOWrapper:
    """Open a feed as text, line ends kept. One byte that is no UTF-8 must not lose the file.

    In UTF-8 such bytes are read as Windows-1252, which is what they nearly always are (rows of
    another source in the same file); elsewhere they become U+FFFD.
    """
    errors = _WINDOWS_BYTES if encoding.startswith("utf-8") else "replace"
    return io.TextIOWrapper(open_bytes(path), encoding, errors=errors, newline="")


def _is_mostly_zero(some: bytes) -> bool:
    return len(some) > 8 and some.count(0) > len(some) * 0.6


def _count_utf8(start: bytes, file: BinaryIO) -> tuple[int, int]:
    """Count characters of two bytes or more, and bytes that no character of UTF-8 can have.

    A character that the end of the file cuts off counts as neither.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    valid = invalid = 0
    chunk = start
    while chunk:
        if not chunk.isascii() or decoder.getstate()[0]:
            replaced = decoder.decode(chunk).count(_REPLACEMENT)
            replaced -= chunk.count(_REPLACEMENT.encode())
            leading = len(chunk) - len(chunk.translate(None, _LEADING))
            invalid += max(replaced, 0)
            valid += leading - min(leading, max(replaced, 0))
        chunk = file.read(_CHUNK)
    return valid, invalid


def _declared_encoding(start: bytes) -> str | None:
    declared = _XML_ENCODING.match(start)
    if declared is None:
        return None
    try:
        name = codecs.lookup(declared[1].decode()).name
    except LookupError:
        return None
    return name if name.startswith(_CHARACTER_SETS) and name != "iso8859-1" else None


def _decode_windows_bytes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(_WINDOWS_BYTES, _decode_windows_bytes)
