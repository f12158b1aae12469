"""The first page of a large sitemap: server time and weight, on both databases.

10,000 vehicles with 20 images each. The page is asked for over HTTP by somebody who is signed in,
one request at a time, from the server's own process; so are a filtered page, the first part that
scrolling asks for, and a thing that stands on the last vehicle only, looked for to the end. Bars:
95 of 100 first pages within 100 ms, and under 300 KB with style sheets and scripts, pictures aside.
"""

from __future__ import annotations

import argparse
import html
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin

import httpx
import numpy as np
import sqlalchemy as sa

from benchmarks.kills.fleet import Postgres
from forecourt.core.settings import AccessSettings, Settings
from forecourt.web.serve import spare_what_stays
from tests.support.gate import PASSWORD
from tests.support.panel import Panel, serving_panel
from tests.support.stocked import Shown, stock, usual

_BAR_MS = 100.0
_BAR_BYTES = 300_000
_FIRST = "/panel/sitemap?advertiser=large"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.panel_page", description=__doc__)
    parser.add_argument("--vehicles", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    arguments = parser.parse_args()
    missed = False
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.database or ("sqlite", "postgresql"):
            is_sqlite = name == "sqlite"
            settings = Settings(
                home=Path(folder) / f"home-{name}",
                database=None if is_sqlite else Postgres(Path(folder) / "postgres").url,
                access=AccessSettings(rate_per_minute=1e9, rate_burst=1_000_000),
            )
            with serving_panel(settings) as panel:
                missed |= measure(panel, arguments.vehicles, arguments.requests)
    return int(missed)


def measure(panel: Panel, vehicles: int, requests: int) -> bool:
    name = panel.engine.dialect.name
    started = time.monotonic()

    def shown(vehicle: int, place: int) -> Shown:
        return Shown("Dealer", "Purple") if vehicle == vehicles - 1 else usual(vehicle % 8, place)

    stock(
        panel.engine,
        "large",
        vehicles_count=vehicles,
        images_each=20,
        model_version=panel.service.model_version,
        shown=shown,
    )
    if name == "postgresql":  # as its own housekeeping does within a minute or two
        with panel.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("VACUUM ANALYZE"))
    spare_what_stays()  # as `forecourt serve` does
    print(f"{name}: {vehicles:,} vehicles stored in {time.monotonic() - started:.0f} s", flush=True)
    with httpx.Client(base_url=panel.address, timeout=60) as client:
        client.post("/panel/sign-in", data={"name": "ada", "password": PASSWORD})
        page = client.get(_FIRST).text
        weight = _weigh(client, page)
        more = html.unescape(re.findall('data-more="([^"]+)"', page)[0])
        asked: dict[str, Callable[[], object]] = {
            "first page": lambda: client.get(_FIRST),
            "first page, filtered": lambda: client.get(f"{_FIRST}&type=Stock&condition=Used"),
            "the next vehicles": lambda: client.get(more),
            "search by VIN": lambda: client.get(f"{_FIRST}&text=1HGCM82633A00{vehicles // 2:04}"),
        }
        first_p95 = 0.0
        for what, ask in asked.items():
            took = [_time(ask) for _ in range(requests)]
            p50, p95 = np.percentile(took, (50, 95))
            first_p95 = first_p95 or p95
            print(f"  {what:24} p50 {p50:6.1f} ms   p95 {p95:6.1f} ms")
        seconds, steps = _look_for(client, f"{_FIRST}&color=Purple")
        print(f"  on the last vehicle only: found in {seconds:.1f} s, {steps} requests")
        print(f"  weight of the first page: {weight / 1000:.0f} KB with styles and scripts")
    return first_p95 > _BAR_MS or weight > _BAR_BYTES


def _time(ask: Callable[[], object]) -> float:
    started = time.perf_counter()
    ask()
    return 1000 * (time.perf_counter() - started)


def _look_for(client: httpx.Client, address: str) -> tuple[float, int]:
    started, steps = time.perf_counter(), 1
    page = client.get(address).text
    while 'data-vehicle="' not in page:
        more = re.findall('data-more="([^"]+)"', page)
        assert more, "It was not found."
        page, steps = client.get(html.unescape(more[0])).text, steps + 1
    return time.perf_counter() - started, steps


def _weigh(client: httpx.Client, page: str) -> int:
    """Return the bytes of a page and of all style sheets and scripts that it loads."""
    weight = len(page.encode())
    waiting = re.findall(r'(?:href|src)="(/panel/static/[^"]+)"', page)
    seen: set[str] = set()
    while waiting:
        address = waiting.pop()
        if address not in seen:
            seen.add(address)
            text = client.get(address).text
            weight += len(text.encode())
            waiting += [urljoin(address, one) for one in re.findall(r'from "(\./[^"]+)"', text)]
    return weight


if __name__ == "__main__":
    sys.exit(main())
