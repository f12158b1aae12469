"""Passwords: what is asked of them, and how they are hashed."""

from __future__ import annotations

import functools
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from forecourt.access.secrets import make_secret
from forecourt.core.errors import UsageError

_SHORTEST = 12
_LONGEST = 1_024

# argon2id with the least that OWASP's Password Storage Cheat Sheet asks for: 19 MiB, two passes,
# one lane. More memory would let whoever floods the form with tries fill the server's.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Hashing lets other threads run, so the number at a time is what bounds memory and cores.
_AT_ONCE = threading.BoundedSemaphore(2)


def check_password(password: str, *, name: str) -> None:
    """Refuse a password that is too easy to guess. There are no rules about kinds of characters.

    Raises:
        UsageError: it is shorter than 12 characters, very long, or made of the user's name.
    """
    if len(password) < _SHORTEST:
        raise UsageError(
            f"The password has {len(password)} characters; give one of at least {_SHORTEST}. A few "
            "words that do not belong together are easy to keep in mind."
        )
    if len(password) > _LONGEST:
        raise UsageError(f"The password has more than {_LONGEST:,} characters; give a shorter one.")
    if not password.casefold().replace(name.casefold(), "").strip():
        raise UsageError("The password is the user's name; give one that others cannot guess.")
    if len(set(password)) < 4:
        raise UsageError("The password repeats a few characters; give one that is hard to guess.")


def hash_password(password: str) -> str:
    """Return the hash with its salt and parameters. Takes some 50 ms of a core and 19 MiB."""
    with _AT_ONCE:
        return _HASHER.hash(_to_bytes(password))


def is_right(password_hash: str, password: str) -> bool:
    """Whether a password is the hashed one. Takes as long as hashing, right or wrong."""
    with _AT_ONCE:
        try:
            return _HASHER.verify(password_hash, _to_bytes(password))
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(password_hash: str) -> bool:
    """Whether it was hashed with other parameters than those of this release."""
    return _HASHER.check_needs_rehash(password_hash)


@functools.cache
def decoy() -> str:
    """Return the hash of what nobody knows, to compare with where there is no user."""
    return hash_password(make_secret())


def _to_bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
