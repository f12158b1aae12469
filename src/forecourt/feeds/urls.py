"""URLs as feeds write them → URLs that can be asked for, or the reason why not."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

_LONGEST_URL = 8_000
_LONGEST_HOST = 253  # of a name in the DNS (RFC 1035 section 2.3.4)
_AMPERSAND = re.compile(r"&(?:amp|#0*38|#x0*26);", re.IGNORECASE)
_NOT_IN_URL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_NOT_IN_HOST = re.compile(r"[\s\"'<>\\^`{|}]")
# What most URLs are like: nothing of it is changed or refused below, which takes five times longer.
_PLAIN = re.compile(r"https?://[a-z0-9][a-z0-9.-]{0,250}/[A-Za-z0-9/._~%=&?+,:@-]{0,7000}")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):(?!\d+(?:/|$))", re.IGNORECASE)
_SAFE = "/:?#[]@!$&'()*+,;=-._~%"


def clean_url(text: str) -> str | None:
    """Return an absolute http(s) URL, or None.

    "&amp;" is undone, "//host" becomes https, a host name outside ASCII becomes its wire form, and
    what may not stand in a URL (spaces, letters outside ASCII) is percent-encoded.
    """
    if _PLAIN.fullmatch(text):
        return text
    url = _AMPERSAND.sub("&", text.strip("\ufeff \t\r\n").strip("\"'<>").strip())
    if url.startswith("//"):
        url = "https:" + url
    if len(url) > _LONGEST_URL or _NOT_IN_URL.search(url):
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _port = parts.port
        if not host.isascii():
            wire = host.encode("idna").decode()
            url = parts._replace(netloc=_with_host(parts.netloc, wire)).geturl()
            host = wire
    except ValueError:
        return None
    is_host = 0 < len(host) <= _LONGEST_HOST and not _NOT_IN_HOST.search(host)
    if parts.scheme.lower() not in {"http", "https"} or not is_host:
        return None
    return quote(url, safe=_SAFE, errors="replace")


def explain(text: str) -> tuple[str, str]:
    """Return the reason why `clean_url` gives None, and what to do about it."""
    shown = repr(text if len(text) <= 120 else text[:100] + "...")
    reason, hint = _find_reason(text)
    return f"{shown} {reason}", hint


def _find_reason(text: str) -> tuple[str, str]:  # noqa: PLR0911  # one return a reason
    scheme = _SCHEME.match(text)
    if text.startswith(("[", "{")):
        return "is no valid JSON", 'Write lists like ["https://...", "https://..."].'
    if scheme and scheme[1].lower() == "data":
        return "is a picture inside the feed", "Put the picture on a web server and give its URL."
    if len(text) > _LONGEST_URL:
        reason = f"is longer than {_LONGEST_URL:,} characters"
        return reason, "Separate image URLs by a comma, a bar or a space."
    if scheme and scheme[1].lower() in {"http", "https"}:
        return "is no usable URL", "Check host and port, and spaces or signs that stray in."
    if scheme:
        return "is no http(s) URL", "Put the picture where http or https reaches it."
    if "/" in text or "." in text:
        return "is no full URL", "Start image URLs with https:// and the host."
    return "is no URL", "Give image URLs, or leave the field empty."


def _with_host(netloc: str, host: str) -> str:
    user, at, rest = netloc.rpartition("@")
    port = rest.rpartition(":")[2] if ":" in rest else ""
    return f"{user}{at}{host}{':' + port if port else ''}"
