"""The egress policy at work: nothing but what is allowed is ever connected to."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from forecourt.core.records import Fetched, ImageRequest, NotFetched
from forecourt.core.settings import FetchSettings
from forecourt.fetch.client import Fetcher
from tests.contract.fetch.conftest import Ask, Outcome
from tests.support.image_host import ImageHost
from tests.support.name_server import ScriptedResolver


@pytest.mark.parametrize(
    "name",
    [
        "127.0.0.1",
        "localhost",
        "0.0.0.0",  # noqa: S104
        "0",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "017700000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "１２７.０.０.１",  # noqa: RUF001  # digits that turn into others on the way to the socket
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "[::1]",
        "[::]",
        "[::127.0.0.1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "user@127.0.0.1",
        "93.184.216.34@127.0.0.1",
    ],
)
def test_no_spelling_of_loopback_gets_through(host: ImageHost, ask: Ask, name: str) -> None:
    host.put("/a.jpg", b"secret")
    (outcome,) = ask(f"http://{name}:{host.port}/a.jpg", allow_networks=(), retries=0)
    assert isinstance(outcome, NotFetched)
    assert outcome.reason in {"blocked_address", "bad_url"}
    assert host.log == []


@pytest.mark.parametrize(
    "name", ["169.254.169.254", "[fd00:ec2::254]", "100.100.100.200", "10.0.0.1", "[fe80::1%25lo]"]
)
def test_metadata_and_intranets_are_refused_before_any_connection(ask: Ask, name: str) -> None:
    (outcome,) = ask(f"http://{name}/latest/", allow_networks=(), retries=0)
    assert isinstance(outcome, NotFetched)
    assert outcome.reason == "blocked_address"


def test_an_explicit_setting_allows_a_network(host: ImageHost, ask: Ask) -> None:
    host.put("/a.jpg", b"x")
    urls = [host.url("/a.jpg"), f"http://localhost:{host.port}/a.jpg", "http://10.0.0.1/a.jpg"]
    outcomes = ask(*urls, allow_networks=(ip_network("127.0.0.0/8"),))
    assert [isinstance(outcome, Fetched) for outcome in outcomes] == [True, True, False]


def test_a_name_is_pinned_to_the_addresses_that_were_checked(host: ImageHost, ask: Ask) -> None:
    """Of a public and a private address only the public one is ever connected to."""
    host.put("/a.jpg", b"x")
    only = (ip_network("127.0.0.1/32"),)
    mixed = ScriptedResolver(["127.0.0.2", "::1", "127.0.0.1"])
    (outcome,) = ask(f"http://cdn.example:{host.port}/a.jpg", resolver=mixed, allow_networks=only)
    assert isinstance(outcome, Fetched)
    private = ScriptedResolver(["127.0.0.2", "::1"])
    (outcome,) = ask(f"http://cdn.example:{host.port}/a.jpg", resolver=private, allow_networks=only)
    assert isinstance(outcome, NotFetched)
    assert outcome.reason == "blocked_address"
    assert "127.0.0.2" in outcome.detail


def test_a_name_that_turns_private_is_refused(
    host: ImageHost, fetch_settings: FetchSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The resolver answers well the first time and badly the second: rebinding."""
    host.put("/a.jpg", b"x", headers={"Connection": "close"})
    monkeypatch.setattr("aiohttp.connector._DNSCacheTable.expired", lambda *_: True)
    limits = fetch_settings.model_copy(update={"allow_networks": (ip_network("127.0.0.1/32"),)})
    resolver = ScriptedResolver(["127.0.0.1"], ["127.0.0.2"])
    outcomes: list[Outcome] = []
    with Fetcher(limits, resolver=resolver) as fetcher:
        for n in range(2):
            request = ImageRequest(ref=n, url=f"http://cdn.example:{host.port}/a.jpg")
            outcomes += fetcher.fetch([request], want_body=lambda *_: True)
    assert isinstance(outcomes[0], Fetched)
    assert isinstance(outcomes[1], NotFetched)
    assert outcomes[1].reason == "blocked_address"
    assert len(host.log) == 1


def test_a_redirect_to_a_name_is_resolved_under_the_policy(host: ImageHost, ask: Ask) -> None:
    resolver = ScriptedResolver(["10.0.0.1"])
    url = host.put("/a.jpg", b"", status=302, headers={"Location": "http://inside.example/"})
    (outcome,) = ask(url, resolver=resolver)
    assert isinstance(outcome, NotFetched)
    assert (outcome.reason, resolver.asked) == ("blocked_address", ["inside.example"])


def test_names_in_other_scripts_are_asked_for_in_ascii(host: ImageHost, ask: Ask) -> None:
    resolver = ScriptedResolver(["127.0.0.1"])
    host.put("/a.jpg", b"x")
    (outcome,) = ask(f"http://bücher.example:{host.port}/a.jpg", resolver=resolver)
    assert isinstance(outcome, Fetched)
    assert resolver.asked == ["xn--bcher-kva.example"]
    assert host.log[0].headers["Host"] == f"xn--bcher-kva.example:{host.port}"


@pytest.mark.parametrize("answer", [[], OSError(-2, "Name or service not known")])
def test_a_name_without_an_address(ask: Ask, answer: list[str] | OSError) -> None:
    (outcome,) = ask("http://gone.example/a.jpg", resolver=ScriptedResolver(answer))
    assert isinstance(outcome, NotFetched)
    assert outcome.reason == "dns_failed"
