"""The page of whoever is signed in, in a real browser: another password."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from forecourt import access
from tests.support.gate import PASSWORD
from tests.support.panel import Panel

OpenPage = Callable[..., Page]
Look = Callable[[Page, str], None]
ANOTHER = "seven words that nobody else has thought of"


def change(page: Page, current: str, new: str) -> None:
    page.get_by_label("Password until now").fill(current)
    page.get_by_label("New password").fill(new)
    page.get_by_role("button", name="Change the password").click()


@pytest.mark.parametrize("name", ["ada", "acme"])  # an advertiser has the page, too
def test_who_changes_the_password_signs_in_with_the_new_one(
    panel: Panel, open_page: OpenPage, look: Look, name: str
) -> None:
    elsewhere, page = open_page(name), open_page(name)
    page.get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("main")).to_contain_text(f"signed in as {name}")
    look(page, f"account-{name}")
    change(page, PASSWORD, ANOTHER)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(ANOTHER)
    page.keyboard.press("Enter")
    expect(page.locator("#told")).to_contain_text("Your password is changed")
    elsewhere.reload()
    expect(elsewhere.get_by_role("heading", name="Sign in")).to_be_visible()
    now = datetime.now(UTC)
    assert access.authenticate_user(panel.engine, name, PASSWORD, now=now) is None
    assert access.authenticate_user(panel.engine, name, ANOTHER, now=now) is not None


def test_without_the_password_until_now_nothing_changes(panel: Panel, open_page: OpenPage) -> None:
    page = open_page("ada", allow=("403",))
    page.goto("/panel/account")
    change(page, "wrong horse battery", ANOTHER)
    expect(page.locator("#told")).to_contain_text("nothing was changed")
    change(page, PASSWORD, "too short")
    assert page.get_by_label("New password").evaluate("field => field.validity.tooShort")
    now = datetime.now(UTC)
    assert access.authenticate_user(panel.engine, "ada", PASSWORD, now=now) is not None
