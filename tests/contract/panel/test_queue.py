"""The queue's page: who may open it, and for whom."""

from __future__ import annotations

import html

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from forecourt.store.engine import writing
from forecourt.store.schema import advertisers
from forecourt.web.service import Service
from tests.support.stocked import AT

HOSTILE = "\"><script>alert(1)</script>'{{7*7}}"


def test_queue__is_for_whoever_is_signed_in(
    staff: TestClient, owner: TestClient, visitors: object
) -> None:
    page = staff.get("/panel/queue").text
    assert 'data-advertiser=""' in page
    assert "data-may-fix" in page
    assert "by all" in page
    own = owner.get("/panel/queue").text
    assert 'data-advertiser="acme"' in own
    assert "by all" not in own
    assert "for every advertiser" not in own
    stranger = visitors.stranger()  # type: ignore[attr-defined]
    answer = stranger.get("/panel/queue", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/panel/sign-in")


@pytest.mark.parametrize("name", ["zenith", "nobody"])
def test_queue__an_advertiser_is_not_told_of_others(owner: TestClient, name: str) -> None:
    assert owner.get("/panel/queue", params={"advertiser": name}).status_code == 404


def test_queue__staff_are_told_that_a_name_is_nobodys(staff: TestClient) -> None:
    answer = staff.get("/panel/queue", params={"advertiser": "acne"})
    assert answer.status_code == 404
    assert "There is no advertiser" in answer.text


def test_queue__hostile_names_are_text(staff: TestClient, service: Service) -> None:
    with writing(service.engine) as connection:
        connection.execute(sa.insert(advertisers).values(id=HOSTILE, created_at=AT))
    page = staff.get("/panel/queue", params={"advertiser": HOSTILE}).text
    assert "<script>alert" not in page
    assert (
        html.escape(HOSTILE, quote=True).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
        in page
    )
