"""Every error that Forecourt raises on purpose.

A message says what is wrong and what to do about it. An image that cannot be fetched or decoded is
not an error of the batch: it is a value with a `SkipReason`.

    ForecourtError
    ├── UsageError                 the caller asked for something that cannot be (exit code 2)
    │   ├── UnknownLabelError      a word that is no image type or colour
    │   ├── FeedError              a feed that cannot be read at all
    │   ├── SettingsError          a setting that makes no sense
    │   ├── NotFoundError          an advertiser, image or scrape that is not in the store
    │   ├── StateError             the thing is there, but not in a state that allows this
    │   ├── ForbiddenError         somebody may not do what they ask for
    │   └── TooManyTriesError      somebody has to wait before the next try
    ├── ImageSkippedError          one image has no answer, with a reason from the closed list
    ├── SignatureError             a webhook's request that is not to be believed
    ├── BundleError                a model folder that is incomplete, altered or of another format
    └── StoreError                 the database is locked, of another version or damaged
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecourt.core.skips import SkipReason


class ForecourtError(Exception):
    """Root of all errors that Forecourt raises on purpose."""


class UsageError(ForecourtError):
    """The request cannot be carried out as it was made; the message says what to change."""


class UnknownLabelError(UsageError):
    """A word that is neither one of the labels nor one of their known spellings."""

    def __init__(self, word: str, allowed: Sequence[str]) -> None:
        super().__init__(f"{word!r} is not one of: {', '.join(allowed)}.")
        self.word = word


class FeedError(UsageError):
    """A feed that cannot be read at all: unknown format, wrong encoding or no usable header."""


class SettingsError(UsageError):
    """A setting whose value makes no sense."""


class NotFoundError(UsageError):
    """The store holds nothing under the given name."""


class StateError(UsageError):
    """What is asked for cannot be done to a thing as it now is."""


class ForbiddenError(UsageError):
    """Whoever asks is known, and may not do this; the message says what is missing."""


class TooManyTriesError(UsageError):
    """Too much was asked in a short time; `wait_s` says in how many seconds to ask again."""

    def __init__(self, message: str, wait_s: float) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class ImageSkippedError(ForecourtError):
    """One image has no answer. Callers turn this into a status; it never fails a batch."""

    def __init__(self, reason: SkipReason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail


class SignatureError(ForecourtError):
    """A webhook's request that was not signed with the secret, was altered, or is too old."""


class BundleError(ForecourtError):
    """A model folder that is incomplete, altered, or of a format that this release cannot read."""


class StoreError(ForecourtError):
    """The database is locked, of another version, or damaged."""
