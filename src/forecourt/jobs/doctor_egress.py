"""What the doctor looks at on the way out: the egress policy, and one request if wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from forecourt.core.errors import ImageSkippedError
from forecourt.core.findings import Finding, Level
from forecourt.core.logs import without_query
from forecourt.core.records import Fetched, ImageRequest
from forecourt.core.settings import FetchSettings
from forecourt.core.skips import SkipReason
from forecourt.fetch.client import Fetcher
from forecourt.fetch.egress import read_url

_MENDS = {
    SkipReason.BLOCKED_ADDRESS: (
        "It is not public. Where images may come from there: FORECOURT_FETCH__ALLOW_NETWORKS."
    ),
    SkipReason.DNS_FAILED: "See to this machine's name servers, or to the name.",
    SkipReason.CONNECT_FAILED: "See to the firewall, and to whether the host listens.",
    SkipReason.TIMEOUT: "See to the firewall; some swallow what they refuse.",
}


def check_egress(
    settings: FetchSettings, url: str | None, *, open_fetcher: Callable[[FetchSettings], Fetcher]
) -> Iterator[Finding]:
    """Tell what may be asked; ask for `url` as for an image, without reading its body."""
    yield judge_policy(settings)
    if url is None:
        return
    name = without_query(url)
    try:
        read_url(url)
    except ImageSkippedError as error:
        mend = "Give an absolute URL: https://..."
        yield Finding("egress", Level.FAILED, f"{name}: {error.detail}", mend)
        return
    hasty = settings.model_copy(update={"retries": 0})
    with open_fetcher(hasty) as fetcher:
        (outcome,) = fetcher.fetch(
            [ImageRequest(ref=0, url=url)], want_body=lambda _request, _facts: False
        )
    if isinstance(outcome, Fetched):
        found = f"{name} answers with {outcome.facts.status}; the policy lets it pass"
        yield Finding("egress", Level.OK, found)
        return
    mend = _MENDS.get(outcome.reason, "docs/operations.md lists what helps against each reason.")
    yield Finding("egress", Level.FAILED, f"{name}: {outcome.reason}", mend)


def judge_policy(settings: FetchSettings) -> Finding:
    """Say which addresses may be asked."""
    allowed = settings.allow_networks
    if not allowed:
        return Finding("policy", Level.OK, "images are asked for at public addresses only")
    found = f"besides public addresses: {', '.join(map(str, allowed))}"
    if any(network.prefixlen == 0 for network in allowed):
        mend = "Narrow FORECOURT_FETCH__ALLOW_NETWORKS: feeds choose the URLs, and reach it all."
        return Finding("policy", Level.WARNING, found, mend)
    return Finding("policy", Level.OK, found)
