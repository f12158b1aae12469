"""No mixture of role, scopes and advertisers lets anybody through who may not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from forecourt.core.access import (
    ROLE_SCOPES,
    Principal,
    Scope,
    check_may_administer,
    check_may_fix,
    check_may_for,
    check_may_for_all,
    to_actor,
)
from forecourt.core.credentials import login_wait_s
from forecourt.core.errors import ForbiddenError, UsageError
from forecourt.core.fixes import check_may_fix as check_actor_may_fix
from forecourt.core.records import Role
from tests.support.gate import START

names = st.sampled_from(["acme", "Acme", "acme ", "zenith", "*", "acme,zenith"]) | st.text(
    min_size=1, max_size=8
)


@st.composite
def principals(draw: st.DrawFn, roles: st.SearchStrategy[Role]) -> Principal:
    role = draw(roles)
    scopes = draw(st.frozensets(st.sampled_from(sorted(ROLE_SCOPES[role]))))
    advertiser = draw(names) if role is Role.ADVERTISER else None
    return Principal(name="kim", role=role, advertiser=advertiser, scopes=scopes)


def may(check: Callable[[], None]) -> bool:
    try:
        check()
    except ForbiddenError:
        return False
    return True


@given(principals(st.just(Role.ADVERTISER)), names, st.sampled_from(Scope))
def test_an_advertiser_never_passes_for_another(
    principal: Principal, other: str, scope: Scope
) -> None:
    assume(other != principal.advertiser)
    assert not may(lambda: check_may_for(principal, scope, other))
    assert not may(lambda: check_may_fix(principal, other))
    assert not may(lambda: check_may_fix(principal, principal.advertiser or "", everywhere=True))
    with pytest.raises(UsageError):
        check_actor_may_fix(to_actor(principal), other, everywhere=False)


@given(principals(st.sampled_from(Role)), names, st.sampled_from(Scope))
def test_what_may_be_done_is_what_role_and_scopes_say(
    principal: Principal, advertiser: str, scope: Scope
) -> None:
    has = scope in principal.scopes
    is_bound = principal.role is Role.ADVERTISER
    own = not is_bound or principal.advertiser == advertiser
    assert may(lambda: check_may_for(principal, scope, advertiser)) == (has and own)
    assert may(lambda: check_may_for_all(principal, scope)) == (has and not is_bound)
    assert may(lambda: check_may_administer(principal)) == (Scope.ADMIN in principal.scopes)


@given(st.integers(0, 2_000), st.floats(0, 100_000))
def test_the_wait_after_failures_grows_and_ends(failures: int, passed_s: float) -> None:
    now = START + timedelta(seconds=passed_s)
    wait_s = login_wait_s(failures, START, now)
    assert 0 <= wait_s <= 900
    assert wait_s <= login_wait_s(failures + 1, START, now)
    assert (wait_s == 0) == (failures < 5 or passed_s >= login_wait_s(failures, START, START))
