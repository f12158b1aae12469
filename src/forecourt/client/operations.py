"""What groups of operations have in common."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from forecourt.client.transport import Call, Transport

PAGE = 200  # entries asked for at once


class Operations:
    """Operations of one server."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def _get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        call = Call(method="GET", path=path, params=params, may_repeat=True)
        return self._transport.ask(call)

    def _iterate(self, path: str, params: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """Yield the entries of all pages; the next page is asked for when it is needed."""
        cursor: str | None = None
        while True:
            page = self._get(path, {"limit": PAGE, **(params or {}), "cursor": cursor})
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def _post(
        self, path: str, body: Any = None, *, params: Mapping[str, Any] | None = None, again: bool
    ) -> Any:
        """Post what takes no Idempotency-Key; `again`: sent twice it does what it does once."""
        call = Call(method="POST", path=path, params=params, json=body, may_repeat=again)
        return self._transport.ask(call)

    def _post_once(self, path: str, body: Any, idempotency_key: str | None) -> Any:
        """Post what is done once under its key; None: one is made."""
        call = Call(
            method="POST",
            path=path,
            json=body,
            headers=once(idempotency_key),
            may_repeat=True,
        )
        return self._transport.ask(call)


def once(idempotency_key: str | None) -> dict[str, str | None]:
    """Return the header under which something is done once."""
    return {"Idempotency-Key": uuid.uuid4().hex if idempotency_key is None else idempotency_key}


def segment(text: object) -> str:
    """Return a part of a path, with everything in it that would end it escaped."""
    return quote(str(text), safe="")


def given(**members: Any) -> dict[str, Any]:
    """Return the members that were given: the rest is left to the server."""
    return {name: value for name, value in members.items() if value is not None}
