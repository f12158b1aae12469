from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address, ip_network

import pytest

from forecourt.core.errors import ImageSkippedError
from forecourt.core.skips import SkipReason
from forecourt.fetch.egress import (
    BlockedAddressError,
    CheckedResolver,
    is_allowed,
    make_socket,
    read_url,
)
from tests.support.name_server import ScriptedResolver


@pytest.mark.parametrize(
    "address",
    [
        "93.184.216.34",
        "1.1.1.1",
        "2606:2800:220:1::1",
        "::ffff:1.1.1.1",
        "64:ff9b::101:101",
        "2002:101:101::1",  # 6to4 of 1.1.1.1
    ],
)
def test_is_allowed__public(address: str) -> None:
    assert is_allowed(ip_address(address), ())


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",  # carrier-grade NAT
        "100.100.100.200",  # metadata
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",  # metadata, though it looks public
        "169.254.169.254",  # metadata
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",  # metadata
        "192.0.2.1",  # documentation
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",  # benchmarks
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",  # IPv4-compatible
        "::ffff:127.0.0.1",  # IPv4-mapped
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",  # NAT64 of 127.0.0.1
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",  # NAT64 of a network's own
        "2002:7f00:1::1",  # 6to4 of 127.0.0.1
        "2001:0:4136:e378:8000:63bf:80ff:fffe",  # Teredo of 127.0.0.1
        "2001:db8::1",  # documentation
        "fc00::1",
        "fd00:ec2::254",  # metadata
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "4000::1",  # assigned to nobody
    ],
)
def test_is_allowed__not_public(address: str) -> None:
    assert not is_allowed(ip_address(address), ())


def test_is_allowed__networks_of_the_setting() -> None:
    allowed = (ip_network("10.1.0.0/16"), ip_network("fd12::/16"))
    assert is_allowed(ip_address("10.1.2.3"), allowed)
    assert is_allowed(ip_address("::ffff:10.1.2.3"), allowed)
    assert is_allowed(ip_address("fd12::1"), allowed)
    assert not is_allowed(ip_address("10.2.0.1"), allowed)
    assert not is_allowed(ip_address("127.0.0.1"), allowed)


# ---- URLs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://h/%28a%29/%41.jpg", "http://h/%28a%29/%41.jpg"),  # a signature may be made over it
        ("http://h/(a).jpg?s=%28&t=a+b", "http://h/(a).jpg?s=%28&t=a+b"),
        ("http://h/a b.jpg?x=a b", "http://h/a%20b.jpg?x=a%20b"),
        ("http://h/ä.jpg", "http://h/%C3%A4.jpg"),
        ("http://h/100%.jpg", "http://h/100%.jpg"),
        ("http://h/a|b{c}.jpg", "http://h/a%7Cb%7Bc%7D.jpg"),
        ("http://h", "http://h/"),
        ("HTTP://H/A", "http://h/A"),
        ("http://h/a.jpg#part", "http://h/a.jpg"),
        (" http://h/a.jpg\n", "http://h/a.jpg"),
        ("http://h?w=1", "http://h/?w=1"),
        ("http://BÜCHER.example:8080/", "http://xn--bcher-kva.example:8080/"),
        ("http://１２７.０.０.１/", "http://127.0.0.1/"),  # noqa: RUF001
        ("http://u:p%40@h/a", "http://u:p%40@h/a"),
        ("http://[::1]:80/a", "http://[::1]:80/a"),
    ],
)
def test_read_url__as_it_goes_over_the_wire(text: str, url: str) -> None:
    assert str(read_url(text)).replace("http://[::1]/", "http://[::1]:80/") == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.jpg",
        "/a.jpg",
        "//h/a.jpg",
        "http:///a.jpg",
        "http:/h/a.jpg",
        "file:///etc/passwd",
        "ftp://h/a.jpg",
        "gopher://h/",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
        "http://h:99999/",
        "http://h:port/",
        "http://[::1/",
        "http://secret:secret@\\h/",
        "http://secret:secret@h\\@127.0.0.1/",
    ],
)
def test_read_url__refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ImageSkippedError) as caught:
        read_url(text)
    assert caught.value.reason is SkipReason.BAD_URL
    assert "secret" not in caught.value.detail


# ---- resolver and socket -------------------------------------------------------------------------


def resolve(*addresses: str) -> list[str]:
    resolver = CheckedResolver(ScriptedResolver([*addresses]), ())
    return [one["host"] for one in asyncio.run(resolver.resolve("cdn.example", 80))]


def test_resolver__keeps_the_public_addresses() -> None:
    assert resolve("10.0.0.1", "93.184.216.34", "fe80::1%eth0", "::1") == ["93.184.216.34"]


def test_resolver__refused_addresses_only() -> None:
    with pytest.raises(BlockedAddressError, match=r"cdn\.example resolves to 10\.0\.0\.1"):
        resolve("10.0.0.1", "::ffff:127.0.0.1")


def test_resolver__no_address_is_no_refusal() -> None:
    with pytest.raises(OSError, match="no address") as caught:
        resolve()
    assert not isinstance(caught.value, BlockedAddressError)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "017700000001", "0"]
)
def test_no_socket_is_made_for_a_refused_address_however_it_is_written(address: str) -> None:
    info = (socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, 80))
    with pytest.raises(BlockedAddressError):
        make_socket(info, ())


def test_no_socket_is_made_for_a_refused_address_with_a_zone() -> None:
    info = (socket.AF_INET6, socket.SOCK_STREAM, 0, "", ("fe80::1%eth0", 80, 0, 2))
    with pytest.raises(BlockedAddressError):
        make_socket(info, ())


def test_a_socket_is_made_for_an_allowed_address() -> None:
    info = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 80))
    with make_socket(info, (ip_network("127.0.0.0/8"),)) as made:
        assert made.family == socket.AF_INET
