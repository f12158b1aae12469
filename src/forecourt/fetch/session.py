"""An HTTP session under the egress policy."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.resolver import ThreadedResolver

from forecourt import __version__
from forecourt.core.settings import FetchSettings
from forecourt.fetch.egress import CheckedResolver, make_socket

USER_AGENT = f"Forecourt/{__version__.partition('.')[0]}"


def open_session(
    settings: FetchSettings,
    *,
    headers: Mapping[str, str],
    resolver: AbstractResolver | None = None,
    reuse_connections: bool = True,
) -> aiohttp.ClientSession:
    """Return a session that connects to allowed addresses only; call it inside the event loop.

    Args:
        settings: Limits, the timeout of a connect, and the egress policy.
        headers: Sent with every request.
        resolver: Where host names are looked up; default: the system's way.
        reuse_connections: Keep connections open for the next request to the same host.
    """
    allowed = settings.allow_networks
    connector = aiohttp.TCPConnector(
        limit=settings.concurrency,
        limit_per_host=settings.per_host,
        force_close=not reuse_connections,
        resolver=CheckedResolver(resolver or ThreadedResolver(), allowed),
        socket_factory=lambda info: make_socket(info, allowed),
    )
    return aiohttp.ClientSession(
        connector=connector,
        headers=headers,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=settings.connect_timeout_s),
        cookie_jar=aiohttp.DummyCookieJar(),
        # The limit of an attempt counts redirects too, and stands with whoever asks.
        auto_decompress=False,  # inflated under our own byte limit
        trust_env=False,  # a proxy would resolve names behind the policy's back
    )
