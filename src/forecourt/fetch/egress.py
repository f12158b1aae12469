"""Egress policy: which addresses may be asked. Feeds are written by others; they choose the URLs.

Addresses are checked where they are used: a resolver hands only allowed ones to the connector, so
nothing can change between check and connect (DNS rebinding). Literal addresses, which the connector
does not resolve, are checked with the URL, and so is every redirect.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from forecourt.core.errors import ImageSkippedError
from forecourt.core.settings import Network
from forecourt.core.skips import SkipReason

Address = IPv4Address | IPv6Address


class BlockedAddressError(OSError):
    """A host name resolves to refused addresses only."""


def is_allowed(address: Address, allowed: Sequence[Network]) -> bool:
    """Whether an address is public, or in one of the networks that a setting allows."""
    if any(address.version == network.version and address in network for network in allowed):
        return True
    if isinstance(address, IPv6Address):
        inner = _embedded_ipv4(address)
        if inner is not None:
            return is_allowed(inner, allowed)
    return address.is_global and not address.is_multicast


def check_url(url: str, allowed: Sequence[Network]) -> None:
    """Refuse a URL that is no absolute http(s) URL, or whose literal address is not allowed.

    Raises:
        ImageSkippedError: BAD_URL or BLOCKED_ADDRESS.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _port = parts.port
    except ValueError as error:
        raise ImageSkippedError(SkipReason.BAD_URL, str(error)) from error
    if parts.scheme.lower() not in {"http", "https"} or not host:
        raise ImageSkippedError(SkipReason.BAD_URL, "not an absolute http or https URL")
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return  # a name: the resolver checks what it stands for
    if not is_allowed(address, allowed):
        raise ImageSkippedError(SkipReason.BLOCKED_ADDRESS, f"{address} is not public")


class CheckedResolver(AbstractResolver):
    """Resolves host names and keeps only the addresses that the policy allows."""

    def __init__(self, allowed: Sequence[Network], inner: AbstractResolver | None = None) -> None:
        self._allowed = allowed
        self._inner = inner or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the allowed addresses of `host`.

        Raises:
            BlockedAddressError: it has addresses, and none is allowed.
        """
        found = await self._inner.resolve(host, port, family)
        kept = [
            one
            for one in found
            if is_allowed(ip_address(one["host"].partition("%")[0]), self._allowed)
        ]
        if found and not kept:
            raise BlockedAddressError(f"{host} resolves to {found[0]['host']}, which is not public")
        return kept

    async def close(self) -> None:
        """Release the inner resolver."""
        await self._inner.close()


def _embedded_ipv4(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that a transition mechanism would really reach, if any."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:  # RFC 3056
        return address.sixtofour
    if address.teredo is not None:  # RFC 4380
        return address.teredo[1]
    if address.packed[:12] == bytes.fromhex("0064ff9b0000000000000000"):  # NAT64, RFC 6052
        return IPv4Address(address.packed[12:])
    return None
