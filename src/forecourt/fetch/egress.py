"""Egress policy: which addresses may be asked. Feeds are written by others; they choose the URLs.

Addresses are checked where they are used: the socket of a connection is only made for an allowed
one. So nothing can slip between check and connect: no name that resolves to another address the
second time, no redirect, no spelling of an address that this module does not know. Before that, the
resolver drops refused addresses, so that a host with others is still reached.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import quote, urljoin, urlsplit

from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from forecourt.core.errors import ImageSkippedError
from forecourt.core.settings import Network
from forecourt.core.skips import SkipReason

Address = IPv4Address | IPv6Address

_NOT_PUBLIC = tuple(
    ip_network(text)
    for text in (
        "192.0.0.0/24",  # IETF protocol assignments, RFC 6890; a cloud's metadata stands here
        "168.63.129.16/32",  # a cloud's metadata on an address that looks public
        "192.88.99.0/24",  # relays of 6to4, RFC 7526
    )
)
_GLOBAL_UNICAST = ip_network("2000::/3")  # all that is assigned of IPv6, RFC 4291 section 2.4
_NAT64 = ip_network("64:ff9b::/96")  # RFC 6052
# Sent as they are: what a signature was made over must not be written in another way.
_NOWHERE = re.compile(r"\s*(?:https?:/{0,3}|//+)?\s*", re.IGNORECASE)
_AS_GIVEN = "!$%&'()*+,-./:;=?@[]_~"


class BlockedAddressError(OSError):
    """An address is refused, or a host name resolves to refused ones only."""


def is_allowed(address: Address, allowed: Sequence[Network]) -> bool:
    """Whether an address is public, or in one of the networks that a setting allows."""
    if any(address.version == network.version and address in network for network in allowed):
        return True
    if isinstance(address, IPv6Address):
        inner = _embedded_ipv4(address)
        if inner is not None:
            return is_allowed(inner, allowed)
        return address.is_global and address in _GLOBAL_UNICAST
    is_special = address.is_multicast or any(address in network for network in _NOT_PUBLIC)
    return address.is_global and not is_special


def read_url(text: str) -> URL:
    """Return a URL ready to be asked: host in ASCII; path and query as given, raw characters aside.

    Raises:
        ImageSkippedError: BAD_URL: it is no absolute http(s) URL. The detail does not repeat it:
            there may be secrets in it.
    """
    try:
        parsed, parts = URL(text.strip()), urlsplit(text.strip())
        if parsed.scheme not in {"http", "https"} or not parsed.raw_host:
            raise ImageSkippedError(SkipReason.BAD_URL, "not an absolute http or https URL")
        return URL.build(
            scheme=parsed.scheme,
            authority=parsed.raw_authority,
            path=_quote(parts.path) or "/",
            query_string=_quote(parts.query),
            encoded=True,
        )
    except ValueError as error:
        raise ImageSkippedError(SkipReason.BAD_URL, "a URL that cannot be read") from error


def next_url(url: URL, location: str) -> URL:
    """Return where a redirect leads (RFC 9110 section 10.2.2), read as any other URL.

    Raises:
        ImageSkippedError: BAD_URL.
    """
    # Joined to the URL, an empty target or one without a host would be the URL itself, for ever.
    if _NOWHERE.fullmatch(location):
        raise ImageSkippedError(SkipReason.BAD_URL, "a redirect that leads nowhere")
    try:
        target = urljoin(str(url), location)
    except ValueError as error:
        raise ImageSkippedError(SkipReason.BAD_URL, "a redirect that cannot be read") from error
    return read_url(target)


class CheckedResolver(AbstractResolver):
    """Resolves host names and keeps only the addresses that the policy allows."""

    def __init__(self, inner: AbstractResolver, allowed: Sequence[Network]) -> None:
        self._inner = inner
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the allowed addresses of `host`.

        Raises:
            BlockedAddressError: it has addresses, and none is allowed.
            OSError: it has none.
        """
        found = await self._inner.resolve(host, port, family)
        kept = [one for one in found if is_allowed(_address(one["host"]), self._allowed)]
        if found and not kept:
            raise BlockedAddressError(f"{host} resolves to {found[0]['host']}, which is not public")
        if not kept:
            raise OSError(f"{host} has no address")
        return kept

    async def close(self) -> None:
        """Release the inner resolver."""
        await self._inner.close()


def make_socket(info: AddrInfoType, allowed: Sequence[Network]) -> socket.socket:
    """Return a socket for an allowed address: the last gate, which every connection passes.

    Raises:
        BlockedAddressError: the address is refused.
    """
    family, kind, protocol, _name, target = info
    address = _address(str(target[0]))
    if not is_allowed(address, allowed):
        raise BlockedAddressError(f"{address} is not public")
    return socket.socket(family, kind, protocol)


def _address(text: str) -> Address:
    """Return the address that the system would connect to, zone left out.

    Old spellings count ("127.1", "0x7f.1", "2130706433"), as they do for the system.
    """
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return IPv4Address(socket.inet_aton(text))


def _embedded_ipv4(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that a transition mechanism would really reach, if any."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:  # RFC 3056
        return address.sixtofour
    if address.teredo is not None:  # RFC 4380
        return address.teredo[1]
    if address in _NAT64:
        return IPv4Address(address.packed[12:])
    return None


def _quote(text: str) -> str:
    return quote(text, safe=_AS_GIVEN, errors="surrogateescape")
