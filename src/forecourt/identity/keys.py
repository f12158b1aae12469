"""Image keys from response headers and bytes. Each rule names the RFC section it rests on."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping

from forecourt.core.records import ImageFacts, ImageKey, KeySource, Validators

_MD5_ETAG = re.compile(r'"([0-9a-f]{32})"', re.IGNORECASE)
_BYTE_SEQUENCE = re.compile(r"([A-Za-z0-9-]+)\s*=\s*:([A-Za-z0-9+/=]*):")
_DIGEST_SIZES = {"sha-512": 64, "sha-256": 32, "md5": 16}
_MAX_VALUE = 200


def make_bytes_key(body: bytes) -> ImageKey:
    """Return the exact identity of a body: its SHA-256."""
    return ImageKey(KeySource.BYTES, hashlib.sha256(body).hexdigest())


def make_header_keys(url_key: str, facts: ImageFacts, *, etag_is_md5: bool) -> tuple[ImageKey, ...]:
    """Return the keys that the headers of a full answer give, strongest first. Never raises.

    Args:
        url_key: Of the URL asked for; an entity tag means nothing under another URL
            (RFC 9110 section 8.8.3).
        facts: Of a 200. A 304 gives no keys: it confirms those that are known.
        etag_is_md5: The host has proved that its entity tags are MD5 sums of the body.
    """
    if facts.is_not_modified:
        return ()
    headers = facts.headers
    keys = [ImageKey(KeySource.DIGEST, digest) for digest in _content_digests(headers)]
    etag = headers.get("etag", "")
    md5 = etag_md5(headers)
    if etag_is_md5 and md5 and _is_plain(headers):
        keys.append(ImageKey(KeySource.DIGEST, f"md5:{md5}"))
    if _is_strong(etag):
        keys.append(ImageKey(KeySource.ETAG, _bounded(url_key, etag)))
    modified, length = headers.get("last-modified"), headers.get("content-length")
    if modified and length:
        # A date alone is a weak validator (RFC 9110 section 8.8.2.2); with the length it is the
        # best that such a server gives, and the host's trust is what vouches for it.
        keys.append(ImageKey(KeySource.LAST_MODIFIED, _bounded(url_key, f"{modified}\n{length}")))
    return tuple(dict.fromkeys(keys))


def make_validators(facts: ImageFacts) -> Validators:
    """Return what to send with the next request for the same URL (RFC 9110 section 13.1).

    Weak entity tags are kept too: If-None-Match compares weakly (section 13.1.2).
    """
    return Validators(
        etag=facts.headers.get("etag"), last_modified=facts.headers.get("last-modified")
    )


def etag_md5(headers: Mapping[str, str]) -> str | None:
    """Return the MD5 that a strong entity tag may be (S3's habit), or None."""
    match = _MD5_ETAG.fullmatch(headers.get("etag", ""))
    return match[1].lower() if match else None


def is_md5_of(body: bytes, md5: str) -> bool:
    """Whether `md5` (hex) is the MD5 of `body`; not a matter of security."""
    return hashlib.md5(body, usedforsecurity=False).hexdigest() == md5


def _is_strong(etag: str) -> bool:
    """RFC 9110 section 8.8.3: a weak tag says "W/", and weak tags never name bytes (8.8.1)."""
    return len(etag) > 2 and etag.startswith('"') and etag.endswith('"')


def _is_plain(headers: Mapping[str, str]) -> bool:
    """Whether the body on the wire is the representation itself, not a coding of it.

    Digests are of the representation as coded (RFC 9530 section 3); the client asks for no coding,
    and where a server codes all the same, no digest is believed.
    """
    return headers.get("content-encoding", "identity").lower() in {"identity", ""}


def _content_digests(headers: Mapping[str, str]) -> Iterator[str]:
    """Yield "algorithm:hex" of each digest that is of the very bytes we would read."""
    if not _is_plain(headers):
        return
    for name in ("repr-digest", "content-digest"):  # RFC 9530 sections 2 and 3, on a full answer
        found = {
            algorithm.lower(): text
            for algorithm, text in _BYTE_SEQUENCE.findall(headers.get(name, ""))
        }
        for algorithm in ("sha-512", "sha-256"):
            yield from _hex(algorithm, found.get(algorithm))
    # RFC 1864; obsolete since RFC 7231 (appendix B) but still sent by object stores.
    yield from _hex("md5", headers.get("content-md5"))
    if (
        "x-goog-stored-content-encoding" not in headers
        or headers["x-goog-stored-content-encoding"] == "identity"
    ):
        for part in headers.get("x-goog-hash", "").split(","):
            algorithm, _, text = part.strip().partition("=")
            if algorithm == "md5":
                yield from _hex("md5", text)


def _hex(algorithm: str, text: str | None) -> Iterator[str]:
    """Yield "algorithm:hex" where `text` is base64 of the algorithm's length."""
    if not text:
        return
    try:
        digest = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return
    if len(digest) == _DIGEST_SIZES[algorithm]:
        yield f"{algorithm}:{digest.hex()}"


def _bounded(url_key: str, text: str) -> str:
    """Return a value of bounded length that `url_key` and `text` determine."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"{url_key}:{digest}"[:_MAX_VALUE]
