"""Signing in and out, and what the first page shows to whom."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

OpenPage = Callable[..., Page]
Look = Callable[[Page, str], None]


def test_wrong_password_is_told_and_the_name_stays(open_page: OpenPage, look: Look) -> None:
    page = open_page(None, allow=("401",))
    page.goto("/panel/")
    expect(page).to_have_url(page.url.split("/panel")[0] + "/panel/sign-in?next=%2Fpanel%2F")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill("wrong horse battery")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Nobody signs in with this name")
    expect(page.get_by_label("Name")).to_have_value("ada")
    look(page, "sign-in")


def test_one_comes_back_to_where_one_wanted_to_go(open_page: OpenPage) -> None:
    page = open_page(None)
    page.goto("/panel/?find=zen")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill("correct horse battery")
    page.keyboard.press("Enter")
    page.wait_for_url("**/panel/?find=zen")
    expect(page.get_by_role("rowheader")).to_have_text(["zenith"])


def test_staff_see_all_advertisers_and_find_one(page: Page, look: Look) -> None:
    expect(page.get_by_role("rowheader")).to_have_text(["acme", "zenith"])
    look(page, "advertisers")
    page.get_by_role("searchbox").fill("ZEN")
    page.keyboard.press("Enter")
    expect(page.get_by_role("rowheader")).to_have_text(["zenith"])
    page.get_by_role("searchbox").fill("nobody")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Nobody is called so")).to_be_visible()


def test_who_signs_out_is_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto("/panel/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_unknown_page_says_so(open_page: OpenPage, look: Look) -> None:
    page = open_page("ada", allow=("404",))
    page.goto("/panel/no-such-page")
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    look(page, "not-found")
