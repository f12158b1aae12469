"""Canonical URLs: an index to images, never proof of identity."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import quote, unquote_to_bytes, urlsplit, urlunsplit

# Ways to sign a URL for a while: with all of `marks` in its query, the parameters that match
# `volatile` say who may see the picture and until when, not which picture it is. A name alone
# ("token", "policy", "sig") proves nothing: in the URLs of others it may be what names the picture.
_SIGNING = tuple(
    (frozenset(marks.split()), re.compile(volatile))
    for marks, volatile in (
        ("x-amz-signature", r"x-amz-.+"),  # AWS, Signature Version 4
        ("awsaccesskeyid signature expires", r"awsaccesskeyid|signature|expires"),  # AWS, Version 2
        ("key-pair-id signature", r"key-pair-id|signature|expires|policy"),  # Amazon CloudFront
        ("x-goog-signature", r"x-goog-.+"),  # Google Cloud Storage, Version 4
        ("googleaccessid signature expires", r"googleaccessid|signature|expires"),  # and Version 2
        ("sig se sv", r"s(ig|e|p|pr|r|v|t|i|ip|s|rt|kt|ke|ks|kv)|sk(oid|tid)"),  # Azure SAS
        ("sig si sv", r"s(ig|e|p|pr|r|v|t|i|ip|s)"),  # Azure SAS by a stored policy
        ("hdnts", r"hdnts"),  # Akamai
        ("hdnea", r"hdnea"),
        ("__token__", r"__token__"),
        ("token expires", r"token|expires|token_path"),  # Bunny
        ("token expire", r"token|expire"),  # KeyCDN
        ("oh oe", r"oh|oe|_nc_.+"),  # Meta
    )
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_UNRESERVED = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~",
)
_SAFE = "/:@!$&'()*+,;=-._~%"
_ENCODED = re.compile(r"%([0-9A-Fa-f]{2})?")
_KEY_BYTES = 16


def canonical_url(url: str) -> str:
    """Return `url` with what does not change the picture taken out or made uniform.

    Scheme and host in lower case, the host in ASCII, default port, user, fragment and dot segments
    removed, percent-encoding made uniform (RFC 3986 sections 6.2.2 and 6.2.3), signatures and
    expiry times dropped. Other parameters stay in their order: they may choose a size. Never
    raises; an unreadable URL is returned as it is.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return url
    if not parts.hostname:
        return url
    scheme = parts.scheme.lower()
    host = _ascii(parts.hostname)
    if ":" in host:
        host = f"[{host}]"
    if port is not None and port != _DEFAULT_PORTS.get(scheme):
        host = f"{host}:{port}"
    path = _remove_dots(_uniform(parts.path, _SAFE)) or "/"
    return urlunsplit((scheme, host, path, _stable_query(parts.query), ""))


def make_url_key(url: str) -> str:
    """Return 32 hex digits that stand for the canonical URL."""
    canonical = canonical_url(url).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(canonical, digest_size=_KEY_BYTES).hexdigest()


def host_of(url: str) -> str:
    """Return the host of a URL in lower case, with its port where that is not the default."""
    try:
        return urlsplit(canonical_url(url)).netloc
    except ValueError:
        return ""


def _ascii(host: str) -> str:
    """Return a host name as it goes over the wire (RFC 3490), or as it is if it cannot go."""
    host = host.rstrip(".").lower()
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii").rstrip(".")
    except UnicodeError:
        return host


def _stable_query(query: str) -> str:
    fields = [field for field in query.split("&") if field]
    names = {_name(field) for field in fields}
    volatile = {
        name
        for marks, pattern in _SIGNING
        if marks <= names
        for name in names
        if pattern.fullmatch(name)
    }
    return "&".join(
        _uniform(field, _SAFE + "?") for field in fields if _name(field) not in volatile
    )


def _name(field: str) -> str:
    return _uniform(field.partition("=")[0], _SAFE).lower()


def _uniform(text: str, safe: str) -> str:
    """Decode what need not be encoded and encode the rest with upper-case digits."""

    def one(match: re.Match[str]) -> str:
        if match[1] is None:
            return "%25"  # a lone per cent sign
        byte = unquote_to_bytes(match[0])[0]
        return chr(byte) if byte in _UNRESERVED else match[0].upper()

    return quote(_ENCODED.sub(one, text), safe=safe, errors="surrogatepass")


def _remove_dots(path: str) -> str:
    """RFC 3986 section 5.2.4, for absolute paths."""
    if "/." not in path:
        return path
    out: list[str] = []
    segments = path.split("/")
    for index, segment in enumerate(segments):
        is_last = index == len(segments) - 1
        if segment == "..":
            if len(out) > 1:
                out.pop()
            if is_last:
                out.append("")
        elif segment == ".":
            if is_last:
                out.append("")
        else:
            out.append(segment)
    return "/".join(out)
