"""Which pages stand in the bar on top, and for whom."""

from __future__ import annotations

from typing import NamedTuple

from forecourt.core.records import Role

_STAFF = frozenset({Role.STAFF, Role.ADMIN})
_ADMINS = frozenset({Role.ADMIN})
_ADVERTISERS = frozenset({Role.ADVERTISER})


class Entry(NamedTuple):
    """One page: what it is called, its address below `/panel`, and who has it in their bar."""

    label: str
    page: str
    roles: frozenset[Role]


ENTRIES = (
    Entry("Advertisers", "", _STAFF),
    Entry("Your vehicles", "sitemap", _ADVERTISERS),
    Entry("Queue", "queue", _STAFF | _ADVERTISERS),
    Entry("Health", "health", _STAFF),
    Entry("Conflicts", "conflicts", _STAFF),
    Entry("Oddities", "oddities", _STAFF),
    Entry("Hosts", "hosts", _STAFF),
    Entry("Datasets", "datasets", _STAFF),
    Entry("Models", "models", _STAFF),
    Entry("Audit log", "audit", _ADMINS),
    Entry("Users", "users", _ADMINS),
    Entry("Keys", "keys", _ADMINS),
    Entry("Webhooks", "webhooks", _ADMINS),
)
