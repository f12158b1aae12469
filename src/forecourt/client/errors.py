"""What goes wrong between a program and a server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from forecourt.core.errors import ForecourtError

if TYPE_CHECKING:
    from forecourt.client.answers import Scrape


@dataclass(eq=False)
class ApiError(ForecourtError):
    """The server answered with a problem (RFC 9457).

    Attributes:
        status: Of HTTP.
        kind: The last part of the problem's `type`, such as `not-found`; docs/api.md lists them.
            `http`: the answer is no problem document, as where a proxy answers for the server.
        detail: What is wrong, and what to do.
        request_id: As the server's log has it, if the answer says so.
        retry_after_s: In how many seconds to ask again, if the answer says so.
        extra: Further members of the document, such as `errors` or `refused_rows`.
    """

    status: int
    kind: str
    detail: str
    request_id: str | None = None
    retry_after_s: float | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return what to show to a person."""
        named = f" (request {self.request_id})" if self.request_id else ""
        return f"{self.status} {self.kind}: {self.detail}{named}"


class UnreachableError(ForecourtError):
    """No whole answer came, after all attempts that may be made."""


class WaitTimeoutError(ForecourtError):
    """A scrape was not finished in time; it goes on all the same.

    Attributes:
        scrape: As it was seen last; None: the server did not answer.
    """

    def __init__(self, message: str, scrape: Scrape | None) -> None:
        super().__init__(message)
        self.scrape = scrape
