"""One person's pace: 100 fixes by keyboard in a real browser, one key for the fix, one to move on.

Keys are pressed at a steady pace for a minute at most, then once more as fast as the browser takes
them. Measured in the page: from the key to the frame in which the tile shows it, and to the moment
the server's answer has come, which it sends when the fix is committed. At the end the page is
loaded anew and the history is read: every fix there, in the order of the keys. Bars: 100 fixes
within 60 s, each visible within 100 ms and durable within 500 ms, none lost or out of order. Needs
a Chromium (Debian: chromium).
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from forecourt import review
from forecourt.core.settings import AccessSettings, Settings
from forecourt.store.engine import reading
from tests.support.gate import PASSWORD
from tests.support.panel import Panel, serving_panel
from tests.support.stocked import Shown, stock

_PLAIN = Shown("Dealer", "Grey")
_FIXES = 100
_PACES_S = (0.25, 0.0)  # between keys
_KEYS = {"s": "Stock", "r": "Red", "d": "Dealer", "b": "Blue", "w": "White"}
_WATCH = """() => {
  window.timings = { seen: [], kept: [] };
  let pressed = [];
  document.addEventListener("keydown", (event) => {
    if (event.key.length === 1) {
      const at = performance.now();
      pressed.push(at);
      const note = () => window.timings.seen.push(performance.now() - at);
      requestAnimationFrame(() => setTimeout(note));
    }
  }, true);
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (new URL(entry.name).pathname === "/v1/fixes") {
        window.timings.kept.push(entry.responseEnd - pressed[window.timings.kept.length]);
      }
    }
  }).observe({ type: "resource" });
}"""


@dataclass(frozen=True)
class Pace:
    """What came of pressing keys. `wrong`: sentences; none is what there should be."""

    seconds: float
    seen_ms: list[float]
    kept_ms: list[float]
    wrong: list[str]


def main() -> int:
    argparse.ArgumentParser(
        prog="python -m benchmarks.panel_pace", description=__doc__
    ).parse_args()
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        print("No Chromium: apt-get install chromium")
        return 1
    missed = False
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        serving_panel(
            Settings(
                home=Path(folder), access=AccessSettings(rate_per_minute=6_000, rate_burst=1_000)
            )
        ) as panel,
    ):
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        for number, pause_s in enumerate(_PACES_S):
            page = browser.new_page(base_url=panel.address)
            pace = run(panel, page, f"pace-{number}", pause_s)
            _report(pause_s, pace)
            missed |= bool(pace.wrong) or pace.seconds > 60
            if pause_s:
                missed |= max(pace.seen_ms) > 100 or max(pace.kept_ms) > 500
        browser.close()
    return int(missed)


def run(panel: Panel, page: Page, advertiser: str, pause_s: float) -> Pace:
    stock(
        panel.engine,
        advertiser,
        vehicles_count=20,
        images_each=6,
        model_version=panel.service.model_version,
        media=panel.media,
        shown=lambda _vehicle, _place: _PLAIN,
    )
    page.goto(f"/panel/sitemap?advertiser={advertiser}")
    if page.get_by_label("Password").is_visible():
        page.get_by_label("Name").fill("ada")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/panel/sitemap?*")
    page.locator(".tile").first.click()
    page.evaluate(_WATCH)
    keys = list(islice(cycle(_KEYS), _FIXES))
    urls = [one.get_attribute("data-url") for one in page.locator(".tile").all()[:_FIXES]]
    started = time.monotonic()
    for key in keys:
        page.keyboard.press(key)
        time.sleep(pause_s)
        page.keyboard.press("ArrowRight")
        time.sleep(pause_s)
    seconds = time.monotonic() - started
    page.locator("body[data-pending='0']").wait_for()
    timings = page.evaluate("() => window.timings")
    wrong = []
    with reading(panel.engine) as connection:
        made = [(one.url, one.value) for one in review.history(connection, advertiser=advertiser)]
    if made != [(url, _KEYS[key]) for url, key in zip(urls, keys, strict=True)]:
        wrong.append("The history is not what was pressed, in the order of the keys.")
    page.reload()
    shown = [
        (one.get_attribute("data-type"), one.get_attribute("data-color"))
        for one in page.locator(".tile").all()[:_FIXES]
    ]
    wrong += [
        f"{url} shows {pair}, not {_KEYS[key]}."
        for url, key, pair in zip(urls, keys, shown, strict=True)
        if _KEYS[key] not in pair
    ]
    return Pace(seconds, timings["seen"], timings["kept"], wrong)


def _report(pause_s: float, pace: Pace) -> None:
    print(f"{_FIXES} fixes, {pause_s:.2f} s between keys: {pace.seconds:.1f} s")
    for what, took in (("visible", pace.seen_ms), ("durable", pace.kept_ms)):
        p50, p95 = np.percentile(took, (50, 95))
        print(f"  {what}: p50 {p50:.0f} ms, p95 {p95:.0f} ms, longest {max(took):.0f} ms")
    print("  none lost, none out of order" if not pace.wrong else "\n".join(pace.wrong[:5]))


if __name__ == "__main__":
    sys.exit(main())
