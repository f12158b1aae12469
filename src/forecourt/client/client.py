"""The client put together."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import httpx

from forecourt.client.access import Access
from forecourt.client.datasets import Datasets
from forecourt.client.findings import Findings
from forecourt.client.fixes import Fixes
from forecourt.client.hooks import Webhooks
from forecourt.client.models import Models
from forecourt.client.pictures import Pictures
from forecourt.client.scrapes import Scrapes
from forecourt.client.sitemaps import Sitemaps
from forecourt.client.transport import Transport
from forecourt.client.trials import Trials


class Client(
    Scrapes, Sitemaps, Pictures, Fixes, Findings, Datasets, Models, Trials, Webhooks, Access
):
    """One server, asked as the owner of one key. Threads may share it.

    What can be sent twice without harm is sent again, after a pause that grows, where no answer
    came, or one that says to come later (429, 502, 503, 504; as `Retry-After` says). Writes come
    with an Idempotency-Key of their own, so they are among it. Every operation raises `ApiError`
    for what the server refuses, and `UnreachableError` where it does not answer.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout: float = 30.0,
        retries: int = 5,
        http: httpx.Client | None = None,
    ) -> None:
        """Ask nothing yet.

        Args:
            base_url: Of the server, without `/v1`.
            api_key: As `forecourt keys create` printed it.
            timeout: Seconds without a byte after which an attempt is given up. Classifying 256 new
                pictures of a slow host may take longer.
            retries: Further attempts after the first one.
            http: What to send with, where TLS or proxies need settings; it is not closed here.

        Raises:
            UsageError: an address or a key that cannot be one.
        """
        super().__init__(Transport(base_url, api_key, timeout=timeout, retries=retries, http=http))

    def close(self) -> None:
        """Close connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close connections."""
        self.close()
