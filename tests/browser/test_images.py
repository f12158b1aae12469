"""An image's page in a browser: looked at, fixed by keys, by lists, by a look, and undone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from forecourt.store.engine import reading
from forecourt.store.schema import fixes, vehicle_images
from tests.support.panel import Panel

OpenPage = Callable[..., Page]
Look = Callable[[Page, str], None]
URL = "https://img.example.com/acme/1/0.jpg"


@pytest.fixture
def address(panel: Panel) -> str:
    """Of the page of an image that the model takes for Dealer, Blue."""
    with reading(panel.engine) as connection:
        image_id = connection.scalar(
            sa.select(vehicle_images.c.image_id).where(vehicle_images.c.url == URL)
        )
    return f"/panel/images/{image_id}?advertiser=acme"


def kept(panel: Panel) -> list[tuple[str, str | None]]:
    with reading(panel.engine) as connection:
        rows = connection.execute(sa.select(fixes.c.field, fixes.c.value).order_by(fixes.c.id))
        return [(row.field, row.value) for row in rows]


def settled(page: Page) -> None:
    expect(page.locator("body")).to_have_attribute("data-pending", "0")
    page.wait_for_load_state("networkidle")
    expect(page.locator("#told.bad")).to_have_count(0)


def test_image_is_fixed_by_keys_and_undone(
    panel: Panel, page: Page, look: Look, address: str
) -> None:
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Image ")
    look(page, "image")
    page.keyboard.press("s")
    expect(page.locator("#told")).to_have_text("Stock.")
    expect(page.locator("#shown")).to_contain_text("fixed by staff (ada)")
    page.keyboard.press("r")
    expect(page.locator("#history")).to_contain_text("Colour: Blue → Red")
    settled(page)
    assert kept(panel) == [("image_type", "Stock"), ("color", "Red")]
    look(page, "image-fixed")
    page.keyboard.press("u")
    expect(page.locator("#told")).to_have_text("Undone: Red.")
    expect(page.locator("#history .dead")).to_contain_text("Colour: Blue → Red")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#history .dead")).to_have_count(2)
    page.keyboard.press("u")
    expect(page.locator("#told")).to_have_text("There is nothing to undo.")
    page.reload()
    expect(page.locator("#history .dead")).to_have_count(2)


def test_every_key_is_a_fix(panel: Panel, page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("#fix")).to_be_visible()
    keys = page.locator("#keys kbd[data-set-type], #keys kbd[data-set-color]")
    said = []
    for one in keys.all():
        is_type = one.get_attribute("data-set-type")
        value = is_type or one.get_attribute("data-set-color")
        said.append(("image_type" if is_type else "color", None if value == "none" else value))
        page.keyboard.press(one.text_content() or "")
    settled(page)
    assert kept(panel) == said
    assert len(said) == 16


def test_enter_and_the_button_say_that_it_looks_right(
    panel: Panel, page: Page, address: str
) -> None:
    page.goto(address)
    page.locator("h1").click()
    page.keyboard.press("Enter")
    expect(page.locator("#history")).to_contain_text("Type: Dealer confirmed")
    settled(page)
    assert kept(panel) == [("image_type", "Dealer"), ("color", "Blue")]
    page.get_by_role("button", name="Looks right").click()
    settled(page)
    expect(page.locator("#history li")).to_have_count(4)


def test_lists_note_and_everywhere(panel: Panel, page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("combobox", name="Type").select_option("Stock")
    page.get_by_role("combobox", name="Colour").select_option("no colour")
    page.get_by_label("Note").fill("a render, seen from behind")
    page.get_by_label("for every advertiser").check()
    page.get_by_role("button", name="Update").click()
    expect(page.locator("#history")).to_contain_text("a render, seen from behind")
    expect(page.locator("#history")).to_contain_text("for every advertiser")
    settled(page)
    assert kept(panel) == [("image_type", "Stock"), ("color", None)]


def test_box_and_help(page: Page, address: str) -> None:
    page.goto(address)
    box = page.get_by_role("img", name="The main vehicle, as the model sees it")
    expect(box).to_be_visible()
    page.get_by_label("show the vehicle's box").uncheck()
    expect(box).to_be_hidden()
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Keys").click()
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    neighbours = page.locator("#neighbours li")
    expect(neighbours).to_have_count(5)
    neighbours.nth(2).get_by_role("link").click()
    expect(page.locator("#neighbours li")).to_have_count(5)


def test_what_is_refused_is_told_and_nothing_changes(
    panel: Panel, open_page: OpenPage, address: str
) -> None:
    page = open_page("ada", allow=("409",))
    page.goto(address)
    page.route("**/v1/fixes", lambda route: route.fulfill(status=409, json={"detail": "No."}))
    page.keyboard.press("s")
    expect(page.locator("#told.bad")).to_have_text("Not fixed: No.")
    expect(page.get_by_role("combobox", name="Type")).to_have_value("Dealer")
    assert kept(panel) == []


def test_an_advertiser_fixes_its_own(panel: Panel, open_page: OpenPage, address: str) -> None:
    page = open_page("acme")
    page.goto(address)
    page.keyboard.press("p")
    expect(page.locator("#history")).to_contain_text("acme (advertiser)")
    expect(page.get_by_label("for every advertiser")).to_have_count(0)
    settled(page)
    assert kept(panel) == [("image_type", "Placeholder")]
