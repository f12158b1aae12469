"""Pages of admins, in a real browser: users, keys, webhooks and what was sent to them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from forecourt import access, webhooks
from forecourt.core.webhooks import EventType
from forecourt.store.engine import reading, writing
from tests.support.gate import PASSWORD
from tests.support.panel import Panel

OpenPage = Callable[..., Page]
Look = Callable[[Page, str], None]


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """A page of an admin."""
    return open_page("root")


def told(page: Page, text: str) -> None:
    expect(page.locator("#told")).to_contain_text(text)


def test_users__are_made_given_a_password_and_disabled(
    panel: Panel, page: Page, look: Look
) -> None:
    page.goto("/panel/users")
    page.get_by_text("Make a user").click()
    look(page, "users")
    form = page.locator("form[data-send='/v1/users']")
    form.get_by_label("Name").fill("Eve")
    form.get_by_label("Password").fill("four words or more, please")
    form.get_by_role("button").click()
    told(page, "The user is made")
    row = page.get_by_role("row", name="Eve")
    row.get_by_text("Change").click()
    row.get_by_label("Another password").fill(PASSWORD)
    row.get_by_role("button", name="Set").click()
    told(page, "Eve has another password")
    row.get_by_text("Change").click()
    row.get_by_role("button", name="Disable").click()
    expect(page.get_by_role("dialog")).to_contain_text("signs in no more, for good")
    look(page, "users-disable")
    page.get_by_role("dialog").get_by_role("button", name="Disable").click()
    told(page, "Eve is disabled")
    expect(page.get_by_role("row", name="Eve")).to_contain_text("disabled")
    expect(page.get_by_role("row", name="root admin")).to_contain_text("this is you")
    assert access.authenticate_user(panel.engine, "Eve", PASSWORD, now=datetime.now(UTC)) is None


def test_users__what_is_refused_is_told(open_page: OpenPage) -> None:
    page = open_page("root", allow=("422",))
    page.goto("/panel/users")
    page.get_by_text("Make a user").click()
    form = page.locator("form[data-send='/v1/users']")
    form.get_by_label("Name").fill("Eve")
    form.get_by_label("Password").fill("four words or more, please")
    form.locator("select[name=role]").select_option("advertiser")
    form.get_by_role("button").click()
    told(page, "needs the advertiser's name")
    form.get_by_label("Advertiser, for that role").fill("acme")
    form.get_by_role("button").click()
    told(page, "The user is made")


def test_keys__a_token_is_shown_once_and_a_key_is_revoked(
    panel: Panel, page: Page, look: Look
) -> None:
    page.goto("/panel/keys")
    expect(page.get_by_role("heading", name="No key")).to_be_visible()
    page.get_by_text("Make a key").click()
    page.get_by_label("What it is for").fill("<b>nightly</b> feed")
    page.locator("select[name=role]").select_option("advertiser")
    page.get_by_label("Advertiser, for that role").fill("acme")
    page.get_by_label("Last day").fill("2030-01-31")
    for scope in ("read", "scrape"):
        page.get_by_label(scope, exact=True).check()
    page.get_by_role("button", name="Make the key").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("output")).to_contain_text("fc_")
    token = dialog.locator("output").inner_text()
    look(page, "keys-made")
    with page.expect_navigation():
        dialog.get_by_role("button", name="I have it").click()
    expect(page.get_by_role("row", name="nightly")).to_contain_text("read, scrape")
    expect(page.get_by_role("row", name="nightly")).to_contain_text("2030-01-31 23:59")
    expect(page.locator("body")).not_to_contain_text(token)
    look(page, "keys")
    with reading(panel.engine) as connection:
        assert access.authenticate_key(connection, token, now=datetime.now(UTC)) is not None
    page.get_by_role("button", name="Revoke").click()
    dialog.get_by_role("button", name="Revoke").click()
    told(page, "is revoked")
    with reading(panel.engine) as connection:
        assert access.authenticate_key(connection, token, now=datetime.now(UTC)) is None
    page.get_by_role("searchbox").fill("zenith")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="No key")).to_be_visible()


def test_webhooks__are_set_up_and_disabled(page: Page, look: Look) -> None:
    page.goto("/panel/webhooks")
    expect(page.get_by_role("heading", name="No webhook yet")).to_be_visible()
    page.get_by_text("Set up a webhook").click()
    page.get_by_label("Where to post").fill("https://hooks.example.com/a")
    page.get_by_label("scrape.finished").check()
    page.get_by_role("button", name="Set it up").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("output")).to_contain_text("whsec_")
    first = dialog.locator("output").inner_text()
    with page.expect_navigation():
        dialog.get_by_role("button", name="I have it").click()
    look(page, "webhooks")
    page.get_by_role("button", name="Another secret").click()
    dialog.get_by_role("button", name="Another secret").click()
    expect(page.locator("#secret output")).to_contain_text("whsec_")
    assert page.locator("#secret output").inner_text() != first
    with page.expect_navigation():
        page.get_by_role("button", name="I have it").click()
    page.get_by_role("button", name="Disable").click()
    dialog.get_by_role("button", name="Disable").click()
    told(page, "is disabled")
    page.get_by_role("button", name="Enable").click()
    told(page, "is enabled")


def test_webhooks__a_delivery_is_sent_again(panel: Panel, page: Page, look: Look) -> None:
    now = datetime.now(UTC)
    with writing(panel.engine) as connection:
        webhooks.create(connection, url="https://hooks.example.com/", by="root", at=now)
        webhooks.announce(
            connection, EventType.SCRAPE_FINISHED, advertiser="acme", data={"n": "<b>"}, at=now
        )
        connection.execute(
            sa.text(
                "UPDATE deliveries SET state = 'failed', next_attempt_at = NULL, "
                "finished_at = created_at"
            )
        )
    page.goto("/panel/webhooks")
    page.get_by_role("link", name="https://hooks.example.com/").click()
    page.get_by_text("scrape.finished", exact=True).click()
    expect(page.locator("td code")).to_contain_text("<b>")
    look(page, "webhook")
    page.get_by_role("button", name="Send 1 again").click()
    told(page, "Delivery 1 is sent again")
    expect(page.get_by_role("rowheader")).to_have_text(["2", "1"])
    page.get_by_role("link", name="pending").click()
    expect(page.get_by_role("rowheader")).to_have_text(["2"])
    page.get_by_role("link", name="delivered").click()
    expect(page.get_by_role("heading", name="Nothing was sent")).to_be_visible()
