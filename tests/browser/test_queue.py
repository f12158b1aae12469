"""The review queue in a browser: every key and button, and nothing is lost or out of order."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from forecourt import review
from forecourt.core.records import Role
from forecourt.store.engine import reading, writing
from forecourt.store.schema import fixes, vehicle_images
from tests.support.panel import Panel
from tests.support.shop import ACME
from tests.support.waiting import fill_queue

OpenPage = Callable[..., Page]
Look = Callable[[Page, str], None]


@pytest.fixture
def filled(panel: Panel) -> Panel:
    """A panel in which images wait."""
    fill_queue(panel.service)
    return panel


def kept(panel: Panel) -> list[tuple[str, str, str | None, str | None]]:
    """Return all fixes in the order in which they were made."""
    with reading(panel.engine) as connection:
        rows = connection.execute(
            sa.select(fixes.c.url, fixes.c.field, fixes.c.value_from, fixes.c.value).order_by(
                fixes.c.id
            )
        )
        return [(row.url, row.field, row.value_from, row.value) for row in rows]


def open_queue(page: Page, query: str = "") -> None:
    # Pictures cannot be had from where they stand: thumbnails are shown in their place.
    page.goto(f"/panel/queue{query}")
    expect(page.locator("#subject")).to_be_visible()
    wait_for_photo(page)


def wait_for_photo(page: Page) -> None:
    expect(page.locator("#subject")).to_have_attribute("aria-busy", "false")


def press(page: Page, *pressed: str) -> None:
    for key in pressed:
        wait_for_photo(page)
        page.keyboard.press(key)


def settled(page: Page) -> None:
    expect(page.locator("body")).to_have_attribute("data-pending", "0")


def subject(page: Page) -> str:
    return page.locator("#details").get_attribute("href") or ""


def test_enter_confirms_and_goes_on(filled: Panel, page: Page, look: Look) -> None:
    open_queue(page)
    look(page, "queue")
    seen = []
    for _time in range(5):
        seen.append(subject(page))
        press(page, "Enter")
        assert subject(page) not in seen
    expect(page.locator("#done-own")).to_have_text("5")
    expect(page.locator("#done-all")).to_have_text("5")
    settled(page)
    assert kept(filled)
    assert all(value_from == value for _url, _field, value_from, value in kept(filled))
    page.reload()
    wait_for_photo(page)
    expect(page.locator("#done-own")).to_have_text("5")
    assert subject(page) not in seen


def test_every_key_says_what_it_says(filled: Panel, page: Page) -> None:
    open_queue(page)
    keys = {
        one.text_content() or "": one.get_attribute("data-set-type")
        or one.get_attribute("data-set-color")
        for one in page.locator("#keys kbd[data-set-type], #keys kbd[data-set-color]").all()
    }
    assert len(keys) == 16
    for key, value in keys.items():
        told = page.locator("#told")
        press(page, f"Shift+{key}")
        pressed = page.locator("#bench [aria-pressed=true]").all_text_contents()
        name = "no colour" if value == "none" else str(value)
        is_placeholder = any("Placeholder" in one for one in pressed)
        assert is_placeholder or any(name in one for one in pressed), (key, pressed)
        press(page, "Escape")
    expect(told).to_have_text("")
    assert kept(filled) == []


def test_a_fix_takes_one_key_and_both_take_two(filled: Panel, page: Page) -> None:
    open_queue(page, f"?advertiser={ACME}")
    while "Placeholder" in (page.locator("#shown").text_content() or ""):
        press(page, "l")
    press(page, "r")
    settled(page)
    assert [(field, value) for _url, field, _from, value in kept(filled)][-1] == ("color", "Red")
    while "Placeholder" in (page.locator("#shown").text_content() or ""):
        press(page, "l")
    before = len(kept(filled))
    press(page, "Shift+s")
    assert len(kept(filled)) == before
    press(page, "b")
    settled(page)
    assert [(field, value) for _url, field, _from, value in kept(filled)[before:]] == [
        ("image_type", "Stock"),
        ("color", "Blue"),
    ]
    press(page, "p")
    settled(page)
    assert [(field, value) for _url, field, _from, value in kept(filled)[before + 2 :]] == [
        ("image_type", "Placeholder")
    ]


def test_who_says_that_a_placeholder_is_a_vehicle_says_its_colour(
    filled: Panel, page: Page
) -> None:
    open_queue(page)
    while "Placeholder" not in (page.locator("#shown").text_content() or ""):
        press(page, "l")
    here = subject(page)
    press(page, "d")
    expect(page.locator("#told")).to_contain_text("now its colour")
    assert subject(page) == here
    press(page, "x")
    settled(page)
    assert [(field, value) for _url, field, _from, value in kept(filled)] == [
        ("image_type", "Dealer"),
        ("color", None),
    ]


def test_undo_brings_back_what_was_there_and_what_is_put_off_comes_last(
    filled: Panel, page: Page
) -> None:
    open_queue(page)
    first = subject(page)
    press(page, "u")
    expect(page.locator("#told")).to_have_text("There is nothing to undo.")
    press(page, "w")
    second = subject(page)
    expect(page.locator("#undo")).to_be_visible()
    settled(page)
    press(page, "u")
    assert subject(page) == first
    expect(page.locator("#done-own")).to_have_text("0")
    settled(page)
    expect(page.locator("#told")).to_contain_text("Undone")
    with reading(filled.engine) as connection:
        assert (
            review.count_done(
                connection,
                by="ada",
                role=Role.STAFF,
                since=datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0),
            ).own
            == 0
        )
    page.get_by_role("button", name="Later").click()
    assert subject(page) == second
    press(page, "l", "u")
    assert subject(page) == second
    page.get_by_role("button", name="Undo").click()
    assert subject(page) == first
    press(page, "l")
    assert subject(page) == second
    page.reload()
    wait_for_photo(page)
    assert subject(page) != first
    while page.locator("#subject").is_visible():
        press(page, "l")
    expect(page.get_by_role("heading", name="The rest was put off")).to_be_visible()
    page.get_by_role("button", name="Show what was put off").click()
    expect(page.locator("#subject")).to_be_visible()


def test_fast_keys_are_kept_in_order(filled: Panel, page: Page) -> None:
    open_queue(page)
    said = []
    for number in range(12):
        wait_for_photo(page)
        said.append((subject(page), "rwb"[number % 3]))
        page.keyboard.press("Shift+s")
        page.keyboard.press("rwb"[number % 3])
    settled(page)
    colors = [value for _url, field, _from, value in kept(filled) if field == "color"]
    assert colors == [{"r": "Red", "w": "White", "b": "Blue"}[key] for _one, key in said]
    urls = [url for url, field, _from, _value in kept(filled) if field == "color"]
    assert len(set(urls)) == len(urls)


def test_buttons_help_and_everywhere(filled: Panel, page: Page, look: Look) -> None:
    open_queue(page)
    press(page, "?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    look(page, "queue-keys")
    page.get_by_role("button", name="Close").click()
    page.get_by_label("for every advertiser").check()
    page.locator("#bench").get_by_role("button", name="Stock").click()
    if "now its colour" in (page.locator("#told").text_content() or ""):
        page.locator("#bench").get_by_role("button", name="Red").click()
    settled(page)
    with reading(filled.engine) as connection:
        assert set(connection.scalars(sa.select(fixes.c.everywhere))) == {True}
    page.get_by_label("for every advertiser").uncheck()
    page.get_by_role("button", name="Looks right").click()
    settled(page)
    page.get_by_role("button", name="Undo").click()
    settled(page)
    page.get_by_role("link", name="All about this image").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"Image \d+"))


def test_an_advertiser_is_shown_its_own_alone(filled: Panel, open_page: OpenPage) -> None:  # noqa: ARG001
    page = open_page("acme", allow=("404",))
    open_queue(page)
    for _time in range(12):
        assert "advertiser=acme" in subject(page)
        press(page, "l")
        if not page.locator("#subject").is_visible():
            break
    expect(page.get_by_label("for every advertiser")).to_have_count(0)
    expect(page.locator("#done-all")).to_have_count(0)
    page.goto("/panel/queue?advertiser=zenith")
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()


def test_what_the_server_refuses_comes_back(filled: Panel, open_page: OpenPage) -> None:  # noqa: ARG001
    page = open_page("ada", allow=("409", "500"))
    open_queue(page)
    first = subject(page)
    page.route("**/v1/fixes", lambda route: route.fulfill(status=409, json={"detail": "No."}))
    press(page, "w")
    expect(page.locator("#told")).to_contain_text("No.")
    expect(page.locator("#done-own")).to_have_text("0")
    page.unroute("**/v1/fixes")
    press(page, "l")
    assert subject(page) == first


def test_what_left_the_sitemap_does_not_come_back(filled: Panel, open_page: OpenPage) -> None:
    page = open_page("ada", allow=("404",))
    open_queue(page)
    first = subject(page)
    with writing(filled.engine) as connection:
        connection.execute(sa.delete(vehicle_images))
    press(page, "w")
    expect(page.locator("#told")).to_contain_text("does not stand in the sitemap any more")
    expect(page.locator("#done-own")).to_have_text("0")
    press(page, "l")
    assert subject(page) != first


def test_a_queue_that_cannot_be_had_is_asked_for_again(
    filled: Panel,  # noqa: ARG001
    open_page: OpenPage,
) -> None:
    page = open_page("ada", allow=("500",))
    page.route("**/v1/queue*", lambda route: route.fulfill(status=500, json={"detail": "Broken."}))
    page.goto("/panel/queue")
    expect(page.get_by_role("heading", name="The queue cannot be had")).to_be_visible()
    expect(page.locator("#nothing")).to_contain_text("Broken.")
    page.unroute("**/v1/queue*")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#subject")).to_be_visible()


def test_an_empty_queue_says_so(panel: Panel, page: Page, look: Look) -> None:  # noqa: ARG001
    page.goto("/panel/queue")
    expect(page.get_by_role("heading", name="Nothing waits")).to_be_visible()
    look(page, "queue-empty")
