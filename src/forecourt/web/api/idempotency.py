"""Requests that may be sent twice: the second is answered as the first was.

As in the IETF draft "The Idempotency-Key HTTP Header Field": the answer is kept in the transaction
of what was done, so either both are there or neither is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import Header, Response

from forecourt.core.access import Principal
from forecourt.store import answered
from forecourt.store.engine import reading, writing
from forecourt.web.problems import ProblemError
from forecourt.web.service import Service

REPLAYED_HEADER = "Idempotency-Replayed"

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="Any text that is new for a new request. Sent again with the same request, it "
        "brings the first answer again, and nothing is done twice.",
    ),
]


@dataclass(frozen=True, slots=True)
class Once:
    """One request of one caller, under the key that they gave it (or none).

    Attributes:
        parts: What the request asks for: the same key with other parts is refused.
    """

    principal: Principal
    key: str | None
    parts: tuple[str, ...]

    @property
    def caller(self) -> str:
        """Whose keys these are."""
        principal = self.principal
        return principal.key_id or f"user {principal.user_id}"

    @property
    def digest(self) -> str:
        """What the same request has in common."""
        return hashlib.sha256("\x00".join(self.parts).encode()).hexdigest()


def run_once(
    service: Service,
    once: Once,
    response: Response,
    act: Callable[[sa.Connection], Mapping[str, Any]],
    *,
    status: int,
) -> Mapping[str, Any]:
    """Do something in one transaction, or return what came of it the first time.

    Args:
        service: The server.
        once: The request.
        response: Gets a header where the answer is a repetition.
        act: Does it, on a writing connection, and returns the answer's body.
        status: Of the answer.

    Raises:
        ProblemError: the key came with another request (422).
    """
    if once.key is not None:
        with reading(service.engine) as connection:
            found = answered.find(connection, once.caller, once.key)
        if found is not None:
            return _replay(found, once, response)
    now = datetime.now(UTC)
    with writing(service.engine) as connection:
        if once.key is not None:
            found = answered.claim(
                connection,
                once.caller,
                once.key,
                digest=once.digest,
                at=now,
                kept=timedelta(seconds=service.settings.serve.answers_kept_s),
            )
            if found is not None:  # two at once: the other one was first
                return _replay(found, once, response)
        body = act(connection)
        if once.key is not None:
            answered.keep(connection, once.caller, once.key, status=status, body=body)
    return body


def _replay(found: answered.Answered, once: Once, response: Response) -> Mapping[str, Any]:
    if found.digest != once.digest:
        raise ProblemError(
            422,
            "conflict",
            "This Idempotency-Key came with another request before. Use a new key for a new "
            "request.",
        )
    response.headers[REPLAYED_HEADER] = "true"
    return found.body
