"""Who may do what. Pure: a rule takes a principal, and its error says what is missing.

A role says whose inventories somebody may touch, and which scopes they may have at most; scopes say
what they may do there. So a key can be narrower than its role, and never wider.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from forecourt.core.errors import ForbiddenError, UsageError
from forecourt.core.fixes import Actor
from forecourt.core.records import LONGEST_ADVERTISER, Role

LONGEST_NAME = 200  # characters of the name of a key or a user


class Scope(StrEnum):
    """What somebody may do with the inventories that their role lets them touch."""

    READ = "read"  # sitemaps, scrapes and their results, fixes
    CLASSIFY = "classify"  # pictures without an inventory
    SCRAPE = "scrape"  # send, cancel and retry scrapes
    FIX = "fix"  # fix, revert, refuse, rule; reset hosts; decide on pictures of datasets
    ADMIN = "admin"  # models, webhooks, keys, users, the whole audit log


_DAILY = frozenset({Scope.READ, Scope.CLASSIFY, Scope.SCRAPE, Scope.FIX})
ROLE_SCOPES: Mapping[Role, frozenset[Scope]] = {
    Role.ADMIN: frozenset(Scope),
    Role.STAFF: _DAILY,
    Role.ADVERTISER: _DAILY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Whoever makes a request, once it is known who that is.

    Attributes:
        name: Of the key, or of the user; the history and the audit log show it.
        advertiser: Whose inventory this is about; given for the role advertiser, and only there.
        scopes: What they may do; at most what the role may.
        key_id: Public part of the API key they came with.
        user_id: Number of the user they signed in as.

    Raises:
        UsageError: the parts do not go together.
    """

    name: str
    role: Role
    advertiser: str | None = None
    scopes: frozenset[Scope]
    key_id: str | None = None
    user_id: int | None = None

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise UsageError("Say who this is: a name that others will recognise.")
        check_role(self.role, self.advertiser, self.scopes)


def check_role(role: Role, advertiser: str | None, scopes: frozenset[Scope]) -> None:
    """Refuse an advertiser without a name, a name without need, and scopes that exceed the role.

    Raises:
        UsageError: see above.
    """
    if role is Role.ADVERTISER and not advertiser:
        raise UsageError("The role advertiser needs the advertiser's name: say which one.")
    if role is not Role.ADVERTISER and advertiser is not None:
        raise UsageError(
            f"The role {role} is for every advertiser; leave out {advertiser!r}, or give the role "
            "advertiser."
        )
    if excess := scopes - ROLE_SCOPES[role]:
        raise UsageError(
            f"The role {role} cannot have the scope {_listed(excess)}; it can have "
            f"{_listed(ROLE_SCOPES[role])}."
        )


def to_actor(principal: Principal) -> Actor:
    """Return the principal as the history of fixes knows people."""
    return Actor(name=principal.name, role=principal.role, advertiser=principal.advertiser)


# ---- rules ---------------------------------------------------------------------------------------


def check_may(principal: Principal, scope: Scope) -> None:
    """Refuse what needs a scope that the principal does not have.

    Raises:
        ForbiddenError: it is named.
    """
    if scope not in principal.scopes:
        raise ForbiddenError(
            f"{principal.name} may not do this: the scope {scope} is missing; there is "
            f"{_listed(principal.scopes) or 'none'}. Ask an admin for it."
        )


def check_may_for(principal: Principal, scope: Scope, advertiser: str) -> None:
    """Refuse what is done for an advertiser whose inventory the principal may not touch.

    The same is said whether the other advertiser exists or not: call this before anything is
    looked up.

    Raises:
        ForbiddenError: another's inventory, or the scope is missing.
    """
    check_may(principal, scope)
    if principal.role is Role.ADVERTISER and principal.advertiser != advertiser:
        raise ForbiddenError(
            f"{principal.name} may touch the inventory of {principal.advertiser} only, not that of "
            f"{advertiser}."
        )


def check_may_for_all(principal: Principal, scope: Scope) -> None:
    """Refuse what concerns every advertiser: conflicts, oddities, hosts, fixes everywhere.

    Raises:
        ForbiddenError: the principal is an advertiser, or the scope is missing.
    """
    check_may(principal, scope)
    if principal.role is Role.ADVERTISER:
        raise ForbiddenError(
            f"This concerns every advertiser, and {principal.name} may touch the inventory of "
            f"{principal.advertiser} only; it needs the role staff or admin."
        )


def check_may_fix(principal: Principal, advertiser: str, *, everywhere: bool = False) -> None:
    """Refuse a fix in a sitemap that is not theirs, or for everyone by an advertiser.

    Raises:
        ForbiddenError: see above, or the scope is missing.
    """
    check_may_for(principal, Scope.FIX, advertiser)
    if everywhere:
        check_may_for_all(principal, Scope.FIX)


def check_may_administer(principal: Principal) -> None:
    """Refuse whoever may not change models, webhooks, keys and users.

    Raises:
        ForbiddenError: the role is another one, or the scope is missing.
    """
    if principal.role is not Role.ADMIN:
        raise ForbiddenError(
            f"{principal.name} has the role {principal.role}; this needs the role admin."
        )
    check_may(principal, Scope.ADMIN)


def check_may_read_log(principal: Principal, advertiser: str | None) -> None:
    """Refuse the audit log: of an advertiser it is for who may read there, all of it for admins.

    Raises:
        ForbiddenError: another's, or all of it for who is no admin, or the scope is missing.
    """
    if advertiser is None:
        check_may_administer(principal)
    else:
        check_may_for(principal, Scope.READ, advertiser)


def _listed(scopes: frozenset[Scope]) -> str:
    return ", ".join(scope for scope in Scope if scope in scopes)


# ---- names ---------------------------------------------------------------------------------------


def clean_name(name: str, what: str = "name", longest: int = LONGEST_NAME) -> str:
    """Return a name that can be stored and shown on one line.

    Raises:
        UsageError: it is empty, too long, or holds what cannot be seen.
    """
    cleaned = name.strip()
    if not cleaned:
        raise UsageError(f"The {what} is empty; give one that others will recognise.")
    if len(cleaned) > longest:
        raise UsageError(
            f"The {what} has {len(cleaned):,} characters; give one of at most {longest}."
        )
    if any(unicodedata.category(one) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for one in cleaned):
        raise UsageError(f"The {what} {cleaned!r} holds characters that cannot be seen.")
    return cleaned


def clean_advertiser(name: str | None) -> str | None:
    """Return the name of the advertiser of a key or a user.

    Raises:
        UsageError: it is no name that an advertiser can have.
    """
    return None if name is None else clean_name(name, "advertiser's name", LONGEST_ADVERTISER)
