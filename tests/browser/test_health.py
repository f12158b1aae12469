"""Health: how the champion does, before people's eyes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.support.panel import Panel
from tests.support.watched import live_through_a_release

Look = Callable[[Page, str], None]


@pytest.fixture
def names(panel: Panel) -> list[str]:
    return live_through_a_release(panel.engine, panel.service.model_version)


def test_before_the_first_run_it_says_how_to_begin(page: Page, look: Look) -> None:
    page.get_by_role("link", name="Health").click()
    expect(page.get_by_role("heading", name="Nothing was measured yet")).to_be_visible()
    look(page, "health-empty")


def test_worst_advertisers_come_first_with_what_was_found(
    page: Page, look: Look, names: list[str]
) -> None:
    page.get_by_role("link", name="Health").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Health")
    table = page.get_by_role("region", name="Advertisers, worst first")
    expect(table.get_by_role("rowheader").first).to_have_text(names[0])
    expect(table.get_by_role("row").nth(1)).to_contain_text("many flips")
    expect(page.get_by_role("region", name="Alarms that stand")).to_contain_text(names[0])
    assert page.locator("svg.chart").count() == 4
    look(page, "health")
    page.get_by_text("As a table").first.click()
    figures = page.get_by_role("region", name="Fixed images for each 1,000 images and week")
    expect(figures.get_by_role("row")).to_have_count(22)  # 21 nights, and the headings
    look(page, "health-table")


def test_advertiser_has_its_findings_charts_and_waiting_vehicles(
    page: Page, look: Look, names: list[str]
) -> None:
    page.goto("/panel/health")
    page.get_by_role("region", name="Advertisers, worst first").get_by_role(
        "link", name=names[0]
    ).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(names[0])
    expect(page.get_by_role("region", name="Findings")).to_contain_text("Many flips.")
    waiting = page.get_by_role("region", name="Vehicles on Placeholder")
    expect(waiting.get_by_role("rowheader").first).to_have_text("v0")
    expect(waiting.get_by_role("row").nth(1)).to_contain_text("21")
    assert page.locator("svg.chart").count() == 4
    look(page, "health-of-advertiser")
    page.get_by_role("link", name="Health").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Health")
