"""When the server is away, refuses, or the session has ended: told, and nothing pretended."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from playwright.sync_api import Page, Route, expect

from forecourt import review
from forecourt.store.engine import reading, writing
from forecourt.store.schema import sessions, vehicle_images
from tests.support.gate import PASSWORD
from tests.support.panel import Panel

OpenPage = Callable[..., Page]
FIXES = "**/v1/fixes"


def open_sitemap(open_page: OpenPage, *allow: str) -> Page:
    page = open_page("ada", allow=allow)
    page.goto("/panel/sitemap?advertiser=acme")
    page.locator(".tile").first.click()
    return page


def count_fixes(panel: Panel) -> int:
    with reading(panel.engine) as connection:
        return len(list(review.history(connection, advertiser="acme")))


def test_answer_that_got_lost_is_asked_for_again_and_the_fix_made_once(
    open_page: OpenPage, panel: Panel
) -> None:
    page = open_sitemap(open_page, "ERR_FAILED")
    lost = []

    def lose_the_first_answer(route: Route) -> None:
        if not lost:
            lost.append(route.fetch().status)  # the server has done it
            route.abort()
        else:
            route.continue_()

    page.route(FIXES, lose_the_first_answer)
    page.keyboard.press("s")
    expect(page.locator(".tile").first).to_contain_text("Stock fixed")
    expect(page.locator("body")).to_have_attribute("data-pending", "0")
    assert lost == [201]
    assert count_fixes(panel) == 1


def test_refused_fix_goes_back_to_what_was_shown(open_page: OpenPage, panel: Panel) -> None:
    page = open_sitemap(open_page, "422")
    refusal = {"status": 422, "detail": "Not today: ask Ada."}
    page.route(FIXES, lambda route: route.fulfill(status=422, json=refusal))
    page.keyboard.press("s")
    expect(page.locator("#told")).to_have_text("Not fixed: Not today: ask Ada.")
    expect(page.locator(".tile").first).to_contain_text("Dealer 55 %")
    page.unroute(FIXES)
    page.keyboard.press("p")
    expect(page.locator(".tile").first).to_contain_text("Placeholder fixed")
    expect(page.locator("body")).to_have_attribute("data-pending", "0")
    assert count_fixes(panel) == 1


def test_ended_session_is_told_and_nothing_is_lost(open_page: OpenPage, panel: Panel) -> None:
    page = open_sitemap(open_page, "401", "403")
    with writing(panel.engine) as connection:
        connection.execute(sa.delete(sessions))
    page.keyboard.press("s")
    expect(page.locator("#told")).to_contain_text("Your session has ended")
    expect(page.locator(".tile").first).to_contain_text("Dealer 55 %")
    assert count_fixes(panel) == 0


def test_page_to_sign_in_is_not_drawn_into_another(open_page: OpenPage, panel: Panel) -> None:
    page = open_sitemap(open_page)
    expect(page.locator("#place article")).to_be_visible()

    def lead_to_sign_in(route: Route) -> None:  # as the server does where there is no TLS
        route.fulfill(status=303, headers={"Location": f"{panel.address}/panel/sign-in"})

    with writing(panel.engine) as connection:
        connection.execute(sa.delete(sessions))
    page.route("**/panel/sitemap/place*", lead_to_sign_in)
    page.keyboard.press("ArrowRight")
    expect(page.locator("#told")).to_contain_text("Your session has ended")
    expect(page.get_by_label("Password")).to_have_count(0)


def test_fix_of_what_is_gone_says_that_it_was_not_kept(open_page: OpenPage, panel: Panel) -> None:
    page = open_sitemap(open_page, "404")
    expect(page.locator("#place article")).to_be_visible()
    with writing(panel.engine) as connection:
        connection.execute(sa.delete(vehicle_images))
    page.keyboard.press("ArrowRight")
    expect(page.locator("#told")).to_contain_text("does not stand in the sitemap any more")
    page.keyboard.press("s")
    expect(page.locator("#told")).to_contain_text("Not fixed:")
    page.wait_for_load_state("networkidle")
    expect(page.locator("#told")).to_contain_text("Not fixed:")


def test_somebody_else_signed_in_meanwhile_is_named(open_page: OpenPage, panel: Panel) -> None:
    page = open_sitemap(open_page, "403")
    other = page.context.new_page()
    other.goto("/panel/")
    other.get_by_role("button", name="Sign out").click()
    other.get_by_label("Name").fill("root")
    other.get_by_label("Password").fill(PASSWORD)
    other.keyboard.press("Enter")
    other.wait_for_url("**/panel/")
    page.keyboard.press("s")
    expect(page.locator("#told")).to_contain_text("root is signed in in this browser by now")
    assert count_fixes(panel) == 0


def test_who_signs_in_again_in_another_tab_goes_on_in_the_first(
    open_page: OpenPage, panel: Panel
) -> None:
    page = open_sitemap(open_page, "401", "403")
    with writing(panel.engine) as connection:
        connection.execute(sa.delete(sessions))
    other = page.context.new_page()
    other.goto("/panel/sign-in")
    other.get_by_label("Name").fill("ada")
    other.get_by_label("Password").fill(PASSWORD)
    other.keyboard.press("Enter")
    other.wait_for_url("**/panel/")
    page.keyboard.press("s")
    expect(page.locator("body")).to_have_attribute("data-pending", "0")
    expect(page.locator(".tile").first).to_contain_text("Stock fixed")
    assert count_fixes(panel) == 1


def test_fixes_made_quickly_are_kept_in_order_and_undone_in_reverse(
    open_page: OpenPage, panel: Panel
) -> None:
    page = open_sitemap(open_page)
    for key in "srdbpw":
        page.keyboard.press(key)
    page.keyboard.press("u")
    page.keyboard.press("u")
    expect(page.locator("body")).to_have_attribute("data-pending", "0")
    expect(page.locator(".tile.fresh")).to_have_count(0)
    expect(page.locator(".tile").first).to_contain_text("Dealer fixed")
    expect(page.locator(".tile").first).to_contain_text("Blue fixed")
    with reading(panel.engine) as connection:
        live = [one.value for one in review.history(connection, advertiser="acme") if one.is_live]
    assert live == ["Stock", "Red", "Dealer", "Blue"]


def test_hundred_fixes_as_fast_as_keys_go_are_all_there_in_order(
    open_page: OpenPage, panel: Panel
) -> None:
    page = open_sitemap(open_page)
    urls = [one.get_attribute("data-url") for one in page.locator(".tile").all()]
    pressed = [(urls[number % 50], "srdbw"[number % 5]) for number in range(100)]
    for number, (_url, key) in enumerate(pressed):
        page.keyboard.press(key)
        page.keyboard.press("ArrowRight" if number % 50 < 49 else "Home")
        if number == 49:
            page.locator(".tile").first.click()
    expect(page.locator("body")).to_have_attribute("data-pending", "0", timeout=60_000)
    said = {"s": "Stock", "r": "Red", "d": "Dealer", "b": "Blue", "w": "White"}
    with reading(panel.engine) as connection:
        made = [(one.url, one.value) for one in review.history(connection, advertiser="acme")]
    assert made == [(url, said[key]) for url, key in pressed]
