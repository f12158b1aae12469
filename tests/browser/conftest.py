"""A real browser before a running panel; without one these tests skip, loudly."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from forecourt.core.settings import Settings
from tests.support.gate import PASSWORD, use_cheap_hashes
from tests.support.panel import Panel, serving_panel

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_SIZES = {"laptop": (1280, 800), "phone": (390, 844)}
_SERIOUS = {"serious", "critical"}

Look = Callable[[Page, str], None]
OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Chromium; a module has one, because its loop must not run in other tests' thread."""
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found is None:
        pytest.skip("NO BROWSER: install Chromium (Debian: apt-get install chromium).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def panel(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Panel]:
    """A panel with a drawn inventory."""
    use_cheap_hashes(monkeypatch)
    with serving_panel(settings) as running:
        yield running


@pytest.fixture
def open_page(chromium: Browser, panel: Panel) -> Iterator[OpenPage]:
    """Open a page as somebody, signed in; any error in it, or a request elsewhere, fails the test.

    `open_page("ada")`: staff; `"root"`: an admin; `"acme"`: an advertiser; None: nobody. Answers
    of 4xx that a test provokes are said with `allow=("409",)`.
    """
    with _opening(chromium, panel) as opening:
        yield opening


@contextmanager
def _opening(chromium: Browser, panel: Panel) -> Iterator[OpenPage]:
    contexts = []
    wrong: list[str] = []

    def opening(
        name: str | None = "ada", *, phone: bool = False, allow: tuple[str, ...] = ()
    ) -> Page:
        width, height = _SIZES["phone" if phone else "laptop"]
        context = chromium.new_context(
            viewport={"width": width, "height": height}, base_url=panel.address, has_touch=phone
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on(
            "console",
            lambda message: (
                wrong.append(f"console: {message.text}")
                if message.type == "error" and not any(code in message.text for code in allow)
                else None
            ),
        )
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((panel.address, "data:", "blob:"))
                else wrong.append(f"request elsewhere: {request.url}")
            ),
        )
        if name is not None:
            page.goto("/panel/sign-in")
            page.get_by_label("Name").fill(name)
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(re.compile("/panel/(?!sign-in)"))
        return page

    yield opening
    for context in contexts:
        context.close()
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """A page of staff."""
    return open_page("ada")


@pytest.fixture(scope="session")
def look() -> Look:
    """Look at a page: nothing that people cannot read or reach, and pictures for our own eyes.

    Each in the light and the dark scheme, on a laptop and on a phone; nothing may stick out of a
    phone's width. Pictures go to the folder that FORECOURT_SCREENSHOTS names.
    """
    folder = Path(os.environ.get("FORECOURT_SCREENSHOTS", "browser-shots"))
    folder.mkdir(parents=True, exist_ok=True)

    def look_at(page: Page, name: str) -> None:
        before = page.viewport_size
        for size, (width, height) in _SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                _check_access(page, f"{name}, {size}, {scheme}")
                page.screenshot(path=folder / f"{name}-{size}-{scheme}.png")
            overhang = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert overhang <= 0, f"{name} sticks out of a {size} by {overhang} px"
        page.emulate_media(color_scheme="light")
        if before:
            page.set_viewport_size(before)

    return look_at


def _check_access(page: Page, where: str) -> None:
    violations = [
        one for one in Axe().run(page).response["violations"] if one["impact"] in _SERIOUS
    ]
    told = "\n".join(
        f"{one['id']}: {one['help']}\n  " + "\n  ".join(node["html"] for node in one["nodes"][:3])
        for one in violations
    )
    assert not violations, f"{where}:\n{told}"
