"""Canonical URLs: an index to images, never proof of identity."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import SplitResult, quote, unquote_to_bytes, urlsplit, urlunsplit

# Query parameters that change from hour to hour while the picture stays: signatures and expiry
# times of AWS S3 and CloudFront, Google Cloud Storage, Azure Blob Storage (SAS) and Akamai.
_VOLATILE = re.compile(
    r"x-amz-(algorithm|credential|date|expires|security-token|signature|signedheaders)"
    r"|awsaccesskeyid|expires|signature|key-pair-id|policy"
    r"|x-goog-(algorithm|credential|date|expires|signature|signedheaders)|googleaccessid"
    r"|se|sig|sp|spr|sr|sv|st|skoid|sktid|skt|ske|sks|skv"
    r"|hdnts|hdnea|hmac|token|exp|__token__|_hash",
    re.IGNORECASE,
)
# These short names mean something else outside a SAS URL, and are dropped only beside its `sig`.
_SAS_ONLY = frozenset(
    {"se", "sp", "spr", "sr", "sv", "st", "skoid", "sktid", "skt", "ske", "sks", "skv"}
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_UNRESERVED = "-._~"
_PATH_SAFE = "/:@!$&'()*+,;=" + _UNRESERVED
_KEY_BYTES = 16


def canonical_url(url: str) -> str:
    """Return `url` with what does not change the picture taken out or made uniform.

    Scheme and host in lower case, default port, fragment and dot segments removed, percent-encoding
    made uniform (RFC 3986 sections 6.2.2 and 6.2.3), signatures and expiry times dropped. Other
    parameters stay in their order: they may choose a size. Never raises; an unreadable URL is
    returned as it is.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return url
    scheme = parts.scheme.lower()
    host = (parts.hostname or "").rstrip(".")
    if ":" in host:
        host = f"[{host}]"
    if port is not None and port != _DEFAULT_PORTS.get(scheme):
        host = f"{host}:{port}"
    path = _remove_dots(_uniform(parts.path, _PATH_SAFE)) or "/"
    return urlunsplit((scheme, host, path, _stable_query(parts), ""))


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


def _stable_query(parts: SplitResult) -> str:
    fields = parts.query.split("&") if parts.query else []
    names = {field.partition("=")[0].lower() for field in fields}
    kept = []
    for field in fields:
        name = field.partition("=")[0].lower()
        is_volatile = _VOLATILE.fullmatch(name) is not None
        if is_volatile and (name not in _SAS_ONLY or "sig" in names):
            continue
        if field:
            kept.append(_uniform(field, _PATH_SAFE + "?"))
    return "&".join(kept)


def _uniform(text: str, safe: str) -> str:
    """Decode what need not be encoded and encode the rest with upper-case digits."""

    def one(match: re.Match[str]) -> str:
        char = unquote_to_bytes(match[0])
        plain = char.decode("latin-1")
        return (
            plain
            if plain.isascii() and (plain.isalnum() or plain in _UNRESERVED)
            else match[0].upper()
        )

    decoded = re.sub(r"%[0-9A-Fa-f]{2}", one, text)
    return quote(decoded, safe=safe + "%", errors="surrogatepass")


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
