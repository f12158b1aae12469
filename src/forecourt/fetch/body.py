"""The body of a response under a byte limit, unpacked where a server packed it unasked."""

from __future__ import annotations

import zlib

import aiohttp

from forecourt.core.errors import ImageSkippedError
from forecourt.core.skips import SkipReason

_CHUNK = 1 << 16
_ZLIB_OR_GZIP = zlib.MAX_WBITS | 32
_ZLIB_CODINGS = frozenset({"gzip", "x-gzip", "deflate"})  # RFC 9110 section 8.4.1
_OTHER_CODINGS = frozenset({"br", "zstd", "compress", "x-compress"})


async def read_body(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    """Return the body; at most `max_bytes`, packed and unpacked.

    Raises:
        ImageSkippedError: TOO_LARGE, EMPTY, TRUNCATED or UNDECODABLE.
    """
    # We ask for no coding (Accept-Encoding: identity). Names that are no coding at all ("binary",
    # "utf-8") are met on object stores and say nothing of the bytes.
    coding = response.headers.get("content-encoding", "").strip().lower()
    if coding in _OTHER_CODINGS:
        raise ImageSkippedError(SkipReason.UNDECODABLE, f"sent as {coding}, unasked")
    body = await _read_limited(response, max_bytes)
    if coding in _ZLIB_CODINGS:
        body = _unpack(body, coding, max_bytes)
    if not body:
        raise ImageSkippedError(SkipReason.EMPTY)
    return body


async def _read_limited(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    if (response.content_length or 0) > max_bytes:
        raise _too_large(max_bytes)
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > max_bytes:
            raise _too_large(max_bytes)
    return bytes(body)


def _unpack(body: bytes, coding: str, max_bytes: int) -> bytes:
    """Unpack as far as the limit goes: a few kilobytes may stand for gigabytes."""
    if not body:
        return body
    unpacker = zlib.decompressobj(_ZLIB_OR_GZIP)
    try:
        plain = unpacker.decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise ImageSkippedError(SkipReason.UNDECODABLE, f"bad {coding}: {error}") from error
    if len(plain) > max_bytes:
        raise _too_large(max_bytes)
    if not unpacker.eof:
        raise ImageSkippedError(SkipReason.TRUNCATED, f"{coding} ends early")
    return plain


def _too_large(max_bytes: int) -> ImageSkippedError:
    return ImageSkippedError(SkipReason.TOO_LARGE, f"more than {max_bytes} bytes")
