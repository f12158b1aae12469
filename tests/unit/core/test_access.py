"""Who may do what, as the errors say it."""

from __future__ import annotations

from typing import Any

import pytest

from forecourt.core.access import (
    ROLE_SCOPES,
    Principal,
    Scope,
    check_may,
    check_may_administer,
    check_may_fix,
    check_may_for,
    check_may_for_all,
    clean_name,
    to_actor,
)
from forecourt.core.errors import ForbiddenError, UsageError
from forecourt.core.fixes import check_may_fix as check_actor_may_fix
from forecourt.core.records import Role


def principal(role: Role, *scopes: Scope, advertiser: str | None = None) -> Principal:
    if role is Role.ADVERTISER:
        advertiser = advertiser or "acme"
    granted = frozenset(scopes) or ROLE_SCOPES[role]
    return Principal(name="kim", role=role, advertiser=advertiser, scopes=granted)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"role": Role.ADVERTISER}, "needs the advertiser's name"),
        ({"role": Role.ADVERTISER, "advertiser": ""}, "needs the advertiser's name"),
        ({"role": Role.STAFF, "advertiser": "acme"}, "leave out 'acme'"),
        ({"role": Role.STAFF, "scopes": frozenset({Scope.ADMIN})}, "cannot have the scope admin"),
        ({"role": Role.STAFF, "name": " "}, "Say who this is"),
    ],
)
def test_parts_that_do_not_go_together_are_refused(parts: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Principal(**{"name": "kim", "scopes": frozenset(), **parts})


def test_a_missing_scope_is_named_with_those_that_are_there() -> None:
    reader = principal(Role.STAFF, Scope.READ, Scope.FIX)
    check_may(reader, Scope.FIX)
    with pytest.raises(ForbiddenError, match="the scope scrape is missing; there is read, fix"):
        check_may(reader, Scope.SCRAPE)


def test_an_advertiser_may_touch_their_own_inventory_only() -> None:
    acme = principal(Role.ADVERTISER)
    check_may_for(acme, Scope.SCRAPE, "acme")
    check_may_fix(acme, "acme")
    for refused in (
        lambda: check_may_for(acme, Scope.READ, "zenith"),
        lambda: check_may_for(acme, Scope.READ, "Acme"),
        lambda: check_may_fix(acme, "zenith"),
    ):
        with pytest.raises(ForbiddenError, match="the inventory of acme only"):
            refused()


@pytest.mark.parametrize("role", [Role.STAFF, Role.ADMIN])
def test_staff_may_touch_every_inventory_and_fix_everywhere(role: Role) -> None:
    one = principal(role)
    check_may_for(one, Scope.READ, "zenith")
    check_may_fix(one, "zenith", everywhere=True)
    check_may_for_all(one, Scope.READ)


def test_an_advertiser_may_not_fix_everywhere_nor_see_what_concerns_all() -> None:
    acme = principal(Role.ADVERTISER)
    with pytest.raises(ForbiddenError, match="needs the role staff or admin"):
        check_may_fix(acme, "acme", everywhere=True)
    with pytest.raises(ForbiddenError, match="needs the role staff or admin"):
        check_may_for_all(acme, Scope.READ)


def test_a_reading_key_may_not_fix_whatever_its_role() -> None:
    for role in Role:
        with pytest.raises(ForbiddenError, match="the scope fix is missing"):
            check_may_fix(principal(role, Scope.READ), "acme")


def test_only_admins_with_the_scope_administer() -> None:
    check_may_administer(principal(Role.ADMIN))
    for role in (Role.STAFF, Role.ADVERTISER):
        with pytest.raises(ForbiddenError, match="needs the role admin"):
            check_may_administer(principal(role))
    with pytest.raises(ForbiddenError, match="the scope admin is missing"):
        check_may_administer(principal(Role.ADMIN, Scope.READ))


def test_the_actor_of_an_advertiser_is_bound_to_the_same_inventory() -> None:
    actor = to_actor(principal(Role.ADVERTISER))
    check_actor_may_fix(actor, "acme", everywhere=False)
    with pytest.raises(UsageError, match="acme only"):
        check_actor_may_fix(actor, "zenith", everywhere=False)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (" \t", "is empty"),
        ("x" * 201, "has 201 characters"),
        ("a\nb", "cannot be seen"),
        ("a\0b", "cannot be seen"),
        ("Ada\u200b", "cannot be seen"),
        ("\ud800", "cannot be seen"),
    ],
)
def test_names_that_others_could_not_read_are_refused(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        clean_name(name)
    assert clean_name(" Zoë O'Hara ") == "Zoë O'Hara"
