"""The sitemap as a person has it: looking, moving, selecting, fixing, undoing."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.panel import Panel
from tests.support.stocked import stock

OpenPage = Callable[..., Page]
Look = Callable[[Page, str], None]


@pytest.fixture
def sitemap(page: Page) -> Page:
    page.goto("/panel/sitemap?advertiser=acme")
    return page


def tile(page: Page, number: int) -> Locator:
    return page.locator(".tile").nth(number)


def settle(page: Page) -> None:
    """Wait until the server has answered all, and has drawn what it changed."""
    expect(page.locator("body")).to_have_attribute("data-pending", "0")
    expect(page.locator(".tile.fresh")).to_have_count(0)


def test_all_is_there_to_see(sitemap: Page, look: Look) -> None:
    expect(sitemap.get_by_role("heading", level=1)).to_have_text("acme")
    expect(sitemap.locator(".vehicle")).to_have_count(12)
    expect(sitemap.locator(".tile")).to_have_count(72)
    expect(sitemap.locator(".tile.skipped")).to_have_count(1)
    expect(sitemap.locator(".tile.skipped")).to_contain_text("timeout")
    look(sitemap, "sitemap")
    tile(sitemap, 1).click()
    expect(sitemap.locator("#place dl")).to_contain_text("most probable")
    look(sitemap, "sitemap-place")


def test_one_key_fixes_the_image_in_focus_and_u_takes_it_back(sitemap: Page) -> None:
    tile(sitemap, 0).click()
    sitemap.keyboard.press("s")
    expect(tile(sitemap, 0)).to_contain_text("Stock fixed")
    settle(sitemap)
    expect(tile(sitemap, 0)).to_contain_text("model: Dealer")
    sitemap.reload()
    expect(tile(sitemap, 0)).to_contain_text("Stock fixed")
    tile(sitemap, 0).click()
    sitemap.keyboard.press("p")
    expect(tile(sitemap, 0)).to_contain_text("no colour")
    sitemap.keyboard.press("u")
    expect(tile(sitemap, 0)).to_contain_text("Stock fixed")
    settle(sitemap)
    sitemap.reload()
    expect(tile(sitemap, 0)).to_contain_text("Stock fixed")


def test_every_key_sets_what_the_help_says(sitemap: Page, look: Look) -> None:
    sitemap.keyboard.press("?")
    expect(sitemap.get_by_role("heading", name="Keys")).to_be_visible()
    look(sitemap, "sitemap-keys")
    keys = sitemap.locator("#keys kbd[data-set-color]")
    colors = {one.inner_text(): one.get_attribute("data-set-color") for one in keys.all()}
    sitemap.keyboard.press("Escape")
    assert len(colors) == 13
    tile(sitemap, 1).click()
    for key, color in colors.items():
        sitemap.keyboard.press(key)
        expect(tile(sitemap, 1)).to_have_attribute("data-color", color or "")
    for key, image_type in {"d": "Dealer", "s": "Stock", "p": "Placeholder"}.items():
        sitemap.keyboard.press(key)
        expect(tile(sitemap, 1)).to_have_attribute("data-type", image_type)
    settle(sitemap)
    expect(tile(sitemap, 1)).to_have_attribute("data-type", "Placeholder")


def test_arrows_move_space_and_shift_select_enter_applies(sitemap: Page, look: Look) -> None:
    tile(sitemap, 0).click()
    sitemap.keyboard.press("ArrowRight")
    expect(tile(sitemap, 1)).to_be_focused()
    sitemap.keyboard.press("Space")
    sitemap.keyboard.press("Shift+ArrowRight")
    sitemap.keyboard.press("Shift+ArrowRight")
    expect(sitemap.locator(".tile[aria-selected=true]")).to_have_count(3)
    sitemap.keyboard.press("s")
    sitemap.keyboard.press("r")
    expect(sitemap.locator("#staged")).to_have_text("→ Stock, Red")
    expect(tile(sitemap, 1)).to_have_attribute("data-type", "Dealer")
    look(sitemap, "sitemap-selection")
    sitemap.keyboard.press("Enter")
    for number in (1, 2, 3):
        expect(tile(sitemap, number)).to_have_attribute("data-type", "Stock")
        expect(tile(sitemap, number)).to_have_attribute("data-color", "Red")
    expect(sitemap.locator(".tile[aria-selected=true]")).to_have_count(0)
    settle(sitemap)
    sitemap.get_by_role("button", name="Undo").click()
    expect(tile(sitemap, 2)).to_have_attribute("data-type", "Dealer")
    settle(sitemap)
    tile(sitemap, 0).click()
    sitemap.keyboard.press("ArrowDown")
    focused = sitemap.evaluate(
        "[...document.querySelectorAll('.tile')].indexOf(document.activeElement)"
    )
    assert focused > 1
    sitemap.keyboard.press("ArrowUp")
    expect(tile(sitemap, 0)).to_be_focused()
    sitemap.keyboard.press("ArrowLeft")
    sitemap.keyboard.press("Space")
    sitemap.keyboard.press("Escape")
    expect(sitemap.locator(".tile[aria-selected=true]")).to_have_count(0)


def test_zoom_and_search_by_keys(sitemap: Page) -> None:
    tile(sitemap, 0).click()
    sitemap.keyboard.press("z")
    expect(sitemap.locator("#zoomed")).to_be_visible()
    sitemap.keyboard.press("Escape")
    sitemap.keyboard.press("/")
    expect(sitemap.get_by_label("Search")).to_be_focused()
    sitemap.keyboard.type("stock-3")
    sitemap.keyboard.press("Enter")
    expect(sitemap.locator(".vehicle")).to_have_count(1)


def test_drop_downs_and_the_update_button(sitemap: Page) -> None:
    tile(sitemap, 1).click()
    place = sitemap.locator("#place")
    expect(place.get_by_label("Type")).to_have_value("Dealer")
    place.get_by_label("Type").select_option("Stock")
    place.get_by_label("Colour").select_option("Pink")
    place.get_by_label("Why").fill("it is a render")
    place.get_by_role("button", name="Update").click()
    expect(tile(sitemap, 1)).to_have_attribute("data-color", "Pink")
    settle(sitemap)
    expect(tile(sitemap, 1)).to_contain_text("Pink fixed")


def test_skipped_image_starts_at_placeholder_and_black(sitemap: Page) -> None:
    sitemap.locator(".tile.skipped").click()
    place = sitemap.locator("#place")
    expect(place).to_contain_text("Skipped: timeout")
    expect(place.get_by_label("Type")).to_have_value("Placeholder")
    expect(place.get_by_label("Colour")).to_have_value("Black")


def test_range_by_click_and_touch_selection(sitemap: Page) -> None:
    tile(sitemap, 6).click()
    tile(sitemap, 9).click(modifiers=["Shift"])
    expect(sitemap.locator(".tile[aria-selected=true]")).to_have_count(4)
    sitemap.get_by_role("button", name="Clear").click()
    sitemap.get_by_role("button", name="Select", exact=True).click()
    tile(sitemap, 6).click()
    tile(sitemap, 8).click()
    expect(sitemap.locator(".tile[aria-selected=true]")).to_have_count(2)


def test_filters_stand_in_the_address(sitemap: Page, look: Look) -> None:
    sitemap.locator(".filters select[name=type]").select_option("Stock")
    sitemap.get_by_role("button", name="Show", exact=True).click()
    expect(sitemap).to_have_url(re.compile("type=Stock"))
    expect(sitemap.locator(".tile[data-type=Dealer]")).to_have_count(0)
    assert sitemap.locator(".tile[data-type=Stock]").count() > 0
    look(sitemap, "sitemap-filtered")
    sitemap.get_by_role("link", name="Show all").click()
    expect(sitemap.locator(".tile")).to_have_count(72)


def test_all_that_fit_are_counted_then_fixed(sitemap: Page, look: Look) -> None:
    sitemap.goto("/panel/sitemap?advertiser=acme&type=Placeholder&status=tagged")
    sitemap.get_by_role("button", name="Fix all that fit").click()
    dialog = sitemap.get_by_role("dialog")
    dialog.get_by_label("Type").select_option("Stock")
    look(sitemap, "sitemap-bulk")
    dialog.get_by_role("button", name="Count").click()
    expect(dialog).to_contain_text("3 images would be fixed.")
    dialog.get_by_role("button", name="Fix 3 images").click()
    expect(dialog).to_be_hidden()
    expect(sitemap.locator("#told")).to_have_text("Stock on 3 images.")
    expect(sitemap.locator(".tile[data-type=Stock]")).to_have_count(3)


def test_fix_of_all_that_fit_is_taken_back_by_u(sitemap: Page) -> None:
    sitemap.goto("/panel/sitemap?advertiser=acme&type=Placeholder&status=tagged")
    sitemap.get_by_role("button", name="Fix all that fit").click()
    dialog = sitemap.get_by_role("dialog")
    dialog.get_by_label("Type").select_option("Stock")
    dialog.get_by_role("button", name="Count").click()
    dialog.get_by_role("button", name="Fix 3 images").click()
    expect(sitemap.locator(".tile[data-type=Stock]")).to_have_count(3)
    sitemap.keyboard.press("u")
    expect(sitemap.locator("#told")).to_have_text("Undone: Stock on 3 images.")
    expect(sitemap.locator(".tile[data-type=Placeholder]")).to_have_count(3)
    sitemap.reload()
    expect(sitemap.locator(".tile[data-type=Placeholder]")).to_have_count(3)


def test_large_selection_is_one_act(sitemap: Page, panel: Panel) -> None:
    stock(
        panel.engine,
        "large",
        vehicles_count=1,
        images_each=300,
        model_version=panel.service.model_version,
        media=panel.media,
    )
    sitemap.goto("/panel/sitemap?advertiser=large")
    before = sitemap.locator(".tile[data-type=Stock]").count()
    tile(sitemap, 0).click()
    tile(sitemap, 299).click(modifiers=["Shift"])
    sitemap.keyboard.press("s")
    sitemap.keyboard.press("Enter")
    settle(sitemap)
    expect(sitemap.locator(".tile[data-type=Stock]")).to_have_count(300)
    sitemap.keyboard.press("u")
    expect(sitemap.locator("#told")).to_have_text("Undone: Stock on 300 images.")
    settle(sitemap)
    expect(sitemap.locator(".tile[data-type=Stock]")).to_have_count(before)


def test_selection_on_a_phone_is_given_a_type(open_page: Callable[..., Page]) -> None:
    page = open_page("acme", phone=True)
    page.get_by_role("button", name="Select", exact=True).tap()
    for number in (0, 1, 2):
        tile(page, number).tap()
    expect(page.get_by_text("3 selected")).to_be_visible()
    expect(page.locator("#place")).to_be_hidden()
    page.get_by_role("button", name="Keys").tap()
    page.get_by_role("dialog").get_by_role("listitem").filter(has_text="Stock").tap()
    page.get_by_role("button", name="Apply").tap()
    expect(page.locator("#told")).to_have_text("Stock on 3 images.")
    for number in (0, 1, 2):
        expect(tile(page, number)).to_contain_text("Stock fixed")


def test_more_vehicles_come_as_one_scrolls(page: Page, panel: Panel) -> None:
    stock(
        panel.engine,
        "large",
        vehicles_count=70,
        images_each=3,
        model_version=panel.service.model_version,
        media=panel.media,
    )
    page.goto("/panel/sitemap?advertiser=large")
    expect(page.locator(".vehicle")).to_have_count(24)
    for _ in range(10):
        page.mouse.wheel(0, 4_000)
        page.wait_for_timeout(100)
    expect(page.locator(".vehicle")).to_have_count(70)


def test_advertiser_sees_and_fixes_its_own_only(open_page: OpenPage) -> None:
    page = open_page("acme", allow=("404",))
    expect(page.get_by_role("heading", level=1)).to_have_text("acme")
    tile(page, 0).click()
    page.keyboard.press("s")
    settle(page)
    expect(tile(page, 0)).to_contain_text("Stock fixed")
    expect(page.locator("#place")).not_to_contain_text("every advertiser")
    page.goto("/panel/sitemap?advertiser=zenith")
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
