"""The pages of models as a person has them: looked at, promoted, tried, rolled back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from forecourt import release
from forecourt.core.settings import Settings
from forecourt.jobs.retagging import run_retag
from forecourt.store.engine import reading, writing
from tests.support.panel import Panel
from tests.support.trials import NOW, answer_like, register_three, write_run

OpenPage = Callable[..., Page]
Look = Callable[[Page, str], None]


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    return register_three(settings, None, tmp_path)


@pytest.fixture
def root(panel: Panel, open_page: OpenPage) -> Page:
    """A page of an admin; tiny-2 says something else of every fifth image."""
    write_run(panel.service.settings.home)
    answer_like(panel.engine, "tiny-2", "tiny-1")
    page = open_page("root", allow=("409",))
    page.goto("/panel/models")
    return page


def say(page: Page, answer: str) -> None:
    """Answer the question that every write asks first."""
    expect(page.locator("#confirm")).to_be_visible()
    page.locator("#confirm").get_by_role("button", name=answer).click()


def champion(panel: Panel) -> str:
    with reading(panel.engine) as connection:
        return release.champion(connection).version


def test_all_is_there_to_see(panel: Panel, root: Page, look: Look) -> None:
    home = panel.service.settings.home
    with writing(panel.engine) as connection:
        release.start_shadow(connection, home, "tiny-2", share=0.2, by="ann", note="", at=NOW)
        release.start_canary(connection, home, "tiny-3", ["acme"], by="ann", note="", at=NOW)
        release.request_retag(connection, "tiny-3", advertiser="acme", by="ann", at=NOW)
    root.reload()
    expect(root.get_by_role("heading", name="Champion")).to_be_visible()
    expect(root.get_by_role("link", name="Models")).to_have_attribute("aria-current", "page")
    root.get_by_text("1 reason", exact=True).click()
    expect(root.get_by_text("kind=van: type right on 40 of 50")).to_be_visible()
    look(root, "models")
    root.get_by_role("link", name="Report").click()
    expect(root.get_by_text("A report")).to_be_visible()


def test_model_is_looked_at_and_promoted_and_rolled_back(
    panel: Panel, root: Page, look: Look
) -> None:
    root.get_by_role("rowheader", name="tiny-2").get_by_role("link").click()
    expect(root.get_by_role("heading", level=1)).to_have_text("tiny-2")
    expect(root.locator(".pairs li").first).to_contain_text("≠")
    look(root, "model")
    root.locator("#disagreements").scroll_into_view_if_needed()
    root.mouse.wheel(0, 500)
    look(root, "model-disagreements")
    form = root.locator("form", has_text="Why")
    form.get_by_label("Why").fill("better on vans")
    form.get_by_role("button", name="Promote").click()
    say(root, "No")
    assert champion(panel) == "tiny-1"
    form.get_by_role("button", name="Promote").click()
    look(root, "model-confirm")
    say(root, "Yes")
    expect(root.locator(".role-champion")).to_be_visible()
    assert champion(panel) == "tiny-2"
    assert panel.service.model_version == "tiny-2"
    root.goto("/panel/models")
    expect(root.get_by_role("region", name="Re-tags", exact=True)).to_contain_text("accepted")
    expect(root.get_by_role("region", name="History of promotions")).to_contain_text("better on")
    root.get_by_role("button", name="Roll back").click()
    say(root, "Yes")
    expect(root.locator(".cards .figure").first).to_have_text("tiny-1")
    expect(root.get_by_role("region", name="Re-tags", exact=True)).to_contain_text("cancelled")
    assert champion(panel) == "tiny-1"


def test_shadow_and_canary_are_started_and_ended(panel: Panel, root: Page) -> None:
    root.goto("/panel/models/tiny-3")
    root.get_by_label("Share of what scrapes bring").fill("20")
    root.locator("form", has_text="Share").get_by_role("button", name="Start").click()
    say(root, "Yes")
    expect(root.locator("form", has_text="In the shadow")).to_contain_text("20 %")
    canary = root.locator("form", has_text="one a line")
    canary.get_by_label("answer their stored images anew").uncheck()
    canary.get_by_label("Advertisers").fill("acme\n zenith \n")
    canary.get_by_role("button", name="Start").click()
    say(root, "Yes")
    expect(root.locator(".facts")).to_contain_text("acme, zenith")
    assert panel.service.engines.models.canaries == {"acme": "tiny-3", "zenith": "tiny-3"}
    canary.get_by_label("Advertisers").fill("acme")
    canary.get_by_role("button", name="Start").click()
    say(root, "Yes")
    expect(root.get_by_role("alert")).to_contain_text("answers them already")
    root.goto("/panel/models")
    root.get_by_role("button", name="Drop the canary of acme").click()
    say(root, "Yes")
    expect(root.get_by_role("button", name="Drop the canary of acme")).to_have_count(0)
    root.get_by_role("button", name="Stop").click()
    say(root, "Yes")
    expect(root.get_by_text("Nobody. A challenger in the shadow")).to_be_visible()
    assert panel.service.engines.models.canaries == {"zenith": "tiny-3"}
    assert panel.service.engines.shadow.challenger is None


def test_retag_is_asked_for_followed_and_cancelled(panel: Panel, root: Page) -> None:
    region = root.get_by_role("region", name="Re-tags", exact=True)
    root.get_by_label("Only of the advertiser").fill("zenith")
    root.get_by_role("button", name="Re-tag", exact=True).click()
    say(root, "Yes")
    expect(region).to_contain_text("waits for a server or worker")
    with reading(panel.engine) as connection:
        (asked,) = release.latest_retags(connection, limit=9)
    assert (asked.advertiser, asked.model_version) == ("zenith", "tiny-1")
    run_retag(panel.service.engines.workspace, asked.id, threads=1)
    expect(region).to_contain_text("finished")  # the page finds out by itself
    root.get_by_role("button", name="Re-tag", exact=True).click()
    say(root, "Yes")
    root.get_by_role("button", name="Cancel re-tag 2").click()
    say(root, "Yes")
    expect(region).to_contain_text("cancelled")


def test_staff_look_only(panel: Panel, page: Page) -> None:
    answer_like(panel.engine, "tiny-2", "tiny-1")
    for path in ("/panel/models", "/panel/models/tiny-2"):
        page.goto(path)
        expect(page.get_by_role("button", name="Promote")).to_have_count(0)
        expect(page.get_by_role("button", name="Re-tag", exact=True)).to_have_count(0)
    page.get_by_role("searchbox").fill("zenith")
    page.keyboard.press("Enter")
    page.wait_for_url("**/models/tiny-2?advertiser=zenith")
    assert page.locator(".pairs li").count() > 0
