"""Image keys from response headers and bytes. Each rule names the RFC section it rests on."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping

from forecourt.core.records import ImageFacts, ImageKey, KeySource, Validators

_ENTITY_TAG = re.compile(r'(W/)?"[^"]*"')  # RFC 9110 section 8.8.3
_MD5_ETAG = re.compile(r'"([0-9a-f]{32})"', re.IGNORECASE)
# One member of a Dictionary whose value is a Byte Sequence (RFC 8941 sections 3.2 and 3.3.5).
_MEMBER = re.compile(r"\s*([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/=]*):\s*(?:;.*)?")
_DIGEST_SIZES = {"sha-512": 64, "sha-256": 32, "md5": 16}
_HASHES = {"sha-512": "sha512", "sha-256": "sha256", "md5": "md5"}


def make_bytes_key(body: bytes) -> ImageKey:
    """Return the exact identity of a body: its SHA-256."""
    return ImageKey(KeySource.BYTES, hashlib.sha256(body).hexdigest())


def make_header_keys(url_key: str, facts: ImageFacts, *, etag_is_md5: bool) -> tuple[ImageKey, ...]:
    """Return the keys that the headers of a full answer give, strongest first. Never raises.

    A weaker header adds no key beside a stronger one: when the entity tag is new, an old date must
    not call the image known (RFC 9110 section 13.1.3 has a server ignore the date likewise).

        K1  content digests (RFC 9530 section 3, RFC 1864, Google Cloud Storage's own)
        K2  else the URL and a strong entity tag, below the MD5 that it has proved to be
        K3  else the URL, Last-Modified and Content-Length

    Args:
        url_key: Of the URL asked for; an entity tag means nothing under another URL
            (RFC 9110 section 8.8.3).
        facts: Of a 200. A 304 gives no keys: it confirms those that are known.
        etag_is_md5: The host has proved that its entity tags are MD5 sums of the body.
    """
    if facts.is_not_modified:
        return ()
    headers = facts.headers
    digests = tuple(ImageKey(KeySource.DIGEST, digest) for digest in _content_digests(headers))
    if digests:
        return tuple(dict.fromkeys(digests))
    etag = headers.get("etag", "")
    if _is_strong(etag):
        key = ImageKey(KeySource.ETAG, _under(url_key, etag))
        md5 = etag_md5(headers) if etag_is_md5 and _is_plain(headers) else None
        return (ImageKey(KeySource.DIGEST, f"md5:{md5}"), key) if md5 else (key,)
    modified, length = headers.get("last-modified"), headers.get("content-length")
    if modified and length:
        # A date alone is a weak validator (RFC 9110 section 8.8.2.2); with the length it is the
        # best that such a server gives, and the host's trust is what vouches for it.
        return (ImageKey(KeySource.LAST_MODIFIED, _under(url_key, f"{modified}\n{length}")),)
    return ()


def contradicts(body: bytes, keys: Iterable[ImageKey]) -> bool:
    """Whether one of the keys is a digest, and not the digest of `body`.

    Digests are not bound to a URL: a false one that is kept would name this body wherever another
    server tells the truth. So none is kept before its body was looked at.
    """
    for key in keys:
        algorithm, _, digest = key.value.partition(":")
        if key.source is KeySource.DIGEST and digest != _digest(algorithm, body):
            return True
    return False


def make_validators(facts: ImageFacts) -> Validators:
    """Return what to send with the next request for the same URL (RFC 9110 section 13.1).

    Weak entity tags are kept too: If-None-Match compares weakly (section 13.1.2). What is no entity
    tag at all is not sent: a bare `*` would match anything.
    """
    etag = facts.headers.get("etag", "")
    return Validators(
        etag=etag if _ENTITY_TAG.fullmatch(etag) else None,
        last_modified=facts.headers.get("last-modified"),
    )


def etag_md5(headers: Mapping[str, str]) -> str | None:
    """Return the MD5 that a strong entity tag may be (S3's habit), or None."""
    match = _MD5_ETAG.fullmatch(headers.get("etag", ""))
    return match[1].lower() if match else None


def is_md5_of(body: bytes, md5: str) -> bool:
    """Whether `md5` (hex) is the MD5 of `body`; not a matter of security."""
    return _digest("md5", body) == md5


def _digest(algorithm: str, body: bytes) -> str:
    return hashlib.new(_HASHES[algorithm], body, usedforsecurity=False).hexdigest()


def _is_strong(etag: str) -> bool:
    """RFC 9110 section 8.8.3: a weak tag says "W/", and weak tags never name bytes (8.8.1)."""
    return len(etag) > 2 and etag.startswith('"') and _ENTITY_TAG.fullmatch(etag) is not None


def _is_plain(headers: Mapping[str, str]) -> bool:
    """Whether the body on the wire is the representation itself, not a coding of it.

    Digests are of the representation as coded (RFC 9530 section 3); the client asks for no coding,
    and where a server codes all the same, no digest is believed.
    """
    return headers.get("content-encoding", "").lower() in {"identity", ""}


def _content_digests(headers: Mapping[str, str]) -> Iterator[str]:
    """Yield "algorithm:hex" of each digest that is of the very bytes we would read."""
    if not _is_plain(headers):
        return
    # RFC 9530 sections 3 and 2: of a full answer without a coding the two are the same.
    for name in ("repr-digest", "content-digest"):
        members = (_MEMBER.fullmatch(part) for part in headers.get(name, "").split(","))
        found = {match[1]: match[2] for match in members if match}
        for algorithm in ("sha-512", "sha-256"):
            yield from _hex(algorithm, found.get(algorithm))
    # RFC 1864; obsolete since RFC 7231 (appendix B) but still sent by object stores.
    yield from _hex("md5", headers.get("content-md5"))
    # Of the object as stored; a server that unpacks it on the way sends other bytes.
    if headers.get("x-goog-stored-content-encoding", "identity") == "identity":
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


def _under(url_key: str, text: str) -> str:
    """Return a value of bounded length that `url_key` and `text` determine."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"{url_key}:{digest}"
