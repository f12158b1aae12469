"""Words of strangers on pages: displayed as text, whatever they hold."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from forecourt.store.engine import writing
from forecourt.store.schema import vehicle_images, vehicles
from tests.support.panel import Panel

PAYLOADS = [
    "<script>window.hit = 1</script>",
    "\"><img src=x onerror='window.hit = 1'>",
    "'><svg onload=window.hit=1>",
    "</template></li><script>window.hit = 1</script>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:window.hit=1",
    "\u202egnp.exe \u0000".replace("\u0000", ""),
    "&lt;b&gt; &amp;amp;",
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_words_are_shown_as_they_are(page: Page, panel: Panel, payload: str) -> None:
    with writing(panel.engine) as connection:
        connection.execute(
            sa.update(vehicles)
            .where(vehicles.c.vehicle_id == "stock-0")
            .values(title=payload, color=payload, body_type=payload, vin=payload[:64], url=payload)
        )
        connection.execute(
            sa.update(vehicle_images)
            .where(vehicle_images.c.url.endswith("acme/0/0.jpg"))
            .values(url=f"https://img.example.com/{payload}", url_key="hostile")
        )
    page.goto("/panel/sitemap?advertiser=acme")
    expect(page.locator(".vehicle h2").first).to_have_text(payload, use_inner_text=False)
    page.locator(".tile").nth(1).click()
    expect(page.locator("#place h2")).to_have_text(payload)
    expect(page.locator("#place a[href^='javascript' i]")).to_have_count(0)
    page.keyboard.press("s")
    expect(page.locator("body")).to_have_attribute("data-pending", "0")
    expect(page.locator(".tile.fresh")).to_have_count(0)
    page.goto(f"/panel/sitemap?advertiser=acme&text={'%3Cscript%3E' if '<' in payload else 'x'}")
    assert page.evaluate("window.hit") is None


def test_hostile_filter_is_shown_as_it_is(page: Page) -> None:
    page.goto("/panel/sitemap?advertiser=acme&text=%22%3E%3Cscript%3Ewindow.hit%3D1%3C/script%3E")
    expect(page.get_by_label("Search")).to_have_value('"><script>window.hit=1</script>')
    assert page.evaluate("window.hit") is None
