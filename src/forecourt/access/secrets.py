"""Random secrets, and the digests by which they are known again."""

from __future__ import annotations

import hashlib
import hmac
import secrets

_SECRET_BYTES = 32


def make_secret() -> str:
    """Return 256 random bits, hexadecimal."""
    return secrets.token_hex(_SECRET_BYTES)


def digest_of(text: str) -> str:
    """Return the SHA-256 of a text, hexadecimal; of any text, half characters included."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def is_same(one: str, other: str) -> bool:
    """Whether two texts are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(
        one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass")
    )
